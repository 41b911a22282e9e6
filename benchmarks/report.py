"""What was measured as tables: in a terminal, as Markdown, as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isnan

from benchmarks.machine import Peak
from benchmarks.measured import Measured
from benchmarks.peers import LOOPING, OURS, TITLES
from benchmarks.targets import verdicts

NOTHING: Mapping[str, float] = {}


@dataclass(frozen=True)
class Report:
    """All rows, the machine and the engine.

    Attributes:
        rows: What was measured.
        peers: Who took part, in the order of the columns.
        missing: Who could not, and why.
        peak: What the machine can do.
        machine: What the machine is.
        engine: On which engine chainrule ran.
        repeats: Of how many runs each time is the best.
    """

    rows: list[Measured]
    peers: list[str]
    missing: dict[str, str]
    peak: Peak
    machine: str
    engine: str
    repeats: int


@dataclass(frozen=True)
class Table:
    """A table in words."""

    title: str
    words: str
    header: list[str]
    lines: list[list[str]]


def tables(report: Report) -> list[Table]:
    """Return the tables of a report."""
    titles = [TITLES[p] for p in report.peers]
    fresh = [r for r in report.rows if r.fresh]
    found = [
        Table(
            "Steady state",
            "Seconds to train an equal network once more in a process that has done so before; the best of "
            f"{report.repeats}, peers taking turns. In brackets the time over chainrule's: above 1× ours "
            "is faster. † marks a peer whose final cost is another, so that it did not do the same work.",
            ["work", *titles],
            [[r.work.title, *(_cell(r, p, r.seconds) for p in report.peers)] for r in report.rows],
        ),
        Table(
            "Targets",
            "How many times chainrule's time a peer's must be at least; or a limit. A peer that did not do the "
            "same work (†) is no measure.",
            ["work", "target", "reached", ""],
            [
                [r.work.title, v.wanted, v.reached, "met" if v.met else "missed"]
                for r in report.rows
                for v in verdicts(r)
            ],
        ),
        Table(
            "From a fresh process to a trained network",
            "Seconds from the start of a Python process to its end: imports, compilation and training. "
            "Caches on disk are empty; where they are not afterwards, a second time is that of the next process. "
            "In brackets the first time over chainrule's.",
            ["work", *titles],
            [[r.work.fewer.title, *(_cell(r, p, r.fresh, r.again) for p in report.peers)] for r in fresh],
        ),
        Table(
            "Growth of resident memory during training",
            "Megabytes at the highest, over what the process held after its imports with the table loaded.",
            ["work", *titles],
            [[r.work.fewer.title, *(_megabytes(r.grown.get(p)) for p in report.peers)] for r in fresh],
        ),
        Table(
            "How near to the limits of this machine",
            f"The best float32 matrix product measured here makes {report.peak.one / 1e9:.0f} GFLOP/s on one "
            f"thread and {report.peak.products / 1e9:.0f} on all; "
            f"the best copy moves {report.peak.copies / 1e9:.1f} GB/s. The share that chainrule reached of the "
            "products on all threads and of the copies, counting nothing but the work's matrix products and the "
            "bytes that must move.",
            ["work", "GFLOP/s", "share of products", "GB/s", "share of copies"],
            [[r.work.title, *_shares(r, report.peak)] for r in report.rows if OURS in r.seconds],
        ),
    ]
    return [t for t in found if t.lines]


def _cell(
    row: Measured, peer: str, seconds: Mapping[str, float], again: Mapping[str, float] = NOTHING
) -> str:
    if peer not in seconds:
        return "–"
    own = seconds.get(OURS)
    ratio = f" ({_digits(seconds[peer] / own)}×)" if own and peer != OURS else ""
    then = f", then {_seconds(again[peer])}" if peer in again else ""
    return f"{_seconds(seconds[peer])}{then}{ratio}{' †' if peer in row.strangers() else ''}"


def _seconds(value: float) -> str:
    return f"{value * 1e3:.2g} ms" if value < 0.01 else f"{_digits(value)} s"


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}" if value < 1 else f"{value:.1f}"


def _megabytes(value: float | None) -> str:
    return "–" if value is None or isnan(value) else f"{value / 1e6:.0f}"


def _shares(row: Measured, peak: Peak) -> list[str]:
    operations, traffic = (x / row.seconds[OURS] for x in (row.operations, row.traffic))
    return [
        f"{operations / 1e9:.2g}",
        f"{100 * operations / peak.products:.2g} %",
        f"{traffic / 1e9:.2g}",
        f"{100 * traffic / peak.copies:.2g} %",
    ]


def text(report: Report) -> str:
    """Return the report for a terminal."""
    parts = [f"{report.machine}\nchainrule on engine {report.engine!r}"]
    for table in tables(report):
        cells = [table.header, *table.lines]
        wide = [max(len(line[i]) for line in cells) for i in range(len(table.header))]
        rule = "─" * (sum(wide) + 2 * (len(wide) - 1))
        lines = ["  ".join(_aligned(line, wide)) for line in cells]
        parts.append("\n".join([table.title, rule, lines[0], rule, *lines[1:]]))
    return "\n\n".join([*parts, *_notes(report)])


def _aligned(line: Sequence[str], wide: Sequence[int]) -> list[str]:
    return [line[0].ljust(wide[0]), *(cell.rjust(w) for cell, w in zip(line[1:], wide[1:], strict=True))]


def markdown(report: Report) -> str:
    """Return the report as a page."""
    parts = [
        "# Benchmarks",
        "Written by `python -m benchmarks.run --markdown docs/benchmarks.md`. Every peer starts from the "
        "same weights, sees the same batches (scikit-learn and Keras in an order of their own), makes as many updates "
        "in float32, and records the cost of every epoch.",
        f"Machine: {report.machine}. chainrule ran through `Network.fit` on its engine `{report.engine}`.",
    ]
    for table in tables(report):
        right = ["---", *["---:"] * (len(table.header) - 1)]
        rows = [table.header, right, *table.lines]
        parts += [f"## {table.title}", table.words, "\n".join(f"| {' | '.join(line)} |" for line in rows)]
    return "\n\n".join([*parts, *_notes(report)]) + "\n"


def _notes(report: Report) -> list[str]:
    notes = [f"{TITLES[peer]} took no part: {why}." for peer, why in report.missing.items()]
    notes += [
        f"{TITLES[peer]} has no time for {'any row' if len(titles) == len(report.rows) else '; '.join(titles)}: {why}."
        for (peer, why), titles in _remarks(report).items()
    ]
    for row in report.rows:
        slow = ", ".join(TITLES[p] for p in row.seconds if p not in LOOPING)
        if row.work.times > 1 and slow:
            notes.append(
                f"{row.work.title}: {slow} made {row.work.fewer.epochs:,} of them; "
                f"{row.work.times} times their time is given."
            )
        notes += [
            f"{row.work.title}: {TITLES[p]} ended at {row.costs[p]:.4g} and chainrule at {row.costs[OURS]:.4g}."
            for p in row.strangers()
        ]
    stood_in = sorted({row.source for row in report.rows if "in place of" in row.source})
    return [*notes, *(f"Used {source}." for source in stood_in)]


def _remarks(report: Report) -> dict[tuple[str, str], list[str]]:
    """Return the rows for which a peer has no time, by the peer and the reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in report.rows:
        for remark in row.remarks.items():
            found.setdefault(remark, []).append(row.work.title)
    return found


def as_json(report: Report) -> str:
    """Return everything that was measured."""
    return json.dumps(asdict(report), indent=1)
