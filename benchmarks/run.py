"""Time chainrule and its peers on the same work, and print the ratios: python -m benchmarks.run --help."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import fresh, machine, peers
from benchmarks.peers import MODULES, CannotExpress
from benchmarks.report import OURS, Measured, Report, as_json, markdown, text
from benchmarks.work import ROWS, Job, Work, job, operations, shortened, traffic


def main() -> None:
    """Measure what the command line asks for."""
    asked = arguments()
    found, missing = present(asked.peers)
    rows = [shortened(row) for row in asked.rows] if asked.quick else asked.rows
    report = Report([], found, missing, machine.peak(), machine.description(), asked.engine, asked.repeats)
    for row in rows:
        say(row.title)
        report.rows.append(measure(job(row, asked.engine, asked.data), found, asked.repeats, asked.fresh))
        # After every row, so that a run that is cut short leaves what it has measured.
        for path, write in ((asked.json, as_json), (asked.markdown, markdown)):
            if path is not None:
                path.write_text(write(report), encoding="utf-8")
    print(text(report))


def present(names: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the peers that are installed here, and why the others are not."""
    found, missing = [], {}
    for name in names:
        try:
            peers.load(name)
        except ModuleNotFoundError as error:
            if name == OURS:
                raise
            missing[name] = f"{error.name} is not installed"
        else:
            found.append(name)
    return found, missing


def measure(work: Job, names: list[str], repeats: int, afresh: int) -> Measured:
    """Time one row: every peer once to get warm, then all in turn, then each in processes of its own."""
    row = work.work
    found = Measured(row.name, row.title, work.source, operations(work), traffic(work))
    tasks: dict[str, Callable[[], Any]] = {}
    for name in names:
        peer = peers.load(name)
        try:
            task = peer.predictor(work) if row.rows else peer.trainer(work)
            found.costs[name] = outcome(task())
        except CannotExpress as reason:
            found.remarks[name] = str(reason)
            continue
        tasks[name] = task
    for _ in range(repeats):
        for name, task in tasks.items():
            began = time.perf_counter()
            task()
            spent = time.perf_counter() - began
            found.seconds[name] = min(spent, found.seconds.get(name, spent))
    for _ in range(0 if row.rows else afresh):
        for name in tasks:
            process = fresh.measure(name, work)
            found.fresh[name] = min(process.seconds, found.fresh.get(name, process.seconds))
            found.grown[name] = min(process.grown, found.grown.get(name, process.grown))
    say("  " + ", ".join(f"{name} {seconds:.4g} s" for name, seconds in found.seconds.items()))
    return found


def outcome(result: Any) -> float:
    """Return what peers are compared by: the final cost, or the mean of the largest probabilities."""
    return float(np.mean(np.max(result, axis=1))) if np.ndim(result) else float(result)


def say(words: str) -> None:
    """Show how far it is."""
    print(words, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    listed = ", ".join(row.name for row in ROWS)
    parser.add_argument("--rows", type=rows_named, default="", help=f"some of: {listed}")
    parser.add_argument(
        "--peers", type=peers_named, default="numpy,sklearn,torch,jax", help=f"of {', '.join(MODULES)}"
    )
    parser.add_argument("--engine", default="auto", help="the engine that chainrule runs on")
    parser.add_argument("--repeats", type=int, default=3, help="of how many warm runs the best counts")
    parser.add_argument("--fresh", type=int, default=2, help="of how many fresh processes; 0 for none")
    parser.add_argument(
        "--quick", action="store_true", help="a fiftieth of the work, to see that everything runs"
    )
    parser.add_argument(
        "--data",
        default=os.environ.get("CHAINRULE_DATA"),
        help="the folder of the larger tables, or $CHAINRULE_DATA",
    )
    parser.add_argument("--json", type=Path, help="a file for everything that was measured")
    parser.add_argument("--markdown", type=Path, help="a file for the tables")
    return parser.parse_args()


def rows_named(names: str) -> list[Work]:
    """Return the rows of these names; without any, the usual ones."""
    known = {row.name: row for row in ROWS}
    chosen = known_names(names, list(known), "row")
    return [known[name] for name in chosen] or [row for row in ROWS if row.usual]


def peers_named(names: str) -> list[str]:
    """Return ourselves and the peers of these names."""
    return [OURS, *(name for name in known_names(names, list(MODULES), "peer") if name != OURS)]


def known_names(names: str, known: list[str], what: str) -> list[str]:
    """Return the names between commas, or say which is none."""
    chosen = [name for name in names.split(",") if name]
    for name in chosen:
        if name not in known:
            raise argparse.ArgumentTypeError(f"no {what} is called {name!r}; there are {', '.join(known)}")
    return chosen


if __name__ == "__main__":
    main()
