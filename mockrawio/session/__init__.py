"""The session folder: its layout, its files, and nothing about who reads or makes them."""
