"""The base of the package: errors, folders, files written whole, progress. It imports nothing of the rest."""
