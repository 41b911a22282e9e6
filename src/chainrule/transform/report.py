"""What a check of gradients tells: for each parameter, for each step that is wrong, in a table and in sentences."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chainrule.doors import Door
from chainrule.friendly import Friendly
from chainrule.graph import show
from chainrule.graph.node import Node
from chainrule.graph.shapes import Shape, show as show_shape
from chainrule.shown import HIGH, columns, screen
from chainrule.transform.differences import Element, Index

SAMPLED = 100  # elements of each input that are tried where a step is checked by itself


@dataclass(frozen=True)
class Kink:
    """A point where J has no derivative: its slopes to the left and to the right differ.

    Attributes:
        index: The element of the parameter that was moved.
        left: The slope of J towards smaller values; infinite where J jumps.
        right: The slope towards larger ones.
        used: What backpropagation gives there, by convention.

    >>> b = cr.variable(0.0, "b")
    >>> cr.check_gradients(cr.relu(3 * b), b).parameters[0].kinks
    (Kink(index=(), left=0.0, right=3.0, used=0.0),)
    """

    index: Index
    left: float
    right: float
    used: float


@dataclass(frozen=True)
class ParameterCheck:
    """What the check found for one parameter.

    Attributes:
        name: The parameter's.
        shape: The parameter's.
        checked: So many of its elements.
        error: The largest |analytic - numeric| / max(|analytic|, |numeric|); kinks are left out.
        index: Where that is.
        analytic: What backpropagation gives there.
        numeric: What the differences give there.
        kinks: The elements that lie on one: there is nothing to compare.
        passed: Whether no derivative is wrong.

    >>> w = cr.variable([1.0, 2.0], "w")
    >>> [found] = cr.check_gradients(np.sum(w**2), w).parameters
    >>> found.name, found.checked, found.passed
    ('w', 2, True)
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
        times: In a loop, the first time step at which that was found; of loops in one another, the outermost first.

    >>> wrong = cr.primitive("wrong", lambda x: x**2, lambda y, x: [x])  # its derivative is 2x
    >>> w = cr.variable(3.0, "w")
    >>> cr.check_gradients(wrong(w), w).culprits[0].row
    'wrong'
    """

    row: str
    name: str
    layer: str
    error: float
    node: Node
    times: tuple[int, ...] = ()


@dataclass(frozen=True)
class Undefined:
    """A gradient that is NaN, or infinite where no convention says so.

    Attributes:
        parameter: The name of the parameter.
        index: The first of its elements of which that is so.
        value: What backpropagation gives there.
        row: The primitive in which it begins, the one nearest to J whose own slope is infinite or NaN; or "".
        name: What the user calls that step, or else how it is written.
        layer: The innermost layer around it, or "".
        times: In a loop, at which time step; of loops in one another, the outermost first.

    >>> w = cr.variable(0.0, "w")
    >>> [found] = cr.check_gradients(np.sqrt(w) * w, w).undefined
    >>> found.parameter, found.value, found.row
    ('w', nan, 'sqrt')
    """

    parameter: str
    index: Index
    value: float
    row: str
    name: str
    layer: str
    times: tuple[int, ...] = ()


@dataclass(frozen=True, repr=False)
class GradientReport(Friendly):
    """The outcome of :func:`check_gradients`; printed, it is a table.

    Attributes:
        parameters: What was found for each parameter: its ``name``, ``shape``, how many elements were ``checked``, the
            largest relative ``error`` and where that is (``index``), ``kinks``, and whether it ``passed``.
        culprits: The steps whose derivative is wrong, where a parameter failed.
        conventions: For each primitive that sits on its kink, the convention it follows there.
        tolerance: The relative error allowed.
        undefined: The parameters that have a gradient which is no number, and where that begins.

    >>> wrong = cr.primitive("wrong", lambda x: x**2, lambda y, x: [x])  # its derivative is 2x
    >>> w = cr.variable(3.0, "w")
    >>> report = cr.check_gradients(wrong(w), w)
    >>> report.passed, report.culprits[0].row, round(report.parameters[0].error, 3)
    (False, 'wrong', 0.5)
    """

    parameters: tuple[ParameterCheck, ...]
    culprits: tuple[Culprit, ...]
    conventions: Mapping[str, str]
    tolerance: float
    undefined: tuple[Undefined, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no derivative is wrong or NaN. A kink is not wrong; ``parameters`` tell of those.

        >>> w = cr.variable(3.0, "w")
        >>> cr.check_gradients(np.exp(w), w).passed
        True
        """
        return all(p.passed for p in self.parameters)

    def __str__(self) -> str:
        return "\n".join([*_table(self.parameters), *("\n" + said for said in paragraphs(self))])

    _repr_html_ = Door()

    def __repr__(self) -> str:
        told, left = worst(self, HIGH // 2 - 1)
        said = "\n\n".join(paragraphs(self)).splitlines()
        return "\n".join(screen([*_table(told), *left, *said]))


def worst(report: GradientReport, most: int) -> tuple[list[ParameterCheck], list[str]]:
    """Return so many parameters at the most, wrong ones rather than others, and what is said of those left out."""
    ranked = sorted(report.parameters, key=lambda p: (p.passed, not p.kinks))
    chosen = {id(p) for p in ranked[:most]}
    told = [p for p in report.parameters if id(p) in chosen]
    others = ranked[most:]
    what = "all right" if all(p.passed for p in others) else "some of them wrong"
    return told, [f"… {len(others):,} more parameters, {what} …"] if others else []


def summary(name: str, shape: Shape, elements: Sequence[Element]) -> ParameterCheck:
    """Sum up what was found for the elements of one parameter."""
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


def undefined(name: str, elements: Sequence[Element], steep: Sequence[Culprit]) -> Undefined | None:
    """Return the first of a parameter's gradients that is no number, and in which of the ``steep`` steps it begins."""
    first = next((e for e in elements if e.verdict == "undefined"), None)
    if first is None:
        return None
    if not steep:
        return Undefined(name, first.index, first.analytic, "", "", "")
    begins = steep[-1]
    return Undefined(name, first.index, first.analytic, begins.row, begins.name, begins.layer, begins.times)


HEADS = ("", "parameter", "shape", "elements", "largest error", "at", "backprop", "differences", "")
LEFT = (0, 1, 2, 5, 8)  # the columns of words; numbers end at the right


def cells(p: ParameterCheck) -> tuple[str, ...]:
    """Return what the table says of a parameter, below :data:`HEADS`."""
    passed, kinks = "✓" if p.passed else "✗", f"{len(p.kinks)} on a kink" if p.kinks else ""
    numbers = (f"{p.error:.1e}", _at(p.index) or "()", f"{p.analytic:.8g}", f"{p.numeric:.8g}")
    compared = numbers if p.checked > len(p.kinks) else "----"
    return (passed, p.name, show_shape(p.shape), str(p.checked), *compared, kinks)


def _table(parameters: Sequence[ParameterCheck]) -> list[str]:
    return [line.rstrip() for line in columns([HEADS, *map(cells, parameters)], LEFT)]


def _at(index: Index) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""


def _side(slope: float) -> str:
    return "undefined" if math.isnan(slope) else "infinite" if math.isinf(slope) else show.number(slope, 4)


def _place(step: Culprit | Undefined) -> str:
    layer = f" in layer {step.layer}" if step.layer else ""
    time = f" at time step {', within it at '.join(map(str, step.times))}" if step.times else ""
    return f"at {step.name}{layer}{time}"


def paragraphs(report: GradientReport) -> Iterator[str]:
    """Yield what is said below the table."""
    for p in report.parameters:
        if p.kinks:
            kink = p.kinks[0]
            by = "; ".join(f"{row}: {convention}" for row, convention in report.conventions.items())
            yield (
                f"{p.name}{_at(kink.index)} lies on a kink, where J has no derivative: its slope is "
                f"{_side(kink.left)} to the left and {_side(kink.right)} to the right.\n"
                f"Backpropagation uses {show.number(kink.used)}, by convention{f' ({by})' if by else ''}.\n"
                f"To check a derivative, move the point, for example {p.name} += 0.1."
            )
    for u in report.undefined:
        infinite = math.isinf(u.value)
        what, why = ("infinite", "") if infinite else ("NaN, which is no number", ": 0 times infinity is NaN")
        begins = f"It begins in {u.row}, {_place(u)}, whose slope at this point is infinite or NaN{why}.\n"
        yield (
            f"The gradient of {u.parameter}{_at(u.index)} is {what}.\n{begins if u.row else ''}"
            "To learn through that point, choose: np.where(condition, step, 0) gives gradient 0 where the condition "
            f"is false. To check a derivative, move the point, for example {u.parameter} += 0.1."
        )
    for c in report.culprits:
        yield f"The derivative of {c.row} is wrong (relative error {c.error:.1e}), {_place(c)}."
    if not report.passed and not report.culprits and not report.undefined:
        yield (
            f"No step was found wrong by itself (at {SAMPLED} of its elements at the most). "
            "J may be too rough here for differences: try another point, or a smaller eps."
        )
