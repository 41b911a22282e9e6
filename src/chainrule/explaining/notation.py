"""Notations: examples in rows or in columns, ``x W``, ``W x`` or ``Wᵀ x``, layers as ``W1``, ``W^[1]`` or θ.

An expression over symbols becomes the same in symbols that are transposed: the transpose of a product is that of its
factors in the other order, and what works element by element is of transposed arrays transposed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from chainrule.errors import GraphError, short, unknown_name
from chainrule.explaining.formula import Formula, named
from chainrule.explaining.neat import turned_around
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node, broadcast, input, record
from chainrule.graph.primitives.linear import broadcast_to, reshape, total, transpose
from chainrule.graph.primitives.products import contract
from chainrule.graph.primitives.reductions import log_softmax, softmax
from chainrule.graph.shapes import Extent

SAME, TURNED, COLUMN = "same", "turned", "column"
PRODUCTS = {"x W": (False, False), "W x": (True, True), "Wᵀ x": (True, False), "x Wᵀ": (False, True)}
NAMES = ("W1", "W^[1]", "θ1")


@dataclass(frozen=True)
class Notation:
    """How arrays are written.

    Attributes:
        columns: Whether examples are columns.
        weights_turned: Whether a matrix of weights has a row for each unit.
        names: What layers and parameters are called, one of NAMES.
        shown: The symbols that stand for those of a graph.
    """

    columns: bool = False
    weights_turned: bool = False
    names: str = "W1"
    shown: dict[Node, tuple[Node, str]] = field(default_factory=dict)

    @property
    def is_plain(self) -> bool:
        """Whether arrays are written as they are."""
        return not self.columns and not self.weights_turned

    def name(self, name: str, before: str = "") -> Formula:
        """Write a name; ``before`` it stands the d of a gradient."""
        found = re.fullmatch(r"([A-Zabwyz]|gamma|beta)_?(\d+)", name)
        text, latex = name, named(name).latex
        if found and self.names == "W^[1]":
            text, latex = f"{found[1]}^[{found[2]}]", rf"{named(found[1]).latex}^{{[{found[2]}]}}"
        elif found and self.names == "θ1" and found[1] == "W":
            text, latex = f"θ{found[2]}", rf"\theta_{{{found[2]}}}"
        return Formula(before + text, before + latex)

    def placed(self, name: str, learned: bool = False) -> Formula:
        """Write the name of one number, ``W1[0,2]``; ``learned``: it is of what may be shown transposed."""
        stem, bracket, rest = name.partition("[")
        places = rest.removesuffix("]").split(",")
        turned = learned and self.weights_turned and len(places) == 2
        if not bracket or (self.names == "W1" and not turned):
            return named(name)
        at, written = ",".join(reversed(places) if turned else places), self.name(stem)
        return Formula(f"{written.text}[{at}]", f"{{{written.latex}}}_{{{at}}}")

    def way(self, symbol: Node, is_learned: bool) -> str:
        """Return how a symbol's array is shown: as it is, transposed, or a vector as a column."""
        if symbol.ndim == 2:
            return TURNED if (self.weights_turned if is_learned else self.columns) else SAME
        of_features = symbol.ndim == 1 and not isinstance(symbol.shape[0], Extent)
        return COLUMN if of_features and self.columns else SAME

    def add(self, symbol: Node, is_learned: bool) -> None:
        """Note a symbol, and what stands for it."""
        way = self.way(symbol, is_learned)
        shape = {TURNED: symbol.shape[::-1], COLUMN: (*symbol.shape, 1)}.get(way, symbol.shape)
        self.shown[symbol] = (input(symbol.name, shape, symbol.dtype), way)

    def value(self, symbol: Node, value: np.ndarray) -> np.ndarray:
        """Return a symbol's array as it is shown."""
        way = self.shown[symbol][1]
        return value.T if way == TURNED else value[:, None] if way == COLUMN else value

    def of(self, symbol: Node, expression: Node) -> Node:
        """Return what a symbol is, over the symbols that are shown."""
        return expression if self.is_plain else self._turn(expression, self.shown[symbol][1])

    def _natural(self, n: Node) -> str:
        """Return how an expression is shown with the fewest transposes."""
        if n in self.shown:
            return self.shown[n][1]
        return TURNED if n.ndim == 2 and self.columns else SAME

    def _turn(self, n: Node, way: str) -> Node:
        row = n.primitive
        if n in self.shown:
            symbol, has = self.shown[n]
            if has == way:
                return symbol
            return symbol.T if n.ndim == 2 else symbol.reshape((*n.shape, 1) if way == COLUMN else n.shape)
        if not n.inputs:
            return n if way == SAME else n.T if way == TURNED else n.reshape((*n.shape, 1))
        if row is contract and way != COLUMN:
            return self._product(n, way)
        if row is total and n.inputs[0].ndim == 2 and len(n.attributes["axes"]) == 2 and not n.ndim:
            return record(row, [self._turn(n.inputs[0], self._natural(n.inputs[0]))], n.attributes)
        if way == SAME:
            return record(row, [self._in_same(x, n) for x in n.inputs], n.attributes)
        turned = self._turned(n) if way == TURNED else self._column(n)
        if turned is not None:
            return turned
        plain = self._turn(n, SAME)
        return plain.T if way == TURNED else plain.reshape((*n.shape, 1))

    def _product(self, n: Node, way: str) -> Node:
        """Return a product of factors, each as it is shown."""
        plan = contraction(n.attributes["spec"])
        letters, factors = [plan.left, plan.right], []
        for i, x in enumerate(n.inputs):
            natural = self._natural(x) if x.ndim == 2 else SAME
            factors.append(self._turn(x, natural))
            letters[i] = letters[i][::-1] if natural == TURNED else letters[i]
        out = plan.out[::-1] if way == TURNED else plan.out
        return turned_around(record(contract, factors, {"spec": f"{letters[0]},{letters[1]}->{out}"}))

    def _product_of_column(self, n: Node) -> Node | None:
        """Return a matrix by a vector that is shown as a column."""
        plan = contraction(n.attributes["spec"])
        letters, factors = [plan.left, plan.right], []
        if sorted(x.ndim for x in n.inputs) != [1, 2] or len(plan.inner) != 1:
            return None
        for i, x in enumerate(n.inputs):
            natural = self._natural(x) if x.ndim == 2 else COLUMN
            factors.append(self._turn(x, natural))
            letters[i] = letters[i][::-1] if natural == TURNED else letters[i]
            letters[i] += "Z" if natural == COLUMN else ""
        return turned_around(record(contract, factors, {"spec": f"{letters[0]},{letters[1]}->{plan.out}Z"}))

    def _turned(self, n: Node) -> Node | None:
        row, attributes = n.primitive, n.attributes
        if row.elementwise or row.unwritten:
            return record(row, [self._beside(x) for x in n.inputs], attributes)
        if row is transpose:
            return self._turn(n.inputs[0], SAME)
        if row is total and attributes["keepdims"]:
            axes = tuple(sorted(1 - axis for axis in attributes["axes"]))
            return record(row, [self._turn(n.inputs[0], TURNED)], {**attributes, "axes": axes})
        if row in (softmax, log_softmax):
            axes = tuple(sorted(1 - axis for axis in attributes["axes"]))
            return record(row, [self._turn(n.inputs[0], TURNED)], {**attributes, "axes": axes})
        if row is broadcast_to:
            return broadcast(self._beside(n.inputs[0]), n.shape[::-1])
        if row is reshape and n.inputs[0].ndim == 1 and n.shape == (*n.inputs[0].shape, 1):
            return self._turn(n.inputs[0], SAME).reshape(n.shape[::-1])
        if row is reshape and n.inputs[0].ndim == 1 and n.shape == (1, *n.inputs[0].shape):
            return self._turn(n.inputs[0], COLUMN)
        return None

    def _in_same(self, x: Node, n: Node) -> Node:
        """Return an input of an array that stays as it is; a vector shown as a column is turned to lie in it."""
        beside = n.primitive.elementwise or n.primitive is broadcast_to
        if self.columns and x.ndim == 1 and n.ndim > 1 and beside and self._natural(x) == COLUMN:
            return self._turn(x, COLUMN).T
        return self._turn(x, SAME)

    def _beside(self, x: Node) -> Node:
        """Return an input of what works element by element on transposed matrices."""
        return self._turn(x, {2: TURNED, 1: COLUMN}.get(x.ndim, SAME))

    def _column(self, n: Node) -> Node | None:
        row, attributes = n.primitive, n.attributes
        if row.elementwise or row.unwritten:
            return record(row, [self._turn(x, COLUMN if x.ndim else SAME) for x in n.inputs], attributes)
        if row is contract:
            return self._product_of_column(n)
        if row is reshape and n.inputs[0].shape == (1, *n.shape):
            return self._turn(n.inputs[0], TURNED)
        if row is total and n.inputs[0].ndim == 2 and attributes["axes"] == (0,):
            return record(row, [self._turn(n.inputs[0], TURNED)], {"axes": (1,), "keepdims": True})
        return None


def notation_of(said: Any) -> Notation:
    """Return the notation that a user asked for, by one of its names or several.

    >>> notation_of(("W x", "W^[1]")).columns
    True
    """
    if said is None:
        return Notation()
    words: Sequence[Any] = [said] if isinstance(said, str) else said if isinstance(said, Sequence) else [said]
    found = Notation()
    for word in words:
        if not isinstance(word, str):
            raise GraphError(f"notation is a name, or several: ('W x', 'W^[1]'); found {short(word)}.")
        if word in PRODUCTS:
            columns, turned = PRODUCTS[word]
            found = replace(found, columns=columns, weights_turned=turned)
        elif word in ("rows", "columns"):
            found = replace(found, columns=word == "columns", weights_turned=word == "columns")
        elif word in NAMES:
            found = replace(found, names=word)
        else:
            raise unknown_name("notation", word, [*PRODUCTS, "rows", "columns", *NAMES])
    return replace(found, shown={})
