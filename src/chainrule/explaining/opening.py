"""One element of an array, opened into a sum of numbers: ``dW1[0,2] = Σ_i X[i,0] · dZ1[i,2] / m``.

An index goes backwards through the rows: through what moves elements and what works element by element as a symbol, i
or 2·i + a, and through any linear row as the row's own adjoint says, which elements with which factors. What comes out
is a formula of single numbers, whose sums run over indices.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.explaining.formula import Formula
from chainrule.graph import show
from chainrule.graph.contraction import contraction
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import Node, as_node, input, record
from chainrule.graph.primitives.arithmetic import plus
from chainrule.graph.primitives.exponentials import exp, log
from chainrule.graph.primitives.indexing import pick
from chainrule.graph.primitives.linear import broadcast_to, reshape, total, transpose
from chainrule.graph.primitives.primitive import MULTIPLY, Primitive
from chainrule.graph.primitives.products import contract
from chainrule.graph.primitives.reductions import largest, log_softmax, logsumexp, softmax
from chainrule.graph.primitives.windows import windows
from chainrule.graph.walk import order

MOST_WALKED = 20_000  # terms of a sum that has no symbol
LETTERS = "ijklnpqrsuvw"


@dataclass(frozen=True)
class At:
    """An index: a whole number, and multiples of letters: ``2·i + a``."""

    number: int
    letters: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        parts = [name if by == 1 else f"{by}{name}" for name, by in self.letters]
        return "+".join([*parts, *([str(self.number)] if self.number or not parts else [])])

    def plus(self, other: "At", by: int = 1) -> "At":
        """Return the sum with a multiple of another."""
        found = dict(self.letters)
        for name, times in other.letters:
            found[name] = found.get(name, 0) + by * times
        return At(self.number + by * other.number, tuple((k, v) for k, v in found.items() if v))

    def value(self, letters: Mapping[str, Any]) -> Any:
        """Return where it is, given its letters."""
        return self.number + sum(by * letters[name] for name, by in self.letters)


Index = tuple[At, ...]


class Free(Exception):
    """An index has letters, and what it goes through can be told of numbers only."""


# A sum over letters, as one node writes it; it is in no table, since no graph that is run has one.
SUM = Primitive(
    name="sum over indices", forward=lambda x, over: x, attributes=None, binds=MULTIPLY, needs=(MULTIPLY,),
    text="Σ_{letters} {0}", latex=r"\sum_{{{letters}}} {0}", no_derivative="it only writes a sum",
)  # fmt: skip
TERMS = Primitive(
    name="sum of terms", forward=lambda *x: sum(x), attributes=None, no_derivative="it only writes a sum"
)


class Opened:
    """What an expression's element is made of, over symbols of single numbers."""

    def __init__(self, expression: Node, values: Mapping[Node, np.ndarray]) -> None:
        self.run: dict[Any, np.ndarray] = evaluate([expression], values)
        self.names: Mapping[str, Formula] = {}  # of arrays, where they are not written as they are
        self.places: dict[Node, tuple[np.ndarray, Index]] = {}  # of each symbol: in which array, where
        self.known: dict[tuple[Node, Index], Node] = {}
        self.sizes: dict[str, int] = {}  # of letters

    def letters(self, count: int) -> list[str]:
        """Return letters that no other sum has."""
        used, each = len(self.sizes), len(LETTERS)
        return [f"{LETTERS[k % each]}{k // each or ''}" for k in range(used, used + count)]

    def symbol(self, array: Node, index: Index, name: str) -> Node:
        """Return the symbol of one number of an array."""
        found = self.known.get((array, index))
        if found is None:
            place = ",".join(map(str, index))
            found = input(f"{name}[{place}]" if index else name, (), self.run[array].dtype)
            self.known[array, index] = found
            self.places[found] = self.run[array], index
        return found

    def open(self, n: Node, index: Index) -> Node:
        """Return one element of a node as a formula of single numbers."""
        row = n.primitive
        if row.unwritten and self.run[n].dtype.kind == self.run[n.inputs[0]].dtype.kind:
            return self.open(n.inputs[0], index)
        if not n.inputs:
            return self._leaf(n, index)
        if row is contract:
            return self._product(n, index)
        if row is total:
            return self._sum(n, index)
        moved = self._moved(n, index)
        if moved is not None:
            return self.open(n.inputs[0], moved)
        if row.elementwise:
            parts = [self.open(x, self._stretched(x, index)) for x in n.inputs]
            if row is plus and any(map(_is_zero, parts)):
                return self.terms(parts, n.dtype)
            return record(row, parts, n.attributes)
        if row in (softmax, log_softmax, logsumexp):
            return self._of_exponentials(n, index)
        return self._by_numbers(n, index)

    def _leaf(self, n: Node, index: Index) -> Node:
        value = self.run[n]
        if n.primitive.leaf == "known" and not n.name:
            if value.size and (value == value.flat[0]).all():
                return n if not n.shape else as_node(float(value.flat[0]), [n.dtype])
            return self.symbol(n, index, "constant")
        return self.symbol(n, index, n.name)

    def _stretched(self, x: Node, index: Index) -> Index:
        shape = self.run[x].shape
        behind = index[len(index) - len(shape) :] if shape else ()
        return tuple([At(0) if length == 1 else at for at, length in zip(behind, shape, strict=True)])

    def _product(self, n: Node, index: Index) -> Node:
        plan = contraction(n.attributes["spec"])
        at = dict(zip(plan.out, index, strict=True))
        lengths = dict(zip(plan.left, self.run[n.inputs[0]].shape, strict=True))

        def body(inner: Sequence[At]) -> Node:
            where = at | dict(zip(plan.inner, inner, strict=True))
            left, right = ([where[x] for x in letters] for letters in (plan.left, plan.right))
            a, b = n.inputs
            factors = [self.open(a, tuple(left)), self.open(b, tuple(right))]
            return as_node(0.0, [n.dtype]) if any(map(_is_zero, factors)) else factors[0] * factors[1]

        return self._over([lengths[x] for x in plan.inner], body, n)

    def _sum(self, n: Node, index: Index) -> Node:
        axes, kept = n.attributes["axes"], n.attributes["keepdims"]
        shape = self.run[n.inputs[0]].shape

        def body(inner: Sequence[At]) -> Node:
            summed = dict(zip(axes, inner, strict=True))
            rest = iter(index)
            every = []
            for axis in range(len(shape)):
                if axis in summed:
                    every.append(summed[axis])
                    if kept:
                        next(rest)
                else:
                    every.append(next(rest))
            return self.open(n.inputs[0], tuple(every))

        return self._over([shape[axis] for axis in axes], body, n)

    def _over(self, lengths: Sequence[int], body: Callable[[Sequence[At]], Node], n: Node) -> Node:
        """Return a sum over indices of these lengths: of a symbol where that can be, else term by term."""
        long = [k for k, length in enumerate(lengths) if length != 1]
        before, letters = dict(self.sizes), self.letters(len(long))
        self.sizes.update(zip(letters, [lengths[k] for k in long], strict=True))
        at = [At(0)] * len(lengths)
        for k, name in zip(long, letters, strict=True):
            at[k] = At(0, ((name, 1),))
        try:
            inside = body(at)
        except Free:
            self.sizes = before
            if np.prod(lengths) > MOST_WALKED:
                raise
            return self.terms([body([At(int(i)) for i in each]) for each in np.ndindex(*lengths)], n.dtype)
        over = tuple([(name, lengths[k]) for k, name in zip(long, letters, strict=True)])
        return (
            Node(SUM, (inside,), {"over": over, "letters": ",".join(letters)}, (), n.dtype)
            if over
            else inside
        )

    def terms(self, found: Sequence[Node], dtype: np.dtype) -> Node:
        """Return a sum of terms, those that are 0 left out."""
        left = [t for t in found if not _is_zero(t)]
        if len(left) < 2:
            return left[0] if left else as_node(0.0, [dtype])
        return Node(TERMS, tuple(left), {}, (), dtype)

    def _moved(self, n: Node, index: Index) -> Index | None:
        """Return where an element was before it was moved; None for a row that moves in another way, or not at all."""
        row, attributes = n.primitive, n.attributes
        shape = self.run[n.inputs[0]].shape
        if row is transpose:
            places = dict(zip(attributes["axes"], index, strict=True))
            return tuple([places[axis] for axis in range(len(shape))])
        if row is broadcast_to:
            return self._stretched(n.inputs[0], index)
        if row is reshape:
            long = [at for at, length in zip(index, self.run[n].shape, strict=True) if length != 1]
            if [k for k in shape if k != 1] != [k for k in self.run[n].shape if k != 1]:
                return None
            rest = iter(long)
            return tuple([At(0) if length == 1 else next(rest) for length in shape])
        if row is pick:
            return _picked(attributes["index"], index, shape)
        if row is windows:
            axes, strides, dilations = (attributes[k] for k in ("axes", "strides", "dilations"))
            found = list(index[: len(shape)])
            for axis, by, spread, inner in zip(axes, strides, dilations, index[len(shape) :], strict=True):
                found[axis] = At(0).plus(found[axis], by).plus(inner, spread)
            return tuple(found)
        return None

    def _of_exponentials(self, n: Node, index: Index) -> Node:
        (x,), axes, row = n.inputs, n.attributes["axes"], n.primitive
        shape, kept = self.run[x].shape, n.attributes.get("keepdims", True)
        full = list(index)
        if row is logsumexp and not kept:
            for axis in sorted(axes):
                full.insert(axis, At(0))

        def body(inner: Sequence[At]) -> Node:
            every = list(full)
            for axis, at in zip(axes, inner, strict=True):
                every[axis] = at
            return exp(self.open(x, tuple(every)))

        below = self._over([shape[axis] for axis in axes], body, n)
        if row is logsumexp:
            return log(below)
        above = self.open(x, tuple(full))
        return exp(above) / below if row is softmax else above - log(below)

    def _by_numbers(self, n: Node, index: Index) -> Node:
        """Return an element of a row at a place that is known: as a linear row's adjoint says, or as what it is."""
        if any(at.letters for at in index):
            raise Free
        row, place = n.primitive, tuple([at.number for at in index])
        inputs = [self.run[x] for x in n.inputs]
        if row is largest:
            return self._largest(n, place)
        if row.linear in ("together", "first") and row.vjp is not None:
            chosen = np.zeros_like(self.run[n])
            chosen[place] = 1
            with np.errstate(all="ignore"):
                slopes = row.vjp(chosen, self.run[n], *inputs, **_resolved(n, self.run))
            found = []
            for x, slope in zip(n.inputs, slopes, strict=True):
                if slope is None or self.run[x].dtype.kind != "f":
                    continue
                places = np.nonzero(slope)
                if len(places[0]) > MOST_WALKED:
                    return self.symbol(n, index, show.text(n))  # what it is, as one number
                for where in zip(*places, strict=True):
                    element = self.open(x, tuple([At(int(i)) for i in where]))
                    factor = float(slope[where])
                    found.append(element if factor == 1 else factor * element)
            return self.terms(found, n.dtype)
        return self.symbol(n, index, show.text(n))

    def _largest(self, n: Node, place: tuple[int, ...]) -> Node:
        (x,), axes, kept = n.inputs, n.attributes["axes"], n.attributes["keepdims"]
        array = self.run[x]
        rest = [i for axis, i in enumerate(place) if not (kept and axis in axes)]
        at = [slice(None) if axis in axes else None for axis in range(array.ndim)]
        others = iter(rest)
        chosen = tuple([next(others) if each is None else each for each in at])
        inner = iter(np.unravel_index(int(np.argmax(array[chosen])), array[chosen].shape))
        where = [int(next(inner)) if isinstance(each, slice) else each for each in chosen]
        return self.open(x, tuple([At(int(i)) for i in where]))

    def value(self, formula: Node, letters: Mapping[str, Any] | None = None) -> Any:
        """Compute a formula; its letters are given, and those of its sums are gone through."""
        return self._values([formula], dict(letters or {}))[formula]

    def _values(self, ends: Sequence[Node], letters: dict[str, Any]) -> dict[Node, Any]:
        found: dict[Node, Any] = {}
        for n in order(ends, stop=[n for n in order(ends) if n.primitive is SUM]):
            if n in self.places:
                array, index = self.places[n]
                found[n] = array[tuple([at.value(letters) for at in index])]
            elif n.primitive is SUM:
                names, lengths = zip(*n.attributes["over"], strict=True)
                grid = np.indices(lengths).reshape(len(lengths), -1)
                outer = {k: np.expand_dims(v, -1) for k, v in letters.items()}
                every = self._values([n.inputs[0]], outer | dict(zip(names, grid, strict=True)))
                shape = np.broadcast_shapes(np.shape(every[n.inputs[0]]), (grid.shape[1],))
                found[n] = np.broadcast_to(every[n.inputs[0]], shape).sum(axis=-1)
            elif n.inputs:
                with np.errstate(all="ignore"):
                    found[n] = n.primitive.forward(*[found[x] for x in n.inputs], **n.attributes)
            else:
                found[n] = self.run[n] if n in self.run else evaluate([n])[n]
        return found


def _is_zero(n: Node) -> bool:
    return n.primitive.name == "constant" and not n.attributes["value"].any()


def _resolved(n: Node, run: Mapping[Node, np.ndarray]) -> dict[str, Any]:
    """Return the attributes of a node with the lengths that its open axes have."""
    attributes = dict(n.attributes)
    if "shape" in attributes:
        attributes["shape"] = run[n].shape
    return attributes


def _picked(entries: Sequence[Any], index: Index, shape: Sequence[int]) -> Index:
    """Return where an element of a slice was."""
    found: list[At] = []
    places = iter(index)
    for entry in entries:
        length = shape[len(found)] if len(found) < len(shape) else 1
        if entry is None:
            next(places)
        elif isinstance(entry, tuple):
            start, _, step = slice(*entry).indices(length)
            found.append(At(start).plus(next(places), step))
        else:
            found.append(At(int(entry) % length))
    return (*found, *places)
