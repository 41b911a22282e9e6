"""What chainrule must reach, row by row, and whether it does."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.measured import Measured
from benchmarks.peers import JAX, OURS, OURS_ON_NUMPY, PEERS, TORCH, C

EVERY = "every peer"
NO_RIVALS = (OURS, OURS_ON_NUMPY, C)  # C is an anchor, not a goal


@dataclass(frozen=True)
class Target:
    """At least so many times less than a peer at its best setting, or at most so much.

    Attributes:
        figure: What is compared: "seconds" (when warm), "first", "fresh" or "grown".
        against: A peer; ``EVERY`` for the best of them; "" where ``number`` is an upper limit by itself.
        number: How many times the peer's figure must be ours; or the limit, in seconds (a call, of predictions).
    """

    figure: str
    against: str
    number: float


def faster(jax: float, torch: float) -> tuple[Target, ...]:
    """Return the two targets that most rows have: so many times as fast as JAX, and as PyTorch."""
    return Target("seconds", JAX, jax), Target("seconds", TORCH, torch)


FIRST = Target("first", "", 2), Target("first", JAX, 1)  # compiling included
TARGETS = {
    "xor": (Target("seconds", JAX, 15), Target("fresh", "", 0.6)),
    "circles": faster(2.2, 30),
    "digits01": faster(1.7, 3.8),
    "digits": faster(2.0, 11.5),
    "iris": (Target("seconds", JAX, 10),),
    "housing": faster(1.55, 6.5),
    "pictures": faster(1.3, 1.9),
    "pictures-wide": (*faster(1.2, 1.5), Target("grown", EVERY, 1)),
    "deep": faster(2.1, 4),
    "cnn28": (*faster(5, 2.2), *FIRST),
    "cnn32": (*faster(3, 1.5), *FIRST),
    "cnn1d": (*faster(1.5, 1.3), *FIRST),
    "lstm": (*faster(2, 1.6), *FIRST),
    "gru": (*faster(1.7, 1.7), *FIRST),
    "char": (*faster(1.5, 1.1), *FIRST),
    "predict-1": (Target("seconds", "", 50e-6),),
    "predict-100000": faster(1.1, 2),
}


@dataclass(frozen=True)
class Verdict:
    """A target, in words, and what became of it.

    Attributes:
        target: The target.
        wanted: The target in words.
        reached: The number reached.
        met: Whether that is enough.
    """

    target: Target
    wanted: str
    reached: str
    met: bool


def verdicts(row: Measured) -> list[Verdict]:
    """Return what became of a row's targets; of those whose peer has no figure, nothing."""
    return [v for t in TARGETS.get(row.work.name, ()) if (v := judged(t, row)) is not None]


def judged(target: Target, row: Measured) -> Verdict | None:
    """Compare one target with what was measured."""
    figures = seconds(row) if target.figure == "seconds" else getattr(row, target.figure)
    if OURS not in figures:
        return None
    what = {
        "seconds": "",
        "first": "first training: ",
        "fresh": "fresh process: ",
        "grown": "growth of memory: ",
    }[target.figure]
    if not target.against:
        reached = figures[OURS] / row.work.calls
        return Verdict(target, f"{what}≤ {short(target.number)}", short(reached), reached <= target.number)
    others = {p: f for p, f in figures.items() if p not in NO_RIVALS and target.against in (EVERY, p)}
    if not others:
        return None
    fastest = min(others, key=others.__getitem__)
    reached, who = others[fastest] / figures[OURS], PEERS[fastest].title
    if target.figure == "grown":
        return Verdict(
            target, f"{what}below {target.against}", f"{reached:.2g}× {who}", reached > target.number
        )
    return Verdict(target, f"{what}{target.number:g}× {who}", f"{reached:.3g}×", reached >= target.number)


def seconds(row: Measured) -> Mapping[str, float]:
    """Return the time of each peer at its best setting, of those that did the same work."""
    found = {peer: row.best(peer) for peer in row.tried}
    return {peer: best[1].seconds for peer, best in found.items() if best and not row.strays(best[1])}


def short(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    return f"{seconds * 1e6:.0f} µs" if seconds < 1e-3 else f"{seconds:.2g} s"
