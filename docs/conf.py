"""How Sphinx builds these pages; `make docs` runs it, nitpicking and with warnings as errors."""

from importlib import metadata

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "runstate"
author = "runstate contributors"
copyright = "2026, runstate contributors"
release = version = metadata.version("runstate")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "alabaster"
html_theme_options = {"description": "One table of legal transitions: drive, judge, model.", "fixed_sidebar": True}
html_sidebars = {"**": ["about.html", "navigation.html", "searchbox.html"]}

autodoc_member_order = "bysource"
autodoc_typehints = "description"


def setup(app: Sphinx) -> None:
    """Show Mermaid diagrams as text: drawing them would need a script from elsewhere."""
    app.add_lexer("mermaid", TextLexer)
