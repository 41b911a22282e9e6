"""What made a network's output of one row: layer by layer, what came into the units that matter most, and summed up.

A unit is ``z = Σ w·x + b``. What each input adds is read from the graph, ``x · ∂z/∂x``, and with the bias, which is z
where nothing comes in, it adds up to z: of layers where it does not, nothing is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.errors import NoDerivativeError
from chainrule.explaining.formula import (
    Formula,
    bracketed,
    equation,
    number,
    product,
    product_of_numbers,
    total,
)
from chainrule.explaining.notation import Notation
from chainrule.explaining.steps import Told
from chainrule.graph.closed import replaced
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import Node, input
from chainrule.nn.architecture import Architecture
from chainrule.nn.layers.dense import Dense
from chainrule.nn.reading import at
from chainrule.transform.backprop import grad

DIGITS = 4  # of a number that is told
UNITS, TERMS = 3, 4  # of a layer, and of a unit's sum, that are told
ROUNDED = 1e-4  # of the sizes of all terms: what rounding alone may leave between their sum and z


@dataclass(frozen=True)
class Term:
    """What one input adds to a unit.

    Attributes:
        came: What came in: "x[0]", "A1[2]", or the column's name.
        weight: What the weight is called, where that is known: "W1[0,2]".
        value: What came in, as a number.
        slope: What it is multiplied by: the weight.
        adds: Both multiplied.
    """

    came: str
    weight: str
    value: float
    slope: float
    adds: float


@dataclass(frozen=True, eq=False, repr=False)
class Unit(Told):
    """One unit of a layer for one row: what it adds up, and what it puts out.

    Attributes:
        z: What its sum is called: "Z1[2]".
        a: What it puts out is called.
        sum: The sum.
        out: What it puts out.
        terms: What the inputs add, the largest first.
        bias: What stands there where nothing comes in.
        bias_name: What that is called.
        digits: How many digits of a number are told.
        notation: How names are written.
        matters: How the explained output would fall if the unit put out nothing, were all else linear: a · ∂output/∂a.

    >>> network = cr.Network([cr.Dense(1, "relu", initializer=[[2.0], [-1.0]])], input_shape=2)
    >>> print(cr.explain(network, [[3.0, 1.0]]).row().layers[0].units[0])
    Z1[0] = x[0] · W1[0,0] + x[1] · W1[1,0] + b1[0] = 3 × 2 + 1 × (-1) + 0 = 5, A1[0] = 5
    """

    z: str
    a: str
    sum: float
    out: float
    terms: tuple[Term, ...]
    bias: float
    matters: float
    bias_name: str = "b"
    digits: int = DIGITS
    notation: Notation = field(default_factory=Notation, repr=False)

    @property
    def line(self) -> Formula:
        """The sum in symbols and numbers, and what comes of it."""

        def brief(value: float) -> float:
            return float(f"{value:.{self.digits}g}")

        def written(value: float) -> Formula:
            return number(brief(value), self.digits)

        write = self.notation.placed
        shown, rest = self.terms[:TERMS], self.terms[TERMS:]
        symbols = [product([write(t.came), _weight_of(t, self.notation, self.digits)]) for t in shown]
        numbers = [product_of_numbers([brief(t.value), brief(t.slope)], self.digits) for t in shown]
        if rest:
            left = f"{len(rest):,} more"
            symbols.append(Formula(f"({left})", rf"\text{{({left})}}"))
            numbers.append(written(sum(t.adds for t in rest)))
        symbols, numbers = [*symbols, write(self.bias_name)], [*numbers, written(self.bias)]
        said = equation(write(self.z), total(symbols), total(numbers), written(self.sum))
        out = equation(write(self.a), written(self.out))
        return Formula(f"{said.text}, {out.text}", rf"{said.latex},\quad {out.latex}")

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: numbers, texts and lists."""
        plain = {name: value for name, value in vars(self).items() if name not in ("digits", "notation")}
        return {**plain, "terms": [vars(term) for term in self.terms]}


def _weight_of(term: Term, notation: Notation, digits: int) -> Formula:
    if term.weight:
        return notation.placed(term.weight, learned=True)
    written = number(float(f"{term.slope:.{digits}g}"), digits)
    return bracketed(written) if term.slope < 0 else written


@dataclass(frozen=True, eq=False)
class LayerTold:
    """One layer for one row.

    Attributes:
        label: What the use of the layer is called: "dense_1".
        units: Those that matter most to the explained output, the first most.
        of: How many units there are.
    """

    label: str
    units: tuple[Unit, ...]
    of: int


def layers_told(
    architecture: Architecture,
    feed: Mapping[Node, Any],
    picked: np.ndarray,
    columns: Sequence[str] = (),
    digits: int = DIGITS,
    notation: Notation | None = None,
    first: int | None = None,
) -> tuple[LayerTold, ...]:
    """Return what each layer does with one row.

    Args:
        architecture: The network.
        feed: The row, an array with one row for each input; the values of all variables, and of STEP and SEED.
        picked: 1 at the output that is explained, 0 elsewhere; of the shape of the outputs.
        columns: What the columns of its only input are called; none where that is not known.
        digits: How many digits of a number are told.
        notation: How names are written; by default as they are.
        first: So many of the first layers are told; all by default.
    """
    found: list[LayerTold] = []
    uses = [(label, call, call.parts["Z"]) for label, call in architecture.calls.items() if "Z" in call.parts]
    ends = [architecture.output]
    for label, call, z in uses:
        ends += [z, architecture.outputs[label], *call.inputs]
    output, *rest = at(ends, training=False)
    became = dict(zip(ends[1:], rest, strict=True))
    called = {became[n]: name for name, n in architecture.parts.items() if n in became}
    called |= {x: name for name, x in architecture.inputs.items()}
    for label, call, z in uses[:first]:
        z_node, a_node = became[z], became[architecture.outputs[label]]
        name = called.get(z_node, "Z")
        try:
            slope = grad(np.sum(output * picked), a_node)
        except NoDerivativeError:
            continue
        run = evaluate([z_node, a_node, slope, *[became[x] for x in call.inputs]], feed)
        matters = (run[a_node] * run[slope])[0]
        if run[a_node].shape != run[z_node].shape:
            continue
        order = np.argsort(-np.abs(matters), axis=None, kind="stable")
        units = []
        for flat in order[:UNITS]:
            place = tuple(int(i) for i in np.unravel_index(flat, matters.shape))
            xs = [became[x] for x in call.inputs]
            unit = _unit(call, z_node, name, place, xs, run, feed, called, columns)
            if unit is not None:
                unit |= {"out": float(run[a_node][0][place]), "matters": float(matters[place])}
                unit |= {"digits": digits, "notation": notation or Notation()}
                units.append(Unit(**unit))
        if units:
            found.append(LayerTold(label, tuple(units), matters.size))
    return tuple(found)


def _unit(
    call: Any, z: Node, name: str, place: tuple[int, ...], xs: Sequence[Node],
    run: Mapping[Node, np.ndarray], feed: Mapping[Node, Any], called: Mapping[Node, str], columns: Sequence[str],
) -> dict[str, Any] | None:  # fmt: skip
    """Return the sum of one unit; None where what comes in does not add up to it."""
    floats = [x for x in dict.fromkeys(xs) if x.dtype.kind == "f"]
    leaves = {x: input(f"into {i}", x.shape, x.dtype) for i, x in enumerate(floats)}
    (of_leaves,) = replaced([z], leaves)
    one = np.zeros((1, *run[z].shape[1:]), z.dtype)
    one[(0, *place)] = 1
    chosen: Any = np.sum(of_leaves * one)
    try:
        slopes = grad(chosen, list(leaves.values()))
    except NoDerivativeError:
        return None
    given = {**feed, **{leaf: run[x] for x, leaf in leaves.items()}}
    nothing = {**feed, **{leaf: np.zeros_like(run[x]) for x, leaf in leaves.items()}}
    values = evaluate(slopes, given)
    bias = float(evaluate([chosen], nothing)[chosen])
    terms: list[Term] = []
    for x, slope in zip(floats, slopes, strict=True):
        came, weights = run[x][0], values[slope][0]
        for where in zip(*np.nonzero(weights), strict=True):
            index = tuple(int(i) for i in where)
            value, weight = float(came[index]), float(weights[index])
            terms.append(
                Term(
                    _came(x, index, called, columns),
                    _weight(call, x, index, place),
                    value,
                    weight,
                    value * weight,
                )
            )
    whole = float(run[z][0][place])
    sizes = sum(abs(t.adds) for t in terms) + abs(bias)
    if abs(sum(t.adds for t in terms) + bias - whole) > ROUNDED * max(sizes, abs(whole)):
        return None
    terms.sort(key=lambda t: -abs(t.adds))
    at_place = f"[{','.join(map(str, place))}]"
    biases = [w for w in call.parameters if w.meaning.role == "b"]
    known = len(biases) == 1 and biases[0].ndim == 1
    return {
        "z": f"{name}{at_place}", "a": f"{name.replace('Z', 'A', 1)}{at_place}", "sum": whole,
        "terms": tuple(terms), "bias": bias, "bias_name": f"{biases[0].name}[{place[-1]}]" if known else "b",
    }  # fmt: skip


def _came(x: Node, index: tuple[int, ...], called: Mapping[Node, str], columns: Sequence[str]) -> str:
    """Return what one number that comes into a layer is called."""
    name = called.get(x)
    if name is None:
        within = x
        while (
            within not in called
            and len(within.inputs) == 1
            and (within.primitive.moves or within.primitive.unwritten)
        ):
            within = within.inputs[0]
        name = called.get(within, "")
        if name and within.ndim > 1:
            shape = tuple(n for n in within.shape[1:])
            if all(isinstance(n, int) for n in shape) and int(np.prod(shape)) > 0:
                flat = int(np.ravel_multi_index(index, tuple(int(n) for n in x.shape[1:])))
                index = tuple(int(i) for i in np.unravel_index(flat, shape)) if _flat(x, within) else index
        if not name:
            name = x.meaning.label if hasattr(x.meaning, "label") else "h"
    if columns and len(index) == 1 and x.primitive.name == "input" and len(columns) > index[0]:
        return columns[index[0]]
    return f"{name}[{','.join(map(str, index))}]"


def _flat(x: Node, within: Node) -> bool:
    """Say whether a node is another, laid out in another shape and in the same order."""
    while x is not within:
        if not (x.primitive.name == "reshape" or x.primitive.unwritten):
            return False
        x = x.inputs[0]
    return True


def _weight(call: Any, x: Node, index: tuple[int, ...], place: tuple[int, ...]) -> str:
    """Return what the weight between an input and a unit of a dense layer is called."""
    if not isinstance(call.layer, Dense) or len(index) != 1 or len(place) != 1:
        return ""
    names = [w.name for w in call.parameters if w.meaning.role == "W"]
    return f"{names[0]}[{index[0]},{place[0]}]" if len(names) == 1 else ""
