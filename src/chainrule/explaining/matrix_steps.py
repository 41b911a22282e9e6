"""The explanation of a graph of arrays as data: steps forward, gradients backward, each with its shape and value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.arguments import public
from chainrule.doors import Door
from chainrule.errors import GraphError, short, unknown_name
from chainrule.explaining import arrays
from chainrule.explaining.elements import Element, element_of, itself
from chainrule.explaining.formula import Formula, equation
from chainrule.explaining.steps import Sectioned, Told
from chainrule.graph import shapes
from chainrule.graph.node import Node
from chainrule.graph.primitives.attributes import whole
from chainrule.graph.walk import order

INDENT = 6  # of an array below its line


@dataclass(frozen=True, repr=False)
class ArrayStep(Told):
    """What an explanation of arrays says of one step, of what it starts from, or of one gradient.

    Attributes:
        name: What it is called: "Z1", or "dZ1" for a gradient.
        kind: "variable", "input", "constant", "step", "derivative" (of a step by an input, element by element) or
            "gradient".
        formula: What it is, in symbols; None for what is given.
        simple: What that comes to when it is made simple, where that is shorter: ``A2 − Y``; else None.
        shape: The shape of its value.
        value: Its value.
        inputs: The names of what its formula names.
        symbol: How its name is written.
        digits: At which precision it is printed.
        of_examples: Whether a gradient is that of each example's own loss, of which J is the mean.
        node: The node of J's graph that it is, or that it is the gradient of.
        expression: The formula as a graph, over inputs that are named like the steps.

    >>> W = cr.variable([[1.0, 2.0], [3.0, 4.0]], "W")
    >>> x = cr.constant([[1.0, -1.0]], "x")
    >>> print(cr.explain(np.sum((x @ W).named("Z") ** 2).named("J")).forward[0])
    Z = x · W   (1, 2)
    """

    name: str
    kind: str
    formula: Formula | None
    simple: Formula | None
    shape: tuple[int, ...]
    value: np.ndarray
    inputs: tuple[str, ...]
    symbol: Formula
    digits: int
    of_examples: bool
    node: Node = field(repr=False)
    expression: Node | None = field(repr=False)

    @property
    def line(self) -> Formula:
        """``dW2 = A1ᵀ · dZ2 / m   (4, 1)``."""
        return self._with_shape(self._head)

    @property
    def full(self) -> Formula:
        """The line, and the value: in it, or below it in text where it has several rows."""
        rows, latex = arrays.block(self.value, self.digits), arrays.latex(self.value, self.digits)
        below = "".join([f"\n{' ' * INDENT}{row}" for row in rows])
        line = self.line
        valued = self._with_shape(equation(self._head, Formula(rows[0], latex)))
        text = valued.text if len(rows) == 1 else line.text + below
        return Formula(text, valued.latex if latex else line.latex)

    @property
    def _head(self) -> Formula:
        return equation(*[side for side in (self.symbol, self.formula, self.simple) if side is not None])

    def _with_shape(self, formula: Formula) -> Formula:
        if not self.shape:
            return formula
        shape = arrays.shape_of(self.value)
        return Formula(f"{formula.text}   {shape.text}", rf"{formula.latex} \quad {shape.latex}")


@dataclass(frozen=True, repr=False)
class MatrixExplanation(Sectioned):
    """An explanation of a graph of arrays, in matrix form: print it, or read its parts.

    Where J is a mean over m examples, the gradient of what belongs to examples (``dZ2``) is that of each example's own
    loss, and that of a parameter (``dW2``) is of J, as the lectures write them.

    Attributes:
        name: What J is called.
        given: The arrays it starts from.
        forward: Every step, inputs before what uses them.
        local: The derivative of each step by an input, where that is taken element by element.
        backward: The gradient of each step in terms of those of the steps that use it, from J on.
        gradients: What :func:`grad` finds by itself, of J: by the names of the nodes asked for.
        remarks: What is to be known besides.

    >>> W, x = cr.variable([[1.0], [2.0]], "W"), cr.constant([[3.0, -1.0], [0.5, 0.0]], "x")
    >>> A = np.tanh((x @ W).named("Z")).named("A")
    >>> print(cr.explain(np.sum(A**2).named("J")))
    Given
      W   (2, 1)
            [ 1
              2 ]
      x   (2, 2)
            [ 3    -1
              0.5   0 ]
    <BLANKLINE>
    Forward, step by step
      Z = x · W   (2, 1)
            [ 1
              0.5 ]
      A = tanh(Z)   (2, 1)
            [ 0.7616
              0.4621 ]
      J = sum(A²) = 0.7936
    <BLANKLINE>
    Element by element, each step by its input
      ∂A/∂Z = 1 − A²   (2, 1)
            [ 0.42
              0.7864 ]
    <BLANKLINE>
    Backward, node by node
      dA = 2 · A   (2, 1)
            [ 1.523
              0.9242 ]
      dZ = dA ∘ (1 − A²)   (2, 1)
            [ 0.6397
              0.7269 ]
      dW = xᵀ · dZ   (2, 1)
            [  2.283
              -0.6397 ]
    <BLANKLINE>
    Remarks
      matrix product: a sum of products: each factor's gradient is a product of the incoming gradient and the other
      tanh: never above 1, and 0.01 at |z| = 3: it still vanishes
      sum: a sum passes the gradient on unchanged to every term
    """

    name: str
    given: tuple[ArrayStep, ...]
    forward: tuple[ArrayStep, ...]
    local: tuple[ArrayStep, ...]
    backward: tuple[ArrayStep, ...]
    gradients: Mapping[str, np.ndarray]
    remarks: tuple[str, ...]

    @public
    def element(self, name: str, index: int | Sequence[int] = ()) -> Element:
        """Return one element of a step, or of a gradient, opened into its sum.

        Args:
            name: What it is called: "Z1", or "dW1".
            index: The place: a whole number for each axis.

        Returns:
            Data: print it, or read its terms.

        Raises:
            UnknownNameError: If nothing is called so.
            GraphError: If there is no such place in it.

        >>> X, W = cr.constant([[1.0, 2.0], [3.0, 4.0]], "X"), cr.variable([[0.5], [0.25]], "W")
        >>> told = cr.explain(np.sum((X @ W).named("Z") ** 2).named("J"))
        >>> print(told.element("Z", (1, 0)))
        Z[1,0] = Σ_i X[1,i] · W[i,0] = 3 × 0.5 + 4 × 0.25 = 2.5
        >>> print(told.element("dW", (0, 0)))
        dW[0,0] = Σ_i X[i,0] · dZ[i,0] = 1 × 2 + 3 × 5 = 17
        """
        steps = {step.name: step for step in (*self.given, *self.local, *self.backward, *self.forward)}
        written = {each.symbol.text: key for key, each in steps.items()}
        name = name if name in steps else written.get(name, name)
        if name not in steps:
            raise unknown_name("step or gradient", name, steps)
        step = steps[name]
        place: tuple[Any, ...] = tuple(index) if isinstance(index, Sequence) else (index,)
        fits = len(place) == len(step.shape) and all(map(whole, place))
        if not fits or not all(-n <= i < n for i, n in zip(place, step.shape, strict=True)):
            raise GraphError(
                f"{name} has shape {shapes.show(step.shape)}: its elements have a whole number for each axis, counted "
                f"from 0; found index={short(index)}."
            )
        place = tuple([int(i) % n for i, n in zip(place, step.shape, strict=True)])
        names = {key: each.symbol for key, each in steps.items() if each.symbol.text != key}
        if step.expression is None:
            return itself(name, place, step.value, step.digits, names.get(name))
        expressions = [each.expression for each in steps.values() if each.expression is not None]
        symbols = [n for n in order(expressions) if n.primitive.name == "input"]
        values = {n: steps[n.name].value for n in symbols}
        return element_of(name, step.expression, place, values, step.digits, names)

    @public
    def sections(self) -> list[tuple[str, list[Formula]]]:
        """Return what is printed: titles, and the lines below them, of which each array's value is a part.

        >>> W = cr.variable([1.0, 2.0], "W")
        >>> for title, lines in cr.explain(np.sum(W**2).named("J")).sections():
        ...     print(title, [line.text for line in lines])
        Given ['W = [ 1  2 ]   (2,)']
        Forward, step by step ['t1 = W² = [ 1  4 ]   (2,)', 'J = sum(t1) = 5']
        Element by element, each step by its input ['∂t1/∂W = 2 · W = [ 2  4 ]   (2,)']
        Backward, node by node ['dt1 = 1 = [ 1  1 ]   (2,)', 'dW = 2 · dt1 ∘ W = 2 · W = [ 2  4 ]   (2,)']
        """
        sections = [
            ("Given", self.given),
            ("Forward, step by step", self.forward),
            ("Element by element, each step by its input", self.local),
            ("Backward, node by node", self.backward),
        ]
        return [(title, [step.full for step in steps]) for title, steps in sections if steps]

    _repr_html_ = Door()
