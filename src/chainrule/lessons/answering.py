"""What a learner types, read, and judged by the exercise's own computation."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError, DataError, short
from chainrule.lessons.told import Exercise, typed

FRACTIONS = {"½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3"}


def value_of(text: str) -> Any:
    """Return what was typed: a number, numbers, a fraction, or a word.

    >>> value_of("-3"), value_of("1/3"), value_of("0.5, 2"), value_of("ReLU")
    (-3.0, 0.3333333333333333, [0.5, 2.0], 'ReLU')
    >>> value_of("−½")  # as lessons print it
    -0.5
    """
    text = text.strip().replace("−", "-")
    parts = [part for part in text.strip("[]()").replace(";", ",").split(",") if part.strip()]
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        return text
    if not numbers:
        return text
    return numbers[0] if len(numbers) == 1 and text[0] not in "[(" else numbers


def _number(text: str) -> float:
    text = text.strip()
    if text.lstrip("+-") in FRACTIONS:
        text = text.replace(text[-1], FRACTIONS[text[-1]])
    above, slash, below = text.partition("/")
    try:
        return float(above) / float(below) if slash else float(above)
    except ZeroDivisionError:
        raise ValueError(text) from None


def own_numbers(asked: Exercise, given: Sequence[str]) -> dict[str, Any]:
    """Return numbers of the learner's own, "x=2,4", as the exercise takes them.

    Raises:
        DataError: If the exercise has none of the name, or what is given is none.
    """
    found = {}
    for each in given:
        name, equals, text = each.partition("=")
        name = name.strip()
        if not equals or name not in asked.given:
            names = ", ".join(f"{key}={typed(value)}" for key, value in asked.given.items())
            raise DataError(
                f"Numbers of your own are given by name; found {short(each)}. This exercise has: {names or 'none'}."
            )
        value = value_of(text)
        if np.shape(value) != np.shape(asked.given[name]) or isinstance(value, str) != isinstance(
            asked.given[name], str
        ):
            raise DataError(f"{name} must be like {name}={typed(asked.given[name])}; found {short(text)}.")
        if not isinstance(value, str) and not np.all(np.isfinite(value)):
            raise DataError(f"{name} must be finite; found {short(text)}.")
        found[name] = value
    return found


def judged(asked: Exercise, given: Any, own: dict[str, Any]) -> tuple[bool, str]:
    """Say whether an answer is right, and what helps where it is not.

    Args:
        asked: The exercise.
        given: The answer.
        own: Numbers of the learner's own, by name.
    """
    if np.shape(given) == (1,) and np.ndim(asked.answer) == 0:
        given = given[0]  # a number in brackets
    try:
        right = asked.check(given, **own)
    except (ChainruleError, ValueError, TypeError, IndexError, KeyError, ArithmeticError):
        right = False
    if not isinstance(right, str) and bool(np.all(right)):
        return True, "Right."
    if not own:
        for mistake, says in asked.mistakes:
            if _same(mistake, given):
                return False, f"Not yet. {says}"
    return False, f"Not yet. {right if isinstance(right, str) else asked.hint}"


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return str(one).strip().lower() == str(other).strip().lower()
    return np.shape(one) == np.shape(other) and bool(np.allclose(one, other, rtol=1e-3, atol=1e-6))
