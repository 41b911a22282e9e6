"""What a lesson says, as data: numbers beside those of a lecture, what holds, pictures, exercises, what to remember."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from chainrule.explaining.pictures.picture import Picture
from chainrule.shown import counted
from chainrule.terminal import say

DIGITS = 10


@dataclass(frozen=True)
class Printed:
    """What code of the lesson's own printed."""

    text: str


@dataclass(frozen=True)
class Number:
    """A number that the lesson computed.

    Attributes:
        label: What it is.
        value: As computed.
        verdict: How the lecture's print of it relates to it; "" where there is none.
    """

    label: str
    value: Any
    verdict: str


@dataclass(frozen=True)
class Claim:
    """A sentence that was just shown to hold."""

    sentence: str


@dataclass(frozen=True)
class Shown:
    """A picture, as it is shown."""

    picture: Picture


@dataclass(frozen=True)
class Remembered:
    """The sentence to take along."""

    sentence: str


@dataclass(frozen=True)
class Exercise:
    """A question whose answers are checked by computing.

    Attributes:
        name: The function's name.
        question: What is asked.
        hint: What is said to a wrong answer, and to who asks.
        check: Whether an answer is right, for the numbers of the question or others.
        given: The numbers of the question by name, which a reader may change.
        answer: A right answer to the question as it stands.
        mistakes: Wrong answers that are often given, and what is said to each.
        digits: Decimals that an answer needs.
        place: Which exercise of the lesson it is, from 1.
    """

    name: str
    question: str
    hint: str
    check: Callable[..., Any]
    given: Mapping[str, Any]
    answer: Any
    mistakes: Sequence[tuple[Any, str]]
    digits: int
    place: int


Event: TypeAlias = Printed | Number | Claim | Shown | Remembered | Exercise


@dataclass
class Told:
    """All that a lesson has said so far, in order.

    Attributes:
        name: The lesson's.
        events: What it said.
        printed: What was printed since the last of them; None where it goes to the screen at once.
        notebook: Whether it is told in one.
    """

    name: str
    events: list[Event] = field(default_factory=list)
    printed: io.StringIO | None = None
    notebook: bool = False

    def say(self, event: Event) -> None:
        """Keep what is said, behind what was printed before; print it where nobody collects."""
        if self.printed is None:
            say("\n".join(lines(event, self.name, self.notebook)))
        self.flush()
        self.events.append(event)

    def flush(self) -> None:
        """Keep what was printed."""
        if self.printed is not None and self.printed.getvalue():
            self.events.append(Printed(self.printed.getvalue()))
            self.printed.seek(0)
            self.printed.truncate()

    def exercises(self) -> list[Exercise]:
        """Return its exercises, in order."""
        return [each for each in self.events if isinstance(each, Exercise)]


def lines(event: Event, name: str, notebook: bool = False) -> list[str]:
    """Return what is said as lines of text.

    Args:
        event: What is said.
        name: The lesson's.
        notebook: Whether it is read in one, where exercises are answered by a call.
    """
    match event:
        case Printed(text):
            return text.splitlines()
        case Number(label, value, verdict):
            text = written(value)
            told = f"\n{text}".replace("\n", "\n  ") if "\n" in text else f" {text}"
            return [f"{label} ={told}" + (f"   ({verdict})" if verdict else "")]
        case Claim(sentence):
            return [f"✓ {sentence}"]
        case Shown(picture):
            return [f"[{picture.title or 'Picture'}] {picture.words}"]
        case Remembered(sentence):
            return [f"Remember: {sentence}"]
        case Exercise():
            return [f"Exercise: {event.question}", *_answering(event, name, notebook)]


def _answering(asked: Exercise, name: str, notebook: bool) -> list[str]:
    """Return how an answer is given, and numbers of the learner's own with it."""
    if notebook:
        which = f", number={asked.place}" * (asked.place > 1)
        own = "".join(f", {key}={value!r}" for key, value in asked.given.items())
        calls = f"answer(...{which})   # {wanted(asked)}", f"answer(...{which}{own})"
    else:
        which = f" --exercise {asked.place}" * (asked.place > 1)
        own = "".join(f" --given {key}={typed(value)}" for key, value in asked.given.items())
        calls = f"chainrule lesson {name}{which} --answer ANSWER   ({wanted(asked)})", f"add{own}"
    return [f"  {calls[0]}", *[f"  Numbers of your own: {calls[1]}"] * bool(own)]


def wanted(asked: Exercise) -> str:
    """Return what an answer looks like: a word, or how many numbers to how many decimals."""
    if isinstance(asked.answer, str):
        return "a word"
    count = np.size(asked.answer)
    if asked.digits == 0:
        return "a whole number" if count == 1 else f"{count} whole numbers with commas"
    decimals = f"to {counted(asked.digits, 'decimal')}"
    return decimals if count == 1 else f"{count} numbers with commas, {decimals}"


def typed(value: Any) -> str:
    """Return a number, numbers or a word as they are typed in a command.

    >>> typed((0.0, 1.5)), typed("relu")
    ('0,1.5', 'relu')
    """
    return value if isinstance(value, str) else ",".join(f"{each:g}" for each in np.ravel(value))


def written(value: Any) -> str:
    """Return a number or an array as lessons print it.

    >>> written(0.9990889488055994)
    '0.9990889488'
    """
    if np.ndim(value) == 0:
        return f"{float(value):.{DIGITS}g}"
    found = np.asarray(value) + 0.0  # no -0
    whole = np.all(np.isfinite(found)) and np.array_equal(found, found.round())
    with np.printoptions(precision=4, suppress=True, threshold=60, linewidth=90):
        return str(found.astype(np.int64) if whole else found)
