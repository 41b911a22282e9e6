"""How the numbers of each layer are spread: weights, activations and gradients, and units that are never active."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import ChainruleError, DataError, GraphError
from chainrule.explaining.pictures.marks import Bars, Rule
from chainrule.explaining.pictures.picture import Axis, Panel, Picture
from chainrule.explaining.pictures.truths import counted_in_bins
from chainrule.explaining.pictures.watching import check_network, names_of
from chainrule.nn.activations import activation
from chainrule.shown import counted, in_a_row
from chainrule.train.network import Network

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from chainrule.nn.kinds import LossLike
    from chainrule.train.kinds import Data

__all__ = ["activations", "dead_units", "gradients", "weights"]

BINS = 40
SIZE = (280.0, 190.0)
WIDE = (440.0, 170.0)
MOST_UNITS = 128  # that have a bar each; of more, the least active


@public
def weights(network: Network, *, bins: int = BINS) -> Picture:
    """Draw how the weights of each layer are spread: a histogram for each parameter of more than one axis.

    Args:
        network: A network.
        bins: So many bars in each.

    Returns:
        A picture with a panel for each such parameter; heights are how many weights fall in a bar.

    Raises:
        GraphError: If the network has none, or has seen no data.

    >>> net = cr.Network([cr.Dense(16, "relu"), cr.Dense(3)], input_shape=4, seed=0)
    >>> picture = cr.pictures.weights(net)
    >>> [panel.title for panel in picture.panels], int(picture.panels[0].marks[0].heights.sum())
    (['W1 (4, 16)', 'W2 (16, 3)'], 64)
    """
    found = check_network(network, "weights")
    arrays = {name: value for name, value in found.parameters.items() if value.ndim > 1}
    return _histograms(arrays, bins, "weight", "Weights by layer")


@public
def activations(network: Network, X: "Data", *, bins: int = BINS) -> Picture:
    """Draw how what each layer puts out is spread, over all rows of X.

    Args:
        network: A network.
        X: Rows as in :meth:`Network.predict`.
        bins: So many bars in each histogram.

    Returns:
        A picture with a panel for each layer, of the numbers of :meth:`Network.activations`.

    Raises:
        DataError: If X does not fit.
        GraphError: If the network has seen no data.

    >>> net = cr.Network([cr.Dense(16, "tanh"), cr.Dense(3)], input_shape=4, seed=0)
    >>> picture = cr.pictures.activations(net, np.eye(4))
    >>> [panel.title for panel in picture.panels]
    ['dense_1 (16,)', 'dense_2 (3,)']
    """
    found = check_network(network, "activations")
    inside, name_of = _inside(found, X), names_of(found.architecture)
    arrays = {label: _joined(inside[name]) for label, name in name_of.items()}
    return _histograms(arrays, bins, "output", "Activations by layer", 1)


@public
def gradients(
    network: Network, X: "Data", y: "ArrayLike", *, loss: "LossLike" = None, bins: int = BINS
) -> Picture:
    """Draw how the gradient of the cost by each layer's weights is spread, as the next training step would see it.

    Args:
        network: A network.
        X: Rows as in :meth:`Network.fit`.
        y: Their targets.
        loss: By default the one of the last fit.
        bins: So many bars in each histogram.

    Returns:
        A picture with a panel for each parameter of more than one axis, of the numbers of :meth:`Network.gradients`.

    Raises:
        DataError: If X or y does not fit.
        GraphError: If the network has no weights, or has seen no data.

    >>> net = cr.Network([cr.Dense(16, "tanh"), cr.Dense(1)], input_shape=4, seed=0)
    >>> picture = cr.pictures.gradients(net, np.eye(4), np.ones(4))
    >>> [panel.title for panel in picture.panels]
    ['dW1 (4, 16)', 'dW2 (16, 1)']
    """
    found = check_network(network, "gradients")
    slopes = found.gradients(X, y, loss=loss)
    arrays = {f"d{name}": value for name, value in slopes.items() if value.ndim > 1}
    return _histograms(arrays, bins, "gradient", "Gradients by layer")


def _joined(values: Any) -> np.ndarray:
    """Return the numbers of all rows, those of sequences of different lengths one after the other."""
    return np.concatenate(values) if isinstance(values, list) else values


def _histograms(arrays: Mapping[str, np.ndarray], bins: int, what: str, title: str, skip: int = 0) -> Picture:
    """Return a histogram for each array; ``skip`` says how many axes count the rows."""
    if not arrays:
        raise GraphError("This network has no weights: no layer has a parameter of more than one axis.")
    panels, told, missing = [], [], []
    for name, array in arrays.items():
        known = np.asarray(array, dtype=float)[np.isfinite(array)]
        if known.size < array.size:
            missing.append(f"{array.size - known.size:,} numbers of {name} are not finite, and not shown.")
        counts, edges = counted_in_bins(known, bins)
        places = (edges[1:] + edges[:-1]) / 2
        bars = Bars(places, counts, colour="c1", width=float(edges[1] - edges[0]))
        shape = ", ".join(map(str, array.shape[skip:])) + ("," if array.ndim - skip == 1 else "")
        panels.append(
            Panel(
                [bars, Rule(x=0.0)],
                f"{name} ({shape})",
                Axis(what),
                Axis("how many"),
                legend=False,
                size=SIZE,
            )
        )
        if known.size:
            told.append(f"{name} {known.mean():.2g} ± {known.std():.2g}")
    words = f"Mean and standard deviation: {in_a_row(told, 300)}."
    return Picture(panels, title, words, notes=(words, *missing))


@public
def dead_units(network: Network, X: "Data") -> Picture:
    """Draw how often each unit is active: in which share of the rows it puts out something else than 0.

    A unit that never is, is dead for these rows: no gradient reaches its weights. Told are the layers whose activation
    can be 0 over a whole range: relu and those like it; for a convolution, the rows and places of each channel.

    Args:
        network: A network.
        X: Rows as in :meth:`Network.predict`; some hundreds say more than a few.

    Returns:
        A picture with a panel for each such layer; ``.panels[k].marks[0].heights`` are the shares.

    Raises:
        DataError: If X does not fit.
        GraphError: If no layer has units that can be dead, or the network has seen no data.

    >>> net = cr.Network([cr.Dense(3, "relu", initializer=[[1.0, -1.0, 0.0]]), cr.Dense(1)], input_shape=1, seed=0)
    >>> picture = cr.pictures.dead_units(net, [[1.0], [2.0], [-3.0], [4.0]])
    >>> picture.panels[0].marks[0].heights
    array([0.75, 0.25, 0.  ])
    >>> picture.words
    'dense_1: 1 of 3 units is dead, active for none of 4 rows.'
    """
    found = check_network(network, "dead_units")
    architecture = found.architecture
    inside, name_of = _inside(found, X), names_of(architecture)
    panels, told = [], []
    for label, call in architecture.calls.items():
        if not _can_be_dead(getattr(call.layer, "activation", None)):
            continue
        values = _joined(inside[name_of[label]])
        shares = (values != 0).reshape(-1, values.shape[-1]).mean(axis=0)
        shown = np.arange(len(shares))
        dead = int((shares == 0).sum())
        title = label
        if len(shares) > MOST_UNITS:
            shown = np.argsort(shares, kind="stable")[:MOST_UNITS]
            title = f"{label}: the {MOST_UNITS} of {len(shares):,} units that are least active"
        heights = shares[shown]
        bars = Bars(
            np.arange(len(shown)), heights, colours=["wrong" if share == 0 else "c1" for share in heights],
            texts=["✗" if share == 0 else "" for share in heights],
        )  # fmt: skip
        every = max(1, -(-len(shown) // 12))
        ticks = [(float(i), str(u)) for i, u in enumerate(shown)][::every]
        x = Axis("unit", ticks=ticks)
        panels.append(Panel([bars], title, x, Axis("share of rows", limits=(0, 1)), legend=False, size=WIDE))
        rows = len(inside[name_of[label]])
        if dead:
            said = f"{dead} of {counted(len(shares), 'unit')} {'is' if dead == 1 else 'are'} dead, active for none"
        else:
            said = f"each of {counted(len(shares), 'unit')} is active, the least for {shares.min():.0%}"
        told.append(f"{label}: {said} of {counted(rows, 'row')}.")
    if not panels:
        raise GraphError(
            "No layer of this network has units that can be dead: none has relu or an activation like it. "
            "cr.pictures.activations(network, X) shows how their outputs are spread."
        )
    note = (
        "A unit marked ✗ puts out 0 for every row: it is dead for these, and no gradient reaches its weights."
    )
    return Picture(panels, "How often each unit is active", " ".join(told), columns=1, notes=(*told, note))


def _can_be_dead(kind: Any) -> bool:
    """Say whether an activation is 0 wherever its argument is far below 0, and not elsewhere."""
    if kind is None:
        return False
    try:
        values = np.asarray(activation(kind)(np.array([-3.0, -2.0, -1.0, 1.0, 2.0])), dtype=float)
    except (
        ChainruleError,
        AttributeError,
        TypeError,
        ValueError,
    ):  # one of nodes alone, or of one's own making
        return False
    return bool((values[:3] == 0).all() and (values[3:] != 0).all())


def _inside(network: Network, X: Any) -> Mapping[str, Any]:
    """Return what layers put out, of one row at least."""
    inside = network.activations(X)
    if not all(len(array) for array in inside.values()):
        raise DataError("X has no rows; a picture needs some.")
    return inside
