"""Time an older version of chainrule against this one, in turns on the same work: python -m benchmarks.versions v0.1.0.

Each version lives in a process of its own, warm before it counts; they take turns, and every second pair begins with
the other, so that a machine whose speed drifts is fair to both. What counts is the median of the ratios old / new:
above 1, this version is faster. ``--cpu`` counts the seconds of the processor in place of the clock's, for a machine
that others use too.
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
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.peers import OURS
from benchmarks.run import rows_named, say
from benchmarks.work import ROWS, Work, job

SHORTEST = 0.15  # seconds: shorter work is timed several times together
ROOT = Path(__file__).parents[1]
FRESH = "fresh"  # the row of a whole process: start, import, build, a short training, end
FRESH_RUN = "import numpy as np, chainrule as cr; X = np.eye(4, 2); " + (
    "cr.Network([cr.Dense(4, 'tanh'), cr.Dense(1, 'sigmoid')], seed=0, engine={engine!r})"
    ".fit(X, X[:, :1], epochs=1000, batch_size=None)"
)


class Version:
    """A process that trains with one version of the package, one run at a time."""

    def __init__(self, source: Path, engine: str, folder: str | None, cpu: bool) -> None:
        self.environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(source), str(ROOT)]),
            "PYTHONDONTWRITEBYTECODE": "",  # as installed, where only the first process reads the source
        }
        self.engine, self.cpu = engine, cpu
        command = [sys.executable, "-m", "benchmarks.versions", "--serve", "--engine", engine]
        command += ["--cpu"] if cpu else []
        self._process = subprocess.Popen(
            [*command, *(["--data", folder] if folder else [])],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def seconds(self, row: str) -> float:
        """Return how long one run takes."""
        if row == FRESH:
            began = spent_by_children() if self.cpu else time.perf_counter()
            code = FRESH_RUN.format(engine=self.engine)
            subprocess.run([sys.executable, "-c", code], env=self.environment, check=True)
            return (spent_by_children() if self.cpu else time.perf_counter()) - began
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the process of a version has no pipes")
        print(row, file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def spent_by_children() -> float:
    """Return the processor's seconds of the processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def serve(rows: dict[str, Work], engine: str, folder: str | None, cpu: bool) -> None:
    """Run each row that is asked for, and say how long a run took; the first two of a row only warm it up."""
    from benchmarks import peers

    peer, tasks = peers.load(OURS), {}
    for line in sys.stdin:
        name = line.strip()
        if name not in tasks:
            work = rows[name]
            task = (peer.predictor if work.rows else peer.trainer)(job(work, engine, folder))
            task()
            tasks[name] = task, max(1, round(SHORTEST / timed(task, 1, cpu)))
        print(timed(*tasks[name], cpu), flush=True)


def timed(task: Callable[[], Any], count: int, cpu: bool) -> float:
    """Return the seconds of one run, of so many."""
    clock = time.process_time if cpu else time.perf_counter
    began = clock()
    for _ in range(count):
        task()
    return (clock() - began) / count


@contextmanager
def source_of(revision: str) -> Iterator[Path]:
    """Open the package as it was at a revision of git."""
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
    if asked.serve:
        serve({row.name: row for row in ROWS}, asked.engine, asked.data, asked.cpu)
        return
    names = [row.name for row in asked.rows] + [FRESH]
    with source_of(asked.revision) as source:
        versions = [Version(s, asked.engine, asked.data, asked.cpu) for s in (source, ROOT / "src")]
        print(f"| row | {asked.revision} | this | old / new, median of {asked.pairs} | from | to |")
        print("|---|--:|--:|--:|--:|--:|")
        for name in names:
            say(name)
            for version in versions:
                version.seconds(name)
            old, new = pairs(versions, name, asked.pairs)
            ratios = sorted(a / b for a, b in zip(old, new, strict=True))
            cells = [f"{median(old):.4g} s", f"{median(new):.4g} s", f"**{median(ratios):.3f}**"]
            print(f"| {name} | {' | '.join(cells)} | {ratios[0]:.2f} | {ratios[-1]:.2f} |", flush=True)
        for version in versions:
            version.close()


def pairs(versions: list[Version], row: str, count: int) -> tuple[list[float], list[float]]:
    """Return the seconds of both versions, which took turns."""
    old, new = versions
    found: tuple[list[float], list[float]] = ([], [])
    for turn in range(count):
        for version in (old, new) if turn % 2 == 0 else (new, old):
            found[version is new].append(version.seconds(row))
    return found


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
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
