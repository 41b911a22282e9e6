"""Numbers of a table that stand for missing cells, as -999 does, told in the table's own units."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from chainrule.data.cells import numbers_of
from chainrule.data.columns import Columns
from chainrule.data.numbers import NumberColumn, without_unit
from chainrule.explaining.doctor.rules.fillers import filler_of, shown
from chainrule.shown import in_a_row


@dataclass(frozen=True)
class Filled:
    """Columns of which some cells hold a number that stands for none.

    Attributes:
        columns: By name the number, the share of cells that hold it, and the least and the largest of the others.
    """

    columns: dict[str, tuple[float, float, float, float]]

    def told(self, proven: str) -> tuple[str, str, str]:
        """Return the sentence, the evidence and the choice; ``proven`` has the numbers of the trial at its end."""
        name, (filler, share, low, high) = max(self.columns.items(), key=lambda each: each[1][1])
        seen = (
            f"{share:.0%} of {name!r} is {shown(filler)}, the others lie from {shown(low)} to {shown(high)}"
        )
        others = [repr(other) for other in self.columns if other != name]
        also = f" So it is with {in_a_row(others, 80)}." if others else ""
        trial = proven[at:] if (at := proven.find(" With ")) >= 0 else ""
        words = {other: [f"{number:g}"] for other, (number, *_) in self.columns.items()}
        return (
            f"Cells without a value were filled with {shown(filler)}, it seems, which is read as a measured number: "
            f"{seen}.{also}{trial}",
            seen,
            f"missing={words!r}",
        )


def filled(columns: Columns, frame: pd.DataFrame) -> Filled | None:
    """Return the columns of numbers that some number stands out of again and again; None where there are none."""
    found = {}
    for column in columns.columns:
        if not isinstance(column, NumberColumn):
            continue
        values = numbers_of(without_unit(frame[column.name], column.unit))[0]
        values = values[~np.isnan(values)]
        if len(values) < 20 or (filler := filler_of(values)) is None:
            continue
        others = values[values != filler]
        found[column.name] = (
            filler,
            float((values == filler).mean()),
            float(others.min()),
            float(others.max()),
        )
    return Filled(found) if found else None
