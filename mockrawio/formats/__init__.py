"""File formats, one per module; they know nothing of sessions."""
