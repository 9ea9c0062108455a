"""Sphinx settings. Every code block is run: ``sphinx-build -b doctest docs OUT``."""

import doctest
from importlib.metadata import version as installed

project = "mockrawio"
author = "mockrawio developers"
copyright = "mockrawio developers"
release = version = installed("mockrawio")

extensions = ["sphinx.ext.autodoc", "sphinx.ext.doctest", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": "Reads, makes and checks mock electrophysiology sessions"}

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings give types, shapes and units
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = False

doctest_default_flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

# What the examples in docstrings take for granted: our names, and a session's folder.
doctest_global_setup = """
import tempfile
from mockrawio import *
_root = tempfile.TemporaryDirectory()
folder = generate_session(SessionSpec.tiny(seed=0), _root.name)
"""
doctest_global_cleanup = "_root.cleanup()"
