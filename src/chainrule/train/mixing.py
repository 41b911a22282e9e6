"""Several networks that have learned, as one: theirs side by side, and the weighted sum of what they put out."""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from math import fsum
from typing import Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, GraphError, ShapeError, short
from chainrule.graph.shapes import show
from chainrule.nn.layers.base import Layer
from chainrule.nn.layers.encoding import PiecewiseLinearEncoding
from chainrule.nn.layers.merging import Mixture
from chainrule.nn.losses import default_loss
from chainrule.nn.reading import output_kind
from chainrule.nn.saved import from_config, to_config
from chainrule.train.network import Network

__all__ = ["mixture"]


@public
def mixture(networks: Sequence[Network], weights: Sequence[float] | None = None) -> Network:
    """Return one network that puts out the weighted mean of what several put out.

    It has their layers, side by side on the same input, with copies of the numbers that they have learned; encodings
    that are equal are one. It is a network as others are: it predicts, is saved, looked into, and may learn on.

    Args:
        networks: Networks with the same inputs and outputs of one shape.
        weights: For each how much it counts, a number of at least 0; what counts 0 is left out. By default all count
            the same.

    Returns:
        A network, with the loss, the engine and the names of columns of the first.

    Raises:
        GraphError: If there are no networks, or not as many weights; if one has not seen data yet, or some give classes
            and others do not.
        ShapeError: If inputs or outputs are of different shapes.
        DataError: If weights are no numbers of at least 0, or all are 0.

    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    >>> members = [cr.Network([cr.Dense(8, "tanh"), cr.Dense(1, "sigmoid")], seed=seed) for seed in range(3)]
    >>> for member in members:
    ...     history = member.fit(X, y, optimizer=cr.Adam(0.05), epochs=200)
    >>> whole = cr.mixture(members)
    >>> np.allclose(whole.predict(X), np.mean([member.predict(X) for member in members], axis=0), atol=1e-6)
    True
    """
    given = _networks(networks)
    counted = zip(given, _shares(weights, len(given)), strict=True)
    chosen = [(network, share) for network, share in counted if share]
    _check_alike([network for network, _ in chosen])
    joined = _Joined()
    outputs = [joined.add(network) for network, _ in chosen]
    joined.entries.append({"layer": Mixture(tuple([share for _, share in chosen])), "inputs": outputs})
    first = chosen[0][0]
    config = {"dtype": first.dtype, "entries": joined.entries, "output": len(joined.entries) - 1}
    whole = Network(from_config(config), dtype=first.dtype, seed=first.seed, engine=first.engine)
    whole._programs.values.set([*joined.parameters, *joined.statistics])
    whole.loss, whole.columns, whole.target_columns = first.loss, dict(first.columns), first.target_columns
    return whole


class _Joined:
    """The entries of several networks as one architecture has them: the same inputs, and what follows one by one.

    Attributes:
        entries: Inputs, uses of layers, and rows.
        parameters: What was learned, in the order of the architecture.
        statistics: What was kept besides.
    """

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.parameters: list[np.ndarray] = []
        self.statistics: list[np.ndarray] = []
        self._encodings: dict[Any, int] = {}

    def add(self, network: Network) -> int:
        """Add a network, and return the position of its output."""
        architecture = network.architecture
        config, count = to_config(architecture, keep=True), len(architecture.inputs)
        if not self.entries:
            self.entries += config["entries"][:count]
        inputs = [each["input"] for each in self.entries[:count]]
        places = {i: inputs.index(each["input"]) for i, each in enumerate(config["entries"][:count])}
        there: set[Layer] = set()  # encodings that another network has brought
        memo: dict[int, Any] = {}
        for i, entry in enumerate(config["entries"][count:], count):
            moved = {**entry, **{k: _moved(entry[k], places) for k in ("inputs", "of") if k in entry}}
            layer = entry.get("layer")
            if isinstance(layer, int):
                moved["layer"] = places[layer]
            elif type(layer) is PiecewiseLinearEncoding:
                key = (tuple(moved["inputs"]), layer.edges)
                if key in self._encodings:
                    there.add(layer)
                    places[i] = self._encodings[key]
                    continue
                self._encodings[key] = len(self.entries)
            if isinstance(layer, Layer):
                moved["layer"] = deepcopy(layer, memo)  # several networks may have the same object
            places[i] = len(self.entries)
            self.entries.append(moved)
        values = network._programs.values.named()
        self.parameters += [values[name] for name in architecture.parameters]
        self.statistics += [
            values[name] for name, w in architecture.statistics.items() if w.meaning.layer not in there
        ]
        return places[config["output"]]


def _moved(given: Any, places: Mapping[int, int]) -> Any:
    return [places[i] for i in given] if isinstance(given, list) else places[given]


def _networks(given: Any) -> list[Network]:
    if isinstance(given, Network | str) or not isinstance(given, Iterable):
        raise GraphError(f"A mixture is made of a list of networks; found {short(given)}.")
    found = list(given)
    if not found:
        raise GraphError("A mixture is made of one network at least; the list is empty.")
    for each in found:
        if not isinstance(each, Network):
            raise GraphError(f"A mixture is made of networks; found {short(each)}.")
    return found


def _shares(weights: Any, count: int) -> list[float]:
    """Return how much each counts, with the sum 1."""
    if weights is None:
        return [1 / count] * count
    try:
        found = np.asarray(weights, np.float64)
    except (TypeError, ValueError):
        found = np.array([np.nan])
    if found.ndim != 1 or not np.isfinite(found).all() or (found < 0).any() or not found.any():
        raise DataError(f"weights are numbers of at least 0, not all of them 0; found {short(weights)}.")
    if len(found) != count:
        raise GraphError(f"There are {count} networks and {len(found)} weights: each network has one.")
    return [float(each / fsum(found)) for each in found]


def _check_alike(networks: Sequence[Network]) -> None:
    first = networks[0]
    wanted, ends = _shapes(first), output_kind(first.architecture)
    for number, each in enumerate(networks[1:], 2):
        found, kind = _shapes(each), output_kind(each.architecture)
        if found != wanted:
            raise ShapeError(
                f"The networks of a mixture have the same inputs and outputs; the first has {_told(wanted)}, and that "
                f"at place {number} {_told(found)}."
            )
        if default_loss(kind) != default_loss(ends):
            raise GraphError(
                f"The first network ends with the activation '{ends}', and that at place {number} with "
                f"'{kind}': the mean of probabilities and of other numbers is neither."
            )


def _shapes(network: Network) -> dict[str, tuple[Any, ...]]:
    architecture = network.architecture
    inputs = {f"input {name}": x.shape[1:] for name, x in sorted(architecture.inputs.items())}
    return {**inputs, "output": architecture.output.shape[1:], "dtype": (network.dtype,)}


def _told(shapes: Mapping[str, tuple[Any, ...]]) -> str:
    return ", ".join(
        f"{name} {show(shape) if name != 'dtype' else shape[0]}" for name, shape in shapes.items()
    )
