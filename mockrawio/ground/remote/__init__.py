"""Folders that lie elsewhere, behind an address that fsspec knows: HTTP, S3, in a zip."""
