"""Pictures of activations: the curve of each, and that of its derivative."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, GraphError, NoDerivativeError, short
from chainrule.explaining.pictures.marks import Line, Mark, Points, Rule
from chainrule.explaining.pictures.picture import Axis, Panel, Picture
from chainrule.graph.node import Node, variable
from chainrule.nn import activations
from chainrule.shown import counted
from chainrule.transform.backprop import grad

if TYPE_CHECKING:
    from chainrule.nn.kinds import ActivationLike

__all__ = ["activation"]

POINTS = 200
LEAP = (
    0.02  # what changes by more between places next to each other has jumped, as a share of what is above 1
)
HALVINGS = 40  # of what lies between two points, until it is close


@public
def activation(
    which: "ActivationLike | Sequence[ActivationLike] | Mapping[str, ActivationLike]" = "relu",
    z: tuple[float, float] = (-5, 5),
    *,
    derivative: bool = True,
) -> Picture:
    """Draw activations, each with its derivative, which is that of the graph (:func:`grad`).

    Args:
        which: A name ("relu"), a function on nodes, or several: a list, or a dict by name.
        z: From where to where.
        derivative: Whether to draw the derivative too.

    Returns:
        A picture with a panel for each: the function solid, its derivative dashed, and the axes through 0.

    Raises:
        DataError: If ``z`` is no range, there is none, or one looks at several numbers at once, as softmax does.
        UnknownNameError: If no activation bears the name.
        GraphError: If a function cannot be called with a node.

    >>> picture = cr.pictures.activation(["sigmoid", "tanh", "relu"])
    >>> [mark.name for mark in picture.panels[0].marks if mark.name]
    ['sigmoid', 'derivative']
    >>> len(cr.pictures.activation({"hat": lambda z: cr.relu(1 - abs(z)), "a step": cr.step}).panels)
    2
    """
    found = _named(which)
    try:
        low, high = (float(end) for end in z)
    except (TypeError, ValueError):
        low = high = 0.0
    if not -np.inf < low < high < np.inf:
        raise DataError(f"z is a range, such as (-5, 5); found {short(z)}.")
    at = np.linspace(low, high, POINTS)
    panels = [_panel(name, function, at, derivative) for name, function in found.items()]
    columns = 2 if len(panels) in (2, 4) else None
    words = " ".join(_said(panel) for panel in panels)
    title = "" if len(panels) == 1 else f"{counted(len(panels), 'activation')}"
    return Picture(panels, title, words, columns)


def _named(which: Any) -> dict[str, Any]:
    if isinstance(which, Mapping):
        listed = [(str(name), function) for name, function in which.items()]
    else:
        several = which if isinstance(which, list | tuple) else [which]
        listed = [(activations.activation_name(activations.activation(each)), each) for each in several]
        listed = [(name or getattr(each, "__name__", "f"), each) for name, each in listed]
    if not listed:
        raise DataError("There is no activation to draw: give a name such as 'relu', or several.")
    return {name: activations.activation(each) for name, each in listed}


def values_of(name: str, function: Any, at: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return what a function of one number gives at some places, and its derivative there, by the graph."""
    z = variable(np.asarray(at, np.float64), name="z")
    out = function(z)
    if not isinstance(out, Node) or out.shape != z.shape:
        raise GraphError(
            f"The activation '{name}' of a node z, of any shape, is a node of that shape; found {short(out)}."
        )
    values = np.asarray(out.value)
    try:
        slopes = np.asarray(grad(out.sum(), z).value)
    except NoDerivativeError:  # which would be 0 wherever there is one, as that of a step
        slopes = np.zeros_like(values)
    alone = np.asarray(function(variable(np.asarray(at[:1], np.float64), name="z")).value)
    if not np.allclose(alone, values[:1], equal_nan=True):
        raise DataError(
            f"'{name}' looks at several numbers at once, so it is no curve of one number. Draw what a network gives: "
            "network.predict(X)."
        )
    return values, slopes


def _panel(name: str, function: Any, at: np.ndarray, derivative: bool) -> Panel:
    values, slopes = values_of(name, function, at)
    jumps = _jumps(name, function, at)
    sides = [np.empty(0)] * 2 if not len(jumps) else values_of(name, function, jumps.ravel())
    marks: list[Mark] = [Rule(x=0.0, colour="faint", dash=""), Rule(y=0.0, colour="faint", dash="")]
    marks.append(Line(*_parted(at, values, jumps, sides[0]), name, colour="c1", dash=""))
    if derivative:
        marks.append(Line(*_parted(at, slopes, jumps, sides[1]), "derivative", colour="c2", dash="dashed"))
    if at[0] <= 0 <= at[-1]:
        ((middle,), _) = values_of(name, function, np.zeros(1))
        if np.isfinite(middle) and middle != 0:  # where it crosses the axis of z = 0
            marks.append(Points([0.0], [middle], colour="c1", marker="o", texts=(f"{middle:.3g}",)))
    return Panel(marks, name, Axis("z"), Axis("activation"))


def _jumps(name: str, function: Any, at: np.ndarray) -> np.ndarray:
    """Return where the function or its derivative jumps: places close to each other, with the jump between, (n, 2)."""
    ends = np.stack([at[:-1], at[1:]], axis=1)
    both = np.stack(values_of(name, function, at))
    ends = ends[_leaps(both[:, :-1], both[:, 1:]).any(axis=0)]
    for _ in range(HALVINGS if len(ends) else 0):
        middle = ends.mean(axis=1)
        places = np.stack([ends[:, 0], middle, ends[:, 1]])
        both = np.stack(values_of(name, function, places.ravel())).reshape(2, 3, -1)
        steps = np.abs(np.diff(both, axis=1)).max(axis=0)
        first = np.nan_to_num(steps[0]) >= np.nan_to_num(steps[1])
        ends = np.where(first[:, None], places[:2].T, places[1:].T)
    both = (
        np.stack(values_of(name, function, ends.ravel())).reshape(2, -1, 2)
        if len(ends)
        else np.ones((2, 0, 2))
    )
    return ends[_leaps(both[..., 0], both[..., 1]).any(axis=0)]


def _parted(
    x: np.ndarray, y: np.ndarray, jumps: np.ndarray, sides: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return a curve with a gap at each place where it jumps, between what it is on both sides."""
    for (left, right), (before, behind) in zip(jumps, sides.reshape(-1, 2), strict=True):
        if _leaps(before, behind):
            start, end = np.searchsorted(x, left), np.searchsorted(x, right, "right")
            x = np.concatenate([x[:start], [left, (left + right) / 2, right], x[end:]])
            y = np.concatenate([y[:start], [before, np.nan, behind], y[end:]])
    return x, y


def _leaps(left: Any, right: Any) -> Any:
    left, right = np.asarray(left), np.asarray(right)
    return np.abs(right - left) > LEAP * np.maximum(np.maximum(np.abs(left), np.abs(right)), 1)


def _said(panel: Panel) -> str:
    lines = [mark for mark in panel.marks if isinstance(mark, Line)]
    curve, *slopes = lines
    z, f = np.asarray(curve.x), np.asarray(curve.y)
    words = f"{panel.title} goes from {f[0]:.3g} at z = {z[0]:g} to {f[-1]:.3g} at z = {z[-1]:g}"
    if slopes:
        words += f"; its derivative is between {np.nanmin(slopes[0].y):.3g} and {np.nanmax(slopes[0].y):.3g}"
    return f"{words}."
