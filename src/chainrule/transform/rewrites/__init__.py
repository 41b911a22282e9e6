"""The table of rewrites: what simplification may replace, by what, and why it may.

A rewrite may turn a non-finite result into the right finite one, never the reverse; NaN stays NaN, and 0 keeps its
sign, which a division sees. Three things are not kept: the sign of a 0 that a sum over an axis or a product of matrices
cancels to, or that is added to 0 where parts are joined; what would overflow only because two numbers near the largest
are added before they are divided; and the NaN of an x that x · [c] leaves out, for that product chooses.

Patterns are drawn with the same NumPy as everything else; those that must look at axes are small functions.
"""

from functools import lru_cache

from chainrule.graph.primitives.primitive import Primitive
from chainrule.transform.rewrites.arithmetic import ARITHMETIC, NUMBERS, POWERS
from chainrule.transform.rewrites.choices import CHOICES
from chainrule.transform.rewrites.joins import JOINS
from chainrule.transform.rewrites.moves import MOVES
from chainrule.transform.rewrites.products import PRODUCTS
from chainrule.transform.rewrites.rewrite import Move, Rewrite
from chainrule.transform.rewrites.stable import STABLE
from chainrule.transform.rewrites.sums import SUMS
from chainrule.transform.rewrites.windows import WINDOWS

REWRITES: list[Rewrite | Move] = [
    *STABLE, *ARITHMETIC, *POWERS, *CHOICES, *JOINS, *SUMS, *MOVES, *WINDOWS, *PRODUCTS, *NUMBERS,
]  # fmt: skip


@lru_cache(maxsize=4096)
def candidates(row: Primitive, children: tuple[Primitive, ...]) -> list[Rewrite | Move]:
    """Return the rewrites that may fit a node of ``row`` on inputs of the rows ``children``."""
    return [r for r in REWRITES if r.may_fit(row, children)]
