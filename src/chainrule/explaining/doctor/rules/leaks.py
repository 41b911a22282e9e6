"""Columns that give the target away."""

from collections.abc import Iterator

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import Change, with_inputs
from chainrule.explaining.doctor.probes import features, probe, ranked, wanted_of
from chainrule.explaining.doctor.rules.looking import Column, columns, only, seen
from chainrule.explaining.doctor.rules.numbered import counts_rows
from chainrule.explaining.doctor.rules.shifts import moved
from chainrule.explaining.doctor.suspicions import Suspicion

MOST = 400  # columns that are looked at
ALL, MUCH = 0.96, 0.8  # shares of the targets' variance that a column tells by itself
OTHERS = (
    0.05  # that the others tell at least, where a column is too good: or it is simply the one that matters
)
LEFT = 0.2  # what a column leaves untold, as a share of what the others do


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect a column that tells the targets by itself, where the others tell something, and clearly less."""
    every = [c for c in columns(case) if np.ptp(c.values)][:MOST]
    look = seen(case)
    if len(every) < 2 or not look.wanted.size or case.rows < 20:
        return
    rough = [max(told_roughly(part[look.rows], look.wanted) for part in parts(c)) for c in every]
    column = every[int(np.argmax(rough))]
    if max(rough) < 0.6:
        return
    if column.values.ndim == 1 and counts_rows(column.values) == "counted":
        return  # rows that follow each other are alike
    z = features({"column": column.values[look.rows].reshape(len(look.rows), -1)})
    own = probe(z, look.wanted, look.groups, curves=False).skill
    rest = features(_others(case, every, column, look.rows))
    if not rest.shape[1]:
        return
    others = probe(rest, look.wanted, look.groups)
    kept = _kept(case, column)
    lost = kept is not None and own > MUCH and own > others.skill + 0.05 and kept < 0.4 * own
    if not lost:
        if own < MUCH or others.skill < OTHERS:
            return
        if own >= ALL and 1 - own > LEFT * (1 - others.skill):
            return
        if own < ALL and not _follows(z[:, :1], rest, others.skill):
            return
    both = f"{own:.0%} of the targets' variance, all others together {max(others.skill, 0):.0%}"
    told = f"{column.name} alone tells {both}"
    end = (
        f" On the rows to validate on it tells {max(kept, 0):.0%}."
        if lost and kept is not None
        else " Will it be known when the network is used, or was it written down with the target?"
    )
    yield Suspicion(
        "target_leakage",
        0.94 if lost or own >= ALL else 0.7,
        f"A column gives the target away: {told}, of {len(look.rows):,} rows.{end}",
        told,
        left_out(case, column),
        certain=True,
        severity="critical" if lost or own >= ALL else "warning",
    )


def told_roughly(values: np.ndarray, wanted: np.ndarray, bins: int = 24) -> float:
    """Return the share of the targets' variance between bins of a column."""
    z = ranked(values[:, None])
    if not z.shape[1]:
        return 0.0
    edges = np.unique(np.quantile(z[:, 0], np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, z[:, 0], side="right")
    counts = np.maximum(np.bincount(place, minlength=len(edges) + 1), 1)
    between = sum(
        float(np.sum(np.bincount(place, weights=t, minlength=len(counts)) ** 2 / counts)) for t in wanted.T
    )
    return between / max(float(np.sum(wanted**2)), 1e-300)


def parts(column: Column) -> Iterator[np.ndarray]:
    """Go through the places of a column: one of a table's, of a sequence its first, its middle and its last step."""
    flat = column.values.reshape(len(column.values), -1)
    for j in sorted({0, flat.shape[1] // 2, flat.shape[1] - 1}):
        yield flat[:, j]


def _others(case: Case, every: list[Column], column: Column, rows: np.ndarray) -> dict[str, np.ndarray]:
    return {
        f"{c.input} {c.number}": c.values[rows].reshape(len(rows), -1) for c in every if c is not column
    } | {name: t[rows] for name, t in case.inputs.items() if t.dtype.kind in "iu"}


def _follows(z: np.ndarray, rest: np.ndarray, others: float) -> bool:
    """Say whether a column comes after the targets: the others then tell of it no more than of these."""
    return 0.3 * others < probe(rest, z).skill < others


def _kept(case: Case, column: Column) -> float | None:
    """Return the share of variance that a column tells of the rows to validate on, as learned from the others."""
    if case.validation is None or column.values.ndim != 1 or len(case.validation[1]) < 10:
        return None
    if any(name != column.name for name, _ in moved(case, case.validation[0])):
        return None  # rows of another kind: that is another matter
    other = case.validation[0][column.input][:, column.number]
    if np.mean((other < column.values.min()) | (other > column.values.max())) > 0.2:
        return None
    y = np.concatenate([np.asarray(case.targets), np.asarray(case.validation[1])])
    wanted = wanted_of(y, case.task)
    known, asked = wanted[: case.rows], wanted[case.rows :]
    if np.sum(np.var(asked, axis=0)) < 0.2 * np.sum(np.var(known, axis=0)):
        return None
    order = np.argsort(column.values, kind="stable")
    values, known = column.values[order], known[order]
    near = max(5, len(values) // 30)
    ends = np.concatenate([[np.zeros(known.shape[1])], np.cumsum(known, axis=0)])
    low, high = np.searchsorted(values, other, "left"), np.searchsorted(values, other, "right")
    alike = high - low >= near
    first = np.where(alike, low, np.clip((low + high) // 2 - near // 2, 0, len(values) - near))
    last = np.where(alike, high, first + near)
    said = (ends[last] - ends[first]) / (last - first)[:, None]
    return float(1 - np.sum((asked - said) ** 2) / max(np.sum((asked - asked.mean(axis=0)) ** 2), 1e-300))


def left_out(case: Case, column: Column) -> Change:
    """Leave a column out; in a trial it is 0 in every row."""

    def make(case: Case) -> Case:
        def without(tables: "dict[str, np.ndarray]") -> dict[str, np.ndarray]:
            found = dict(tables)
            found[column.input] = np.array(found[column.input])
            found[column.input][..., column.number] = 0
            return found

        return with_inputs(case, without)

    called = case.columns.get(column.input, ())
    what = only(case, column.input)
    write = (
        f"{what} = {what}.drop(columns=[{called[column.number]!r}])"
        if called and column.values.ndim == 1
        else f"{what} = np.delete({what}, {column.number}, axis=-1)"
    )
    return Change(write, f"Without {column.name}", make)
