"""Pictures of what was recorded of a training: how large gradients and updates were, and where weights went."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, short, unknown_name
from chainrule.explaining.pictures.marks import Band, Heat, Line, Mark, Rule
from chainrule.explaining.pictures.picture import Axis, Panel, Picture
from chainrule.explaining.pictures.trainings import MOST_LINES, scale_of
from chainrule.shown import counted
from chainrule.train.history import History
from chainrule.train.recorded import Recorded

__all__ = ["norms", "weights_over_time"]

USUAL = 1e-3  # of the weights' norm, what an update is like in a training that goes well (CS231n, 2015)
MOST_SINGLE = 16  # weights of which each has its line
MOST_PARAMETERS = 6


@public
def norms(history: History | Recorded) -> Picture:
    """Draw how large each layer's gradient, update and output were over a training that was recorded.

    Args:
        history: A history of a fit with ``callbacks=cr.Record()``, or its ``recorded``.

    Returns:
        A picture of three panels, a line for each layer: the norm of its gradient; that of its update over that of its
        weights, beside a thousandth, about which it usually is; the root mean square of what it puts out. Of more than
        eight layers maps take the place of lines, whose numbers are powers of ten.

    Raises:
        DataError: If it is no history, or no norms were recorded.

    >>> X = np.random.default_rng(0).normal(size=(64, 3))
    >>> network = cr.Network([cr.Dense(4, "sigmoid"), cr.Dense(4, "sigmoid"), cr.Dense(1)], seed=0)
    >>> history = network.fit(X, X[:, :1], epochs=20, callbacks=cr.Record(every=2))
    >>> [panel.title for panel in cr.pictures.norms(history).panels]
    ['gradient', 'update / weight', 'output']
    """
    recorded = recorded_of(history)
    if not recorded.weights:
        raise DataError("No norms were recorded of this training: fit with callbacks=cr.Record(norms=True).")
    epochs = recorded.epochs
    gradients = recorded.by_layer("gradients")
    weights, updates = recorded.by_layer("weights"), recorded.by_layer("updates")
    ratios = {name: _divided(updates[name], weights[name]) for name in weights}
    panels = [
        _of_layers("gradient", "norm of the gradient", epochs, gradients),
        _of_layers("update / weight", "norm of an update / of the weights", epochs, ratios, USUAL),
        _of_layers("output", "root mean square", epochs, recorded.activations),
    ]
    first, last = next(iter(gradients)), list(gradients)[-1]
    line, other = gradients[first], gradients[last]
    words = (
        f"The gradient of {first} goes from {line[0]:.2g} to {line[-1]:.2g}, that of {last} from {other[0]:.2g} to "
        f"{other[-1]:.2g}, over {counted(len(epochs), 'look')}."
    )
    return Picture(panels, "How large gradients, updates and outputs are", words)


def recorded_of(history: Any) -> Recorded:
    """Return what was recorded of a training, or say how it is."""
    found = getattr(history, "history_", history)
    found = found.recorded if isinstance(found, History) else found
    if found is None:
        raise DataError("Nothing was recorded of this training: fit with callbacks=cr.Record().")
    if not isinstance(found, Recorded):
        raise DataError(
            f"A history is what network.fit(X, y, callbacks=cr.Record()) returns; found {short(history)}."
        )
    return found


def _divided(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.divide(a, b, out=np.full(a.shape, np.nan), where=b > 0)


def _of_layers(
    title: str, label: str, epochs: np.ndarray, lines: Mapping[str, np.ndarray], usual: float | None = None
) -> Panel:
    """Return a panel with the line of each layer, or a map of powers of ten where there are many."""
    if len(lines) > MOST_LINES:
        with np.errstate(divide="ignore"):
            values = np.log10(np.array(list(lines.values())))
        values[~np.isfinite(values)] = np.nan
        heat = Heat(values, x=_ends(epochs), y=(0.5, len(lines) + 0.5), label="log₁₀")
        return Panel([heat], f"{title}: {label}", Axis("epochs done"), Axis("layer"))
    marks: list[Mark] = [
        Line(epochs, np.where(line > 0, line, np.nan), name, colour=_colour(i))
        for i, (name, line) in enumerate(lines.items())
    ]
    if usual is not None:
        marks.append(Rule(y=usual, name=f"{usual:g}, as usual", dash="dotted"))
    every = [line[line > 0] for line in lines.values()]
    return Panel(marks, title, Axis("epochs done"), Axis(label, scale=scale_of(*every)))


def _ends(epochs: np.ndarray) -> tuple[float, float]:
    half = (epochs[-1] - epochs[0]) / max(len(epochs) - 1, 1) / 2 or 0.5
    return float(epochs[0] - half), float(epochs[-1] + half)


def _colour(i: int) -> Any:
    return f"c{i % MOST_LINES + 1}"


@public
def weights_over_time(history: History | Recorded, name: str | None = None) -> Picture:
    """Draw where parameters went over a training that kept their values.

    Args:
        history: A history of a fit with ``callbacks=cr.Record(values=True)``, or its ``recorded``.
        name: Of which parameter, "W1"; by default of the first six that were kept.

    Returns:
        A picture with a panel for each: a line for each number of a small one; of a large one the median, and bands
        in which half, and nine tenths, of its numbers lie.

    Raises:
        DataError: If it is no history, or no values were kept.
        UnknownNameError: If none of that name were.

    >>> X = np.random.default_rng(0).normal(size=(64, 3))
    >>> network = cr.Network([cr.Dense(1)], seed=0)
    >>> history = network.fit(X, X @ [[1.0], [-2.0], [0.5]], epochs=50, callbacks=cr.Record(values=True, every=5))
    >>> len(cr.pictures.weights_over_time(history, "W1").panels[0].marks)
    3
    """
    recorded = recorded_of(history)
    if not recorded.values:
        raise DataError("No values were kept of this training: fit with callbacks=cr.Record(values=True).")
    if name is not None and name not in recorded.values:
        raise unknown_name("parameter that was kept", name, recorded.values)
    names = [name] if name is not None else list(recorded.values)[:MOST_PARAMETERS]
    left = list(recorded.values)[MOST_PARAMETERS:] if name is None else []
    panels = [_of_values(each, recorded.values_epochs, recorded.values[each]) for each in names]
    notes = [f"Not drawn: {', '.join(left[:20])}."] if left else []
    words = " ".join(_moved(each, recorded.values[each]) for each in names)
    return Picture(panels, "Weights over the training", words, notes=notes)


def _of_values(name: str, epochs: np.ndarray, values: np.ndarray) -> Panel:
    flat = values.reshape(len(values), -1)
    marks: list[Mark] = []
    if flat.shape[1] <= MOST_SINGLE:
        several = flat.shape[1] > 1
        for i, place in enumerate(np.ndindex(values.shape[1:])):
            called = f"{name}[{', '.join(map(str, place))}]" if several else name
            marks.append(
                Line(epochs, flat[:, i], called if flat.shape[1] <= MOST_LINES else "", colour=_colour(i))
            )
    else:
        low, lower, middle, upper, high = np.quantile(flat, [0.05, 0.25, 0.5, 0.75, 0.95], axis=1)
        marks += [
            Band(epochs, low, high, "5 % to 95 %", colour="muted"),
            Band(epochs, lower, upper, "25 % to 75 %", colour="c1"),
            Line(epochs, middle, "median", colour="c1", dash=""),
        ]
    title = f"{name}  {values.shape[1:]}" if values.ndim > 2 else name
    return Panel(marks, title, Axis("epochs done"), Axis("value"))


def _moved(name: str, values: np.ndarray) -> str:
    first, last = values[0].astype(np.float64), values[-1].astype(np.float64)
    return f"{name} moved by {np.sqrt(np.sum((last - first) ** 2)):.3g} from a norm of {np.sqrt(np.sum(first**2)):.3g}."
