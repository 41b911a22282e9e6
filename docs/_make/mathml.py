"""A Sphinx extension: formulas as MathML, by docutils' own converter. No JavaScript, no fonts, no network."""

from docutils import nodes
from docutils.utils.math import latex2mathml


def mathml(latex, is_block):
    """Return a formula typed in LaTeX as MathML; brackets grow with what is between them."""
    # The converter keeps brackets small wherever LaTeX would, round matrices as well, which no one wants.
    return latex2mathml.tex2mathml(latex, as_block=is_block).replace(' stretchy="false"', "")


def inline(self, node):
    """Write a formula within a line."""
    self.body.append(mathml(node.astext(), False))
    raise nodes.SkipNode


def block(self, node):
    """Write a formula on a line of its own."""
    self.body.append(f'<div class="math">{mathml(node.astext(), True)}</div>')
    raise nodes.SkipNode


def setup(app):
    """Make it the renderer called "mathml"."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
