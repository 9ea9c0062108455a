"""Hostile files: made by the thousand, and read under watch. ``python -m tests.fuzz`` runs it."""
