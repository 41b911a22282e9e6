"""Numbers that stand for missing cells: -999, 0 or a million in a column of other numbers."""

from collections.abc import Iterator

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import Change, with_inputs
from chainrule.explaining.doctor.rules.looking import Column, columns, several
from chainrule.explaining.doctor.suspicions import Suspicion

LEAST, MOST = 0.005, 0.9  # the share of a column's cells that are filled
FAR = 3.0  # deviations of the others that a filler stands from them
GAP = 0.2  # of their range lies between: to numbers that count or shine from 1 on it is less


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect numbers that occur again and again, far from all others of their column."""
    fillers = [
        (column, filler) for column in columns(case) if (filler := filler_of(column.values)) is not None
    ]
    if not fillers:
        return
    column, filler = max(fillers, key=lambda pair: _share(pair[0].values, pair[1]))
    others = column.values[column.values != filler]
    told = (
        f"{_share(column.values, filler):.0%} of {column.name} is {shown(filler)}, the others "
        f"lie from {shown(others.min())} to {shown(others.max())}"
    )
    more = [c.name for c, _ in fillers if c is not column]
    too = f" So it is with {several(more)}." if more else ""
    yield Suspicion(
        "bad_imputation",
        0.95,
        f"Missing cells were filled with {shown(filler)}, it seems, which is read as a measured number: {told}.{too}",
        told,
        repaired(case, fillers),
    )


def shown(number: float) -> str:
    """Return a number as people write it."""
    return f"{number:,.0f}".replace(",", " ") if number == round(number) else f"{number:.3g}"


def _share(values: np.ndarray, number: float) -> float:
    return float(np.mean(values == number))


def filler_of(values: np.ndarray) -> float | None:
    """Return the number that stands for missing ones in a column, or None."""
    flat = values.reshape(-1)
    candidates = []
    for end in (flat.min(), flat.max()):
        at = flat == end
        count = int(at.sum())
        if count < max(3, LEAST * flat.size) or count > MOST * flat.size:
            continue
        rest = flat[~at]
        if rest.size < 5 or len(np.unique(rest[:200])) < 5:
            continue
        low, high = np.quantile(rest, [0.02, 0.98])
        middle, half = np.median(rest), max(float(high - low) / 4, 1e-300)
        gap = float(np.min(np.abs(rest - end)))
        far = FAR - (1.0 if end == 0 else 0.0)
        if abs(end - middle) / half > far and gap > GAP * float(high - low):
            candidates.append((abs(end - middle) / half, float(end)))
    return max(candidates)[1] if candidates else None


def repaired(case: Case, fillers: list[tuple[Column, float]]) -> Change:
    """Fill with the median of the others, then scale: each by those that were measured."""

    def make(case: Case) -> Case:
        own = dict(case.inputs)

        def moved(tables: "dict[str, np.ndarray]") -> dict[str, np.ndarray]:
            found = {name: np.array(table) for name, table in tables.items()}
            for column, filler in fillers:
                known = own[column.input][..., column.number]
                known = known[known != filler]
                cells = found[column.input][..., column.number]
                cells[cells == filler] = np.median(known)
                cells -= known.mean()
                cells /= known.std() + 1e-9
            return found

        return with_inputs(case, moved)

    filler = fillers[0][1]
    numbers = sorted({column.number for column, _ in fillers})
    where = f"X[..., {numbers[0] if len(numbers) == 1 else numbers}]"
    same = len({f for _, f in fillers}) == 1
    write = (
        f"c = {where}; c[c == {filler:g}] = np.nan; c = np.where(np.isnan(c), np.nanmedian(c, 0), c); "
        f"{where} = (c - c.mean(0)) / c.std(0)"
        if same
        else f"in columns {numbers}: the median of the measured cells in place of the filler, then standardised"
    )
    return Change(write, "With the median in their place, and then scaled", make)
