"""Formulas of arrays as the lectures write them: ``A1ᵀ · dZ2 / m``, ``dA1 ∘ (1 − A1²)``.

Between matrices · is their product and ∘ that of their elements; of a number and a matrix · is either.
"""

from collections.abc import Callable
from functools import lru_cache

from chainrule.explaining.formula import Formula, powers_of_ten
from chainrule.graph import show
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node
from chainrule.graph.primitives.arithmetic import minus, negative, raised, times, weigh
from chainrule.graph.primitives.linear import broadcast_to, reshape, total
from chainrule.graph.primitives.primitive import CALL, MULTIPLY
from chainrule.graph.primitives.products import contract

Naming = Callable[[Node], Formula | None]


def written(node: Node, name: Naming) -> Formula:
    """Write a formula over symbols, each as ``name`` writes it."""

    def of(way: str) -> Callable[[Node], str]:
        def one(n: Node) -> str:
            found = name(n)
            return "" if found is None else show.Written(getattr(found, way))

        return one

    text = show.text(node, name=of("text"), template=template)
    latex = show.text(node, latex=True, name=of("latex"), template=template)
    return Formula(text, powers_of_ten(latex))


def template(node: Node) -> show.Template | None:
    """Return how an operation is written where it is of matrices; None: as its row says."""
    row, inputs = node.primitive, node.inputs
    if row is contract:
        return _product(node.attributes["spec"])
    if row in (times, weigh) and all(x.shape for x in inputs):
        return show.Template(row.name, "{0} ∘ {1}", r"{0} \circ {1}", row.binds, row.needs)
    if row is raised and node.attributes["exponent"] == 2:
        return show.Template(row.name, "{0}²", "{{{0}}}^{{2}}", row.binds, row.needs)
    if row is minus:
        return show.Template(row.name, "{0} − {1}", "{0} - {1}", row.binds, row.needs)
    if row is negative:
        return show.Template(row.name, "−{0}", "-{0}", row.binds, row.needs)
    if row is broadcast_to:
        return show.Template(
            row.name, "{0}", "{0}", MULTIPLY, (MULTIPLY,)
        )  # which operations do by themselves
    if row is reshape:
        return _one_more_axis(node)
    if row is total:
        latex = r"\operatorname{{sum}}\left({0}{over}\right)"
        return show.Template(row.name, "sum({0}{over})", latex, CALL, (0,))
    return None


def _one_more_axis(node: Node) -> show.Template | None:
    """Return how an axis of length 1 that comes or goes is written: as NumPy does, and in front it comes by itself."""
    before, after = ([n for n in shape if n != 1] for shape in (node.inputs[0].shape, node.shape))
    if before != after:
        return None
    behind = len(node.shape) - len(node.inputs[0].shape)
    if behind > 0 and node.shape[-1] == 1 and node.inputs[0].shape[-1:] != (1,):
        text = "{0}[..., None]"
        return show.Template("reshape", text, text, CALL, (80,))
    return show.Template("reshape", "{0}", "{0}", MULTIPLY, (MULTIPLY,))


@lru_cache(maxsize=256)
def _product(spec: str) -> show.Template | None:
    """Return how a contraction is written that is a product of matrices; None for any other."""
    plan = contraction(spec)
    if plan.batch or len(plan.inner) != 1 or plan.out != plan.rows + plan.columns:
        return None
    turned = (plan.left != plan.rows + plan.inner, plan.right != plan.inner + plan.columns)
    if (turned[0] and len(plan.left) != 2) or (turned[1] and len(plan.right) != 2):
        return None
    text = " · ".join(f"{{{i}}}{'ᵀ' * t}" for i, t in enumerate(turned))
    latex = r" \cdot ".join(f"{{{i}}}" + r"^\top" * t for i, t in enumerate(turned))
    needs = (80 if turned[0] else MULTIPLY, 80 if turned[1] else MULTIPLY + 1)
    return show.Template("contract", text, latex, MULTIPLY, needs)
