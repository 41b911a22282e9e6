"""What was measured as tables: in a terminal, as Markdown, as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isnan
from textwrap import fill

from benchmarks.machine import Peak
from benchmarks.measured import Figure, Measured
from benchmarks.peers import JAX, OURS, PEERS, TORCH, C
from benchmarks.targets import TARGETS, verdicts

NOTHING: Mapping[str, float] = {}
WIDTH = 110  # of what explains a table in a terminal
COMMAND = "python -m benchmarks.run --markdown docs/benchmarks.md --readme README.md"


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
        rounds: How many turns each took.
    """

    rows: list[Measured]
    peers: list[str]
    missing: dict[str, str]
    peak: Peak
    machine: str
    engine: str
    rounds: int


@dataclass(frozen=True)
class Table:
    """A table in words."""

    title: str
    words: str
    header: list[str]
    lines: list[list[str]]


def tables(report: Report) -> list[Table]:
    """Return the tables of a report."""
    titles = [PEERS[p].title for p in report.peers]
    fresh = [r for r in report.rows if r.fresh]
    found = [
        goals(report),
        Table(
            "Further goals",
            "Limits, and goals against single peers or all of them.",
            ["work", "goal", "reached", ""],
            [
                [r.work.title, v.wanted, v.reached, "met" if v.met else "missed"]
                for r in report.rows
                for v in verdicts(r)
                if (v.target.figure, v.target.against) not in (("seconds", JAX), ("seconds", TORCH))
            ],
        ),
        Table(
            "Steady state",
            "To train an equal network once more in a process that has done so before: the median of "
            f"{report.rounds} turns, all taking them one after another, of the best setting of each peer. In "
            "brackets the time over chainrule's: above 1× ours is faster. † marks a peer whose final cost is "
            "another, so that it did not do the same work.",
            ["work", *titles],
            [[r.work.title, *(_best(r, p) for p in report.peers)] for r in report.rows],
        ),
        *(every_setting(report, peer) for peer in report.peers if len(PEERS[peer].settings) > 1),
        Table(
            "How near to the limits of this machine",
            f"Loops of nothing but float32 multiply-adds make {_each(report.peak.products)} GFLOP/s, and of nothing "
            f"but square roots and divisions {_each(report.peak.roots)} billion pairs a second, on "
            f"{_numbers(len(report.peak.products))}; the best copy moves {report.peak.copies / 1e9:.1f} GB/s. The "
            "limit is the time that the matrix products, and one root and one division for each weight and step of "
            "Adam, take at those rates on as many cores as chainrule kept busy. What it leaves out: losses, "
            "activations, the loop, and all that is done in Python.",
            [
                "work",
                "cores busy",
                "products",
                "optimizer",
                "limit",
                "took",
                "share of the limit",
                "GB/s at least",
            ],
            [[r.work.title, *_shares(r, r.ours, report.peak)] for r in report.rows if r.ours],
        ),
        Table(
            "The first training of a process",
            "Seconds, compiling included, with nothing cached on disk; imports and reading the table are not counted. "
            "In brackets the time over chainrule's.",
            ["work", *titles],
            [[r.work.fewer.title, *(_cell(r.first, p) for p in report.peers)] for r in fresh],
        ),
        Table(
            "From a fresh process to a trained network",
            "Seconds from the start of a Python process to its end: imports, compilation and training. "
            "Caches on disk are empty; where they are not afterwards, a second time is that of the next process. "
            "In brackets the first time over chainrule's.",
            ["work", *titles],
            [[r.work.fewer.title, *(_cell(r.fresh, p, r.again) for p in report.peers)] for r in fresh],
        ),
        Table(
            "Growth of resident memory during training",
            "Megabytes at the highest, over what the process held after its imports with the table loaded.",
            ["work", *titles],
            [[r.work.fewer.title, *(_megabytes(r.grown.get(p)) for p in report.peers)] for r in fresh],
        ),
    ]
    return [t for t in found if t.lines]


def goals(report: Report) -> Table:
    """Return the table of goals against the best of JAX and of PyTorch."""
    lines = []
    for row in report.rows:
        if row.work.name not in TARGETS or not row.ours:
            continue
        reached = {v.target.against: v for v in verdicts(row) if v.target.figure == "seconds"}
        wanted = {t.against: t.number for t in TARGETS[row.work.name] if t.figure == "seconds"}
        line = [row.work.title]
        for peer in (JAX, TORCH):
            ratio, verdict = row.ratio(peer), reached.get(peer)
            judged = "" if verdict is None else " met" if verdict.met else " missed"
            line += [
                f"{wanted[peer]:g}×" if peer in wanted else "–",
                "–" if ratio is None else f"{ratio:.3g}×{judged}",
            ]
        line.append(f"{milliseconds(row.ours.seconds)} {_spread(row.ours)}")
        lines.append([*line, *(_named(row, peer) for peer in (JAX, TORCH, C))])
    return Table(
        "Goals",
        "How many times chainrule's time JAX's and PyTorch's must be, each at its best setting, and what was reached. "
        f"Milliseconds, medians of {report.rounds} turns; ± is half of what lies between the shortest and the longest. "
        "C, in which all sizes are constants, on one thread, is an anchor and no goal.",
        ["work", "× JAX: goal", "reached", "× PyTorch: goal", "reached", "chainrule", "JAX", "PyTorch", "C"],
        lines,
    )


def every_setting(report: Report, peer: str) -> Table:
    """Return what each setting of a peer took."""
    found = [r for r in report.rows if peer in r.tried]
    words = list(dict.fromkeys(words for r in found for words in r.tried[peer]))
    return Table(
        f"{PEERS[peer].title}, setting by setting",
        "Milliseconds; the best counts. A setting that was 1.5 times as slow as another after one turn took no more.",
        ["work", *words],
        [[r.work.title, *(_tried(r, r.tried[peer].get(w)) for w in words)] for r in found],
    )


def readme(report: Report) -> str:
    """Return the table that the README shows: four columns of the steady state."""
    shown = [p for p in (OURS, "sklearn", TORCH, JAX) if p in report.peers]
    rows = [["work", *(PEERS[p].title for p in shown)], ["---", *["---:"] * len(shown)]]
    rows += [[r.work.title, *(_best(r, p) for p in shown)] for r in report.rows if not r.work.rows]
    fresh = next((r for r in report.rows if r.fresh), None)
    if fresh:
        title = f"a fresh process: import, build, train {fresh.work.fewer.title}, exit"
        rows.append([title, *(_cell(fresh.fresh, p) for p in shown)])
    return "\n".join(f"| {' | '.join(line)} |" for line in rows)


def _best(row: Measured, peer: str) -> str:
    found = row.best(peer)
    if found is None or row.ours is None:
        return "–"
    figure = found[1]
    ratio = f" ({_digits(figure.seconds / row.ours.seconds)}×)" if peer != OURS else ""
    return f"{_seconds(figure.seconds)}{ratio}{' †' if row.strays(figure) else ''}"


def _named(row: Measured, peer: str) -> str:
    found = row.best(peer)
    if found is None:
        return "–"
    words, figure = found
    return f"{_tried(row, figure)} {_spread(figure)}{f' {words}' if words else ''}"


def _tried(row: Measured, figure: Figure | None) -> str:
    if figure is None:
        return "–"
    return f"{milliseconds(figure.seconds)}{' †' if row.strays(figure) else ''}"


def _spread(figure: Figure) -> str:
    return f"± {50 * figure.spread:.0f} %"


def _cell(seconds: Mapping[str, float], peer: str, again: Mapping[str, float] = NOTHING) -> str:
    if peer not in seconds:
        return "–"
    own = seconds.get(OURS)
    ratio = f" ({_digits(seconds[peer] / own)}×)" if own and peer != OURS else ""
    then = f", then {_seconds(again[peer])}" if peer in again else ""
    return f"{_seconds(seconds[peer])}{then}{ratio}"


def milliseconds(seconds: float) -> str:
    """Return a time in milliseconds, to three digits."""
    value = seconds * 1e3
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _seconds(value: float) -> str:
    return f"{value * 1e3:.2g} ms" if value < 0.1 else f"{_digits(value)} s"


def _digits(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}" if value < 1 else f"{value:.1f}"


def _megabytes(value: float | None) -> str:
    return "–" if value is None or isnan(value) else f"{value / 1e6:.0f}"


def _each(rates: Sequence[float]) -> str:
    return " and ".join(f"{rate / 1e9:.3g}" for rate in dict.fromkeys((rates[0], rates[-1])))


def _numbers(cores: int) -> str:
    return "one core" if cores == 1 else f"one core and on {cores}"


def _shares(row: Measured, ours: Figure, peak: Peak) -> list[str]:
    cores = min(max(round(ours.cores), 1), len(peak.products))
    products, optimizer = peak.least(row.operations, row.roots, cores)
    limit = products + optimizer
    return [
        f"{ours.cores:.1f}",
        *(milliseconds(x) for x in (products, optimizer, limit, ours.seconds)),
        f"{100 * limit / ours.seconds:.0f} %",
        f"{row.traffic / ours.seconds / 1e9:.2g}",
    ]


def text(report: Report) -> str:
    """Return the report for a terminal."""
    parts = [f"{report.machine}\nchainrule on engine {report.engine!r}"]
    for table in tables(report):
        cells = [table.header, *table.lines]
        wide = [max(len(line[i]) for line in cells) for i in range(len(table.header))]
        rule = "─" * (sum(wide) + 2 * (len(wide) - 1))
        lines = ["  ".join(_aligned(line, wide)) for line in cells]
        parts.append("\n".join([table.title, fill(table.words, WIDTH), rule, lines[0], rule, *lines[1:]]))
    return "\n\n".join([*parts, *_notes(report)])


def _aligned(line: Sequence[str], wide: Sequence[int]) -> list[str]:
    return [line[0].ljust(wide[0]), *(cell.rjust(w) for cell, w in zip(line[1:], wide[1:], strict=True))]


def markdown(report: Report) -> str:
    """Return the report as a page."""
    parts = [
        "# Benchmarks",
        f"Written by `{COMMAND}`. Every peer starts from the same weights, makes as many updates in float32 on batches "
        "of the same size (JAX, PyTorch, NumPy and C on the same ones, chainrule, scikit-learn and Keras in an order "
        "of their own), and records the cost of every epoch. Each setting of each peer has a process of its own.",
        "Settings: *fused* gathers the rows of an epoch at once and updates in one pass; *whole step compiled* is "
        "`torch.compile` of forward, gradient and update together, *8 steps compiled* of eight of them, "
        "*channels last* is its memory format for pictures; *a step a call* is one jitted step, *scan* one jitted scan "
        "over epochs of scans over steps, *gathered* gathers the rows of an epoch at once, *flat* keeps "
        "all parameters in one vector, *donated* lets each epoch overwrite the parameters of the last.",
        f"Machine: {report.machine}. chainrule ran through `Network.fit` on its engine `{report.engine}`.",
    ]
    for table in tables(report):
        right = ["---", *["---:"] * (len(table.header) - 1)]
        rows = [table.header, right, *table.lines]
        parts += [f"## {table.title}", table.words, "\n".join(f"| {' | '.join(line)} |" for line in rows)]
    return "\n\n".join([*parts, *_notes(report)]) + "\n"


def _notes(report: Report) -> list[str]:
    notes = [f"{PEERS[peer].title} took no part: {why}." for peer, why in report.missing.items()]
    notes += [
        f"{PEERS[peer].title} has no time for {'any row' if len(rows) == len(report.rows) else '; '.join(rows)}: {why}."
        for (peer, why), rows in _remarks(report).items()
    ]
    for row in report.rows:
        slow = ", ".join(PEERS[p].title for p in row.tried if not PEERS[p].loops)
        if row.work.times > 1 and slow:
            notes.append(
                f"{row.work.title}: {slow} made {row.work.fewer.epochs:,} of them; "
                f"{row.work.times} times their time is given."
            )
        notes += [
            f"{row.work.title}: {PEERS[p].title} ({words or 'its only setting'}) ended at {f.cost:.4g} and chainrule "
            f"at {row.ours.cost:.4g}, so it does not count."
            for p, tried in row.tried.items()
            for words, f in tried.items()
            if row.ours and row.strays(f)
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
