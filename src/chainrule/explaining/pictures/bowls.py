"""The bowl: a cost over one or two of the numbers it depends on, with the way down."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, GraphError, ShapeError, needing, short
from chainrule.explaining.pictures.grids import Grid, around, middles
from chainrule.explaining.pictures.heights import Cost, of_graph, of_network, scalars_of
from chainrule.explaining.pictures.marks import Contours, Heat, Line, Mark, Points
from chainrule.explaining.pictures.picture import Axis, Panel, Picture
from chainrule.explaining.pictures.surfaces import SIZE, projected
from chainrule.explaining.pictures.truths import numbers_of, thinned
from chainrule.graph.node import Node
from chainrule.graph.shapes import show
from chainrule.shown import counted, cut, in_a_row
from chainrule.train.fit.settings import whole
from chainrule.train.history import History
from chainrule.train.network import Network
from chainrule.train.recorded import Recorded

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from chainrule.nn.kinds import LossLike

__all__ = ["bowl"]

REACH = 3.0  # to each side of where the numbers are, where nothing says how far
LEVELS = 12
PLACES = 400  # of a curve
FEW_STEPS = 60  # of a path, each of which is marked
ROOM = 0.25  # around a path, of its range
MOST_STEPS = 300  # of a path that are drawn
LOST = (
    10.0  # times the cost of its beginning: a descent that is dearer is lost, and what follows is not drawn
)
SEEN = 3  # places that are drawn in any case: how it overshoots


@public
def bowl(
    J: Any,
    X: Any = None,
    y: Any = None,
    *,
    wrt: Any = None,
    path: "History | Recorded | Sequence[Any] | ArrayLike | None" = None,
    start: Sequence[float] | None = None,
    learning_rate: float = 0.1,
    descent: int = 50,
    limits: Sequence[tuple[float, float]] | None = None,
    feed: Mapping[Node, Any] | None = None,
    loss: "LossLike" = None,
    surface: bool = True,
    steps: int = 61,
) -> Picture:
    """Draw a cost over two of the numbers it depends on: as a surface, and as contours with the path of descent.

    The minimum within the picture is marked. Of one number there is a curve, with all its minima.

    Args:
        J: A node, a single number; or a :class:`Network`.
        X: Of a network: the rows that the cost is of, as in ``fit``.
        y: Of a network: their targets.
        wrt: One or two scalar variables of J, by default all that it has. Of a network elements such as
            ``("W1[0, 0]", "b1[0]")``, or directions from where it is: dicts of arrays by the names of parameters.
        path: The places that a descent went through, ``(n, 2)``; of a network its parameters at each, dicts by name, or
            the history of a fit that kept them, ``callbacks=cr.Record(values=True)``.
        start: Where a descent by the gradient of the graph begins, in place of ``path``.
        learning_rate: That of this descent.
        descent: How many steps it takes.
        limits: How far each number reaches in the picture, ``((low, high), (low, high))``; by default around the path,
            or 3 to each side of where it is.
        feed: A value for each input of J.
        loss: Of a network: by default that of the last fit.
        surface: Whether the surface stands beside the contours.
        steps: So many places for each number.

    Returns:
        The picture.

    Raises:
        DataError: If a path or limits make no sense, or examples are missing.
        GraphError: If wrt are no scalar variables of J.
        NoDerivativeError: If a descent begins where J has no derivatives.
        ShapeError: If J is no single number, or a path of another shape.
        UnknownNameError: If no parameter bears a name.

    Logistic regression, whose log loss is convex, and the way down:

    >>> x, t = np.array([0.5, 1.5, 2.5, 3.5, 1.0, 3.0]), np.array([0.0, 0.0, 1.0, 1.0, 1.0, 0.0])
    >>> w, b = cr.variable(5.0, "w"), cr.variable(-5.0, "b")
    >>> J = np.mean(cr.binary_crossentropy(t, cr.sigmoid(w * x + b))).named("J")
    >>> picture = cr.pictures.bowl(J, wrt=(w, b), start=(5, -5), learning_rate=0.67, descent=200)
    >>> picture.words
    'The least cost in the picture is 0.644, at w = 0.601 and b = -1.2. Descent goes from 2.23 to 0.644 in 200 steps.'
    """
    steps = whole("steps", steps, 5, 401)
    cost = _cost(J, X, y, wrt, feed, loss)
    way = _path(cost, path, start, learning_rate, descent)
    whole_way, way = way, None if way is None else way[: _until_lost(cost, way)]
    ends = _limits(cost, way, limits)
    if len(cost.names) == 1:
        picture = _curve(cost, ends[0], way)
        return replace(picture, words=f"{picture.words}{_descent(cost, whole_way, way)}")
    grid = Grid(ends[0], ends[1], steps)
    heights = cost.at(grid.points)
    bottom, least, inside = _least(cost, grid, heights)
    drawn = None if way is None else way[_even(len(way))]
    along = None if drawn is None else cost.at(drawn)
    panels = [_contours(cost, grid, heights, bottom, drawn)]
    if surface:
        panels.insert(0, projected(grid, heights, cost.names, cost.name, (bottom, least), drawn, along))
    where = " and ".join(f"{name} = {at:.3g}" for name, at in zip(cost.names, bottom, strict=True))
    border = "" if inside else ", on its border: it falls on beyond"
    words = f"The least cost in the picture is {least:.3g}, at {where}{border}."
    words += _descent(cost, whole_way, way)
    return Picture(panels, f"{cost.name} over {' and '.join(cost.names)}", words=words, columns=len(panels))


def _cost(J: Any, X: Any, y: Any, wrt: Any, feed: Any, loss: Any) -> Cost:
    """Return the cost as a function of what is drawn."""
    single = isinstance(wrt, Node | str | Mapping) or (
        isinstance(wrt, tuple) and len(wrt) == 2 and isinstance(wrt[1], int)
    )
    given = [wrt] if single else list(wrt or ())
    if isinstance(J, Network):
        if X is None or y is None:
            raise DataError(
                "The cost of a network is that of examples: cr.pictures.bowl(network, X, y, wrt=...)."
            )
        if not given:
            names = list(J.architecture.parameters)
            raise DataError(
                f"wrt names what is drawn of a network: wrt=('{names[0]}[0, 0]', '{names[-1]}[0]')."
            )
        found = of_network(J, X, y, _two(given), loss)
    elif isinstance(J, Node):
        if J.shape != ():
            raise ShapeError(f"A bowl is that of a single number; {cut(str(J))} is of shape {show(J.shape)}.")
        found = of_graph(J, _two(given or scalars_of(J)), feed)
    else:
        raise DataError(f"A bowl is that of a node or of a network; found {short(J)}.")
    return found


def _two(given: list[Any]) -> list[Any]:
    if not given:
        raise GraphError(
            "This node depends on no scalar variable that holds fractions: there is nothing to draw it over."
        )
    if len(given) > 2:
        raise DataError(f"A picture is of one or two numbers; wrt names {len(given)}: {short(given)}.")
    return given


def _path(cost: Cost, path: Any, start: Any, rate: float, steps: int) -> np.ndarray | None:
    """Return the places that descent goes through, (steps + 1, numbers): those given, or those of the gradient."""
    many = len(cost.names)
    if path is not None and start is not None:
        raise DataError("Give the places of a descent, path=, or where one begins, start=, and not both.")
    if path is not None:
        places = [cost.place(state) for state in _states(path)]
        if not places or any(place.shape != (many,) for place in places):
            raise ShapeError(f"path holds places of {counted(many, 'number')} each; found {short(path)}.")
        return np.array(places)
    if start is None:
        return None
    if cost.slope is None:
        raise DataError(
            "A network descends by fit: let it keep its parameters, callbacks=cr.Record(values=True), and give the "
            "history as path=."
        )
    at = numbers_of(np.ravel(start), "start")
    if at.shape != (many,):
        raise ShapeError(
            f"start is {counted(many, 'number')} ({in_a_row(cost.names)}); found {short(start)}."
        )
    places = [at]
    for _ in range(whole("descent", steps, 1)):
        at = at - rate * cost.slope(at)
        if not np.isfinite(at).all():
            raise DataError(
                f"Descent at the learning rate {rate:g} leaves all numbers behind; take a smaller one."
            )
        places.append(at)
    return np.array(places)


def _until_lost(cost: Cost, way: np.ndarray) -> int:
    """Return how many places of a descent are drawn: all, or those before it is lost."""
    heights = cost.at(way)
    rise = heights - heights[0]
    lost = ~(rise <= LOST * max(abs(heights[0]), np.ptp(heights[:2])))  # what is no number is lost
    return max(int(lost.argmax()), min(SEEN, len(way))) if lost.any() else len(way)


def _descent(cost: Cost, way: np.ndarray | None, drawn: np.ndarray | None) -> str:
    """Say from where to where a descent goes."""
    if way is None or drawn is None:
        return ""
    first, last = cost.at(way[[0, -1]])
    said = f" Descent goes from {first:.3g} to {last:.3g} in {counted(len(way) - 1, 'step')}"
    if len(drawn) == len(way):
        return f"{said}."
    return f"{said}, of which the first {len(drawn) - 1} are drawn: it diverges, and wants a smaller learning rate."


def _states(path: Any) -> Any:
    """Return the places or parameters that a descent went through, one after another."""
    if isinstance(path, History):
        path = path.recorded
        if path is None or not path.values:
            raise DataError(
                "This training kept no parameters: fit with callbacks=cr.Record(values=True), or give places as path=."
            )
    if isinstance(path, Recorded):
        return [
            {name: every[i] for name, every in path.values.items()} for i in range(len(path.values_epochs))
        ]
    return path


def _limits(cost: Cost, way: np.ndarray | None, given: Any) -> list[tuple[float, float]]:
    """Return how far each number reaches in the picture."""
    if given is not None:
        found = np.atleast_2d(numbers_of(given, "limits"))
        if found.shape != (len(cost.names), 2) or (found[:, 0] >= found[:, 1]).any():
            raise DataError(
                f"limits are a lower and an upper end of each of {in_a_row(cost.names)}; found {short(given)}."
            )
        return [(float(low), float(high)) for low, high in found]
    if way is None:
        return [(float(at) - REACH, float(at) + REACH) for at in cost.here]
    return [around(each, ROOM) for each in way.T]


def _least(cost: Cost, grid: Grid, heights: np.ndarray) -> tuple[np.ndarray, float, bool]:
    """Return where the cost is least within the grid, how much it is, and whether that is inside of it."""
    with needing("cr.pictures.bowl"):
        from scipy.optimize import minimize  # noqa: PLC0415 -- SciPy's optimizers take long to import

    if not np.isfinite(heights).any():
        raise DataError(f"{cost.name} is finite nowhere in the picture. Take other limits.")
    begin = grid.points[np.nanargmin(np.where(np.isfinite(heights), heights, np.nan))]
    ends = np.array([grid.x, grid.y])

    def height(at: np.ndarray) -> float:
        found = float(cost.at(at[None])[0])
        return found if np.isfinite(found) else float(np.finfo(float).max)

    fine = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 400}
    found = minimize(height, begin, method="Nelder-Mead", bounds=ends, options=fine)
    near = (ends[:, 1] - ends[:, 0]) / grid.steps / 2
    inside = bool(((found.x > ends[:, 0] + near) & (found.x < ends[:, 1] - near)).all())
    return found.x, float(found.fun), inside


def _contours(
    cost: Cost, grid: Grid, heights: np.ndarray, bottom: np.ndarray, way: np.ndarray | None
) -> Panel:
    """Return the contours, closer to each other near the bottom, with the way down."""
    low, high = float(np.nanmin(heights)), float(np.nanmax(heights[np.isfinite(heights)]))
    levels = low + (high - low) * np.linspace(0, 1, LEVELS + 2)[1:-1] ** 2
    marks: list[Mark] = [
        Heat(grid.square(heights), grid.x, grid.y, label=cost.name),
        Contours(grid.contours(heights, levels.tolist()), colour="muted"),
    ]
    if way is not None:
        marks.append(
            Line(way[:, 0], way[:, 1], "descent", "c2", "", marker="o" if len(way) <= FEW_STEPS else "")
        )
        marks.append(Points(way[:1, 0], way[:1, 1], "start", "c2", "s"))
    marks.append(Points(bottom[:1], bottom[1:], "minimum", "wrong", "x", 9))
    x, y = Axis(cost.names[0], limits=grid.x), Axis(cost.names[1], limits=grid.y)
    return Panel(marks, "Contours", x, y, size=SIZE)


def _curve(cost: Cost, ends: tuple[float, float], way: np.ndarray | None) -> Picture:
    """Return the curve of a cost over one number, with its minima and the way down."""
    with needing("cr.pictures.bowl"):
        from scipy.optimize import minimize_scalar  # noqa: PLC0415 -- SciPy's optimizers take long to import

    x = middles(ends, PLACES)
    heights = cost.at(x[:, None])
    if not np.isfinite(heights).any():
        raise DataError(f"{cost.name} is finite nowhere in the picture. Take other limits.")
    dips = np.flatnonzero((heights[1:-1] < heights[:-2]) & (heights[1:-1] < heights[2:])) + 1

    def height(at: float) -> float:
        return float(cost.at(np.array([[at]]))[0])

    fine = {"xatol": 1e-10}
    found = [
        minimize_scalar(height, bounds=(x[i - 1], x[i + 1]), method="bounded", options=fine) for i in dips
    ]
    marks: list[Mark] = [Line(x, heights, cost.name, "c1", "")]
    if way is not None:
        drawn = way[_even(len(way)), 0]
        marks.append(Line(drawn, cost.at(drawn[:, None]), "descent", "c2", "dotted", marker="o"))
    bottoms = np.array([r.x for r in found]), np.array([r.fun for r in found])
    if found:
        name = "minimum" if len(found) == 1 else f"{len(found)} minima"
        marks.append(Points(*bottoms, name, "wrong", "x", 9))
    told = [f"{cost.names[0]} = {r.x:.4g} ({r.fun:.4g})" for r in found]
    many = counted(len(found), "minimum", "minima") if found else "No minimum"
    words = f"{many} of {cost.name} in the picture"
    words += f": at {in_a_row(told)}." if found else "."
    panel = Panel(marks, x=Axis(cost.names[0], limits=ends), y=Axis(cost.name))
    return Picture([panel], f"{cost.name} over {cost.names[0]}", words=words)


def _even(count: int) -> np.ndarray:
    return thinned(count, MOST_STEPS)
