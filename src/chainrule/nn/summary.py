"""The summary of a network: a row for each layer, with what it puts out, what it learns, and what it costs."""

import operator
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.graph.closed import bodies
from chainrule.graph.contraction import summed
from chainrule.graph.node import Node
from chainrule.graph.shapes import Extent, show as show_shape
from chainrule.graph.siblings import loop_key
from chainrule.graph.walk import order
from chainrule.nn.architecture import BATCH, Architecture, chain, finish
from chainrule.nn.layers.base import Layer
from chainrule.shown import HIGH, WIDE, columns, cut, in_a_row, screen

UNKNOWN = "?"  # what follows from the shape of data that is not there yet
# Two networks that differ in what depends on the data, and in nothing else. Lengths are primes, so that none are alike
# by chance; those of the second line have room for kernels.
GUESSES = (
    ((7,), (11,)), ((7, 5), (11, 13)), ((7, 5, 3), (11, 13, 2)),
    ((1021, 5), (1031, 13)), ((509, 521, 3), (541, 547, 2)), ((67, 71, 73, 3), (79, 83, 89, 2)),
)  # fmt: skip
FORMULA = "formulas"  # what a network's function computes itself
LONGEST_BLOCK = 12  # layers that are repeated together


@dataclass(frozen=True)
class Row:
    """One use of a layer; None where it is not known before data is seen.

    Attributes:
        label: What it is called: "dense_1".
        kind: What it is: "Dense".
        takes: The labels of what it is given.
        shape: Of its output.
        parameters: How many numbers it learns or keeps, those of its first use only.
        products: How many multiplications, each with its addition, its products of matrices take for one example.
        bytes: What its parameters take.
        times: How many rows such as this one follow each other, this one included.
        frozen: Whether learning leaves alone what it learned.
        counting: How many numbers a kernel and what stands beside it have, as one counts them: "(3·3·1 + 1)·8".
    """

    label: str
    kind: str
    takes: tuple[str, ...]
    shape: tuple[Any, ...] | None
    parameters: int | None = 0
    products: int | None = 0
    bytes: int | None = 0
    times: int = 1
    frozen: bool = False
    counting: str = ""

    @property
    def name(self) -> str:
        """Its label and kind, as the first column shows them."""
        return f"{self.label} ({self.kind}{', frozen' * self.frozen})"


def rows(architecture: Architecture) -> list[Row]:
    """Return a row for each input and each use of a layer, in order."""
    label_of = {n: name for name, n in architecture.inputs.items()}
    label_of |= {n: label for label, n in architecture.outputs.items()}
    label_of |= {
        n: f"{n.meaning.label}[{n.meaning.number}]"
        for n in order([architecture.output, *architecture.outputs.values()])
        if architecture.use_of(n) is not None
    }
    found = [Row(name, "input", (), n.shape) for name, n in architecture.inputs.items()]
    counted: set[Node] = set()
    seen: set[Node] = set()
    loops: set[Hashable] = set()  # each is done once, whoever takes one of its results
    frozen = architecture.frozen
    for label, call in architecture.calls.items():
        output = architecture.outputs[label]
        inside = [n for n in order([output], stop=call.inputs) if n not in seen and n not in call.inputs]
        seen.update(inside)
        new = [w for w in call.parameters if w not in counted]
        counted.update(new)
        found.append(
            Row(
                label,
                type(call.layer).__name__,
                tuple(_labels_before(call.inputs, label_of)),
                output.shape,
                sum(prod(w.shape) for w in new),
                _products(inside, loops),
                sum(prod(w.shape) * w.dtype.itemsize for w in new),
                frozen=any(w.name in frozen for w in call.parameters),
                counting=_counting({w.meaning.role: w.shape for w in new}),
            )
        )
    between = _products([n for n in order([architecture.output]) if n not in seen], loops)
    return [*found, Row("between layers", FORMULA, (), None, products=between)] if between != 0 else found


def _products(nodes: Iterable[Node], loops: set[Hashable]) -> int | None:
    """Return how many multiplications nodes take for one example, each with an addition; None if nobody knows yet."""
    total = 0
    for node in nodes:
        key = loop_key(node)
        for body in () if key in loops else bodies(node):
            steps, inside = node.attributes.get("length", 1), _products(body.nodes, set())
            if inside is None or (inside and isinstance(steps, Extent)):
                return None
            total += steps * inside if inside else 0
        loops |= set() if key is None else {key}
        if node.primitive.name == "contract":
            sizes = [*node.shape, *summed(node.inputs[0].shape, node.attributes["spec"])]
            sizes = [1 if e == Extent(BATCH) else e for e in sizes]
            if any(isinstance(e, Extent) for e in sizes):
                return None
            total += prod(sizes)
    return total


def _counting(shape_of: Mapping[str, tuple[Any, ...]]) -> str:
    """Return how the numbers of parameters are counted where one of them is a kernel or sees all units, or "".

    >>> _counting({"W": (3, 3, 1, 8), "b": (8,)}), _counting({"W": (3, 3, 4, 2), "b": (8,)})
    ('(3·3·1 + 1)·8', '3·3·4·2 + 8')
    >>> _counting({"W": (8, 256), "U": (64, 256), "b": (256,)})
    '4·(8 + 64 + 1)·64'
    """
    if shape_of.keys() >= {"W", "U"}:
        return _counting_gates(**shape_of)
    shapes = list(shape_of.values())
    if max(map(len, shapes), default=0) < 3:
        return ""
    if len(shapes) == 1 or len({shape[-1] for shape in shapes}) > 1:
        return " + ".join("·".join(map(str, shape)) for shape in shapes)
    of_one = " + ".join("·".join(map(str, shape[:-1])) or "1" for shape in shapes)
    return f"({of_one})·{shapes[0][-1]}"


def _counting_gates(W: Sequence[int], U: Sequence[int], b: Sequence[int] = (0,), **others: Any) -> str:
    """Return how the numbers of parameters of recurrent units are counted: those of a gate, times how many."""
    units, wide = U if len(U) == 2 else (0, 0)
    if others or not units or wide % units or len(W) != 2 or W[1] != wide or prod(b) % wide:
        return ""
    of_one = [W[0], units, *[prod(b) // wide for _ in (1,) if prod(b)]]
    gates = f"{wide // units}·" if wide > units else ""
    return f"{gates}({' + '.join(map(str, of_one))})·{units}"


def _labels_before(nodes: Sequence[Node], label_of: Mapping[Node, str]) -> Iterator[str]:
    """Yield the labels of the nearest layers and inputs that nodes are computed from."""
    near = order(nodes, stop=label_of)
    return (label_of[n] for n in near if n in label_of)


def rows_before_data(layers: Sequence[Layer], dtype: str) -> list[Row]:
    """Return the rows of a chain whose input has no shape yet: what two different shapes have in common."""
    for shapes in GUESSES:
        try:
            first, second = (rows(chain(layers, shape, dtype)) for shape in shapes)
        except ChainruleError:
            continue
        return [_common(a, b) for a, b in zip(first, second, strict=True)]
    kinds = [type(layer).__name__ for layer in layers]
    return [Row(f"{i}", kind, (), None, None, None, None) for i, kind in enumerate(kinds, start=1)]


def _common(a: Row, b: Row) -> Row:
    if a.kind == "input":
        return replace(a, shape=None)
    shape = tuple(x if x == y else UNKNOWN for x, y in zip(a.shape or (), b.shape or (), strict=True))
    return replace(
        a,
        shape=shape,
        parameters=a.parameters if a.parameters == b.parameters else None,
        products=a.products if a.products == b.products else None,
        bytes=a.bytes if a.bytes == b.bytes else None,
        counting=a.counting if a.counting == b.counting else "",
    )


def folded(found: Sequence[Row]) -> list[Row]:
    """Return rows in which what is repeated stands once, with the number of times.

    Rows are repeated that are equal but for their labels; two or three times is no reason to hide one.
    """
    looks = [(r.kind, r.frozen, r.shape, r.parameters, r.counting, r.products, r.bytes) for r in found]
    says_it = [_says_it(found, i) for i in range(len(found))]

    def same(i: int, j: int, length: int) -> bool:
        """Say whether what stands at i is repeated at j: in a chain as it is there, or on what the other takes."""
        return looks[i : i + length] == looks[j : j + length] and all(
            says_it[i + k] == says_it[j + k] or found[i + k].takes == found[j + k].takes
            for k in range(length)
        )

    result: list[Row] = []
    at = 0
    while at < len(found):
        block, times = 1, 1
        for length in range(1, LONGEST_BLOCK + 1):
            again = 1
            while at + (again + 1) * length <= len(found) and same(at, at + again * length, length):
                again += 1
            if again > 3 and again * length > block * times:
                block, times = length, again
        result += [replace(row, times=times) for row in found[at : at + block]]
        at += block * times
    return result


def _says_it(found: Sequence[Row], i: int) -> bool:
    """Say whether the place of a row tells what it takes: what the row before gives, as in a chain."""
    return found[i].takes in ((), (found[i - 1].label,))


def in_one_line(found: Sequence[Row]) -> bool:
    """Say whether each layer takes what the one before gives."""
    return all(_says_it(found, i) for i in range(len(found)))


def _shorter(row: Row) -> str:
    """Return the name of a row without its kind where the label says that already, as those do that nobody chose."""
    if not row.label.replace("_", "").startswith(row.kind.lower()):
        return cells(row)[0]
    return f"{row.label}{' (frozen)' * row.frozen}{f' × {row.times}' if row.times > 1 else ''}"


HEADS = ("layer", "output shape", "parameters", "multiply-adds", "bytes")


def cells(row: Row) -> tuple[str, ...]:
    """Return what a row says below :data:`HEADS`."""
    nothing = "" if row.kind == FORMULA else UNKNOWN
    shape = nothing if row.shape is None else show_shape(row.shape).replace(f"'{UNKNOWN}'", UNKNOWN)
    numbers = (UNKNOWN if n is None else f"{n:,}" for n in (row.parameters, row.products, row.bytes))
    return (row.name + (f" × {row.times}" if row.times > 1 else ""), shape, *numbers)


def lines_of(found: Sequence[Row]) -> list[str]:
    """Return rows as a table; a line says what a layer takes, where that is not the one before."""
    shown = folded(found)
    table = [list(HEADS), *(list(cells(row)) for row in shown)]
    others = sum(max(map(len, column)) + 2 for column in [*zip(*table, strict=True)][1:])
    room = max(WIDE - others, 18)
    for row, written in zip(shown, table[1:], strict=True):
        written[0] = cut(written[0] if len(written[0]) <= room else _shorter(row), room)
    lines = columns(table, left=(0, 1))
    rule = "─" * max(map(len, lines))
    jumps = [row for i, row in enumerate(found) if not _says_it(found, i)]
    told = {row.label for row in jumps}
    told |= {
        row.label for row in shown if row.times > 1 and row.takes in {jump.takes for jump in jumps}
    }  # all of its times take the same
    body = []
    for row, line in zip(shown, lines[1:], strict=True):
        body.append(line)
        if row.counting:
            body.append(cut(f"  {row.counting} = {row.parameters:,} parameters"))
        if row.label in told:
            body.append(cut(f"  ← {in_a_row(row.takes, 70)}"))
    return [rule, lines[0], rule, *body, rule]


def totals(found: Sequence[Row], of: Architecture | Sequence[Layer], dtype: str) -> list[str]:
    """Return what stands below the rows."""
    if not isinstance(of, Architecture):
        return [f"{UNKNOWN} follows from the first data that the network sees, or from input_shape=."]
    every, frozen = of.parameters | of.statistics, of.frozen
    trained = sum(prod(w.shape) for name, w in of.parameters.items() if name not in frozen)
    kept = sum(prod(w.shape) for w in every.values()) - trained
    size = in_bytes((trained + kept) * np.dtype(dtype).itemsize)
    work = [row.products for row in found]
    known = [prod(e for e in row.shape[1:]) for row in found if row.shape and row.kind != "input"]
    fixed = all(isinstance(n, int) for n in known)
    outputs = in_bytes(sum(known) * np.dtype(dtype).itemsize) if fixed else UNKNOWN
    products = UNKNOWN if None in work else f"{sum(n or 0 for n in work):,}"
    return [
        f"total {trained + kept:,} parameters ({trained:,} trained, {kept:,} kept), {size} as {dtype}",
        f"one example: {products} multiply-adds, {outputs} of layers' outputs",
    ]


def summary_text(of: Architecture | Sequence[Layer], dtype: str) -> str:
    """Return what :meth:`Network.summary` prints, of a network or of layers that have seen no data."""
    found = rows_of(of, dtype)
    return "\n".join([title(of), *lines_of(found), *totals(found, of, dtype)])


def rows_of(of: Architecture | Sequence[Layer], dtype: str) -> list[Row]:
    """Return the rows of a network, or of layers that have seen no data."""
    return rows(of) if isinstance(of, Architecture) else rows_before_data(of, dtype)


def up_to(inputs: Mapping[str, Node], layer: Layer, given: Sequence[Node]) -> str:
    """Return the rows of the layers up to one that cannot be built on the nodes it was given."""
    try:
        found = rows(finish(dict(inputs), reduce(operator.add, [node.sum() for node in given])))
    except ChainruleError:  # what comes before is no whole network either
        found = [Row(name, "input", (), n.shape) for name, n in inputs.items()]
    name = getattr(layer, "name", "") or type(layer).__name__
    *lines, rule = lines_of(found)
    shapes = in_a_row([show_shape(node.shape) for node in given], 40)
    return "\n".join([*screen(lines, HIGH - 6), cut(f"✗ {name} fails here, given {shapes}"), rule])


def title(of: Architecture | Sequence[Layer]) -> str:
    """Return what a network is called: by its layers with units."""
    layers = [call.layer for call in of.calls.values()] if isinstance(of, Architecture) else of
    depth = len({id(layer) for layer in layers if layer.counts})
    return f"{depth}-layer network" if depth else "network"


def in_bytes(size: float) -> str:
    """Write a number of bytes.

    >>> in_bytes(999), in_bytes(6148), in_bytes(2.5e9)
    ('999 bytes', '6.1 kB', '2.5 GB')
    """
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
