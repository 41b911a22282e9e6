"""Columns that count or name the rows."""

from collections.abc import Iterator

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import Change, without_columns
from chainrule.explaining.doctor.probes import probe, ranked
from chainrule.explaining.doctor.rules.looking import Column, columns, on_validation, seen, several
from chainrule.explaining.doctor.suspicions import Suspicion

FEW = 20  # rows: with fewer any column looks so
LUCK = (
    8.0  # numbers all different though as many again would be alike by chance: e to the power of minus this
)
SAYS = 0.05  # the share of the targets' variance that a column tells which is no mere name


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect columns whose numbers are all different and lie as if they were counted, and names in one-hot columns."""
    if case.rows < FEW:
        return
    every = [c for c in columns(case) if c.values.ndim == 1]
    if len(every) > 1:
        for column in every:
            yield from _counting(case, column)
    yield from _names(case, every)
    yield from _tokens(case)


def _counting(case: Case, column: Column) -> Iterator[Suspicion]:
    kind = counts_rows(column.values)
    if not kind:
        return
    in_order = bool(np.all(np.diff(column.values) > 0) or np.all(np.diff(column.values) < 0))
    says = alone(case, column)
    if kind == "numbers" and says > max(SAYS, 20 / case.rows):
        return  # whole numbers, all different, that tell something: a measured column
    tells = kind == "counted" and says > 0.1 and not _misleads(case, column)  # the time of a series, say
    low, high = column.values.min(), column.values.max()
    told = (
        f"{column.name} has a number of its own for each of {case.rows:,} rows, from {low:.6g} to {high:.6g}"
    )
    order = ", in the order of the rows" if in_order else ""
    yield Suspicion(
        "id_column",
        0.95 if kind == "counted" else 0.9,
        f"A column only counts or names the rows: {told}{order}. New rows have numbers that were never seen.",
        told + order,
        _without(case, [column]),
        certain=kind == "counted" and not tells,
        severity="warning",
    )


def counts_rows(values: np.ndarray) -> str:
    """Return "counted" for numbers that count rows, "numbers" for whole numbers that could be names, else ""."""
    ordered = np.sort(values.astype(np.float64))
    steps = np.diff(ordered)
    if not len(steps) or steps.min() <= 0:
        return ""
    step = steps.min()
    places = (ordered - ordered[0]) / step
    if np.abs(places - np.round(places)).max() < 1e-3:
        n, cells = len(values), places[-1] + 1
        if n * n / (2 * cells) > LUCK:
            return "counted"
    whole = bool(np.all(ordered == np.round(ordered)))
    return "numbers" if whole and ordered[-1] - ordered[0] > 4 * len(values) else ""


def alone(case: Case, column: Column) -> float:
    """Return the share of the targets' variance that a column tells by itself."""
    look = seen(case)
    z = ranked(column.values[look.rows][:, None])
    return probe(z, look.wanted, look.groups, curves=False).skill if z.shape[1] else 0.0


def _misleads(case: Case, column: Column) -> bool:
    """Say whether a column that counts, and tells the targets, does so only because rows were sorted."""
    if case.validation is not None:
        held = case.validation[0][column.input][:, column.number]
        if held.min() > column.values.max() or held.max() < column.values.min():
            there = on_validation(case)
            return there is not None and there < case.held - 0.2
    return case.task != "numbers" and _are_sorted(case)


def _are_sorted(case: Case) -> bool:
    y = np.asarray(case.targets).reshape(case.rows, -1)
    changes = np.mean(np.any(y[1:] != y[:-1], axis=1))
    return bool(changes < 0.1)


def _names(case: Case, every: list[Column]) -> Iterator[Suspicion]:
    marks = [c for c in every if 0 < np.count_nonzero(c.values) <= 2 and len(np.unique(c.values)) == 2]
    unseen = [c for c in every if not c.values.any()]
    if len(marks) < max(FEW, 0.5 * case.rows):
        return
    told = f"{len(marks)} columns are each 0 but for one row or two, as names of rows are in one-hot columns"
    yield Suspicion(
        "id_column", 0.95, f"Columns only name the rows: {told}. The network learns each row by heart.", told,
        _without(case, marks + unseen), certain=True, severity="warning",
    )  # fmt: skip


def _tokens(case: Case) -> Iterator[Suspicion]:
    for name, table in case.inputs.items():
        flat = table.reshape(len(table), -1)
        if table.dtype.kind not in "iu" or flat.shape[1] != 1:
            continue
        if len(np.unique(flat)) == len(flat) > FEW:
            told = f"the input {name!r} has a whole number of its own for each of {case.rows:,} rows"
            yield Suspicion(
                "id_column",
                0.9,
                f"An input only names the rows: {told}.",
                told,
                certain=True,
                severity="warning",
            )


def _without(case: Case, dropped: list[Column]) -> Change:
    called = case.columns.get(dropped[0].input, ())
    numbers = [c.number for c in dropped]
    names = [str(called[j]) for j in numbers] if called else []
    made = without_columns(numbers, names)
    if len(numbers) <= 8:
        return made
    what = several([f"{j}" for j in numbers])
    return Change(f"X without columns {what}", f"Without columns {what}", made.make)
