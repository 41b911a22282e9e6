"""Time an older version of chainrule against this one, in turns on the same work: python -m benchmarks.versions v0.1.0.

Each version lives in a process of its own, warm before it counts; they take turns, and every second pair begins with
the other, so that a machine whose speed drifts is fair to both. What counts is the median of the ratios old / new:
above 1, this version is faster. ``--cpu`` counts the seconds of the processor in place of the clock's, for a machine
that others use too. ``--compiling`` times what a first fit costs besides the fit, with nothing cached on disk: each
turn is a process of its own, and its second fit is taken off its first.
"""

import argparse
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.peers import OURS, PEERS
from benchmarks.run import rows_named, say
from benchmarks.work import job
from benchmarks.worker import ROOT, Turn, Worker, hired, in_turns, written

FRESH = "fresh"  # the row of a whole process: start, import, build, a short training, end
FRESH_RUN = "import numpy as np, chainrule as cr; X = np.eye(4, 2); " + (
    "cr.Network([cr.Dense(4, 'tanh'), cr.Dense(1, 'sigmoid')], seed=0, engine={engine!r})"
    ".fit(X, X[:, :1], epochs=1000, batch_size=None)"
)
AS_INSTALLED = {"PYTHONDONTWRITEBYTECODE": ""}  # where only the first process reads the source
SETTING = PEERS[OURS].settings[0]


def fresh_process(source: Path, engine: str) -> Turn:
    """Time a whole process that imports the chainrule of a folder."""
    before, began = spent_by_children(), time.perf_counter()
    environment = os.environ | AS_INSTALLED | {"PYTHONPATH": str(source)}
    subprocess.run([sys.executable, "-c", FRESH_RUN.format(engine=engine)], env=environment, check=True)
    return Turn(time.perf_counter() - began, spent_by_children() - before, 0.0)


def spent_by_children() -> float:
    """Return the processor's seconds of the processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def compiled(source: Path, path: Path) -> Turn:
    """Time what the first fit of a new process costs besides a fit, with nothing cached on disk."""
    with tempfile.TemporaryDirectory() as cache:
        worker = Worker(SETTING, AS_INSTALLED | {"CHAINRULE_CACHE": cache}, source)
        try:
            first, second = worker.turn(path), worker.turn(path)
        finally:
            worker.close()
    return Turn(first.seconds - second.seconds, first.cpu - second.cpu, first.cost)


@contextmanager
def source_of(revision: str) -> Iterator[Path]:
    """Unpack the package of a revision where Python finds it."""
    packed = subprocess.run(
        ["git", "archive", revision, "src"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
        yield Path(folder) / "src"


def main() -> None:
    """Measure what the command line asks for."""
    asked = arguments()
    with source_of(asked.revision) as older:
        sources = (older, ROOT / "src")
        print(f"| row | {asked.revision} | this | old / new, median of {asked.pairs} | from | to |")
        print("|---|--:|--:|--:|--:|--:|")
        with hired([SETTING] * 2, [AS_INSTALLED] * 2, sources) as workers:
            for row in asked.rows:
                say(row.name)
                with written(job(row, asked.engine, asked.data)) as (path,):
                    if asked.compiling:
                        compare(row.name, [partial(compiled, source, path) for source in sources], asked)
                        continue
                    for worker in workers:
                        worker.turn(path)
                    compare(row.name, [partial(worker.turn, path) for worker in workers], asked)
        if not asked.compiling:
            say(FRESH)
            compare(FRESH, [partial(fresh_process, source, asked.engine) for source in sources], asked)


def compare(name: str, turns: list[Callable[[], Turn]], asked: argparse.Namespace) -> None:
    """Let both versions take turns, after one that does not count, and print a line."""
    in_turns(turns, 1)
    old, new = ([t.cpu if asked.cpu else t.seconds for t in found] for found in in_turns(turns, asked.pairs))
    ratios = sorted(a / b for a, b in zip(old, new, strict=True))
    cells = [f"{median(old):.4g} s", f"{median(new):.4g} s", f"**{median(ratios):.3f}**"]
    print(f"| {name} | {' | '.join(cells)} | {ratios[0]:.2f} | {ratios[-1]:.2f} |", flush=True)


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.versions", description=__doc__)
    parser.add_argument("revision", nargs="?", default="HEAD", help="the older version, as git names it")
    parser.add_argument("--rows", type=rows_named, default="", help="names of rows; without it, all")
    parser.add_argument("--engine", choices=["auto", "native", "numpy"], default="native")
    parser.add_argument("--pairs", type=int, default=7, help="how often both are timed")
    parser.add_argument(
        "--data", default=os.environ.get("CHAINRULE_DATA"), help="the folder of the larger tables"
    )
    parser.add_argument("--cpu", action="store_true", help="count the processor's seconds")
    parser.add_argument("--compiling", action="store_true", help="time the compiler, not the training")
    return parser.parse_args()


if __name__ == "__main__":
    main()
