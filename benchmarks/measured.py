"""One row of the table, measured: warm in turn with the peers, and each in processes of its own."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks import fresh, peers
from benchmarks.peers import LOOPING, OURS, CannotExpress
from benchmarks.work import Job, Work, job, operations, traffic

TOLERANCE = 0.25  # by how much, relatively, a final cost may differ where only the order of the batches does


@dataclass(frozen=True)
class Measured:
    """What one row took, by peer.

    Attributes:
        work: The row.
        source: Where its table is from.
        operations: The floating-point operations of its matrix products.
        traffic: The bytes it must move at least.
        seconds: The best time when warm.
        costs: The cost it ended with (the mean largest probability, of predictions).
        fresh: Seconds from a fresh process with empty caches on disk to its end.
        again: The same of the next process, where the first left something in those caches.
        grown: The bytes by which the first process grew while it trained.
        remarks: Why it has no time.
    """

    work: Work
    source: str
    operations: float
    traffic: float
    seconds: dict[str, float] = field(default_factory=dict)
    costs: dict[str, float] = field(default_factory=dict)
    fresh: dict[str, float] = field(default_factory=dict)
    again: dict[str, float] = field(default_factory=dict)
    grown: dict[str, float] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)

    def strangers(self) -> list[str]:
        """Return the peers that ended somewhere else than we, and so did not do the same work."""
        if OURS not in self.costs:
            return []
        ours = self.costs[OURS]
        return [p for p, c in self.costs.items() if not abs(c - ours) <= TOLERANCE * max(abs(c), abs(ours))]


def measure(
    row: Work, names: list[str], repeats: int, afresh: int, engine: str, folder: str | None
) -> Measured:
    """Time one row: every peer once to get warm, then all in turn, then each in processes of its own.

    Args:
        row: The work.
        names: Of the peers.
        repeats: Of how many warm runs the best counts.
        afresh: Of how many fresh processes the best counts.
        engine: On which engine chainrule runs.
        folder: Where the larger tables lie.
    """
    whole = job(row, engine, folder)
    fewer = whole if row.times == 1 else job(row.fewer, engine, folder)
    found = Measured(row, whole.source, operations(whole), traffic(whole))
    tasks: dict[str, Callable[[], Any]] = {}
    for name in names:
        try:
            tasks[name], result = warm(name, whole, fewer)
            found.costs[name] = outcome(result)
        except CannotExpress as reason:
            found.remarks[name] = str(reason)
    for _ in range(repeats):
        for name, task in tasks.items():
            began = time.perf_counter()
            task()
            spent = time.perf_counter() - began
            keep(found.seconds, name, spent if name in LOOPING else spent * row.times)
    for _ in range(0 if row.rows else afresh):
        for name in tasks:
            process = fresh.measure(name, fewer)
            keep(found.fresh, name, process.seconds)
            keep(found.grown, name, process.grown)
            if process.again is not None:
                keep(found.again, name, process.again)
    return found


def warm(name: str, whole: Job, fewer: Job) -> tuple[Callable[[], Any], Any]:
    """Return the task to be timed, which has run once, and the result that all should agree on."""
    peer = peers.load(name)
    if whole.work.rows:
        task = peer.predictor(whole)
        return task, task()
    task = peer.trainer(fewer)
    result = task()
    if whole.work.times > 1 and name in LOOPING:
        task = peer.trainer(whole)
        task()
    return task, result


def keep(best: dict[str, float], name: str, value: float) -> None:
    """Note a value if it is the smallest."""
    best[name] = min(value, best.get(name, value))


def outcome(result: Any) -> float:
    """Return what peers are compared by: the final cost, or the mean of the largest probabilities."""
    return float(np.mean(np.max(result, axis=1))) if np.ndim(result) else float(result)
