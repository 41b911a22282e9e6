"""What a trained network looks for and what it sees: filters, feature maps, and examples with what it says of them."""

from collections.abc import Sequence
from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, GraphError, short
from chainrule.explaining.pictures import tiles
from chainrule.explaining.pictures.picture import Panel, Picture
from chainrule.explaining.pictures.tiles import Tile
from chainrule.explaining.pictures.watching import check_network, find_layer, names_of, one_row
from chainrule.nn.calls import Call
from chainrule.shown import counted, in_a_row
from chainrule.train.network import Network

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from chainrule.nn.layers.base import Layer
    from chainrule.train.kinds import Data

__all__ = ["feature_maps", "filters", "predictions"]

GREY = np.array([0.299, 0.587, 0.114])  # how bright red, green and blue are (ITU-R BT.601)


@public
def filters(
    network: Network,
    layer: "str | int | Layer | None" = None,
    *,
    shape: Sequence[int] | None = None,
    most: int = 32,
) -> Picture:
    """Draw what a layer looks for: the weights of each of its filters, as a small map.

    A filter of several channels has a row, with a map for each channel. A dense layer that reads pictures has a filter
    for each of its units, of the size of the picture.

    Args:
        network: A network.
        layer: Which layer: its label ("conv2d_1"), the layer itself, or its place among all (-1 is the last); by
            default the first that has filters.
        shape: For a dense layer, the height and the width of the picture that its inputs are; by default what stands
            before a Flatten, or a square.
        most: So many filters are drawn, the first ones.

    Returns:
        A picture of one panel, in which each map's ``values`` are the weights themselves.

    Raises:
        GraphError: If no layer has filters, or that layer has none; or the network has seen no data.
        UnknownNameError: If there is no such layer.
        DataError: If the inputs of a dense layer are no picture of that shape.

    >>> net = cr.Network([cr.Conv2D(4, 3, activation="relu"), cr.Flatten(), cr.Dense(2)], input_shape=(8, 8, 1), seed=0)
    >>> picture = cr.pictures.filters(net)
    >>> picture.words[:62]
    'The 4 filters of conv2d_1, 3×3 weights of 1 channel each, betw'
    """
    found = check_network(network, "filters")
    kernels = {label: _kernel(found, call) for label, call in found.architecture.calls.items()}
    slid = [label for label, kernel in kernels.items() if kernel is not None and kernel.ndim in (3, 4)]
    dense = [label for label, kernel in kernels.items() if kernel is not None and kernel.ndim == 2]
    if layer is None and not slid and not dense:
        raise GraphError("No layer of this network has filters: neither a convolution nor a dense layer.")
    label = find_layer(
        found, (slid or dense)[0] if layer is None else layer, [*slid, *dense], "layers with filters"
    )
    kernel: Any = kernels[label]
    if kernel.ndim == 2:
        kernel = _as_picture(found, label, kernel, shape)
    if kernel.ndim == 3:  # along time: one map has steps from left to right, channels from top to bottom
        kernel = kernel.transpose(1, 0, 2)[:, :, None]
    high, wide, channels, count = kernel.shape
    shown, across = min(count, most), min(channels, 8)
    if across == 1:
        maps = [Tile(kernel[:, :, 0, j], str(j)) for j in range(shown)]
        body = tiles.panel(maps, "diverging", min(8, shown))
    else:
        maps = [Tile(kernel[:, :, i, j], f"ch {i}" * (j == 0)) for j in range(shown) for i in range(across)]
        body = tiles.panel(maps, "diverging", across, left=[str(j) for j in range(shown)])
    ends = [f"{kernel.min():.2g}", f"{kernel.max():.2g}"]
    words = (
        f"The {counted(count, 'filter')} of {label}, {high}×{wide} weights of {counted(channels, 'channel')} each, "
        f"between {' and '.join(ends)}."
    )
    left_out = [f"{count - shown} more filters are not shown."] if count > shown else []
    left_out += [f"{channels - across} more channels are not shown."] if channels > across else []
    note = "One colour for positive weights, the other for negative ones; the paler, the nearer to 0."
    return Picture([body], f"Filters of {label}", words, notes=(note, *left_out))


def _kernel(network: Network, call: Call) -> np.ndarray | None:
    """Return the weights by which a use of a layer weighs its inputs, or None."""
    held = [w for w in call.parameters if w.meaning.role == "W"]
    alone = len(held) == 1 and len(call.parameters) <= 2
    return network.parameters[held[0].name] if alone else None


def _as_picture(network: Network, label: str, kernel: np.ndarray, shape: Any) -> np.ndarray:
    """Return the weights of dense units as pictures, (height, width, channels, units)."""
    call = network.architecture.calls[label]
    width, units = kernel.shape
    if shape is None:
        before = network.architecture.call_of.get(call.inputs[0])
        given = (
            before.inputs[0].shape[1:]
            if before is not None and type(before.layer).__name__ == "Flatten"
            else ()
        )
        side = isqrt(width)
        shape = given if len(given) in (2, 3) else (side, side) if side > 1 else ()
    try:
        found = tuple(int(n) for n in shape)
    except (TypeError, ValueError):
        found = ()
    if len(found) not in (2, 3) or int(np.prod(found)) != width:
        raise DataError(
            f"The {width} inputs of {label} are no picture{f' of shape {short(shape)}' if shape else ''}: give shape=, "
            f"a height and a width of which the product is {width}."
        )
    return kernel.reshape(*found, *([1] if len(found) == 2 else []), units)


@public
def feature_maps(
    network: Network,
    X: "Data",
    layer: "str | int | Layer | None" = None,
    *,
    row: int | None = None,
    most: int = 16,
) -> Picture:
    """Draw what the layers of a network make of one picture, or of one sequence: a map for each channel.

    The numbers are those of :meth:`Network.activations`.

    Args:
        network: A network.
        X: Rows as in :meth:`Network.predict`.
        layer: Which layer: its label, the layer itself, or its place among all; by default all that put out pictures
            or sequences.
        row: Which row of X, counted from 0; by default the first.
        most: So many maps of a layer are drawn, the first ones.

    Returns:
        A picture with a panel for what is given and one for each layer.

    Raises:
        GraphError: If no layer puts out a map, or that layer does not; or the network has seen no data.
        UnknownNameError: If there is no such layer.
        DataError: If X does not fit, or has no such row.

    >>> net = cr.Network([cr.Conv2D(4, 3, activation="relu"), cr.Flatten(), cr.Dense(2)], input_shape=(8, 8, 1), seed=0)
    >>> picture = cr.pictures.feature_maps(net, np.eye(8).reshape(1, 8, 8, 1))
    >>> [panel.title for panel in picture.panels]
    ['x, 8×8×1', 'conv2d_1, 6×6×4']
    """
    found = check_network(network, "feature_maps")
    architecture = found.architecture
    fitting = [label for label, node in architecture.outputs.items() if node.ndim in (3, 4)]
    if not fitting:
        raise GraphError(
            "No layer of this network puts out a picture or a sequence, so there is no map to draw."
        )
    chosen = fitting if layer is None else [find_layer(found, layer, fitting, "layers that put out maps")]
    arrays = found._take(X).arrays
    number = one_row(X, row, len(arrays[0]))
    inside, name_of = found.activations(X), names_of(architecture)
    panels = [
        _maps(name, array[number], most, "grey")
        for name, array in zip(architecture.inputs, arrays, strict=True)
        if array.ndim in (3, 4)
    ]
    panels += [_maps(label, np.asarray(inside[name_of[label]][number]), most) for label in chosen]
    told = [f"{label} ({inside[name_of[label]][number].max():.2g} at most)" for label in chosen]
    words = f"What the network computes for row {number}: {in_a_row(told, 200)}."
    note = "Each map has the colours of its layer's numbers, from the smallest to the largest."
    return Picture(panels, f"Feature maps of row {number}", words, columns=1, notes=(note,))


def _maps(name: str, values: np.ndarray, most: int, palette: str = "") -> Panel:
    """Return the channels of what a layer puts out as maps."""
    size = "×".join(map(str, values.shape))
    if values.ndim == 2:  # a sequence: time goes to the right, channels go down
        return tiles.panel(
            [Tile(values.T)], palette or _palette(values), 1, f"{name}, {size}", wide=tiles.WIDE
        )
    if palette and values.shape[-1] == 3:
        return tiles.panel([Tile(values @ GREY)], palette, 1, f"{name}, {size}, in grey", wide=160.0)
    shown = min(values.shape[-1], most)
    maps = [Tile(values[:, :, c]) for c in range(shown)]
    more = f", the first {shown}" if shown < values.shape[-1] else ""
    across = min(8, max(shown, 4))
    return tiles.panel(maps, palette or _palette(values), across, f"{name}, {size}{more}")


def _palette(values: np.ndarray) -> str:
    return "diverging" if values.min() < 0 else "sequential"


@public
def predictions(
    network: Network,
    X: "Data",
    y: "ArrayLike",
    *,
    classes: Sequence[str] = (),
    shape: Sequence[int] | None = None,
    most: int = 10,
    worst: bool = False,
) -> Picture:
    """Draw pictures with what a network says they are and what they are: "Pred: 7, True: 1".

    A ✓ stands before those that are right, a ✗ before those that are wrong.

    Args:
        network: A network that predicts classes.
        X: Pictures, (n, height, width) or with a last axis of 1 or 3 channels; or rows of their numbers, (n, numbers).
        y: The class of each, (n,), counted from 0; or (n, classes) with a 1 for it.
        classes: What the classes are called.
        shape: The height and the width of a picture, where X has rows of numbers; by default a square.
        most: So many pictures are drawn, the first ones.
        worst: Whether those are drawn instead to whose class the network gave the least.

    Returns:
        A picture with a map for each example.

    Raises:
        GraphError: If the network predicts numbers and no classes, or has seen no data.
        DataError: If X does not fit, its rows are no pictures, or y has not a class for each.

    >>> table, target = cr.load_table("digits")
    >>> X, y = table.drop(columns=target).to_numpy() / 16, table[target].to_numpy().astype(int)
    >>> net = cr.Network([cr.Dense(32, "relu"), cr.Dense(10, "softmax")], seed=0)
    >>> history = net.fit(X[:1500], y[:1500], epochs=10)
    >>> cr.pictures.predictions(net, X[1500:], y[1500:]).words[:16]
    'Of 297 pictures '
    """
    found = check_network(network, "predictions")
    said = np.asarray(found.predict_classes(X))
    p = np.asarray(found.predict(X), dtype=float)
    truth = _classes_of(y, len(said))
    if said.ndim != 1:
        raise DataError(
            "predictions is of a network that says one class for each picture; this one says several."
        )
    images = _images(found._take(X).arrays[0], shape)
    right = said == truth
    order = np.arange(len(said))
    if worst:
        order = np.argsort(_given(p, truth), kind="stable")
    shown = order[:most]
    made = [
        Tile(
            images[i],
            f"{'✓' if right[i] else '✗'} Pred: {_name(classes, said[i])},\nTrue: {_name(classes, truth[i])}",
            "right" if right[i] else "wrong",
            limits=(float(images.min()), float(images.max())) if np.ptp(images) else None,
        )
        for i in shown
    ]
    if not made:
        raise DataError("X has no rows, so there is no picture to draw.")
    longest = max(len(line) for tile in made for line in tile.text.split("\n"))
    across = max(
        1, min(5, int((tiles.WIDE + tiles.APART) / (longest * tiles.LETTER + tiles.APART)), len(made))
    )
    which = "those to whose class it gave the least" if worst else f"the first {len(made)}"
    words = (
        f"Of {counted(len(said), 'picture')} {right.sum():,} are right ({right.mean():.1%})"
        f". Shown are {which}, of which {right[shown].sum()} are right."
    ).replace("%)", " %)")
    return Picture([tiles.panel(made, "grey", across)], "Predictions", words, notes=(words,))


def _name(classes: Sequence[str], number: Any) -> str:
    return str(classes[int(number)]) if len(classes) else str(int(number))


def _given(p: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return how probable the network finds the class of each example."""
    rows = p.reshape(len(p), -1)
    if rows.shape[1] == 1:
        return np.where(truth == 1, rows[:, 0], 1 - rows[:, 0])
    found: np.ndarray = rows[np.arange(len(rows)), truth]
    return found


def _classes_of(y: Any, rows: int) -> np.ndarray:
    """Return the class of each example as a number."""
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] > 1:
        array = array.argmax(axis=1)
    array = array.reshape(-1)
    if len(array) != rows or array.dtype.kind not in "iufb" or not (array == np.floor(array)).all():
        raise DataError(
            f"y has the class of each of the {rows} rows of X, whole numbers from 0; found {short(y)}."
        )
    return array.astype(int)


def _images(X: np.ndarray, shape: Any) -> np.ndarray:
    """Return what a network was given as pictures in grey, (n, height, width)."""
    if X.ndim == 2:
        side = isqrt(X.shape[1])
        high, wide = (int(n) for n in shape) if shape is not None else (side, side)
        if high * wide != X.shape[1] or side < 2:
            raise DataError(
                f"A row of {X.shape[1]} numbers is no picture of {high}×{wide}: give shape=, its height and its width."
            )
        return X.reshape(len(X), high, wide)
    if X.ndim == 4 and X.shape[-1] == 3:
        return X @ GREY
    if X.ndim == 4 and X.shape[-1] == 1:
        return X[..., 0]
    if X.ndim != 3:
        raise DataError(f"X has no pictures: each is of shape {X.shape[1:]}, and not (height, width).")
    return X
