"""What several rules about data look at: columns by name, and what rows say of targets whoever learns them."""

import contextlib
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.probes import Probe, chosen, features, probe, wanted_of
from chainrule.explaining.doctor.scoring import score
from chainrule.explaining.doctor.splitting import groups_of


@dataclass(frozen=True, eq=False)
class Column:
    """A column of an input: of a table one, of sequences and pictures a channel.

    Attributes:
        input: The name of the input.
        number: Where it stands, from 0.
        name: What a sentence calls it.
        values: All its numbers, ``(rows, ...)``.
    """

    input: str
    number: int
    name: str
    values: np.ndarray


def columns(case: Case) -> Iterator[Column]:
    """Go through the columns of numbers of all inputs."""
    for name, table in case.inputs.items():
        if table.ndim < 2 or table.dtype.kind != "f":
            continue
        called = case.columns.get(name, ())
        kind = "column" if table.ndim == 2 else "channel"
        of = f" of {name!r}" if len(case.inputs) > 1 else ""
        for j in range(table.shape[-1]):
            what = repr(str(called[j])) if len(called) == table.shape[-1] else f"{j}"
            yield Column(name, j, f"{kind} {what}{of}", table[..., j])


def several(names: list[str], most: int = 3) -> str:
    """Return names for a sentence: "column 3, column 4 and 5 more"."""
    if len(names) == 1:
        return names[0]
    if len(names) <= most:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def only(case: Case, name: str) -> str:
    """Return what a user's line calls an input."""
    return "X" if len(case.inputs) == 1 else f"X[{name!r}]"


@dataclass(frozen=True, eq=False)
class Seen:
    """What rows say of targets: of so many rows their features, targets as columns, and what plain learners tell.

    Attributes:
        rows: Which rows were looked at.
        z: Their features.
        wanted: Their targets.
        groups: A number for each, the same for copies.
        probe: How well these targets are told by those features; ``probe.rows`` are ``rows``.
    """

    rows: np.ndarray
    z: np.ndarray
    wanted: np.ndarray
    groups: np.ndarray
    probe: Probe


_seen: "weakref.WeakKeyDictionary[Case, Seen]" = weakref.WeakKeyDictionary()


def seen(case: Case) -> Seen:
    """Return what the rows of a case say of its targets, computed once."""
    found = _seen.get(case)
    if found is None:
        rows = chosen(case.rows)
        some = {name: table[rows] for name, table in case.inputs.items()}
        z, wanted = features(some), wanted_of(case.targets[rows], case.task)
        groups = groups_of(list(some.values()))
        if int(groups.max(initial=0)) < len(groups) / 2:  # equal rows are what there is to draw, not copies
            groups = np.arange(len(groups))
        found = _seen[case] = Seen(rows, z, wanted, groups, replace(probe(z, wanted, groups), rows=rows))
    return found


def measured(case: Case) -> bool:
    """Say whether all inputs are tables of numbers, in which rows that are near each other are alike."""
    return all(table.ndim == 2 and table.dtype.kind == "f" for table in case.inputs.values())


_validated: "weakref.WeakKeyDictionary[Case, float]" = weakref.WeakKeyDictionary()


def on_validation(case: Case) -> float | None:
    """Return the skill on ``validation_data`` of the networks that were trained again; None without such data."""
    if case.validation is None:
        return None
    found = _validated.get(case)
    if found is None:
        inputs, targets = case.validation
        skills = []
        for outcome in case.outcomes:
            with contextlib.suppress(ChainruleError), np.errstate(all="ignore"):
                said = np.asarray(outcome.network.predict(case.given(tables=inputs)), np.float64)
                skills.append(score(case.task, targets, said).skill)
        found = _validated[case] = float(np.mean(skills)) if skills else np.nan
    return None if np.isnan(found) else found
