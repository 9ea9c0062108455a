"""Rigs that fail in known ways."""
