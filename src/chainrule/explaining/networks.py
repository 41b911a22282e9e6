"""A network explained on rows, as data: what made its outputs, how the cost and every gradient come about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.arguments import public
from chainrule.doors import Door
from chainrule.errors import DataError, short
from chainrule.explaining.inside import DIGITS, LayerTold, layers_told
from chainrule.explaining.matrix_steps import MatrixExplanation
from chainrule.explaining.subjects import Looked
from chainrule.friendly import Friendly
from chainrule.graph import show
from chainrule.graph.node import Node
from chainrule.nn.layers.base import SEED, STEP
from chainrule.shown import counted
from chainrule.train.classes import gives_labels, gives_yes_or_no


@dataclass(frozen=True, eq=False, repr=False)
class RowExplanation(Friendly):
    """What made a network's output of one row. ``cr.explain(network, X).row(0)`` is one.

    Attributes:
        number: Which row.
        output: Which output is explained: its place, or what it is called.
        predicted: That output, in units of the target.
        layers: Each layer of units, with those that matter most.
        is_class: Whether that output is the probability of a class.
        other: What the class is called that has what is left of 1; None where there are none, or several.
        digits: How many digits of a number are told.

    >>> layers = [cr.Dense(2, "relu", initializer=[[1.0, -1.0]]), cr.Dense(1, initializer=2.0)]
    >>> network = cr.Network(layers, input_shape=1)
    >>> print(cr.explain(network, [[3.0]]).row())
    Row 0: the network puts out 6.
    dense_1, the 2 units that matter most of 2:
      Z1[0] = x[0] · W1[0,0] + b1[0] = 3 × 1 + 0 = 3, A1[0] = 3
      Z1[1] = x[0] · W1[0,1] + b1[1] = 3 × (-1) + 0 = -3, A1[1] = 0
    dense_2:
      Z2[0] = A1[0] · W2[0,0] + A1[1] · W2[1,0] + b2[0] = 3 × 2 + 0 × 2 + 0 = 6, A2[0] = 6
    """

    number: int
    output: Any
    predicted: float
    layers: tuple[LayerTold, ...]
    is_class: bool = False
    other: Any = None
    digits: int = DIGITS
    _repr_html_ = Door()

    @property
    def says(self) -> str:
        """What the network says of the row, in words.

        >>> network = cr.Network([cr.Dense(2, "softmax", initializer=[[0.0, np.log(3)]])], input_shape=1)
        >>> cr.explain(network, [[1.0]]).row().says
        'class 1 with probability 0.75'
        """
        value = show.number(self.predicted, self.digits)
        if self.is_class:
            said = f"{_class(self.output)} with probability {value}"
            rest = show.number(1 - self.predicted, self.digits)
            return said if self.other is None else f"{said}, {_class(self.other)} with {rest}"
        return f"the network puts out {value}{f' for {self.output}' * isinstance(self.output, str)}"

    @public
    def to_dict(self) -> dict[str, Any]:
        """Return plain data: numbers, texts and lists.

        >>> network = cr.Network([cr.Dense(1, initializer=2.0)], input_shape=1)
        >>> cr.explain(network, [[3.0]]).row().to_dict()["predicted"]
        6.0
        """
        return {
            "row": self.number, "output": self.output, "predicted": self.predicted,
            "layers": [
                {"label": layer.label, "units": [unit.to_dict() for unit in layer.units]} for layer in self.layers
            ],
        }  # fmt: skip

    def __str__(self) -> str:
        lines = [f"Row {self.number}: {self.says}."]
        for layer in self.layers:
            many = f", the {len(layer.units)} units that matter most of {layer.of:,}" if layer.of > 1 else ""
            lines += [f"{layer.label}{many}:", *(f"  {unit}" for unit in layer.units)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        layers = counted(len(self.layers), "layer")
        return f"<RowExplanation of row {self.number}: {show.number(self.predicted)}, {layers}>"


def _class(name: Any) -> str:
    return f"{'class ' * isinstance(name, int)}{name}"


@dataclass(frozen=True, eq=False, repr=False)
class NetworkExplanation(Friendly):
    """A network explained on rows. ``cr.explain(network, X, y)`` makes one; printed, it tells the first row and, with
    targets, how the cost of all rows and each gradient come about.

    Attributes:
        predicted: The explained output of each row, in units of the target.
        of: Which output of each row that is: its place, or what it is called.
        remark: Why there is no derivation, where there is none though targets were given.

    >>> network = cr.Network([cr.Dense(1, "sigmoid", initializer=[[0.5], [-1.0]])], input_shape=2)
    >>> told = cr.explain(network, [[2.0, 1.0], [1.0, 1.0]], [1.0, 0.0])
    >>> for step in told.derivation.backward[1:]:
    ...     print(step)
    dZ1 = ... = A1 − y   (2, 1)
    dW1 = xᵀ · dZ1 / m   (2, 1)
    db1 = sum(dZ1, axis=0) / m   (1,)
    """

    predicted: np.ndarray
    of: tuple[Any, ...]
    remark: str
    _looked: Looked = field(repr=False)
    _values: Mapping[Node, np.ndarray] = field(repr=False)  # those that the network had
    _derived: MatrixExplanation | None = field(default=None, repr=False)
    _written: Mapping[str, Any] = field(default_factory=dict, repr=False)  # digits and notation
    _repr_html_ = Door()

    @property
    def derivation(self) -> MatrixExplanation:
        """The cost of these rows and its gradients, in matrix form.

        Raises:
            DataError: If no targets were given, or the graph cannot be told: then ``remark`` says why.

        >>> network = cr.Network([cr.Dense(1, initializer=2.0)], input_shape=1)
        >>> print(cr.explain(network, [[3.0]], [5.0]).derivation.forward[0])
        Z1 = x · W1 + b1   (1, 1)
        """
        if self._derived is None:
            raise DataError(
                self.remark or "Gradients are those of a cost: cr.explain(network, X, y), with targets."
            )
        return self._derived

    @public
    def row(self, number: int = 0, layers: int | None = None) -> RowExplanation:
        """Return what made the output of one row: which inputs and weights, layer by layer.

        Args:
            number: Which row, from 0.
            layers: So many of the first layers are told; all by default.

        Returns:
            Each layer, with the units that matter most, each of them a sum that adds up.

        Raises:
            DataError: If there is no such row.

        >>> network = cr.Network([cr.Dense(1, initializer=2.0)], input_shape=1)
        >>> cr.explain(network, [[3.0], [4.0]]).row(1).predicted
        8.0
        """
        if not isinstance(number, int | np.integer) or not 0 <= number < len(self.of):
            raise DataError(f"There are rows 0 to {len(self.of) - 1}; found row {short(number)}.")
        return self._row(int(number), layers)

    def _row(self, number: int, first: int | None = None) -> RowExplanation:
        looked = self._looked
        architecture = looked.programs.architecture
        one = slice(number, number + 1)
        inputs = {x: a[one] for x, a in zip(architecture.inputs.values(), looked.arrays, strict=True)}
        feed = {**self._values, **inputs, STEP: 0, SEED: looked.programs.seed}
        subject, loss = looked.subject, looked.subject.network.loss
        layers = layers_told(
            architecture, feed, looked.picked[one], subject.names, first=first, **self._written
        )
        of, other = self.of[number], subject.other
        if not subject.of_classes and gives_yes_or_no(architecture, loss):
            of, other = 1, 0
        is_class = other is not None or subject.of_classes or gives_labels(architecture, loss)
        digits = self._written.get("digits", DIGITS)
        return RowExplanation(number, of, float(self.predicted[number]), layers, is_class, other, digits)

    @public
    def to_dict(self) -> dict[str, Any]:
        """Return plain data: numbers, texts and lists.

        >>> network = cr.Network([cr.Dense(1, initializer=2.0)], input_shape=1)
        >>> cr.explain(network, [[3.0]]).to_dict()["predicted"]
        [6.0]
        """
        told = None if self._derived is None else self._derived.to_dict()
        rows = [self._row(number).to_dict() for number in range(len(self.of))]
        return {"predicted": self.predicted.tolist(), "of": list(self.of), "rows": rows, "derivation": told}

    def __str__(self) -> str:
        lines = [str(self.row())]
        if len(self.of) > 1:
            last = f" to .row({len(self.of) - 1}) tell the others" if len(self.of) > 2 else " tells the other"
            lines.append(f"(.row(1){last}.)")
        if self._derived is not None:
            lines += ["", str(self._derived)]
        if self.remark:
            lines += ["", self.remark]
        return "\n".join(lines)

    def __repr__(self) -> str:
        also = "" if self._derived is None else ", with the gradients of their cost"
        return f"<NetworkExplanation of {counted(len(self.of), 'row')}{also}>"
