"""Occlusion: a part is covered with the baseline, and what the prediction loses by it is that part's (Zeiler 2014)."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from chainrule.errors import DataError, short
from chainrule.explaining.subjects import Looked
from chainrule.explaining.ways import Way
from chainrule.graph.shapes import show
from chainrule.nn.layers.bidirectional import Bidirectional
from chainrule.nn.layers.cells import RNN
from chainrule.nn.layers.convolution import Conv1D
from chainrule.nn.layers.masking import Masking
from chainrule.nn.layers.recurrent import GRU, LSTM, SimpleRNN

MOST_NUMBERS = 2**24  # of copies of rows that are there at a time: 64 MB
BY_STEPS = (SimpleRNN, LSTM, GRU, RNN, Bidirectional, Masking, Conv1D)
PARTS = 8  # of a side of a picture


def occluded(way: Way, window: Any = None, stride: Any = None) -> dict[str, np.ndarray]:
    """Return what each row's prediction loses where a part of each input is covered: the mean over what covers a place.

    Args:
        way: The rows, and what covers them.
        window: How many places of each axis are covered together.
        stride: How far the window moves.
    """
    looked = way.sensed.looked
    found: dict[str, np.ndarray] = {}
    for name in looked.programs.architecture.inputs:
        numbers = [i for i, p in enumerate(way.sensed.outcome.places) if p.name == name]
        place = way.sensed.outcome.places[numbers[0]]
        shape = way.here[numbers[0]].shape[1:]
        shape = shape[:-1] if place.embedded else shape  # a word is covered as a whole
        grouped = looked.subject.columns
        if grouped:
            parts: list[Any] = [((slice(i, i + 1),), (each,)) for i, each in enumerate(grouped.values())]
            shape = (len(grouped),)
        else:
            sizes = _sizes(looked, name, shape, window)
            shape = shape[: len(sizes)]
            parts = [(part, part) for part in _windows(shape, sizes, _steps(sizes, stride))]
        found[name] = _lost(way, numbers, shape, parts)
    return found


def _lost(way: Way, numbers: Sequence[int], shape: tuple[int, ...], parts: Sequence[Any]) -> np.ndarray:
    """Return the mean loss at each place of one input, over the parts that cover it; ``numbers`` are its places."""
    total, times = np.zeros((way.rows, *shape)), np.zeros(shape)
    together = max(1, MOST_NUMBERS // way.size)
    many = max(1, min(way.rows, together))
    for first in range(0, way.rows, many):
        some = np.arange(first, min(first + many, way.rows))
        at_a_time = max(1, together // len(some))
        for begin in range(0, len(parts), at_a_time):
            chosen = parts[begin : begin + at_a_time]
            points = [np.tile(x[some], (len(chosen), *[1] * (x.ndim - 1))) for x in way.here]
            for number in numbers:
                for i, (_, covered) in enumerate(chosen):
                    points[number][(slice(i * len(some), (i + 1) * len(some)), *covered)] = way.start[number][
                        (some, *covered)
                    ]
            after = way.sensed.at(points, np.tile(some, len(chosen)))[0].reshape(len(chosen), len(some))
            for (place, _), value in zip(chosen, after, strict=True):
                total[(some, *place)] += (way.ends[0][some] - value).reshape(-1, *[1] * len(place))
    for place, _ in parts:
        times[place] += 1
    return total / times


def _sizes(looked: Looked, name: str, shape: tuple[int, ...], given: Any) -> tuple[int, ...]:
    """Return how many places of each axis are covered together; axes behind them are covered as a whole."""
    if given is None:
        if len(shape) < 2:
            return (1,) * len(shape)
        if len(shape) == 2 and _goes_by_steps(looked, name):
            return (1,)
        return tuple(max(1, n // PARTS) for n in shape[: max(len(shape) - 1, 2)])
    found = (given,) * len(shape) if isinstance(given, int | np.integer) else tuple(given)
    if isinstance(given, int | np.integer) and len(shape) > 2:
        found = found[:-1]  # channels are covered as a whole
    fits = 0 < len(found) <= len(shape) and all(isinstance(n, int | np.integer) for n in found)
    if not fits or not all(1 <= n <= most for n, most in zip(found, shape, strict=False)):
        raise DataError(
            f"window is a whole number of at least 1 for each axis of an example, {show(shape)}, or for the first of "
            f"them, and no larger; found {short(given)}."
        )
    return tuple(int(n) for n in found)


def _steps(sizes: tuple[int, ...], given: Any) -> tuple[int, ...]:
    if given is None:
        return tuple(max(1, n // 2) for n in sizes)
    found = (given,) * len(sizes) if isinstance(given, int | np.integer) else tuple(given)
    if len(found) != len(sizes) or not all(isinstance(n, int | np.integer) and n >= 1 for n in found):
        raise DataError(
            f"stride is a whole number of at least 1 for each axis of the window {show(sizes)}; found {short(given)}."
        )
    if any(step > size for step, size in zip(found, sizes, strict=True)):
        raise DataError(
            f"stride {short(given)} is larger than the window {show(sizes)}: places would be left out."
        )
    return tuple(int(n) for n in found)


def _windows(
    shape: tuple[int, ...], sizes: tuple[int, ...], steps: tuple[int, ...]
) -> Iterator[tuple[slice, ...]]:
    """Yield windows that cover every place; the last of an axis ends with it."""
    starts = [
        dict.fromkeys([*range(0, n - size + 1, step), n - size])
        for n, size, step in zip(shape, sizes, steps, strict=True)
    ]
    for begin in product(*starts):
        yield tuple(slice(b, b + size) for b, size in zip(begin, sizes, strict=True))


def _goes_by_steps(looked: Looked, name: str) -> bool:
    """Say whether an input is a sequence of steps, as what is built on it takes it."""
    architecture = looked.programs.architecture
    x = architecture.inputs[name]
    return any(x in call.inputs and isinstance(call.layer, BY_STEPS) for call in architecture.calls.values())
