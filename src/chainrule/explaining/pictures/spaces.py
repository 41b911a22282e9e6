"""Hidden spaces: where the rows lie in what a layer of a network makes of them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.arguments import public
from chainrule.engines.function import compile
from chainrule.errors import DataError, needing, unknown_name
from chainrule.explaining.pictures.boundaries import SIZE, map_of
from chainrule.explaining.pictures.examples import Truth, points_of, truth_of
from chainrule.explaining.pictures.grids import grid_of
from chainrule.explaining.pictures.marks import Mark
from chainrule.explaining.pictures.picture import Axis, Panel, Picture
from chainrule.explaining.pictures.readings import read
from chainrule.explaining.pictures.truths import numbers_of, thinned
from chainrule.graph.closed import replaced
from chainrule.graph.node import input, leaf_key
from chainrule.graph.walk import order
from chainrule.nn.architecture import BATCH
from chainrule.nn.reading import at, seen_inside
from chainrule.shown import counted, in_a_row
from chainrule.train.fit.settings import whole
from chainrule.train.network import Network

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from chainrule.train.kinds import Data

__all__ = ["hidden"]

MOST_FEATURES = 50  # that t-SNE is given; PCA makes them of more
PERPLEXITY = 30.0
GROUPS = 5  # of numbers, each with a colour
STEPS = 100
ENOUGH = 20  # rows, of which neighbours tell something


@public
def hidden(
    network: Network,
    X: "Data",
    y: "ArrayLike | None" = None,
    layer: int | str = -2,
    method: Literal["pca", "tsne"] = "pca",
    *,
    rows: int | None = None,
    classes: Sequence[Any] | None = None,
    seed: int = 0,
    verbose: int = 0,
) -> Picture:
    """Draw where rows lie in a layer of a network: what it has made of them by then.

    A layer of two neurons is drawn as it is, with what the layers behind it make of each place. A wider one is brought
    to two dimensions: by PCA, the two directions in which rows differ most, or by t-SNE, which keeps neighbours
    together and means nothing by distances.

    Args:
        network: The network.
        X: Its rows, as in ``predict``.
        y: What is true of them, classes or numbers, ``(n,)``: their colours.
        layer: Which layer, counted as those that ``network.activations`` has, the last is -1: -2 is that before the
            output; or its name there, such as "A1".
        method: "pca" or "tsne".
        rows: So many rows at the most, evenly from all; by default 1,000, of t-SNE 500, which takes seconds.
        classes: What the classes of y are called.
        seed: Of t-SNE.
        verbose: 1 lets scikit-learn print how far t-SNE is.

    Returns:
        The picture.

    Raises:
        DataError: If there are too few rows, or the network has no such layer.
        ShapeError: If y has another number of rows.
        UnknownNameError: If there is no layer of a name, or no such method.

    The features that XNOR becomes in the lectures, which one line separates:

    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([1, 0, 0, 1])
    >>> network = cr.Network([cr.Dense(2, "sigmoid"), cr.Dense(1, "sigmoid")], input_shape=2, seed=0)
    >>> network.parameters.update(W1=[[4.0, -4.0], [4.0, -4.0]], b1=[-6.0, 2.0], W2=[[1.0], [1.0]], b2=[-0.5])
    >>> picture = cr.pictures.hidden(network, X, y)
    >>> points = [mark for mark in picture.panels[0].marks if isinstance(mark, cr.pictures.Points)]
    >>> points[1].x.round(3), points[1].y.round(3)
    (array([0.002, 0.881]), array([0.881, 0.002]))
    """
    if method not in ("pca", "tsne"):
        raise unknown_name("method", method, ("pca", "tsne"))
    most = whole("rows", rows, 3) if rows is not None else (500 if method == "tsne" else 1000)
    first: Any = next(iter(X.values())) if isinstance(X, dict) else X
    count = len(first)
    kept = thinned(count, most)
    found = network.activations(_taken(X, kept))
    name = _layer(found, layer)
    features = numbers_of(found[name], name).reshape(len(kept), -1)
    truth = None if y is None else _truth(network, y, classes, count, kept)
    notes = [f"{len(kept):,} of {count:,} rows are drawn."] if len(kept) < count else []
    width = features.shape[1]
    marks: list[Mark] = []
    if width == 1:
        raise DataError(f"{name} has one number for each row; a plane needs two.")
    if width == 2:
        places, labels, how = features, (f"{name}[0]", f"{name}[1]"), ""
        marks = _behind(network, name, features, classes)
    else:
        places, labels, how = _reduced(features, method, seed, verbose)
    marks += points_of(truth or Truth((), np.zeros(len(kept))), places[:, 0], places[:, 1])
    panel = Panel(marks, x=Axis(labels[0]), y=Axis(labels[1]), size=SIZE)
    shown = f"{name} {how}".strip()
    words = f"{counted(len(kept), 'row')} in {shown}, of {width} numbers{_apart(truth, places)}."
    return Picture([panel], f"Hidden space: {shown}", words=words, notes=notes)


def _taken(X: Any, kept: np.ndarray) -> Any:
    if isinstance(X, dict):
        return {name: _taken(part, kept) for name, part in X.items()}
    if hasattr(X, "iloc"):
        return X.iloc[kept]
    return [X[i] for i in kept.tolist()] if isinstance(X, list) else np.asarray(X)[kept]


def _layer(found: Any, layer: int | str) -> str:
    """Return the name of the layer that is meant, of those that have a value for each row."""
    if isinstance(layer, str):
        if layer not in found:
            raise unknown_name("layer", layer, found)
        return layer
    names = [name for name in found if not (name.startswith("Z") and f"A{name[1:]}" in found)]
    place = (
        whole("layer", layer if layer >= 0 else layer + len(names), 0) if layer >= -len(names) else len(names)
    )
    if place >= len(names):
        raise DataError(
            f"This network has {counted(len(names), 'layer')} ({in_a_row(names)}); found layer={layer}."
        )
    return names[place]


def _truth(network: Network, y: Any, classes: Any, count: int, kept: np.ndarray) -> Truth:
    """Return what is true of the rows; numbers in groups of as many rows each."""
    reading = read(network, classes, 0)
    whole_truth = truth_of(y, reading if reading.names else None, classes, count)
    codes = whole_truth.codes[kept]
    if whole_truth.names:
        return Truth(whole_truth.names, codes)
    edges = np.unique(np.quantile(codes, np.linspace(0, 1, GROUPS + 1)))
    group = np.clip(np.searchsorted(edges, codes, side="right") - 1, 0, max(len(edges) - 2, 0))
    names = tuple(f"{low:.3g} to {high:.3g}" for low, high in pairwise(edges))
    return Truth(names or (f"{edges[0]:.3g}",), group)


def _reduced(
    features: np.ndarray, method: str, seed: int, verbose: int
) -> tuple[np.ndarray, tuple[str, str], str]:
    """Return rows in two dimensions, what these are called, and how they were found."""
    with needing("cr.pictures.hidden"):
        from sklearn.decomposition import PCA  # noqa: PLC0415 -- it takes long to import

    if len(features) < 3:
        raise DataError(
            f"What so few rows are like needs no projection: give 3 or more; found {len(features)}."
        )
    if np.ptp(features, axis=0).max() == 0:
        raise DataError(
            "This layer says the same of every row, so all lie at one place: its neurons are dead."
        )
    if method == "pca":
        found = PCA(2, svd_solver="full").fit(features)
        shares = found.explained_variance_ratio_
        labels = tuple(f"component {i + 1} ({share:.0%} of the variance)" for i, share in enumerate(shares))
        return (
            found.transform(features),
            (labels[0], labels[1]),
            f"by PCA ({shares.sum():.0%} of the variance)",
        )
    with needing("cr.pictures.hidden"):
        from sklearn.manifold import TSNE  # noqa: PLC0415 -- it takes long to import
        from threadpoolctl import threadpool_limits  # noqa: PLC0415 -- likewise

    with threadpool_limits(1):  # more are slower: they wait for each other
        if features.shape[1] > MOST_FEATURES:
            features = PCA(min(MOST_FEATURES, len(features)), svd_solver="full").fit_transform(features)
        near = min(PERPLEXITY, (len(features) - 1) / 3)
        places = TSNE(
            2, perplexity=near, init="pca", random_state=seed, n_jobs=1, verbose=verbose
        ).fit_transform(features)
    return np.asarray(places, np.float64), ("t-SNE 1", "t-SNE 2"), "by t-SNE"


def _apart(truth: Truth | None, places: np.ndarray) -> str:
    """Say how well classes keep together: of how many rows the nearest other is of the same class."""
    if truth is None or len(truth.names) < 2 or len(places) < ENOUGH:
        return ""
    with needing("cr.pictures.hidden"):
        from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415 -- it takes long to import

    _, near = NearestNeighbors(n_neighbors=2).fit(places).kneighbors()
    return f"; of {np.mean(truth.codes[near[:, 0]] == truth.codes):.0%} of them the nearest other is of the same group"


def _behind(network: Network, name: str, features: np.ndarray, classes: Any) -> list[Mark]:
    """Return what the layers behind one make of each place in it, where they read nothing else."""
    architecture = network.architecture
    node, _ = seen_inside(architecture)[name]
    place = input("place", (BATCH, *node.shape[1:]), node.dtype)
    output, inside = at([architecture.output, node], training=False)
    (rest,) = replaced([output], {inside: place})
    given = {leaf_key(x) for x in architecture.inputs.values()}
    if rest is output or any(leaf_key(n) in given for n in order([rest])):
        return []  # a path leads around the layer
    run = compile(rest, inputs=[place])
    reading = read(network, classes, 0)
    grid = grid_of(features, STEPS)
    found = np.asarray(run(grid.points.astype(node.dtype)), np.float64)
    if len(reading.names) == 2 and found.shape[-1] == 1:
        found = np.column_stack([1 - found[:, 0], found[:, 0]])
    elif not reading.names:
        found = found.reshape(len(found), -1)[:, 0]
    marks, _ = map_of(reading, grid, found, None)
    return marks
