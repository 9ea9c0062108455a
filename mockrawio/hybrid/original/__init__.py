"""The closed room of the original: its parameter files read as data, and its arithmetic."""
