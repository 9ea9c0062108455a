"""What everything stands on: errors, folders, files written whole, progress; it imports nothing of the rest."""
