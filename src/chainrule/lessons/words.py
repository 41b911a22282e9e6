"""The five words of a lesson: number, holds, picture, exercise, remember. They print, assert, and keep what is said."""

import contextlib
import inspect
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from chainrule.errors import DataError
from chainrule.explaining.pictures.picture import Picture
from chainrule.lessons.answering import judged
from chainrule.lessons.cells import read
from chainrule.lessons.tables import table
from chainrule.lessons.told import Claim, Exercise, Number, Remembered, Shown, Told

__all__ = ["answer", "begin", "exercise", "holds", "number", "picture", "remember", "telling"]

F = TypeVar("F", bound=Callable[..., Any])

# Networks and random numbers of a notebook keep their state from one run of a cell to the next.
AGAIN = " A cell that is run again goes on from where it ended: restart the kernel and run all cells."

_TOLD: list[Told] = []  # the lessons being told, the innermost last


@contextlib.contextmanager
def telling(name: str) -> Iterator[Told]:
    """Collect what a lesson says and prints while it runs."""
    told = Told(name, printed=io.StringIO())
    _TOLD.append(told)
    try:
        with contextlib.redirect_stdout(told.printed):
            yield told
        told.flush()
    finally:
        _TOLD.remove(told)


def begin(name: str) -> None:
    """Begin a lesson in a notebook, which has no name of its own.

    Raises:
        UnknownNameError: If there is none of this name.
    """
    read(name)
    _TOLD[:] = [Told(name, notebook=True)]


def number(label: str, value: Any) -> None:
    """Print a number beside the lecture's; it must be the one that was computed for it before.

    Args:
        label: What it is, the name of its line in the lesson's table.
        value: A number or an array, or a node with one.

    Raises:
        AssertionError: If it is another.
    """
    told = _now()
    found = np.asarray(getattr(value, "value", value), np.float64)
    entry = table(told.name).entry(label)
    if not entry.meets(found):
        raise AssertionError(f"{label} = {found!r}, and must be {entry.exact!r}.{AGAIN * told.notebook}")
    verdict = entry.verdict(found) if found.ndim == 0 else ""
    told.say(Number(label, found.item() if found.ndim == 0 else found, verdict))


def holds(sentence: str, truth: Any) -> None:
    """Print a sentence that was just shown; it must hold.

    Args:
        sentence: What holds.
        truth: Whether it does: a bool, or an array of them (or a list), of which all must be true.

    Raises:
        AssertionError: If it does not.
        DataError: If there is nothing to be true, as in an empty array, or something else than bools.
    """
    told = _now()
    found = np.asarray(truth)
    if found.dtype != bool or not found.size:
        kind = f"a {type(truth).__name__}" if found.size else "nothing"
        raise DataError(f"What holds is True or False, or an array of them; found {kind} for {sentence!r}.")
    if not np.all(found):
        raise AssertionError(f"It does not hold that {sentence}{AGAIN * told.notebook}")
    told.say(Claim(sentence))


def picture(shown: Picture) -> None:
    """Show a picture: as it is in pages and notebooks, by its words in a terminal."""
    told = _now()
    notebook = sys.modules.get("IPython.display")
    if told.printed is None and notebook is not None and sys.modules["IPython"].get_ipython() is not None:
        notebook.display(shown)
    else:
        told.say(Shown(shown))


def exercise(question: str, *, hint: str, digits: int = 3) -> Callable[[F], F]:
    """Ask. The function below says whether an answer is right, by computing, also for numbers of the reader's own.

    Args:
        question: What is asked, with the numbers that stand in the function as defaults.
        hint: What helps.
        digits: Decimals that an answer needs.
    """

    def asked(check: F) -> F:
        told = _now()
        name = check.__name__
        given = {each.name: each.default for each in list(inspect.signature(check).parameters.values())[1:]}
        known, place = table(told.name).answers_to(name), len(told.exercises()) + 1
        told.say(Exercise(name, question, hint, check, given, known.answer, known.wrong, digits, place))
        return check

    return asked


def remember(sentence: str) -> None:
    """Say the one sentence to take along."""
    _now().say(Remembered(sentence))


def answer(given: Any, number: int = 1, **own: Any) -> str:
    """Check an answer to an exercise of the lesson that was begun.

    Args:
        given: The answer.
        number: Which exercise, from 1.
        **own: Numbers of the reader's own in place of those of the question.

    Returns:
        "Right.", or what is not right yet, and a hint.
    """
    asked = _now().exercises()
    if not 1 <= number <= len(asked):
        raise DataError(f"This lesson has {len(asked)} exercises so far; found number {number}.")
    unknown = sorted(set(own) - set(asked[number - 1].given))
    if unknown:
        takes = ", ".join(asked[number - 1].given) or "nothing"
        raise DataError(f"The exercise has no {unknown[0]!r}; of your own may be: {takes}.")
    return judged(asked[number - 1], given, own)[1]


def _now() -> Told:
    """Return the lesson being told; of a file that is run as it is, one of that name."""
    if _TOLD:
        return _TOLD[-1]
    file = sys._getframe(2).f_globals.get("__file__")
    if file is None:
        raise DataError("Say first which lesson this is: chainrule.lessons.begin('one_neuron').")
    _TOLD.append(Told(Path(file).stem))
    return _TOLD[-1]
