"""How Sphinx makes the site: ``make docs``."""

from importlib.metadata import version as version_of

project = "ckpt_magics"
author = "The ckpt_magics authors"
version = release = version_of("ckpt_magics")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
html_title = "ckpt_magics"
html_extra_path = ["_build/notebooks"]
html_static_path = ["pictures"]
html_show_copyright = False

# Headings get addresses down to this level, so that pages can name a part of another.
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
# Lines of magics are Python to nobody's highlighter.
suppress_warnings = ["misc.highlighting_failure"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
# The annotations are read as they are written.
autodoc_type_aliases = {"AnyPath": "AnyPath"}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
