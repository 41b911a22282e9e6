"""How Sphinx builds the site: `python docs/make_site.py` gathers the pages and calls it."""

import builtins
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from _make import style
from chainrule import __version__

project = "chainrule"
author = "The chainrule developers"
project_copyright = ""
release = version = __version__
language = "en"

extensions = [
    "myst_parser",
    "_make.mathml",
]
root_doc = "index"
nitpicky = True  # a role that leads nowhere is a warning, and a warning ends the build
nitpick_ignore = [("py:exc", name) for name, of in vars(builtins).items() if isinstance(of, type)]

myst_enable_extensions = ["dollarmath"]
myst_dmath_allow_space = False
myst_dmath_allow_digits = False
myst_heading_anchors = 3
html_math_renderer = "mathml"

python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

smartquotes_action = "D"  # dashes alone: "float32" is code, and has straight quotes

html_theme = "furo"
html_title = "chainrule"
html_static_path = ["_static"]
html_css_files = ["colours.css", "site.css"]
html_js_files = ["from_disk.js"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_use_index = True
pygments_style = "a11y-light"
pygments_dark_style = "a11y-dark"
html_theme_options = {
    "light_css_variables": style.variables(style.LIGHT),
    "dark_css_variables": style.variables(style.DARK),
    "navigation_with_keys": True,
    "footer_icons": [],
}


def setup(app):
    """Take the files that are made for it, too."""
    app.config.html_static_path.append(str(app.srcdir / "made"))
