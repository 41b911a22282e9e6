"""The numbers of a network: by name for its user, all at once for what trains it."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.arguments import public
from chainrule.doors import Door
from chainrule.errors import GraphError, MissingNameError, ShapeError, unknown_name
from chainrule.friendly import Friendly
from chainrule.graph.evaluate import Arrays
from chainrule.graph.node import Node
from chainrule.graph.numbers import value_for
from chainrule.graph.shapes import Extent, Shape, show
from chainrule.nn.architecture import Architecture
from chainrule.shown import WIDE, in_a_row
from chainrule.train import remedies
from chainrule.train.validation import as_numbers, cast, check_finite

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FEW = 60  # numbers, that a screen has room for
_FINITE = "A network computes with finite numbers."


class Parameters(Friendly, MutableMapping[str, np.ndarray]):
    """The parameters of a network by name, as a dict of arrays; assigning checks the shape.

    ``network.parameters`` makes one. "W1" is the weights of the first layer with units, "b1" its biases; ``gamma1``
    finds ``gamma_1``. The arrays are read-only, and set as a whole.

    Args:
        nodes: The variables, by name.

    Raises:
        UnknownNameError: At a name that no parameter bears; it is a KeyError too.
        ShapeError: Where a value of another shape is assigned.
        DataError: Where something other than finite numbers is.
        GraphError: Where one is deleted.

    >>> network = cr.Network([cr.Dense(1)], input_shape=2)
    >>> network.parameters
    {'W1': (2, 1), 'b1': (1,)}
    >>> network.parameters["W1"] = [[2.0], [3.0]]
    >>> network.predict([[10.0, 100.0]])
    array([[320.]], dtype=float32)
    """

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self._nodes = dict(nodes)
        self._aliases = {name.replace("_", ""): name for name in self._nodes}

    def _find(self, name: str) -> Node:
        known = name if name in self._nodes else self._aliases.get(str(name).replace("_", ""))
        if known is None:
            raise MissingNameError(str(unknown_name("parameter", name, self._nodes)))
        return self._nodes[known]

    def __getitem__(self, name: str) -> np.ndarray:
        value: np.ndarray = self._find(name).attributes["cell"].value
        return value

    def __setitem__(self, name: str, value: "ArrayLike") -> None:
        self.update({name: value})

    @public
    def update(  # type: ignore[override]  # which has an overload for each kind
        self, *given: "Mapping[str, ArrayLike] | Iterable[tuple[str, ArrayLike]]", **named: "ArrayLike"
    ) -> None:
        """Set several parameters, all of them or none: where one does not fit, the others stay as they are too.

        Args:
            given: Arrays by name: a dict, or the parameters of another network.
            named: Arrays by name.

        Raises:
            UnknownNameError: At a name that no parameter bears.
            ShapeError: Where a value has another shape than its parameter.
            DataError: Where it holds something other than finite numbers.

        >>> one, other = (cr.Network([cr.Dense(1)], input_shape=2, seed=seed) for seed in (0, 1))
        >>> one.parameters.update(other.parameters)
        >>> np.array_equal(one.parameters["W1"], other.parameters["W1"])
        True
        """
        pairs: dict[str, ArrayLike] = dict(*given, **named)
        found = {name: self._checked(name, value) for name, value in pairs.items()}
        for name, array in found.items():
            self._find(name).value = array

    def _checked(self, name: str, value: Any) -> np.ndarray:
        node = self._find(name)
        array = as_numbers(value, name, _FINITE)
        check_finite(array, value, name, _FINITE)
        if array.shape != node.shape:
            wanted, found = show(node.shape), show(array.shape)
            turned = remedies.for_weights(array.shape, node.shape)
            raise ShapeError(f"{name} has shape {wanted}; the value given has {found}.{turned}")
        return cast(array, node.dtype, value, name)

    def __delitem__(self, name: str) -> None:
        raise GraphError(f"{name} is part of the network and cannot be deleted.")

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    _repr_html_ = Door()

    def __repr__(self) -> str:
        return "{" + in_a_row([f"{k!r}: {show(n.shape)}" for k, n in self._nodes.items()], 3 * WIDE) + "}"


class NamedArrays(dict[str, np.ndarray]):
    """Arrays by name, such as gradients: a dict that shows numbers where they are few, else shapes.

    In place of an array there may be a list of them, of sequences of different lengths.
    """

    _repr_html_ = Door()

    def __repr__(self) -> str:
        if sum(sum(x.size for x in a) if isinstance(a, list) else a.size for a in self.values()) <= FEW:
            return super().__repr__()
        return (
            "{" + in_a_row([f"{k!r}: <{show(shape_of(a))} numbers>" for k, a in self.items()], 3 * WIDE) + "}"
        )


def shape_of(array: Any) -> Shape:
    """Return the shape of an array; that of a list of sequences has "…" in place of their lengths.

    >>> shape_of([np.zeros((2, 3)), np.zeros((4, 3))])
    (2, …, 3)
    """
    if not isinstance(array, list):
        return tuple(array.shape)
    return (len(array), Extent("…"), *array[0].shape[1:])


class Values:
    """All parameters, then all statistics: read and replaced together, so that no thread sees half.

    Args:
        architecture: The network's own graph, whose variables hold them; or one that it has in common with others.
        first: Of a common graph, what draws the first of them, once they are asked for.

    Attributes:
        carried: The states that go on from batch to batch; none: where they begin.
        batch: How many rows a batch of the last fit had.
    """

    def __init__(self, architecture: Architecture, first: Callable[[], Arrays] | None = None) -> None:
        self._nodes = {**architecture.parameters, **architecture.statistics}
        self._moving = threading.Lock()
        self._first = first
        self._held: Arrays | None = None if first is None else []  # where the variables do not hold them
        self.carried: Arrays = []
        self.batch: int | None = None

    @property
    def untouched(self) -> bool:
        """Whether nobody has asked for them yet, or set them."""
        return self._first is not None

    @property
    def names(self) -> list[str]:
        """What they are called."""
        return list(self._nodes)

    def get(self) -> Arrays:
        """Return the arrays."""
        with self._moving:
            return list(self._now())

    def _now(self) -> Arrays:
        if self._first is not None:
            self._held, self._first = _read_only(self._first()), None
        if self._held is not None:
            return self._held
        return [node.attributes["cell"].value for node in self._nodes.values()]

    def named(self) -> dict[str, np.ndarray]:
        """Return the arrays by name."""
        return dict(zip(self._nodes, self.get(), strict=True))

    def set(self, arrays: Sequence[np.ndarray]) -> None:
        """Replace them all."""
        new = [value_for(node, array) for node, array in zip(self._nodes.values(), arrays, strict=True)]
        with self._moving:
            if self._held is None:
                for node, array in zip(self._nodes.values(), new, strict=True):
                    node.attributes["cell"].value = array
            else:
                self._held, self._first = new, None

    def take(self, arrays: Arrays) -> None:
        """Replace those of a common graph by arrays that fit, and that nobody else writes into."""
        with self._moving:
            self._held, self._first = _read_only(arrays), None

    def move_to(self, architecture: Architecture) -> None:
        """Let the variables of the network's own graph hold them from now on."""
        with self._moving:
            now = self._now()
            self._nodes = {**architecture.parameters, **architecture.statistics}
            for node, array in zip(self._nodes.values(), now, strict=True):
                node.attributes["cell"].value = array
            self._held = None

    def set_named(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Replace them all, given by name."""
        self.set([arrays[name] for name in self._nodes])


def _read_only(arrays: Arrays) -> Arrays:
    for array in arrays:
        array.flags.writeable = False
    return arrays
