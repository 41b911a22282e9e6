"""A fault is planted by one plain change of a run that is well: its twin, by which the harm is measured."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import chainrule as cr
from benchmarks.faults.planted import Planted, Run, trained
from benchmarks.faults.steps.rows import Rows

TWINS: dict[str, "Pair"] = {}  # by the name of a run: what it is made of, and its twin


@dataclass(frozen=True)
class Script:
    """What a user wrote.

    Attributes:
        rows: What the seed's rows are.
        layers: The layers, new ones at each call.
        job: The arguments of ``fit``.
        shows: What of the rows held back is in the job: "validation_data", "validation_split" (of the rows to learn
            from), or nothing.
        told: Whether what ``fit`` returned is kept.
        network: Other arguments of the network.
    """

    rows: Callable[[int], Rows]
    layers: Callable[[], list[Any]]
    job: dict[str, Any]
    shows: str = "validation_data"
    told: bool = True
    network: dict[str, Any] = field(default_factory=dict)

    def run(self, seed: int) -> Run:
        """Train."""
        X, y, held = self.rows(seed)
        job = dict(self.job)
        if self.shows == "validation_data":
            job["validation_data"] = held
        elif self.shows:
            job["validation_split"] = 0.2
        made = trained(self.layers(), X, y, job, seed, **self.network)
        return made if self.told else Run(made.network, X, y, None, job)


@dataclass(frozen=True)
class Pair:
    """A run and its twin, which has no fault; None where the run itself is well."""

    run: Script
    twin: Script | None


def planted(name: str, causes: str, run: Script, twin: Script | None = None) -> Planted:
    """Return a run of the bench, and remember its twin.

    Args:
        name: What it is called in tables.
        causes: What was planted, by blanks; nothing where the run is well.
        run: What the user wrote.
        twin: What would have been right.
    """
    TWINS[name] = Pair(run, twin)
    return Planted(name, tuple(causes.split()), run.run)


def changed(
    run: Script, job: dict[str, Any] | None = None, layers: Callable[[], list[Any]] | None = None
) -> Script:
    """Return the script with other arguments of ``fit``, or other layers."""
    return Script(
        run.rows,
        layers or run.layers,
        {**run.job, **(job or {})},
        run.shows,
        run.told,
        run.network,
    )


def dense(*sizes: int, activation: str = "relu", last: str | None = None) -> Callable[[], list[Any]]:
    """Return what makes dense layers; the last size is that of the output."""
    return lambda: [*(cr.Dense(n, activation) for n in sizes[:-1]), cr.Dense(sizes[-1], last)]
