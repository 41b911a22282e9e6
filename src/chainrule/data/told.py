"""What the owner of a table says of its columns, where what is found out of them is wrong."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Literal

import pandas as pd

from chainrule.data.words import check_columns, listed
from chainrule.errors import DataError, UnknownNameError

As = Literal["numbers", "categories", "dates"]


@dataclass(frozen=True)
class Told:
    """Corrections of what is found out of columns, each the names of some.

    ``drop`` and ``ignore`` leave columns out: the first since they are of no use, the second since they are other
    targets. ``numbers``, ``categories`` and ``dates`` say what columns hold, and ``keep`` that they stay although they
    would be left out.
    """

    drop: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()

    def held_as(self, name: str) -> As | None:
        """Return what a column is said to hold."""
        kinds: tuple[As, ...] = ("numbers", "categories", "dates")
        return next((kind for kind in kinds if name in getattr(self, kind)), None)

    def stays(self, name: str) -> bool:
        """Tell whether a column is said to stay."""
        return name in self.keep or self.held_as(name) is not None


NOTHING_TOLD = Told()


def check_told(told: Told, frame: pd.DataFrame, target: Iterable[str]) -> None:
    """Refuse corrections of columns that are not there, that contradict each other, or of the target.

    >>> check_told(Told(drop=("size",), keep=("size",)), pd.DataFrame({"size": [1]}), ())
    Traceback (most recent call last):
    chainrule.errors.DataError: drop=['size'] and keep=['size'] contradict each other: a column is left out or not.
    Give one of them.
    """
    given = {each.name: getattr(told, each.name) for each in fields(told) if getattr(told, each.name)}
    for argument, names in given.items():
        try:
            check_columns(frame, names)
        except UnknownNameError as error:
            raise UnknownNameError(f"{error}\nIt is named by {argument}={list(names)}.") from None
        if predicted := [name for name in names if name in target]:
            raise DataError(
                f"{argument}={predicted} names what is to be predicted, which is no input.\n"
                f"Leave {listed(map(repr, predicted))} out there, or choose another target."
            )
    arguments = list(given)
    for i, first in enumerate(arguments):
        for second in arguments[i + 1 :]:
            both = [name for name in given[first] if name in given[second]]
            if both and (why := _contradiction(first, second)):
                raise DataError(
                    f"{first}={both[:1]} and {second}={both[:1]} contradict each other: {why}.\nGive one of them."
                )


def _contradiction(first: str, second: str) -> str:
    out = {"drop", "ignore"}
    if {first, second} == out or ("keep" in (first, second) and not {first, second} & out):
        return ""
    return "a column is left out or not" if {first, second} & out else "a column holds one kind of cells"
