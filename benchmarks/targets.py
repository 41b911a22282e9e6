"""What the native engine must reach, and whether it does."""

from dataclasses import dataclass

from benchmarks.measured import Measured
from benchmarks.peers import OURS, OURS_ON_NUMPY, TITLES

EVERY = "every peer"


@dataclass(frozen=True)
class Target:
    """At least so many times less than a peer, or at most so much.

    Attributes:
        figure: What is compared: "seconds" (when warm), "fresh" or "grown", attributes of
            :class:`~benchmarks.measured.Measured`.
        against: A peer; ``EVERY`` for the best of them; "" where ``number`` is an upper limit by itself.
        number: How many times the peer's figure must be ours; or the limit, in seconds (a call, of predictions).
    """

    figure: str
    against: str
    number: float


def faster(than: str, times: float, eager: float) -> tuple[Target, Target]:
    """Return the two targets that most rows have: against ``than``, and against PyTorch eager."""
    return Target("seconds", than, times), Target("seconds", "torch", eager)


TARGETS = {
    "xor": (*faster("jax", 15, eager=500), Target("fresh", "", 0.6)),
    "circles": faster("jax", 4, eager=100),
    "digits01": faster("jax", 1.5, eager=6),
    "digits": faster(EVERY, 3, eager=40),
    "iris": faster(EVERY, 10, eager=50),
    "housing": faster(EVERY, 3, eager=15),
    "pictures": faster(EVERY, 1.5, eager=1.9),
    "pictures-wide": (*faster("jax", 1.3, eager=2.3), Target("grown", EVERY, 1)),
    "deep": faster(EVERY, 2, eager=10),
    "predict-1": (Target("seconds", "", 50e-6),),
}


@dataclass(frozen=True)
class Verdict:
    """A target, in words, and what became of it.

    Attributes:
        wanted: The target.
        reached: The number reached.
        met: Whether that is enough.
    """

    wanted: str
    reached: str
    met: bool


def verdicts(row: Measured) -> list[Verdict]:
    """Return what became of a row's targets; of those whose peer has no figure, nothing."""
    return [v for t in TARGETS.get(row.work.name, ()) if (v := judged(t, row)) is not None]


def judged(target: Target, row: Measured) -> Verdict | None:
    """Compare one target with what was measured."""
    figures = getattr(row, target.figure)
    if OURS not in figures:
        return None
    what = {"seconds": "", "fresh": "fresh process: ", "grown": "growth of memory: "}[target.figure]
    if not target.against:
        reached = figures[OURS] / row.work.calls
        return Verdict(f"{what}≤ {short(target.number)}", short(reached), reached <= target.number)
    others = rivals(row, target.against, figures)
    if not others:
        return None
    fastest = min(others, key=others.__getitem__)
    reached = others[fastest] / figures[OURS]
    if target.figure == "grown":
        wanted, met = f"{what}below {target.against}", reached > target.number
    else:
        against = "the fastest peer" if target.against == EVERY else TITLES[target.against]
        wanted, met = f"{target.number:g}× {against}", reached >= target.number
    return Verdict(wanted, f"{reached:.2g}× {TITLES[fastest]}", met)


def rivals(row: Measured, against: str, figures: dict[str, float]) -> dict[str, float]:
    """Return the figures of the peers that a target is against, if they did the same work."""
    without = {OURS, OURS_ON_NUMPY, *row.strangers()}
    return {p: f for p, f in figures.items() if p not in without and against in (EVERY, p)}


def short(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    return f"{seconds * 1e6:.0f} µs" if seconds < 1e-3 else f"{seconds:.2g} s"
