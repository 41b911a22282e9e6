"""One row of the table, measured: every setting of every peer in turn, and each peer in fresh processes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks import fresh
from benchmarks.peers import OURS, CannotExpress, Peer, Setting
from benchmarks.work import Work, job, operations, roots, traffic
from benchmarks.worker import Turn, Worker, in_turns, spread, typical, written

# By how much, relatively, a final cost may differ: where all see the same batches, and where only their order differs.
SAME, SHUFFLED = 0.01, 0.25
BEHIND = 1.5  # times its peer's best: a setting that is so far behind after a turn takes no further ones


@dataclass(frozen=True)
class Figure:
    """What a setting took.

    Attributes:
        seconds: The median of its turns.
        spread: How far apart the shortest and the longest were, over the median.
        turns: How many there were.
        cores: How many cores were busy.
        cost: The cost it ended with (the mean largest probability, of predictions).
    """

    seconds: float
    spread: float
    turns: int
    cores: float
    cost: float


@dataclass(frozen=True)
class Measured:
    """What one row took.

    Attributes:
        work: The row.
        source: Where its table is from.
        operations: The floating-point operations of its matrix products.
        roots: The square roots of its optimizer, each with a division.
        traffic: The bytes it must move at least.
        tried: By peer and the words of its setting.
        first: By peer: seconds of the first training in a fresh process, compiling included.
        fresh: By peer: seconds from a fresh process with empty caches on disk to its end.
        again: The same of the next process, where the first left something in those caches.
        grown: The bytes by which the first process grew while it trained.
        remarks: By peer, why it has no time.
    """

    work: Work
    source: str
    operations: float
    roots: float
    traffic: float
    tried: dict[str, dict[str, Figure]] = field(default_factory=dict)
    first: dict[str, float] = field(default_factory=dict)
    fresh: dict[str, float] = field(default_factory=dict)
    again: dict[str, float] = field(default_factory=dict)
    grown: dict[str, float] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)

    @property
    def ours(self) -> Figure | None:
        """Return our own figure."""
        return self.tried.get(OURS, {}).get("")

    def strays(self, figure: Figure) -> bool:
        """Return whether one ended somewhere else than we, and so did not do the same work."""
        if self.ours is None:
            return False
        tolerance = SAME if self.work.batch_size is None else SHUFFLED
        return not abs(figure.cost - self.ours.cost) <= tolerance * max(abs(figure.cost), abs(self.ours.cost))

    def best(self, peer: str) -> tuple[str, Figure] | None:
        """Return the best setting of a peer, and its figure; one that strays only where all of them do."""
        tried = self.tried.get(peer, {})
        return min(tried.items(), key=lambda item: (self.strays(item[1]), item[1].seconds), default=None)

    def ratio(self, peer: str) -> float | None:
        """Return how many times our time the best of a peer took; None if none did the same work."""
        found = self.best(peer)
        if found is None or self.ours is None or self.strays(found[1]):
            return None
        return found[1].seconds / self.ours.seconds


class Crew:
    """The processes of all settings, hired when they are first needed.

    Args:
        peers: Who takes part.
        missing: Filled with the peers that are not installed, and why.
    """

    def __init__(self, peers: Mapping[str, Peer], missing: dict[str, str]) -> None:
        self.peers, self.missing = dict(peers), missing
        self._workers: dict[str, Worker] = {}

    def turn(self, setting: Setting, path: Path) -> Turn:
        """Let a setting take a turn."""
        if setting.name not in self._workers:
            self._workers[setting.name] = Worker(setting)
        return self._workers[setting.name].turn(path)

    def leave_out(self, peer: str, error: ModuleNotFoundError) -> None:
        """Do without a peer from now on."""
        self.missing[peer] = f"{error.name} is not installed: pip install chainrule[bench]"
        del self.peers[peer]

    def close(self) -> None:
        """End all processes."""
        for worker in self._workers.values():
            worker.close()


def measure(row: Work, crew: Crew, rounds: int, afresh: int, engine: str, folder: str | None) -> Measured:
    """Time one row: every setting once to get warm, then all in turn, then each peer in fresh processes.

    Args:
        row: The work.
        crew: The peers.
        rounds: Of how many turns the median counts.
        afresh: Of how many fresh processes the best counts.
        engine: On which engine chainrule runs.
        folder: Where the larger tables lie.
    """
    whole = job(row, engine, folder)
    fewer = whole if row.times == 1 else job(row.fewer, engine, folder)
    found = Measured(row, whole.source, operations(whole), roots(whole), traffic(whole))
    with written(fewer, whole) as (short, long):
        ready: dict[tuple[str, str], tuple[Callable[[], Turn], float]] = {}
        for name, peer in list(crew.peers.items()):
            reasons = []
            path = long if peer.loops and row.times > 1 else short
            for setting in peer.settings:
                turn = partial(crew.turn, setting)
                try:
                    cost = turn(short).cost
                    if path != short:
                        turn(path)
                except CannotExpress as reason:
                    reasons.append(str(reason))
                except ModuleNotFoundError as error:
                    if setting is peer.settings[0]:
                        crew.leave_out(name, error)
                        break
                    reasons.append(f"{setting.words}: {error}")
                else:
                    ready[name, setting.words] = partial(turn, path), cost
            if len(reasons) == len(peer.settings):
                found.remarks[name] = reasons[0]
        turns = raced({key: turn for key, (turn, _) in ready.items()}, rounds)
        for (name, words), (_, cost) in ready.items():
            times = row.times if not crew.peers[name].loops else 1
            found.tried.setdefault(name, {})[words] = figure(turns[name, words], times, cost)
    for _ in range(afresh if row.fresh else 0):
        for name, tried in found.tried.items():
            usual, *others = (s for s in crew.peers[name].settings if s.words in tried)
            for setting in (usual, *(s for s in others if s.fresh)):
                process = fresh.measure(setting, fewer)
                keep(found.first, name, process.first)
                keep(found.fresh, name, process.seconds)
                keep(found.grown, name, process.grown)
                if process.again is not None:
                    keep(found.again, name, process.again)
    return found


def raced(
    ready: Mapping[tuple[str, str], Callable[[], Turn]], rounds: int
) -> dict[tuple[str, str], list[Turn]]:
    """Let all take turns, by peer and setting; who is far behind another setting of the same peer takes one only."""
    first = dict(zip(ready, in_turns(list(ready.values()), 1), strict=True))
    best = {name: min(typical(t) for (n, _), t in first.items() if n == name) for name, _ in ready}
    racing = [key for key in ready if typical(first[key]) <= BEHIND * best[key[0]]]
    later = dict(zip(racing, in_turns([ready[key] for key in racing], rounds - 1), strict=True))
    return {key: turns + later.get(key, []) for key, turns in first.items()}


def figure(turns: list[Turn], times: int, cost: float) -> Figure:
    """Return what turns say, of which each did so many times less than the row asks for."""
    cores = sum(t.cpu for t in turns) / sum(t.seconds for t in turns)
    return Figure(typical(turns) * times, spread(turns), len(turns), cores, cost)


def keep(best: dict[str, float], name: str, value: float) -> None:
    """Note a value if it is the smallest."""
    best[name] = min(value, best.get(name, value))
