"""Formulas of arrays as the lectures write them: ``A1ᵀ · dZ2 / m``, ``dA1 ∘ (1 − A1²)``.

Between matrices · is their product and ∘ that of their elements; of a number and a matrix · is either.
"""

from collections.abc import Callable
from functools import lru_cache

from chainrule.explaining.formula import Formula, in_latex
from chainrule.graph import show
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node, with_inputs
from chainrule.graph.primitives.arithmetic import minus, negative, raised, times, weigh
from chainrule.graph.primitives.indexing import pad, pick
from chainrule.graph.primitives.leaves import length
from chainrule.graph.primitives.linear import broadcast_to, reshape, total, transpose
from chainrule.graph.primitives.primitive import CALL, MULTIPLY, Primitive
from chainrule.graph.primitives.products import contract
from chainrule.graph.primitives.windows import windows
from chainrule.graph.shapes import FULL, show as show_shape
from chainrule.graph.walk import rebuild

Naming = Callable[[Node], Formula | None]


def written(node: Node, name: Naming, digits: int = show.DIGITS) -> Formula:
    """Write a formula over symbols, each as ``name`` writes it."""

    def of(way: str) -> Callable[[Node], str]:
        def one(n: Node) -> str:
            found = name(n)
            return "" if found is None else show.Written(getattr(found, way))

        return one

    node = _with_convolutions(node)
    text = show.text(node, name=of("text"), template=template, digits=digits)
    latex = show.text(node, latex=True, name=of("latex"), template=template, digits=digits)
    return Formula(text, in_latex(latex))


def template(node: Node) -> show.Template | None:
    """Return how an operation is written where it is of matrices; None: as its row says."""
    row, inputs = node.primitive, node.inputs
    if row is contract:
        return _product(node.attributes["spec"], tuple([_written(x) is contract for x in inputs]))
    if row is CONVOLUTION:
        text = f"conv({{0}}, {{1}}{node.attributes['said']})"
        return show.Template("conv", text, rf"\operatorname{{{{conv}}}}{text[4:]}", CALL, (0, 0))
    if row in (times, weigh) and all(x.shape for x in inputs):
        needs = tuple([CALL if _written(x) is contract else MULTIPLY for x in inputs])
        return show.Template(row.name, "{0} ∘ {1}", r"{0} \circ {1}", row.binds, needs)
    if row is transpose and len(node.shape) > 2:
        axes = show_shape(node.attributes["axes"])
        return show.Template(row.name, f"transpose({{0}}, {axes})", "", CALL, (0,))
    if row in (pick, pad):
        at = show.entries(_without_ends(node.attributes["index"]))
        if row is pick:
            return show.Template(row.name, f"{{0}}[{at}]", "", CALL, (80,))
        return show.Template(row.name, f"pad({{0}}, [{at}])", "", CALL, (0,))
    if row is raised and node.attributes["exponent"] == 2:
        return show.Template(row.name, "{0}²", "{{{0}}}^{{2}}", row.binds, row.needs)
    if row is length and node.attributes["extent"].name == "batch":
        return show.Template(row.name, "m", "m", CALL, ())
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


CONVOLUTION = Primitive(
    name="convolution",
    forward=lambda *_, said: None,
    no_derivative="it only writes what is computed as a product",
    attributes=None,
)


def _with_convolutions(node: Node) -> Node:
    """Return an expression to be written, in which a product of windows and a kernel is a convolution."""

    def visit(n: Node, inputs: tuple[Node, ...]) -> Node:
        slid = inputs[0] if n.primitive is contract and inputs[0].primitive is windows else None
        if slid is not None:
            plan, number = contraction(n.attributes["spec"]), len(slid.attributes["sizes"])
            if set(plan.left[-number:]) <= set(plan.inner):
                said = _steps(**slid.attributes)
                ends = (slid.inputs[0], inputs[1])
                return Node(CONVOLUTION, ends, {"said": said}, n.shape, n.dtype, n.name)
        return with_inputs(n, inputs)

    return rebuild([node], visit)[node]


def _steps(strides: tuple[int, ...], dilations: tuple[int, ...], **_: object) -> str:
    found = {"stride": strides, "dilation": dilations}
    return "".join(
        [f", {name}={n[0] if len(set(n)) == 1 else n}" for name, n in found.items() if set(n) != {1}]
    )


def _written(node: Node) -> Primitive:
    """Return the row that is written at a node: of what is under another name, or in another dtype."""
    while node.primitive.unwritten or node.primitive is broadcast_to:
        node = node.inputs[0]
    return node.primitive


def _without_ends(index: tuple[object, ...]) -> tuple[object, ...]:
    while len(index) > 1 and index[-1] == FULL:
        index = index[:-1]
    return index


@lru_cache(maxsize=256)
def _product(spec: str, of_products: tuple[bool, bool]) -> show.Template | None:
    """Return how a contraction is written that is a product of matrices; None for any other."""
    plan = contraction(spec)
    if plan.batch or len(plan.inner) != 1 or plan.out != plan.rows + plan.columns:
        return None
    turned = (plan.left != plan.rows + plan.inner, plan.right != plan.inner + plan.columns)
    if (turned[0] and len(plan.left) != 2) or (turned[1] and len(plan.right) != 2):
        return None
    text = " · ".join(f"{{{i}}}{'ᵀ' * t}" for i, t in enumerate(turned))
    latex = r" \cdot ".join("{{{" + str(i) + r"}}}^\top" if t else f"{{{i}}}" for i, t in enumerate(turned))
    chained = of_products[0] and not turned[0]  # A · B · C is (A · B) · C
    needs = (80 if turned[0] else MULTIPLY if chained else MULTIPLY + 1, 80 if turned[1] else MULTIPLY + 1)
    return show.Template("contract", text, latex, MULTIPLY, needs)
