"""A cost as a function of one or two numbers: of a graph, by the engine; of a network, along elements or directions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from chainrule.engines.function import compile
from chainrule.errors import DataError, GraphError, ShapeError, short, unknown_name
from chainrule.explaining.pictures.truths import numbers_of
from chainrule.graph.closed import replaced
from chainrule.graph.evaluate import fit_value
from chainrule.graph.loops import scan
from chainrule.graph.node import Node, cast, input, leaf_key
from chainrule.graph.walk import order
from chainrule.shown import in_a_row
from chainrule.train.network import Network
from chainrule.transform.backprop import grad

TOGETHER = 256  # places: of all of them much would be in memory at once


@dataclass(frozen=True)
class Cost:
    """A cost as a function of one or two numbers.

    Attributes:
        at: Takes places (n, numbers), and returns the cost at each, (n,).
        names: What the numbers are called.
        here: Where they are now.
        name: What the cost is called.
        place: Takes a state of descent, and returns its place, (numbers,).
        slope: Takes a place, and returns the gradient there; None where it is not known.
    """

    at: Callable[[np.ndarray], np.ndarray]
    names: tuple[str, ...]
    here: np.ndarray
    name: str
    place: Callable[[Any], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray] | None = None


def of_graph(J: Node, wrt: Sequence[Node], feed: Mapping[Node, Any] | None) -> Cost:
    """Return the cost of a graph as a function of one or two of its scalar variables."""
    known = {leaf_key(n): n for n in scalars_of(J)}
    for x in order([J]):
        if x.primitive.name == "input" and x not in (feed or {}):
            raise GraphError(
                f"{J.name or 'J'} needs a value of the input '{x.name}': feed={{{x.name}: ...}}."
            )
    moved = []
    for w in wrt:
        if not isinstance(w, Node) or leaf_key(w) not in known:
            names = in_a_row([n.name for n in known.values()]) or "none"
            raise GraphError(
                f"wrt are scalar variables that {J.name or 'J'} depends on ({names}); found {short(w)}."
            )
        moved.append(known[leaf_key(w)])
    given = list((feed or {}).items())
    values = [fit_value(x, v, {}) for x, v in given]
    places = input("places", ("places", len(moved)))

    def looped(ends: Sequence[Node]) -> Callable[[np.ndarray], list[np.ndarray]]:
        """Return what computes nodes at each of some places, as one loop of the engine."""

        def step(carry: Any, place: Any) -> tuple[Any, Any]:
            return carry, replaced(ends, {w: cast(place[i], w.dtype) for i, w in enumerate(moved)})

        _, every = scan(step, (), places)
        run = compile(every, inputs=[places, *[x for x, _ in given]])
        return lambda at: run(np.asarray(at, np.float64), *values)

    height = looped([J])
    slopes = cache(
        lambda: looped(grad(J, moved))
    )  # drawn where something descends: not each cost has derivatives

    def heights_at(at: np.ndarray) -> np.ndarray:
        parts = [height(at[i : i + TOGETHER])[0] for i in range(0, len(at), TOGETHER)]
        return np.concatenate(parts).astype(np.float64)

    return Cost(
        heights_at,
        tuple(w.name or f"w{i + 1}" for i, w in enumerate(moved)),
        np.array([float(w.value) for w in moved]),
        J.name or "J",
        lambda state: numbers_of(np.ravel(state), "path"),
        lambda at: np.array([float(s[0]) for s in slopes()(np.reshape(at, (1, -1)))]),
    )


def scalars_of(J: Node) -> list[Node]:
    """Return the scalar variables of fractions that a graph depends on."""
    found = [
        n for n in order([J]) if n.primitive.name == "variable" and n.shape == () and n.dtype.kind == "f"
    ]
    return list({leaf_key(n): n for n in found}.values())


def of_network(network: Network, X: Any, y: Any, wrt: Sequence[Any], loss: Any) -> Cost:
    """Return the cost of a network on examples as a function of elements of its parameters, or along directions."""
    given = network._read(X, y, None)
    goal, table = network._examples(given, loss)
    programs = given.programs
    now = dict(zip(programs.values.names, [np.array(v) for v in programs.values.get()], strict=True))
    ways = [_way(each, network, now) for each in wrt]
    start = dict(now)
    for way in ways:
        if way.element is not None:
            name, place = way.element
            start[name] = np.array(start[name])
            start[name][place] = 0.0  # what is drawn is the element itself, and not how far it moved

    def cost(place: np.ndarray) -> float:
        values = dict(start)
        for amount, way in zip(place, ways, strict=True):
            for name, direction in way.steps.items():
                values[name] = (values[name] + amount * direction).astype(now[name].dtype)
        return float(programs.measure(goal, table, list(values.values()))["cost"])

    def placed(state: Any) -> np.ndarray:
        if isinstance(state, Mapping):
            if missing := {name for way in ways for name in way.steps} - set(state):
                raise DataError(f"The path has no {min(missing)}: keep it too, cr.Record(values=True).")
            return np.array([way.along(state, now) for way in ways])
        return numbers_of(np.ravel(state), "path")

    return Cost(
        lambda at: np.array([cost(place) for place in at]),
        tuple(way.name for way in ways),
        placed(now),
        "cost",
        placed,
    )


@dataclass(frozen=True)
class _Way:
    """A way through the parameters of a network: one element, or a direction of several.

    Attributes:
        name: What it is called.
        steps: How far a unit of it moves each parameter.
        element: The parameter and the place of an element, or None.
    """

    name: str
    steps: dict[str, np.ndarray]
    element: tuple[str, tuple[int, ...]] | None = None

    def along(self, state: Mapping[str, Any], origin: Mapping[str, np.ndarray]) -> float:
        """Return how far a state of the parameters lies along the way."""
        if self.element is not None:
            name, place = self.element
            return float(np.asarray(state[name])[place])
        total = sum(float((d * d).sum()) for d in self.steps.values())
        moved = sum(
            float((d * (np.asarray(state[n], np.float64) - origin[n])).sum()) for n, d in self.steps.items()
        )
        return moved / total


def _way(spec: Any, network: Network, now: Mapping[str, np.ndarray]) -> _Way:
    """Return the way that is meant: "W1[0, 2]" or ("W1", (0, 2)) for an element, a dict of arrays for a direction."""
    parameters = list(network.architecture.parameters)
    if isinstance(spec, Mapping):
        steps = {}
        for name, direction in spec.items():
            if name not in parameters:
                raise unknown_name("parameter", name, parameters)
            steps[name] = numbers_of(direction, f"the direction of {name}")
            if steps[name].shape != now[name].shape:
                raise ShapeError(f"{name} has shape {now[name].shape} and its direction {steps[name].shape}.")
        if not any(d.any() for d in steps.values()):
            raise DataError("A direction of zeros leads nowhere.")
        return _Way("direction", steps)
    name, place = _element(spec)
    if name not in parameters:
        raise unknown_name("parameter", name, parameters)
    shape = now[name].shape
    if not place and now[name].size == 1:
        place = (0,) * len(shape)
    if len(place) != len(shape) or not all(-n <= i < n for i, n in zip(place, shape, strict=True)):
        raise DataError(
            f"{name} has shape {shape}: one of its elements is written {name}{[0] * len(shape)}; found {short(spec)}."
        )
    unit = np.zeros(shape)
    unit[place] = 1.0
    return _Way(f"{name}[{', '.join(map(str, place))}]", {name: unit}, (name, place))


def _element(spec: Any) -> tuple[str, tuple[int, ...]]:
    """Read "W1[0, 2]", "b1" or ("W1", (0, 2))."""
    if isinstance(spec, str):
        name, _, inside = spec.rstrip("] ").partition("[")
        try:
            return name.strip(), tuple(int(i) for i in inside.split(",")) if inside else ()
        except ValueError:
            raise DataError(f"An element is written 'W1[0, 2]'; found {short(spec)}.") from None
    if isinstance(spec, tuple) and len(spec) == 2 and isinstance(spec[0], str):
        place = spec[1] if isinstance(spec[1], tuple) else (spec[1],)
        return spec[0], tuple(int(i) for i in place)
    raise DataError(
        "wrt of a network are elements such as 'W1[0, 2]', or directions: dicts of arrays by the names of parameters; "
        f"found {short(spec)}."
    )
