"""File formats, one a module; they know nothing of sessions."""
