"""Opening what is at a path, and windows of what a reader has."""
