"""Checking gradients against differences: a judge that knows nothing of derivatives.

Each element of each parameter is moved a little to both sides and J is computed again, in float64. Where what
backpropagation found disagrees, the point lies on a kink or a row's derivative is wrong. The two are told
apart, and a wrong row is found by checking every step of the graph by itself.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from chainrule.errors import GraphError
from chainrule.graph import show
from chainrule.graph.evaluate import evaluate, leaf_key
from chainrule.graph.node import Node, constant, input, record
from chainrule.graph.shapes import Extent, Shape, resolve, show as show_shape
from chainrule.graph.walk import descendants, order, rebuild
from chainrule.transform.backprop import grad, pullback
from chainrule.transform.differences import At, Element, Index, Rules, Verdict, compare

SAMPLED = 100  # elements of each input that are tried where a step is checked by itself


@dataclass(frozen=True)
class Kink:
    """A point where J has no derivative: its slopes to the left and to the right differ.

    Attributes:
        index: The element of the parameter that was moved.
        left: The slope of J towards smaller values; infinite where J jumps.
        right: The slope towards larger ones.
        used: What backpropagation gives there, by convention.
    """

    index: Index
    left: float
    right: float
    used: float


@dataclass(frozen=True)
class ParameterCheck:
    """What the check found for one parameter.

    Attributes:
        name: The parameter's name.
        shape: Its shape.
        checked: How many of its elements were checked.
        error: The largest relative error ``|analytic - numeric| / max(|analytic|, |numeric|)``; kinks are
            left out.
        index: Where it is.
        analytic: What backpropagation gives there.
        numeric: What the differences give there.
        kinks: The elements that lie on a kink: there is nothing to compare.
        passed: Whether no derivative is wrong.
    """

    name: str
    shape: Shape
    checked: int
    error: float
    index: Index
    analytic: float
    numeric: float
    kinks: tuple[Kink, ...]
    passed: bool


@dataclass(frozen=True)
class Culprit:
    """A step of the graph whose derivative is wrong by itself.

    Attributes:
        row: The name of the primitive.
        name: What the user calls the step, or else how it is written.
        layer: The innermost layer around it, or "".
        error: The relative error of its derivative.
        node: The step.
    """

    row: str
    name: str
    layer: str
    error: float
    node: Node


@dataclass(frozen=True)
class Undefined:
    """A gradient that is NaN, or infinite where no convention says so.

    Attributes:
        parameter: The parameter's name.
        index: The first of its elements of which that is so.
        value: What backpropagation gives there.
        row: The primitive in which it begins, the one nearest to J whose own slope is infinite or NaN; or "".
        name: What the user calls that step, or else how it is written.
        layer: The innermost layer around it, or "".
    """

    parameter: str
    index: Index
    value: float
    row: str
    name: str
    layer: str


@dataclass(frozen=True)
class GradientReport:
    """The outcome of :func:`check_gradients`; printed, it is a table.

    Attributes:
        parameters: What was found for each parameter.
        culprits: The steps whose derivative is wrong, where a parameter failed.
        conventions: For each primitive that sits on its kink, the convention it follows there.
        tolerance: The relative error allowed.
        undefined: The parameters that have a gradient which is no number, and where that begins.
    """

    parameters: tuple[ParameterCheck, ...]
    culprits: tuple[Culprit, ...]
    conventions: Mapping[str, str]
    tolerance: float
    undefined: tuple[Undefined, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no derivative is wrong or NaN. A kink is not wrong; ``parameters`` tell of those."""
        return all(p.passed for p in self.parameters)

    def __str__(self) -> str:
        return "\n".join([*_table(self.parameters), *_sentences(self)])


def check_gradients(
    J: Node,
    wrt: Node | Iterable[Node],
    feed: Mapping[Node, Any] | None = None,
    *,
    eps: float = 1e-3,
    tolerance: float = 1e-6,
    elements: int | None = None,
) -> GradientReport:
    """Compare the gradients of a scalar ``J`` with central differences, in float64.

    A slope comes from the steps h and h/2 by Richardson's extrapolation (1911), so its error falls as h⁴;
    where that leaves doubt, smaller steps are tried. What is inside ``stop_gradient`` is held still. A gradient that
    is NaN does not pass, nor does an infinite one unless a row states that as its convention.

    Args:
        J: A node of shape ``()``. A float32 graph is checked as its float64 twin.
        wrt: The nodes to differentiate with respect to, leaves or intermediate ones.
        feed: A value for each input, as :func:`~chainrule.graph.node.trace` takes them.
        eps: The first step, for elements up to 1; for larger ones it grows with them.
        tolerance: The relative error allowed.
        elements: Check this many elements of each parameter, evenly spread; all of them by default.

    Raises:
        ShapeError: If J is not a scalar.
        GraphError: If an input has no value.

    >>> from chainrule.graph.node import variable
    >>> w, x = variable([0.5, -1.0], name="w"), variable([2.0, 3.0], name="x")
    >>> check_gradients(np.tanh(np.sum(w * x)), [w, x]).passed
    True
    >>> b = variable(0.0, name="b")
    >>> print(check_gradients(np.maximum(0, 3 * b), b))
       parameter  shape  elements  largest error  at  backprop  differences
    ✓  b          ()            1              -  -          -            -  1 on a kink
    <BLANKLINE>
    b lies on a kink, where J has no derivative: its slope is 0 to the left and 3 to the right.
    Backpropagation uses 0, by convention (relu: 0 at z = 0).
    To check a derivative, move the point, for example b += 0.1.
    """
    wanted = [wrt] if isinstance(wrt, Node) else list(wrt)
    grad(J, wanted)  # raises where there is nothing to check
    twin, start = _twin([J, *wanted], feed or {})
    gradients = grad(twin[J], [twin[w] for w in wanted])
    values = evaluate([twin[J], *gradients], start)
    if not np.isfinite(values[twin[J]]):
        raise GraphError(
            f"{J.name or 'J'} is {values[twin[J]]} at this point, so there is no slope to compare with. "
            "Look for the first step that is not finite in cr.trace(J, feed)."
        )
    steps = order([twin[J], *(twin[w] for w in wanted)])
    rules = Rules(eps, tolerance, elements)
    found = [
        compare(
            *_moving(twin[J], twin[w], values, steps),
            values[twin[w]],
            np.broadcast_to(values[g], values[twin[w]].shape),
            rules,
        )
        for w, g in zip(wanted, gradients, strict=True)
    ]
    troubled = {
        twin[w] for w, each in zip(wanted, found, strict=True) if any(e.verdict != "right" for e in each)
    }
    blame = Blame()
    if troubled:
        blame = _blame(troubled, steps, values, {copy: node for node, copy in twin.items()}, rules)
    found = [[replace(e, verdict=blame.verdict(e)) for e in each] for each in found]
    names = [w.name or f"parameter {number}" for number, w in enumerate(wanted, start=1)]
    summaries = [
        _summary(name, values[twin[w]].shape, each)
        for name, w, each in zip(names, wanted, found, strict=True)
    ]
    undefined = [_undefined(name, each, blame.steep) for name, each in zip(names, found, strict=True)]
    return GradientReport(
        tuple(summaries), tuple(blame.culprits), blame.conventions, tolerance, tuple(filter(None, undefined))
    )


# --- the graph in float64, and J as a function of one element --------------------------------------------


def _twin(
    outputs: Sequence[Node], feed: Mapping[Node, Any]
) -> tuple[dict[Node, Node], dict[Node, np.ndarray]]:
    """Return what each node becomes in float64, where variables are inputs, and what to feed the inputs."""
    leaves: dict[Any, Node] = {}
    start: dict[Node, Any] = {}

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        dtype = np.dtype(np.float64) if node.dtype.kind == "f" else node.dtype
        if node.primitive.name in ("variable", "input"):
            leaf = leaves.setdefault(leaf_key(node), input(node.name, node.shape, dtype))
            if node.primitive.name == "variable":
                start[leaf] = node.attributes["cell"].value
            return leaf
        attributes = dict(node.attributes)
        if node.primitive.name == "constant":
            attributes["value"] = attributes["value"].astype(dtype)
        elif "dtype" in attributes:
            attributes["dtype"] = dtype.name
        new = record(node.primitive, inputs, attributes)
        return Node(new.primitive, new.inputs, attributes, new.shape, new.dtype, node.name, node.meaning)

    twin = rebuild(outputs, visit)
    for node, value in feed.items():
        copy = twin[node] if node in twin else leaves.get(leaf_key(node))
        if copy is not None:
            start[copy] = value
    return twin, start


def _reached(sources: Iterable[Node], steps: Iterable[Node]) -> set[Node]:
    """Return what moves when ``sources`` do; what is inside `stop_gradient` stands still."""
    return descendants(sources, (n for n in steps if n.primitive.name != "stop_gradient"))


def _moving(J: Node, w: Node, values: Mapping[Node, np.ndarray], steps: Sequence[Node]) -> tuple[At, float]:
    """Return J as a function of one element of ``w``, and the largest number it is computed from."""
    moving = _reached([w], steps)
    if J not in moving:
        return (lambda _index, _distance: float(values[J])), 0.0
    still = {x: values[x] for n in moving if n is not w for x in n.inputs if x not in moving}
    still.update({n: values[n] for n in steps if n.primitive.name == "input" and n is not w and n in values})

    def at(index: Index, distance: float) -> float:
        array = values[w].copy()
        array[index] += distance
        return float(evaluate([J], {**still, w: array})[J])

    return at, max(_largest(values[n]) for n in moving)


def _largest(value: np.ndarray) -> float:
    numbers = np.abs(value[np.isfinite(value)])
    return float(np.max(numbers, initial=0))


# --- one step -------------------------------------------------------------------------------------------


@dataclass
class Blame:
    """What checking each step by itself found: wrong ones, conventions met, slopes that are infinite or NaN."""

    culprits: list[Culprit] = field(default_factory=list)
    conventions: dict[str, str] = field(default_factory=dict)
    steep: list[Culprit] = field(default_factory=list)

    def verdict(self, e: Element) -> Verdict:
        """Return the verdict on an element of a parameter, now that the steps are known."""
        if math.isinf(e.analytic) and not (
            self.steep and all(step.row in self.conventions for step in self.steep)
        ):
            return "undefined"
        # Where every step is right by itself, conventions at several kinks need not add up to a slope.
        return "kink" if e.verdict == "wrong" and self.conventions and not self.culprits else e.verdict


def _blame(
    troubled: set[Node],
    steps: Sequence[Node],
    values: Mapping[Node, np.ndarray],
    origin: Mapping[Node, Node],
    rules: Rules,
) -> Blame:
    """Check by itself each step that ``troubled`` reach."""
    moving = _reached(troubled, steps)
    lengths = {
        extent: length
        for n in steps
        if n in values
        for extent, length in zip(n.shape, values[n].shape, strict=True)
        if isinstance(extent, Extent)
    }
    found = Blame()
    for step in steps:
        if step not in moving or not step.inputs or step.dtype.kind != "f" or step.primitive.name == "mark":
            continue
        elements, finite = _check_step(step, values, moving, lengths, replace(rules, elements=SAMPLED))
        if step.primitive.kink and any(e.verdict == "kink" for e in elements):
            found.conventions[step.primitive.name] = step.primitive.kink
        error = max((e.error for e in elements if e.verdict == "wrong"), default=0.0)
        node = origin[step]
        named = Culprit(step.primitive.name, node.name or show.text(node), _layer(step, steps), error, node)
        if error:
            found.culprits.append(named)
        if not finite:
            found.steep.append(named)
    return found


def _check_step(
    step: Node,
    values: Mapping[Node, np.ndarray],
    moving: set[Node],
    lengths: dict[Extent, int],
    rules: Rules,
) -> tuple[list[Element], bool]:
    """Compare the derivative of one row, at the values it has in the graph, with its own differences.

    Also say whether all of it is finite.
    """
    arrays = [values[x] for x in step.inputs]
    attributes = {k: resolve(v, lengths) for k, v in step.attributes.items()}
    leaves = [input("", a.shape, a.dtype) for a in arrays]
    weights = np.random.default_rng(0).uniform(0.5, 1.5, values[step].shape)
    chosen = [i for i, x in enumerate(step.inputs) if x in moving and x.dtype.kind == "f"]
    gradients = pullback(
        [record(step.primitive, leaves, attributes)], [constant(weights)], [leaves[i] for i in chosen]
    )
    computed = evaluate(gradients, dict(zip(leaves, arrays, strict=True)))
    scale = _largest(weights * values[step])

    def moved(position: int) -> At:
        def at(index: Index, distance: float) -> float:
            array = arrays[position].copy()
            array[index] += distance
            inputs = [*arrays[:position], array, *arrays[position + 1 :]]
            with np.errstate(all="ignore"):
                return float(np.sum(weights * step.primitive.forward(*inputs, **attributes)))

        return at

    elements = [
        element
        for i, gradient in zip(chosen, gradients, strict=True)
        for element in compare(
            moved(i), scale, arrays[i], np.broadcast_to(computed[gradient], arrays[i].shape), rules
        )
    ]
    return elements, all(np.isfinite(computed[g]).all() for g in gradients)


def _layer(step: Node, steps: Sequence[Node]) -> str:
    """Return the label of the first mark of a layer that ``step`` leads to: the innermost around it."""
    later = descendants([step], steps)
    for node in steps:
        if node in later and node.primitive.name == "mark":
            label = getattr(node.meaning, "label", None) or getattr(node.meaning, "layer", None)
            if label:
                return str(label)
    return ""


# --- what is told ---------------------------------------------------------------------------------------


def _summary(name: str, shape: Shape, elements: Sequence[Element]) -> ParameterCheck:
    sure = [e for e in elements if e.verdict != "kink"]
    worst = max(sure, key=lambda e: e.error, default=Element((), math.nan, math.nan, 0.0))
    kinks = tuple(Kink(e.index, e.left, e.right, e.analytic) for e in elements if e.verdict == "kink")
    return ParameterCheck(
        name=name,
        shape=shape,
        checked=len(elements),
        error=worst.error,
        index=worst.index,
        analytic=worst.analytic,
        numeric=worst.numeric,
        kinks=kinks,
        passed=all(e.verdict == "right" for e in sure),
    )


def _undefined(name: str, elements: Sequence[Element], steep: Sequence[Culprit]) -> Undefined | None:
    first = next((e for e in elements if e.verdict == "undefined"), None)
    if first is None:
        return None
    where = (steep[-1].row, steep[-1].name, steep[-1].layer) if steep else ("", "", "")
    return Undefined(name, first.index, first.analytic, *where)


HEADER = ("parameter", "shape", "elements", "largest error", "at", "backprop", "differences")


def _table(parameters: Sequence[ParameterCheck]) -> list[str]:
    rows = [("", *HEADER, "")]
    for p in parameters:
        compared = p.checked > len(p.kinks)
        numbers = (f"{p.error:.1e}", _at(p.index) or "()", f"{p.analytic:.8g}", f"{p.numeric:.8g}")
        rows.append(
            (
                "✓" if p.passed else "✗",
                p.name,
                show_shape(p.shape),
                str(p.checked),
                *(numbers if compared else "----"),
                f"{len(p.kinks)} on a kink" if p.kinks else "",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    left = (0, 1, 2, 5, 8)
    return [
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _at(index: Index) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""


def _side(slope: float) -> str:
    return "undefined" if math.isnan(slope) else "infinite" if math.isinf(slope) else show.number(slope, 4)


def _sentences(report: GradientReport) -> Iterator[str]:
    for p in report.parameters:
        if p.kinks:
            kink = p.kinks[0]
            by = "; ".join(f"{row}: {convention}" for row, convention in report.conventions.items())
            yield ""
            yield (
                f"{p.name}{_at(kink.index)} lies on a kink, where J has no derivative: its slope is "
                f"{_side(kink.left)} to the left and {_side(kink.right)} to the right."
            )
            yield f"Backpropagation uses {show.number(kink.used)}, by convention{f' ({by})' if by else ''}."
            yield f"To check a derivative, move the point, for example {p.name} += 0.1."
    for u in report.undefined:
        infinite = math.isinf(u.value)
        layer = f" in layer {u.layer}" if u.layer else ""
        yield ""
        yield f"The gradient of {u.parameter}{_at(u.index)} is {'infinite' if infinite else 'NaN, which is no number'}."
        if u.row:
            yield (
                f"It begins in {u.row}, at {u.name}{layer}, whose slope at this point is infinite or NaN"
                f"{'' if infinite else ': 0 times infinity is NaN'}."
            )
        yield (
            "To learn through that point, choose: np.where(condition, step, 0) gives gradient 0 where the condition "
            f"is false. To check a derivative, move the point, for example {u.parameter} += 0.1."
        )
    for c in report.culprits:
        layer = f" in layer {c.layer}" if c.layer else ""
        yield ""
        yield f"The derivative of {c.row} is wrong (relative error {c.error:.1e}), at {c.name}{layer}."
    if not report.passed and not report.culprits and not report.undefined:
        yield ""
        yield (
            f"No step was found wrong by itself (at {SAMPLED} of its elements at the most). "
            "J may be too rough here for differences: try another point, or a smaller eps."
        )
