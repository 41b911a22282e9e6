"""Sequences of different lengths: how they come, how they are padded, and what of a prediction belongs to which.

They come as lists, of arrays of shape (steps, ...) or of lists of numbers, or as whatever holds such: arrays of objects
and columns of tables. A network that knows padding from data (Masking, Embedding) pads them behind with the value that
stands for it there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, GraphError, LearningWarning, short, warn
from chainrule.graph.shapes import show
from chainrule.graph.walk import order
from chainrule.nn.architecture import Architecture
from chainrule.train import remedies
from chainrule.train.validation import as_numbers

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Ragged:
    """Sequences of different lengths.

    Attributes:
        parts: An array for each, (steps, ...), all of one shape but for the steps.
    """

    parts: list[np.ndarray]

    @property
    def lengths(self) -> np.ndarray:
        """How many steps each has."""
        return np.array([len(part) for part in self.parts], dtype=np.int64)

    def padded(self, length: int, value: float, before: bool = False, last: bool = False) -> np.ndarray:
        """Return all as one array, (sequences, length, ...); longer ones are cut.

        Args:
            length: How many steps all of them get.
            value: What stands in the others.
            before: Whether that stands before a sequence, and not behind it.
            last: Whether of a longer one the last steps are kept, and not the first.
        """
        dtype = np.result_type(*{part.dtype for part in self.parts}, np.min_scalar_type(_whole(value)))
        found = np.full((len(self.parts), length, *self.parts[0].shape[1:]), value, dtype)
        for row, part in zip(found, self.parts, strict=True):
            kept = part[-length:] if last else part[:length]
            if len(kept) and length:
                row[slice(-len(kept), None) if before else slice(len(kept))] = kept
        return found

    def at(self, own: np.ndarray) -> np.ndarray:
        """Return all as one array, (sequences, length, ...), each at the steps that are its own; 0 stands in others."""
        numbers = np.concatenate(self.parts)
        found = np.zeros((*own.shape, *numbers.shape[1:]), numbers.dtype)
        found[own] = numbers
        return found


def _whole(value: float) -> Any:
    return int(value) if float(value).is_integer() else value


def listed(value: Any) -> Any:
    """Return a list of sequences, of whatever holds such as objects; anything else as it is.

    >>> listed(np.array([[1, 2], [3]], dtype=object)), listed([1, 2])
    ([[1, 2], [3]], [1, 2])
    """
    if (
        isinstance(value, list | tuple)
        or getattr(getattr(value, "dtype", None), "kind", "") != "O"
        or getattr(value, "ndim", 0) != 1
    ):
        return value
    parts = list(value)
    return parts if parts and all(map(_is_sequence, parts)) else value


def ragged(value: Any, what: str, text: str = remedies.NUMBER_WORDS) -> Ragged | None:
    """Return sequences of different lengths as arrays, or None for anything else; ``text`` says what to do with words.

    >>> ragged([[1, 2], [3]], "X").lengths, ragged([[1, 2], [3, 4]], "X"), ragged([1, 2], "X")
    (array([2, 1]), None, None)
    """
    if not isinstance(value, list | tuple) or not value or not all(map(_is_sequence, value)):
        return None
    if len({len(part) for part in value}) == 1:
        return None
    parts = [as_numbers(part, f"{what}[{i}]", text) for i, part in enumerate(value)]
    shape = next(part.shape[1:] for part in parts if len(part))
    for i, part in enumerate(parts):
        if len(part) and part.shape[1:] != shape:
            raise DataError(
                f"{what}[{i}] has {_each_step(part.shape[1:])}, and sequences before it have {_each_step(shape)}: all "
                "steps take as many numbers."
            )
    return Ragged([part if len(part) else np.zeros((0, *shape), part.dtype) for part in parts])


def _is_sequence(part: Any) -> bool:
    return not isinstance(part, str | bytes | Mapping) and hasattr(part, "__len__") and np.ndim(part[:0]) > 0


def _each_step(shape: Sequence[int]) -> str:
    return f"steps of shape {show(tuple(shape))}" if shape else "one number at each step"


# --- what a network makes of them -----------------------------------------------------------------------


def padding_of(architecture: Architecture, name: str, given: Any, what: str) -> float:
    """Return the value that stands for padding in an input, or say what lets a network know one."""
    x = architecture.inputs[name]
    calls = {
        k: call for k, call in architecture.calls.items() if call.layer.pads is not None and x in call.inputs
    }
    values = {call.layer.pads for call in calls.values()}
    if not values:
        raise unknown_padding(given, what)
    knowing = [architecture.outputs[k] for k in calls]
    knowing += [call.mask for call in calls.values() if call.mask is not None]
    if len(values) == 1 and x not in order([architecture.output], stop=knowing):
        return float(values.pop() or 0.0)
    why = f"not all that sees them goes through the layer {next(iter(calls))}, which knows padding from data"
    if len(values) > 1:
        why = f"the layers {' and '.join(calls)} each have a value of their own that stands for padding"
    raise DataError(f"{what} holds sequences of different lengths, and {why}. {_one_length(what)}")


def unknown_padding(given: Any, what: str) -> DataError:
    """Return what is said of rows of different lengths where no layer knows padding from data."""
    shapes = {np.shape(part)[1:] for part in given if len(part)}
    if (len(shapes) > 1 or len(next(iter(shapes))) > 1) and (of_pictures := remedies.for_rows(given)):
        return DataError(f"{what} is no table: {of_pictures}")
    return DataError(
        f"{what} is no table: its rows have different lengths. Every row needs the same number of values. Sequences "
        "may differ in length where the first layer of a network knows padding from data: cr.Masking(), or for the "
        f"numbers of words, from 1, cr.Embedding(vocabulary, units, mask_zero=True). {_one_length(what)}"
    )


def _one_length(what: str) -> str:
    return (
        f"Or cut and pad all to one length: cr.pad_sequences({what if what.isidentifier() else 'sequences'})."
    )


def warn_of_data_like_padding(sequences: Ragged, value: float, what: str) -> None:
    """Warn where a step of the data holds nothing but what stands for padding: it will be passed over."""
    for i, part in enumerate(sequences.parts):
        alike = (part == value).all(axis=tuple(range(1, part.ndim)))
        if alike.any():
            warn(
                f"{what}[{i}] holds {value:g} alone at step {int(np.argmax(alike))}, which stands for padding in this "
                "network: such steps are passed over. Where they are data, let another value stand for padding, such "
                "as cr.Masking(mask_value=-1000), or number words from 1.",
                LearningWarning,
            )
            return


# --- targets and weights of steps -----------------------------------------------------------------------


def steps_of(architecture: Architecture) -> int | None:
    """Return how many steps the output has, each with a target of its own; None where it has none."""
    output = architecture.output
    return int(output.shape[1]) if architecture.mask is not None or output.ndim > 2 else None


def by_step(
    y: Any,
    architecture: Architecture,
    own: np.ndarray | None,
    counts: np.ndarray | None,
    kind: str,
    what: str,
) -> Any:
    """Return targets of which those of padded steps are some that fit: nobody looks at them.

    Args:
        y: The targets as they came: sequences of different lengths, perhaps.
        architecture: The network, for sequences of these lengths.
        own: Which steps of the output belong to each of X's, (examples, time), where they came in different lengths.
        counts: Which steps of the output count, (examples, time), or None for all.
        kind: What the loss takes, as in :func:`validation.targets`.
        what: What the user calls the targets.
    """
    y = listed(y)
    found, steps = ragged(y, what, remedies.NUMBER_TAGS), steps_of(architecture)
    if found is not None and (steps is None or counts is None):
        why = "has one target for each example" if steps is None else "does not know padding from data"
        raise DataError(
            f"{what} holds sequences of different lengths, and this network {why}. {_one_length(what)}"
        )
    if counts is None or steps is None:
        return y
    placed = at_steps(y, steps, own, counts, what)
    array = as_numbers(y, what, remedies.NUMBER_TAGS) if placed is None else placed
    if array.shape[:2] != counts.shape:
        return array  # which is told in other words
    of_rows = kind == "labels" and array.ndim == architecture.output.ndim and array.shape[-1] > 1
    fitting: Any = np.arange(array.shape[-1]) == 0 if of_rows else 0
    where = counts.reshape(*counts.shape, *(1,) * (array.ndim - 2))
    return np.where(where, array, np.asarray(fitting, array.dtype))


def at_steps(
    given: Any, steps: int, own: np.ndarray | None, counts: np.ndarray | None, what: str
) -> np.ndarray | None:
    """Return numbers of each step, (examples, steps, ...), where they belong; None where they came as one array.

    Args:
        given: The numbers as they came: sequences of different lengths, or perhaps an array.
        steps: How many steps the output has.
        own: Which of them belong to each of X's sequences, where these came in different lengths; an array then has
            its numbers from the first step on, too.
        counts: Which steps of the output count, where X came as an array.
        what: What the user calls the numbers.
    """
    found = ragged(given, what)
    lengths = None if own is None else own.sum(axis=1)
    if found is None and lengths is not None:
        array = as_numbers(given, what)
        if array.ndim > 1 and len(array) == len(lengths) and array.shape[1] >= max(lengths.max(), 2):
            found = Ragged([row[:n] for row, n in zip(array, lengths, strict=True)])
    if found is None:
        return None
    known = counts if own is None else own
    if known is not None:
        _check_lengths(found.lengths, lengths, known, what)
    return found.padded(steps, 0) if own is None else found.at(own)


def numbers_of(y: Any, what: str) -> np.ndarray:
    """Return targets as an array of numbers; those of sequences of different lengths one after the other."""
    y = listed(y)
    found = ragged(y, what, remedies.NUMBER_TAGS)
    return as_numbers(y, what) if found is None else np.concatenate(found.parts)


def _check_lengths(found: np.ndarray, wanted: np.ndarray | None, counts: np.ndarray, what: str) -> None:
    """Raise where a sequence of targets is none of the steps that it belongs to."""
    if len(found) != len(counts):
        raise DataError(
            f"X has {len(counts)} rows and {what} has {len(found)}. Each example needs its target."
        )
    if wanted is None:  # of arrays that were padded before they came
        last = counts.shape[1] - np.argmax(counts[:, ::-1], axis=1)
        wanted = np.where(counts.any(axis=1), last, 0)
        bad = (found < wanted) | (found > counts.shape[1])
    else:
        bad = found != wanted
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"X[{row}] has {wanted[row]} steps, and {what}[{row}] has {found[row]}. Each step needs its target."
        )


# --- by hand --------------------------------------------------------------------------------------------


@public
def pad_sequences(
    sequences: "ArrayLike",
    length: int | None = None,
    *,
    padding: Literal["pre", "post"] = "post",
    truncating: Literal["pre", "post"] = "post",
    value: float = 0.0,
) -> "NDArray[Any]":
    """Return sequences of different lengths as one array: shorter ones are padded, longer ones cut.

    A network that knows padding from data (:class:`Masking`, :class:`Embedding` with ``mask_zero=True``) takes lists
    of sequences as they are, and does this itself.

    Args:
        sequences: A list of them, each an array of shape (steps, ...) or a list of numbers.
        length: How many steps all get; by default as many as the longest has.
        padding: Whether padding stands behind a sequence ("post") or before it ("pre", Keras' default).
        truncating: Whether of a longer one the end is cut off ("post") or the beginning ("pre", Keras' default).
        value: What padding is made of.

    Returns:
        An array (sequences, length, ...).

    Raises:
        DataError: If these are no sequences of numbers, or length is no whole number from 0.
        GraphError: If padding or truncating is neither of the two.

    >>> cr.pad_sequences([[1, 2, 3], [4]])
    array([[1, 2, 3],
           [4, 0, 0]])
    >>> cr.pad_sequences([[1, 2, 3], [4]], 2, padding="pre", truncating="pre", value=-1)
    array([[ 2,  3],
           [-1,  4]])
    """
    for name, chosen in (("padding", padding), ("truncating", truncating)):
        if chosen not in ("pre", "post"):
            raise GraphError(f"pad_sequences: {name} is 'pre' or 'post'; found {short(chosen)}.")
    if length is not None and (isinstance(length, bool) or not hasattr(length, "__index__") or length < 0):
        raise DataError(f"length must be a whole number from 0; found {short(length)}.")
    given = listed(sequences)
    found = ragged(given, "sequences")
    if found is None:
        array = as_numbers(given, "sequences")
        if array.ndim < 2:
            raise DataError(
                f"sequences has shape {show(array.shape)}; expected a list of sequences, such as [[1, 2, 3], [4]]."
            )
        found = Ragged(list(array))
    longest = int(found.lengths.max()) if length is None else int(length)
    return found.padded(longest, value, padding == "pre", truncating == "pre")
