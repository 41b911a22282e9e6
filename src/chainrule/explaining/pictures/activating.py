"""Pictures of activations: the curve of each, and that of its derivative."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, GraphError, short
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
    >>> step = {"step": lambda z: np.where(z >= 0, 1.0, 0.0), "sigmoid": cr.sigmoid}
    >>> len(cr.pictures.activation(step).panels)
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
    values, slopes = np.asarray(out.value), np.asarray(grad(out.sum(), z).value)
    alone = np.asarray(function(variable(np.asarray(at[:1], np.float64), name="z")).value)
    if not np.allclose(alone, values[:1], equal_nan=True):
        raise DataError(
            f"'{name}' looks at several numbers at once, so it is no curve of one number. Draw what a network gives: "
            "network.predict(X)."
        )
    return values, slopes


def _panel(name: str, function: Any, at: np.ndarray, derivative: bool) -> Panel:
    values, slopes = values_of(name, function, at)
    marks: list[Mark] = [Rule(x=0.0, colour="faint", dash=""), Rule(y=0.0, colour="faint", dash="")]
    marks.append(Line(at, values, name, colour="c1", dash=""))
    if derivative:
        marks.append(Line(at, slopes, "derivative", colour="c2", dash="dashed"))
    if at[0] <= 0 <= at[-1]:
        ((middle,), _) = values_of(name, function, np.zeros(1))
        if np.isfinite(middle) and middle != 0:  # where it crosses the axis of z = 0
            marks.append(Points([0.0], [middle], colour="c1", marker="o", texts=(f"{middle:.3g}",)))
    return Panel(marks, name, Axis("z"), Axis("activation"))


def _said(panel: Panel) -> str:
    lines = [mark for mark in panel.marks if isinstance(mark, Line)]
    curve, *slopes = lines
    z, f = np.asarray(curve.x), np.asarray(curve.y)
    words = f"{panel.title} goes from {f[0]:.3g} at z = {z[0]:g} to {f[-1]:.3g} at z = {z[-1]:g}"
    if slopes:
        words += f"; its derivative is between {np.min(slopes[0].y):.3g} and {np.max(slopes[0].y):.3g}"
    return f"{words}."
