"""What to write instead: the lines that mend data which does not fit a network. Each runs as it is printed."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import permutations
from math import prod
from typing import Any

import numpy as np

from chainrule.graph.node import Node
from chainrule.graph.shapes import show
from chainrule.nn.architecture import Architecture
from chainrule.nn.layers import Dense
from chainrule.shown import counted

NUMBER_CLASSES = "classes, y = np.unique(y, return_inverse=True)"
NUMBER_WORDS = (
    "Number the words first, from 1, as 0 stands for padding: known = sorted(set(sum(X, []))); "
    "X = [[1 + known.index(word) for word in text] for text in X]."
)
NUMBER_TAGS = (
    "Number the labels first, from 0: known = sorted(set(sum(y, []))); "
    "y = [[known.index(label) for label in labels] for labels in y]."
)
MOST_CLASSES = 20  # whole numbers of more values than these are likely to be quantities
MOST_AXES = 5  # of an example, whose orders are tried


def for_shape(name: str, given: Sequence[int], wanted: Sequence[int]) -> str:
    """Return what makes examples of shape ``wanted`` of an array of shape ``given``, or "" if nothing does.

    >>> for_shape("X", (10, 8, 8), (64,)), for_shape("X", (10, 8, 8, 3), (3, 8, 8))
    ('X.reshape(len(X), -1)', 'np.moveaxis(X, -1, 1)')
    >>> for_shape("X", (10, 8, 8), (8, 8, 1)), for_shape("X", (8, 8), (64,)), for_shape("X", (10, 4), (3,))
    ('X[..., None]', 'X.reshape(1, 64)', '')
    """
    one, wanted = tuple(given[1:]), tuple(wanted)
    listed = ", ".join(map(str, wanted))
    if prod(given) == prod(wanted):
        return f"{name}.reshape(1, {listed})"
    if not prod(wanted) or prod(one) != prod(wanted):
        return ""
    if one == (*wanted, 1):
        return f"{name}[..., 0]"
    if wanted == (*one, 1):
        return f"{name}[..., None]"
    if len(one) == len(wanted) <= MOST_AXES and sorted(one) == sorted(wanted):
        for text, moved in (("-1, 1", (one[-1], *one[:-1])), ("1, -1", (*one[1:], one[0]))):
            if moved == wanted:
                return f"np.moveaxis({name}, {text})"
        axes = next(p for p in permutations(range(len(one))) if tuple(one[i] for i in p) == wanted)
        return f"np.transpose({name}, {(0, *(i + 1 for i in axes))})"
    return f"{name}.reshape(len({name}), {'-1' if len(wanted) == 1 else listed})"


def for_weights(given: Sequence[int], wanted: Sequence[int]) -> str:
    """Return how weights of PyTorch's, which has channels before places, are turned, or "" if nothing fits.

    >>> for_weights((8, 1, 3, 3), (3, 3, 1, 8)), for_weights((3, 4), (4, 3)), for_weights((3,), (4,))
    (" PyTorch's weights are turned by .transpose(2, 3, 1, 0).", " PyTorch's weights are turned by .T.", '')
    """
    if len(given) != len(wanted):
        return ""
    places = tuple(range(2, len(given)))
    fitting = [
        axes
        for axes in ((*places, 1, 0), (*places, 0, 1))
        if len(given) > 1 and tuple(given[i] for i in axes) == tuple(wanted)
    ]
    if not fitting:
        return ""
    if not places:
        return " PyTorch's weights are turned by .T."
    of_transposed = f", of a transposed convolution by .transpose{fitting[-1]}" * (len(fitting) > 1)
    return f" PyTorch's weights are turned by .transpose{fitting[0]}{of_transposed}."


def for_pictures(name: str, given: Sequence[int], wanted: Sequence[int]) -> str:
    """Return what to do with pictures of other colours, or of another size, than a network takes, or "".

    >>> for_pictures("X", (5, 8, 8, 3), (8, 8, 1))
    ' Colours become grey by their mean: X.mean(axis=-1, keepdims=True).'
    >>> for_pictures("X", (5, 9, 8, 3), (8, 8, 3))
    ' A network sees pictures of one size: cut, pad or resize them to (8, 8) first.'
    """
    if len(given) != 4 or len(wanted) != 3:
        return ""
    (*places, channels), (*size, colours) = given[1:], wanted
    if places == size and (channels, colours) == (1, 3):
        return f" Grey becomes colour by repeating it: np.repeat({name}, 3, axis=-1)."
    if places == size and (channels, colours) == (4, 3):
        return f" What is behind the three colours is how opaque they are: {name}[..., :3]."
    if places == size and channels == 3 and colours == 1:
        return f" Colours become grey by their mean: {name}.mean(axis=-1, keepdims=True)."
    if channels == colours:
        return f" A network sees pictures of one size: cut, pad or resize them to {show(tuple(size))} first."
    return ""


def for_rows(rows: Iterable[Any]) -> str:
    """Return what to say of rows that are arrays of several shapes, pictures for the most part, or ""."""
    found: dict[tuple[int, ...], int] = {}
    for i, row in enumerate(rows):
        with suppress(Exception):  # which is no array then
            found.setdefault(np.shape(row), i)
    several = [f"{show(shape)} in row {i}" for shape, i in found.items() if len(shape) > 1][:2]
    if len(several) < 2:
        return ""
    return (
        f"its rows have different shapes, {' and '.join(several)}. A network takes examples of one shape: cut, pad or "
        "resize pictures to one size first."
    )


def for_words(texts: Any) -> str:
    """Return what to do with texts that a network is to read word by word.

    >>> for_words(["a film", "one"])[:64]
    'Split texts into words: X = [text.split() for text in X]. Number'
    """
    whole = (
        any(isinstance(text, str) for text in texts)
        if isinstance(texts, list | tuple)
        else np.ndim(texts) == 1
    )
    return f"{'Split texts into words: X = [text.split() for text in X]. ' * whole}{NUMBER_WORDS}"


def for_files(text: Any) -> str:
    """Return what to do with the names of pictures, or "" for other words."""
    if not str(text).lower().endswith((".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")):
        return ""
    return "Pictures are read first, with Pillow: X = np.stack([np.asarray(Image.open(path)) for path in X]) / 255."


def for_output(targets: np.ndarray, architecture: Architecture) -> str:
    """Return what to do with targets of another shape than the output's."""
    output = architecture.output
    places, given = output.shape[1:-1], targets.shape[1 : output.ndim - 1]
    if not places:
        return for_width(targets, output)
    if targets.ndim > 2:  # an answer for each place was meant
        if given == places:
            return f" Give the last layer {counted(targets.shape[-1], 'unit')}."
        return (
            f" The places are as many in each: here {show(given)}, there {show(places)}. Layers keep them with "
            "padding='same'; a stride divides them, which Conv2DTranspose and UpSampling2D undo; what is left over "
            "is cut off by Cropping2D, and what lacks is added by ZeroPadding2D."
        )
    every_step = [c.layer for c in architecture.calls.values() if getattr(c.layer, "return_sequences", False)]
    if every_step and given in ((), (1,), output.shape[-1:]):
        return (
            f" {every_step[-1]!r} puts out every step, and so there is an answer for each of {show(places)} steps. For "
            "one answer for each example leave out return_sequences=True."
        )
    for call in architecture.calls.values():
        x = call.inputs[0]
        if isinstance(call.layer, Dense) and x.ndim > 2:
            first = x in architecture.inputs.values()
            what = (
                f"each example has shape {show(x.shape[1:])}"
                if first
                else f"what reaches it is {show(x.shape)}"
            )
            return (
                f" {call.layer!r} works on the last axis alone, and {what}, so the output keeps the axes before it. "
                f"Put cr.Flatten() before {call.layer!r}: it then sees all numbers of an example."
            )
    return (
        f" The output has an answer for each of {show(places)} places. For one answer for each example end the network "
        "with cr.Flatten(), or the mean of all places, and then a dense layer."
    )


def for_labels(labels: np.ndarray, units: int) -> str:
    """Return what to do with labels that a softmax over so many units cannot give.

    >>> for_labels(np.array([1, 2, 3]), 3)
    'Number the classes from 0: classes, y = np.unique(y, return_inverse=True).'
    >>> for_labels(np.array([0, 1, 2]), 2)
    'There are 3 classes: give the last layer 3 units.'
    """
    known = np.unique(labels)
    count = len(known)
    quantities = "If they are quantities, end the network with Dense(1) and the loss 'mse'"
    if (known != np.floor(known)).any():
        shares = "; if they are shares from 0 to 1, with Dense(1, 'sigmoid')" * bool(
            known[0] >= 0 and known[-1] <= 1
        )
        return f"If these are classes, number them: {NUMBER_CLASSES}. {quantities}{shares}."
    if count <= units:
        return f"Number the classes from 0: {NUMBER_CLASSES}."
    units_too = f"give the last layer {count} units"
    if known[0] == 0 and known[-1] == count - 1:
        remedy = f"There are {count} classes: {units_too}."
    else:
        remedy = f"Number the {count} classes from 0, and {units_too}: {NUMBER_CLASSES}."
    return remedy if count <= MOST_CLASSES else f"{remedy} {quantities}."


def for_probabilities(targets: np.ndarray) -> str:
    """Return what to do with targets that are no probabilities."""
    known = np.unique(targets)
    if len(known) <= 2:
        return f"Number the two classes 0 and 1: {NUMBER_CLASSES}."
    if len(known) <= MOST_CLASSES and (known == np.floor(known)).all():
        return (
            f"For {len(known)} classes number them from 0, {NUMBER_CLASSES}, and end the network with "
            f"Dense({len(known)}, 'softmax'); for quantities with Dense(1) and the loss 'mse'."
        )
    return "For numbers that are no probabilities end the network with Dense(1), without 'sigmoid', and the loss 'mse'."


def for_width(targets: np.ndarray, output: Node) -> str:
    """Return what to do with targets that are not as wide as the output."""
    wide = output.shape[1:]
    if targets.ndim == 1 and len(wide) == 1:
        return (
            f" For labels of {wide[0]} classes end the network with 'softmax' and the loss "
            "'categorical_crossentropy'; for one number end it with one unit; for several answers give a "
            "column each."
        )
    if targets.ndim != 2 or len(wide) != 1:
        return ""
    columns = targets.shape[1]
    if _is_one_hot(targets):
        return f" Its rows are one-hot: end the network with Dense({columns}, 'softmax')" + (
            ", or give y.argmax(axis=1)." if columns == 2 and wide == (1,) else "."
        )
    return f" Give the last layer {counted(columns, 'unit')}, or y one column for each unit."


def _is_one_hot(array: np.ndarray) -> bool:
    return array.shape[1] > 1 and bool(((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all())
