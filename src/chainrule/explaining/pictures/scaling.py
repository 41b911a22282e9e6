"""How much more data is worth: a learning curve over the size of the training set, with simple models beside."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, ShapeError, needing, short
from chainrule.explaining.pictures.marks import Band, Line, Mark
from chainrule.explaining.pictures.picture import Axis, Panel, Picture
from chainrule.nn.layers.dense import Dense
from chainrule.random import Draws
from chainrule.shown import counted
from chainrule.train.many import fit_many
from chainrule.train.network import Network
from chainrule.train.optimizers import Adam

__all__ = ["scale"]

UNITS = {"small network": 4, "medium network": 32, "large network": 256}
LINEAR = "linear model"
SIZES = 6  # of training sets, by equal factors
FEWEST, MOST_ROWS = 10, 20_000
STEPS = 1500  # of each training, but as many epochs as these at least and at most
EPOCHS = (10, 300)
MOST_CLASSES = 100


@public
def scale(
    X: Any,
    y: Any,
    *,
    units: Mapping[str, int] | None = None,
    sizes: Sequence[int] | None = None,
    seeds: int = 3,
    held: float = 0.25,
    time_budget: float = 60.0,
    seed: int = 0,
) -> Picture:
    """Draw how well models of four sizes do, by how many examples they learned from.

    A linear model (scikit-learn's) and three networks of one hidden layer learn from samples of the training rows, and
    all are judged on the same rows that were held back. Columns are scaled by the training rows.

    Args:
        X: Numbers, one row for each example.
        y: Labels of classes, or numbers. Whole numbers of at most a hundred values, texts and truths are classes.
        units: Hidden units by name; 4, 32 and 256 by default.
        sizes: How many examples to learn from; by default six sizes, by equal factors, from a few to all.
        seeds: How many samples and first weights of each: the line is their mean, the band from the lowest to the
            highest.
        held: The share of the rows that is held back.
        time_budget: Seconds for all networks together; trainings that begin late are cut short, and it is said.
        seed: Of the rows that are held back, the samples and the first weights.

    Returns:
        A picture of one panel, with four labelled lines: the accuracy, or r² of numbers, by the number of examples.

    Raises:
        DataError: If X or y cannot be learned from, there are too few rows, or a setting makes no sense.
        ShapeError: If X is no table of as many rows as y has.

    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 2))
    >>> y = X[:, 0] * X[:, 1] > 0  # no line tells them apart
    >>> picture = cr.pictures.scale(X, y, sizes=[20, 300], units={"network": 16}, seeds=2)
    >>> linear, network = (mark for mark in picture.panels[0].marks if mark.name)
    >>> bool(linear.y[-1] < 0.7 < network.y[-1])
    True
    """
    x, labels, classes = _read(X, y)
    for name, value in (("seeds", seeds), ("seed", seed)):
        if isinstance(value, bool) or not isinstance(value, int) or value < (name == "seeds"):
            raise DataError(
                f"scale: {name} must be a whole number of at least {int(name == 'seeds')}; found {short(value)}."
            )
    if not isinstance(held, float) or not 0 < held < 1:
        raise DataError(f"scale: held is a share between 0 and 1; found {short(held)}.")
    order = Draws(seed, "held back").permutation(len(x))[: MOST_ROWS + int(MOST_ROWS * held)]
    test, train = np.split(order, [round(len(order) * held)])
    counts = _sizes(sizes, len(train))
    if not len(test):
        raise DataError(f"held={held:g} of {counted(len(x), 'row')} leaves none to judge by.")
    mean, spread = x[train].mean(axis=0), x[train].std(axis=0)
    x = (x - mean) / np.where(spread > 0, spread, 1)
    samples = [[_sample(train, labels, n, classes, seed + i) for i in range(seeds)] for n in counts]
    lines = {
        LINEAR: np.array([[_linear(x, labels, rows, test, classes) for rows in each] for each in samples])
    }
    shapes = dict(UNITS if units is None else units)
    found, cut = _networks(x, labels, classes, shapes, samples, test, time_budget, seed)
    lines |= found
    what = "accuracy" if classes else "r²"
    marks: list[Mark] = []
    for i, (name, scores) in enumerate(lines.items()):
        colour: Any = f"c{i % 8 + 1}"
        called = name if name == LINEAR else f"{name}, {shapes[name]} units"
        if seeds > 1:
            marks.append(Band(counts, scores.min(axis=1), scores.max(axis=1), colour=colour))
        marks.append(Line(counts, scores.mean(axis=1), called, colour=colour, marker="auto"))
    y_axis = Axis(f"{what} of {counted(len(test), 'row')} held back")
    panel = Panel(marks, x=Axis("examples to learn from", scale="log"), y=y_axis)
    ends = [f"{name} {s[0].mean():.2f} and {s[-1].mean():.2f}" for name, s in lines.items()]
    words = f"The {what} from {counts[0]:,} and from {counts[-1]:,} examples: {', '.join(ends)}."
    notes = [f"Lines are means of {counted(seeds, 'sample')}, bands from the lowest to the highest."] * (
        seeds > 1
    )
    notes += [f"The time budget of {time_budget:g} s ended {counted(cut, 'training')} early."] * (cut > 0)
    return Picture([panel], "What more examples are worth", words, notes=notes)


def _read(X: Any, y: Any) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the table, labels from 0 or numbers, and how many classes there are: 0 for numbers."""
    try:
        x = np.asarray(X, np.float64)
    except (TypeError, ValueError):
        raise DataError(
            f"scale takes a table of numbers; found {short(X)}. Texts become columns of numbers first."
        ) from None
    labels = np.asarray(y)
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if x.ndim != 2 or labels.ndim != 1 or len(x) != len(labels):
        raise ShapeError(
            f"scale takes X (rows, columns) and y (rows,); found X {x.shape} and y {labels.shape}."
        )
    if not np.isfinite(x).all():
        raise DataError("X holds numbers that are missing or infinite: fill them, or leave out their rows.")
    values, places = np.unique(labels, return_inverse=True)
    if labels.dtype.kind != "f" and len(values) <= MOST_CLASSES:
        if len(values) < 2:
            raise DataError("y has a single class, so there is nothing to tell apart.")
        return x, places, len(values)
    numbers = np.asarray(labels, np.float64)
    if not np.isfinite(numbers).all():
        raise DataError("y holds numbers that are missing or infinite: leave out their rows.")
    return x, numbers, 0


def _sizes(given: Sequence[int] | None, rows: int) -> np.ndarray:
    if given is None:
        few = min(max(FEWEST, rows // 200), 50)
        found = (
            np.unique(np.geomspace(few, rows, SIZES).round().astype(np.int64)) if rows > few else np.zeros(0)
        )
    else:
        found = np.unique(np.asarray(given))
    if len(found) < 2 or found.dtype.kind not in "iu" or found[0] < 2 or found[-1] > rows:
        what = (
            f"sizes must be whole numbers from 2 to {rows:,}, at least two"
            if given is not None
            else "too few rows"
        )
        raise DataError(f"scale: {what}; {counted(rows, 'row')} to learn from, found sizes {short(given)}.")
    return found


def _sample(train: np.ndarray, labels: np.ndarray, size: int, classes: int, seed: int) -> np.ndarray:
    """Return rows to learn from, of two classes at least."""
    rows = train[Draws(seed, "sample", int(size)).permutation(len(train))]
    chosen = rows[:size]
    if classes and len(np.unique(labels[chosen])) < 2:
        others = rows[labels[rows] != labels[chosen[0]]]
        chosen = np.append(chosen[:-1], others[:1])
    return chosen


def _linear(x: np.ndarray, y: np.ndarray, rows: np.ndarray, test: np.ndarray, classes: int) -> float:
    with needing("cr.pictures.scale"):
        from sklearn.linear_model import LogisticRegression, Ridge  # noqa: PLC0415 -- which takes long to import

    model = LogisticRegression(max_iter=1000) if classes else Ridge()
    return float(model.fit(x[rows], y[rows]).score(x[test], y[test]))


def _networks(
    x: np.ndarray,
    y: np.ndarray,
    classes: int,
    units: Mapping[str, int],
    samples: Sequence[Sequence[np.ndarray]],
    test: np.ndarray,
    budget: float,
    seed: int,
) -> tuple[dict[str, np.ndarray], int]:
    """Return the scores of each kind of network by size and sample, and how many trainings the time ended."""
    outputs = Dense(max(classes, 1), "softmax" if classes else None)
    middle, wide = (0.0, 1.0) if classes else (float(y.mean()), float(y.std()) or 1.0)
    target = y if classes else (y - middle) / wide
    every = [rows for each in samples for rows in each]
    epochs = [int(np.clip(-(-STEPS * min(32, len(rows)) // len(rows)), *EPOCHS)) for rows in every]
    networks = [
        Network([Dense(int(width), "relu"), outputs], input_shape=x.shape[1], seed=seed + i)
        for width in units.values()
        for i in range(len(every))
    ]
    settings: dict[str, Any] = {"optimizer": Adam(0.005), "time_budget": budget, "batch_size": 32}
    count = len(units)
    histories = fit_many(networks, x, target, rows=every * count, epochs=epochs * count, **settings)
    scores = [_score(network, x[test], target[test], classes) for network in networks]
    cut = sum(h.epochs < n or h.last_share < 1 for h, n in zip(histories, epochs * count, strict=True))
    shaped = np.array(scores).reshape(count, len(samples), -1)
    return dict(zip(units, shaped, strict=True)), cut


def _score(network: Network, x: np.ndarray, y: np.ndarray, classes: int) -> float:
    name = "accuracy" if classes else "r2"
    return network.evaluate(x, y, metrics=[name])[name]
