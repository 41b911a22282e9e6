"""What a network is given, as arrays: each input checked and cast, sequences of different lengths padded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.errors import DataError
from chainrule.graph.evaluate import Arrays
from chainrule.graph.node import Node, input
from chainrule.graph.shapes import Extent, resolve, show
from chainrule.graph.walk import order
from chainrule.nn.architecture import BATCH
from chainrule.nn.layers.base import Layer
from chainrule.train import frames, remedies, sequences, validation
from chainrule.train.programs import Programs


@dataclass(frozen=True)
class Taken:
    """What a network was given.

    Attributes:
        looking: The network, which predicts for sequences of any length.
        arrays: An array for each input.
        steps: How many steps the sequences have, where that is open.
        whole: Where sequences came in different lengths, the same arrays if no step of theirs looked like padding;
            else None.
    """

    looking: Programs
    arrays: Arrays
    steps: Mapping[Extent, int] = field(default_factory=dict)
    whole: Arrays | None = None

    @property
    def programs(self) -> Programs:
        """The network for sequences of these lengths, which learns from them."""
        return self.looking.of_lengths(self.steps)

    def each(self, outputs: np.ndarray, mask: Node | None) -> Any:
        """Return what was computed for each sequence, without what was computed for padding; ``mask`` is its mask."""
        own = self.own(mask)
        return outputs if own is None else [row[steps] for row, steps in zip(outputs, own, strict=True)]

    def own(self, mask: Node | None) -> np.ndarray | None:
        """Return which steps belong to each sequence, (examples, time), where they came in different lengths.

        They need not be the first, as behind a layer that turns the order round.
        """
        return None if self.whole is None else self._of(mask, self.whole)

    def counts(self) -> np.ndarray | None:
        """Return which steps of the output count, (examples, time), or None where all do."""
        return self._of(self.looking.architecture.mask, self.arrays)

    def _of(self, mask: Node | None, arrays: Arrays) -> np.ndarray | None:
        if mask is None:
            return None
        found: np.ndarray = self.looking.outputs(self.looking.prediction(("mask", mask), [mask]), arrays)[0]
        return found


def take(programs: Programs, X: Any, columns: Mapping[str, frames.Names], learning: bool = False) -> Taken:
    """Return what a network is given as arrays, or say what is wrong with it.

    Args:
        programs: The network.
        X: What was given.
        columns: What the columns of each input are called, where that is known.
        learning: Whether it is to be learned from.
    """
    nodes = programs.architecture.inputs
    given = validation.by_input(X, nodes)
    if columns:
        given = {
            name: frames.by_name(part, columns.get(name, ()), validation.called(name, nodes))
            for name, part in given.items()
        }
    given, steps, whole = _padded(programs, given, learning)
    fixed = nodes
    if steps:
        known: dict[Extent, Any] = {Extent(BATCH): Extent(BATCH), **steps}
        fixed = {name: input(name, resolve(x.shape, known), x.dtype) for name, x in nodes.items()}
    arrays = validation.inputs(given, fixed, learning)
    by_node = dict(zip(nodes.values(), arrays, strict=True))
    for label, call in programs.architecture.calls.items():
        for number, x in enumerate(call.inputs if call.layer.is_choosy else ()):
            if x not in by_node:
                into = programs.prediction(("into", label, number), [x])
                by_node[x] = programs.outputs(into, arrays)[0]
            validation.check_reaching(call.layer, by_node[x], label)
    if not whole:
        return Taken(programs, arrays, steps)
    return Taken(programs, arrays, steps, [whole.get(name, x) for name, x in zip(nodes, arrays, strict=True)])


def _padded(
    programs: Programs, given: Mapping[str, Any], learning: bool
) -> tuple[dict[str, Any], dict[Extent, int], dict[str, np.ndarray]]:
    """Return what was given with sequences padded, how many steps these have now, and them if none was like padding."""
    nodes, open_axes = programs.architecture.inputs, programs.open_axes
    if not open_axes and all([isinstance(x, np.ndarray) and x.dtype.kind != "O" for x in given.values()]):  # noqa: C419
        return dict(given), {}, {}  # as mostly, and perhaps a single row
    parts: dict[str, Any] = {}
    steps: dict[Extent, int] = {}
    whole: dict[str, np.ndarray] = {}
    mask = programs.architecture.mask
    counting = set(order([] if mask is None else [mask]))
    words = [x for call in programs.architecture.calls.values() if call.layer.is_choosy for x in call.inputs]
    for name, part in given.items():
        what = validation.called(name, nodes)
        part = sequences.listed(part)
        found = sequences.ragged(part, what)
        parts[name] = part if found is None else found
        if found is not None and nodes[name].ndim < 2:
            raise DataError(f"{what} holds sequences; expected one number for each example.")
        if found is None and (name in open_axes or isinstance(part, list | tuple)):
            text = remedies.for_words(part) if nodes[name] in words else validation.TEXT
            parts[name] = validation.as_numbers(part, what, text)
        if name in open_axes:
            length = int(found.lengths.max()) if found else _steps(parts[name], nodes[name], what)
            steps[open_axes[name]] = max(steps.get(open_axes[name], 0), length)
    _check_side_by_side(parts, steps, programs)
    for name, part in parts.items():
        if not isinstance(part, sequences.Ragged):
            continue
        what = validation.called(name, nodes)
        value = sequences.padding_of(programs.architecture, name, given[name], what)
        length = steps[open_axes[name]] if name in open_axes else nodes[name].shape[1]
        if part.lengths.max() > length:
            raise DataError(
                f"{what} holds a sequence of {part.lengths.max()} steps, and this network takes {length}. Cut them, "
                f"cr.pad_sequences(X, {length}), or make it with input_shape=(None, ...), for any number of steps."
            )
        if learning:
            sequences.warn_of_data_like_padding(part, value, what)
        padded = part.padded(length, value)
        parts[name] = padded[..., np.newaxis] if padded.ndim == nodes[name].ndim - 1 else padded
        if nodes[name] in counting:
            other = 1.0 if value == 0 else 0.0
            filled = sequences.Ragged([np.full(each.shape, other) for each in part.parts]).padded(
                length, value
            )
            whole[name] = filled.astype(nodes[name].dtype).reshape(parts[name].shape)
    return parts, steps, whole


def _steps(array: np.ndarray, node: Node, what: str) -> int:
    """Return how many steps there are in what is given for an input whose steps are open, a single example too."""
    is_one = array.ndim == node.ndim - 1 and array.shape[1:] == node.shape[2:]
    if array.ndim < 2 and not is_one:
        series = array.ndim and array.size and node.shape[2:] == (1,)
        remedy = f" A single sequence of numbers is {what}.reshape(1, -1, 1)." if series else ""
        raise DataError(
            f"{what} has shape {show(array.shape)}; this network takes {show(node.shape)}.{remedy}"
        )
    return array.shape[0 if is_one else 1]


def _check_side_by_side(parts: Mapping[str, Any], steps: Mapping[Extent, int], programs: Programs) -> None:
    """Refuse sequences of different lengths along an open axis that several inputs share."""
    nodes = programs.architecture.inputs
    for name, extent in programs.open_axes.items():
        part = parts[name]
        if isinstance(part, sequences.Ragged) or part.ndim < 2 or part.shape[1] == steps[extent]:
            continue
        if list(programs.open_axes.values()).count(extent) > 1 and part.ndim == nodes[name].ndim:
            own = (f"{name}_steps", *nodes[name].shape[2:])
            raise DataError(
                f"{validation.called(name, nodes)} has sequences of {part.shape[1]} steps and another {steps[extent]}, "
                f"and both go along the same open axis, '{extent}'. Where they differ, name one of its own: "
                f"inputs={{'{name}': {own}, ...}}."
            )


def shape_of(X: Any, layers: Sequence[Layer]) -> tuple[int | None, ...]:
    """Return the shape of an example, for which a list of layers that has seen no data is to be made."""
    X = sequences.listed(X["x"] if frames.are_inputs(X) and set(X) == {"x"} else X)
    found = sequences.ragged(X, "X")
    if found is None:
        text = remedies.for_words(X) if layers and layers[0].is_choosy else validation.TEXT
        array = validation.as_numbers(X, "X", text)
        if array.ndim < 1:
            raise DataError("X is a single number; expected a row for each example.")
        return array.shape[1:] or (1,)
    if all(layer.pads is None for layer in layers):
        raise sequences.unknown_padding(X, "X")
    of_words = any(layer.is_choosy for layer in layers)
    return (None, *(found.parts[0].shape[1:] or (() if of_words else (1,))))
