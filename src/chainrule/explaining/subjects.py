"""What is explained: a network, what it was given as arrays, and which of its outputs, in its own units.

Whoever has a network and prepares what that is given says so by a method ``_subject()``: a model of a table does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.errors import DataError, GraphError, short, unknown_name
from chainrule.graph.evaluate import Arrays
from chainrule.graph.node import Node
from chainrule.graph.shapes import Extent
from chainrule.shown import counted, in_a_row
from chainrule.train.classes import gives_labels
from chainrule.train.frames import are_inputs, spoken
from chainrule.train.network import Network
from chainrule.train.programs import Programs
from chainrule.train.sequences import listed, ragged


@dataclass(frozen=True, eq=False)
class Subject:
    """What is explained, and how it reads what it is given.

    Attributes:
        network: The network.
        read: Makes what the network takes of what its owner is given.
        columns: What each column of a table is called, with the places of its features; none where there is no table.
        features: What the features of a table are called.
        outputs: What each output is called, where that is known.
        of_classes: Whether these are the probabilities of classes.
        scale: What each output is multiplied by, and then what is added to it, in units of the owner's.
        targets: Finds in what its owner is given the targets, as the network takes them; None where they are not there.
        scoring: Makes of a table, targets and a metric how predictions are scored; None where the network does.
        other: What the class is called that has what the only output leaves of 1; None where there is none.
    """

    network: Network
    read: Callable[[Any], Any] = lambda X: X
    columns: Mapping[str, slice] = field(default_factory=dict)
    features: Sequence[str] = ()
    outputs: Sequence[Any] = ()
    of_classes: bool = False
    scale: tuple[np.ndarray, np.ndarray] | None = None
    targets: Callable[[Any], Any] | None = None
    scoring: Callable[..., Any] | None = None
    other: Any = None

    @property
    def names(self) -> tuple[str, ...]:
        """What each number of a row is called, where its network learned that from a table, or the rows say it."""
        known = self.network.columns
        return tuple(map(str, next(iter(known.values())))) if len(known) == 1 else tuple(self.features)


@dataclass(frozen=True, eq=False)
class Looked:
    """A subject that looks at rows.

    Attributes:
        subject: What looks.
        programs: The network, for sequences of the lengths that there are.
        arrays: What it is given, an array for each input.
        picked: Which output of each row is explained: 1 there and 0 elsewhere, of the shape of the outputs.
        of: What that output is called, or its place, for each row.
        lengths: How many steps the sequences had before they were padded; None where none were.
    """

    subject: Subject
    programs: Programs
    arrays: Arrays
    picked: np.ndarray
    of: tuple[Any, ...]
    lengths: tuple[int, ...] | None = None

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.arrays[0])

    @property
    def scale(self) -> np.ndarray:
        """What the explained output of each row is multiplied by, in the owner's units."""
        scale = self.subject.scale
        each = np.ones(1) if scale is None else np.asarray(scale[0])
        return _flat(self.picked) @ np.broadcast_to(each, _flat(self.picked).shape[1:])

    def in_units(self, chosen: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return explained outputs of some of the rows in the owner's units."""
        if self.subject.scale is None:
            return np.asarray(chosen, np.float64)
        added: np.ndarray = _flat(self.picked) @ np.asarray(self.subject.scale[1], np.float64)
        return chosen * self.scale[rows] + added[rows]


def rows_of(network: Network, X: Any, y: Any = None) -> tuple[Any, Any]:
    """Return X and y as rows, where X may be a single example, of the shape that one has.

    Args:
        network: What X is for.
        X: Rows, or one.
        y: Their targets, or its own.
    """
    if hasattr(X, "to_frame") and getattr(X, "ndim", 0) == 1:  # a row of a table of pandas
        return X.to_frame().T, _one(y)
    inputs = network._programs.architecture.inputs
    given = X if are_inputs(X) else dict.fromkeys(inputs, X) if len(inputs) == 1 else {}
    if set(given) != set(inputs) or not all(_is_one(given[name], x) for name, x in inputs.items()):
        return X, y
    rows = {name: np.asarray(part)[np.newaxis] for name, part in given.items()}
    return rows if are_inputs(X) else next(iter(rows.values())), _one(y)


def _is_one(part: Any, x: Node) -> bool:
    """Say whether what is given for an input is one example of it, and no rows."""
    try:
        shape = np.shape(part)
    except ValueError:  # sequences of different lengths
        return False
    pairs = zip(shape, x.shape[1:], strict=False)
    return len(shape) == x.ndim - 1 and all(isinstance(n, Extent) or have == n for have, n in pairs)


def _one(y: Any) -> Any:
    return None if y is None else np.asarray(y)[np.newaxis]


def subject_of(thing: Any, X: Any) -> Subject:
    """Return what is explained: of a network, a model of a table, or a fitted estimator around one of them.

    Args:
        thing: One of these.
        X: Its rows, whose columns may have names.

    Raises:
        GraphError: If there is no network in it.
    """
    for inner in ("model_", "network_"):
        thing = getattr(thing, inner, thing) if not isinstance(thing, Network) else thing
    if isinstance(thing, Network):
        return Subject(thing, features=spoken(X))
    of = getattr(thing, "_subject", None)
    if of is None:
        raise GraphError(
            f"Predictions of a network or of a model of a table are explained; found {short(thing)}. Give the network, "
            "or cr.load(path)."
        )
    found: Subject = of()
    return found


def looked_at(subject: Subject, X: Any, output: Any = None) -> Looked:
    """Return what a subject sees of X, and which output of each row is explained.

    Args:
        subject: What looks.
        X: What its owner is given: rows.
        output: Which output: its place, its name where it has one, or a place for each row; by default the one that
            there is, or the most probable class of each row.
    """
    read, _ = rows_of(subject.network, subject.read(X))
    taken = subject.network._take(read)
    programs = taken.programs
    predicted = programs.outputs(programs.output, taken.arrays)[0]
    if not len(predicted):
        raise DataError("X has no rows: there is nothing to explain.")
    places = _places(subject, predicted, output)
    picked = np.zeros_like(predicted)
    flat = picked.reshape(len(picked), -1)
    flat[np.arange(len(flat)), places] = 1
    names = subject.outputs
    of = tuple(names[place] if len(names) == flat.shape[1] else int(place) for place in places)
    only = ragged(listed(next(iter(read.values())) if are_inputs(read) else read), "X")
    lengths = None if only is None else tuple(only.lengths.tolist())
    return Looked(subject, programs, taken.arrays, picked, of, lengths)


def _places(subject: Subject, predicted: np.ndarray, output: Any) -> np.ndarray:
    """Return the place of the explained output of each row, among all outputs of the row."""
    rows, shape = len(predicted), predicted.shape[1:]
    count = int(np.prod(shape))
    if output is None:
        if count == 1:
            return np.zeros(rows, np.intp)
        architecture = subject.network._programs.architecture
        if len(shape) == 1 and gives_labels(architecture, subject.network.loss):
            return predicted.argmax(axis=1)
        called = f" ({in_a_row([str(name) for name in subject.outputs])})" if subject.outputs else ""
        raise DataError(
            f"There are {counted(count, 'output')} for each row{called}, and one is explained at a time. Say which: "
            f"output={short(subject.outputs[0]) if len(subject.outputs) else 0}."
        )
    if subject.outputs and not isinstance(output, np.ndarray | tuple | list):
        names = list(subject.outputs)
        found = [i for i, name in enumerate(names) if name == output or str(name) == str(output)]
        if found:
            return np.full(rows, found[0], np.intp)
        if isinstance(output, str):
            raise unknown_name("output", output, [str(name) for name in names])
    if isinstance(output, tuple):
        try:
            return np.full(rows, np.ravel_multi_index(output, shape), np.intp)
        except (ValueError, TypeError):
            output = np.array([-1])
    places = np.asarray(output)
    if (
        places.dtype.kind not in "iu"
        or places.shape not in ((), (rows,))
        or ((places < 0) | (places >= count)).any()
    ):
        raise DataError(
            f"output is a whole number from 0 to {count - 1}, or one for each of the {counted(rows, 'row')}; found "
            f"{short(output)}."
        )
    return np.broadcast_to(places, (rows,)).astype(np.intp)


def _flat(array: np.ndarray) -> np.ndarray:
    return array.reshape(len(array), -1)
