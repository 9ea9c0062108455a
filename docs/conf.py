"""Sphinx settings. Every code block is run: ``sphinx-build -b doctest docs OUT``."""

import doctest
import logging
import re
import subprocess
import sys
import tempfile
from importlib.metadata import version as installed
from pathlib import Path
from textwrap import indent

from docutils import nodes
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))  # gallery_scripts.py

project = "mockrawio"
author = "mockrawio developers"
copyright = "mockrawio developers"
release = version = installed("mockrawio")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "gallery/GALLERY_HEADER.rst"]

html_theme = "furo"
html_title = "mockrawio"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_show_sphinx = False
html_copy_source = False

man_pages = [("cli", "mockrawio", "read, generate and check mock electrophysiology sessions", author, 1)]

# What is copied is what can be typed: neither prompts nor what was printed.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"
copybutton_selector = "div:not(.highlight-none, .highlight-text) > div.highlight > pre"

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings give types, shapes and units
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = False
napoleon_use_ivar = True  # attributes are rows of a list: many have the same short names

doctest_default_flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

# What the examples in docstrings take for granted: our names, and a session's folder.
doctest_global_setup = """
import tempfile
from mockrawio import *
_root = tempfile.TemporaryDirectory()
folder = generate_session(SessionSpec.tiny(seed=0), _root.name)
"""
doctest_global_cleanup = "_root.cleanup()"

sphinx_gallery_conf = {
    "examples_dirs": "../example",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",  # all are run
    "run_stale_examples": True,  # what they show depends on the package too
    "abort_on_example_error": True,
    "reset_argv": "gallery_scripts.no_arguments",
    "image_scrapers": ("gallery_scripts.saved_figures",),
    "within_subsection_order": "gallery_scripts.place",
    "default_thumb_file": str(ROOT / "docs" / "_static" / "printed.svg"),  # of scripts that print only
    "copyfile_regex": r"groups\.toml$",
    "download_all_examples": False,
    "notebook_extensions": set(),  # they are scripts, with arguments
    "min_reported_time": sys.maxsize,
    "write_computation_times": False,
    "show_signature": False,
    "capture_repr": (),  # what a cell shows, it prints
    "remove_config_comments": True,
    "inspect_global_variables": False,
}


def unreleased():
    """Return what `changes/` would put into CHANGELOG.md; an empty text where nothing is waiting."""
    if not any((ROOT / "changes").glob("*.*.md")):
        return ""
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--date", "unreleased", "--dir", str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ExtensionError(done.stderr)
    return done.stdout


def changelog():
    """Return CHANGELOG.md and what is not released yet as a page: of Markdown it has headings, lists and code alone."""

    def heading(found):
        return f"{found[2]}\n{'=-~'[len(found[1]) - 1] * len(found[2])}"

    text = (ROOT / "CHANGELOG.md").read_text("utf-8").replace("<!-- newest first -->", unreleased()).replace("`", "``")
    return re.sub(r"^(#+) (.*)$", heading, text, flags=re.MULTILINE)


# A block of nothing but cleaning up, such as ``>>> root.cleanup()``: it is run, but says nothing to a reader.
CLEANING = re.compile(r"(?<=\n\n)(?:>>> \w+\.(?:close|cleanup)\(\)\n)+(?=\n|\Z)")


def edit_source(app, docname, source):
    """Fill the changelog's page, hide cleaning up, and take this machine's folders from what scripts have printed."""
    if docname == "changelog":
        source[0] = changelog()
    elif docname.startswith("gallery/"):
        temporary = re.escape(tempfile.gettempdir()) + r"/(tmp|mockrawio-)\w+"
        source[0] = re.sub(temporary, "/tmp/...", source[0].replace(f"{ROOT}/", ""))
    else:
        hidden = ".. doctest::\n   :hide:\n\n"
        source[0] = CLEANING.sub(lambda found: hidden + indent(found[0], "   "), source[0])


def skip_fields(app, what, name, obj, skip, options):
    """Leave out the fields of a named tuple: its docstring has them, with more than "alias for field number 2"."""
    return skip or str(obj.__doc__).startswith("Alias for field number")


def run_scripts_for_html(app):
    """Let only the builders that show the scripts' output run them."""
    app.config.plot_gallery = app.builder.format == "html" and app.config.plot_gallery
    logging.getLogger().handlers.clear()  # a style that Furo imports makes every library print its messages


def plain_references(app, doctree, docname):
    """Leave the words of links in the manual page, which has nothing to link to."""
    if app.builder.format == "man":
        for reference in list(doctree.findall(nodes.reference)):
            reference.replace_self(reference.children)


def setup(app):
    """Connect the functions above; sphinx-gallery, at 500, comes after the last."""
    app.connect("source-read", edit_source)
    app.connect("autodoc-skip-member", skip_fields)
    app.connect("doctree-resolved", plain_references)
    app.connect("builder-inited", run_scripts_for_html, priority=100)
