"""What a busy machine costs: chainrule and its peers, quiet and beside a foreign process on each core, in turns.

``python -m benchmarks.neighbour``: a process for each core that does nothing but count, beside trainings on all cores.
What is printed is each one's time beside them over its own time in quiet. Two that share a core fairly take twice as
long; threads that wait for each other take longer, for each waits until the other is let run.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from statistics import median

from benchmarks import machine
from benchmarks.peers import JAX, OURS, PEERS, TORCH, CannotExpress
from benchmarks.report import milliseconds
from benchmarks.run import rows_named, say
from benchmarks.work import job
from benchmarks.worker import Turn, hired, in_turns, typical, written

RIVALS = ("chainrule", "torch", "torch-fused", "torch-step", "jax")  # settings that use all cores
COUNTING = "import os, sys\nif sys.argv[1]: os.sched_setaffinity(0, [int(sys.argv[1])])\nwhile True: pass"


@contextmanager
def neighbours(cores: list[int | None]) -> Iterator[None]:
    """Keep each core busy with a process of its own."""
    command = [sys.executable, "-c", COUNTING]
    running = [subprocess.Popen([*command, "" if core is None else str(core)]) for core in cores]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def places() -> list[int | None]:
    """Return the cores that this process may use, by number where the system lets one choose."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [None] * machine.cores()


def beside(turn: Callable[[], Turn]) -> Turn:
    """Take a turn beside the neighbours."""
    with neighbours(places()):
        return turn()


def main() -> None:
    """Measure what the command line asks for."""
    asked = arguments()
    known = {
        s.name: (f"{PEERS[p].title} {s.words}".strip(), s)
        for p in (OURS, TORCH, JAX)
        for s in PEERS[p].settings
    }
    print("| work | who | quiet, ms | beside neighbours, ms | × | from | to |")
    print("|---|---|--:|--:|--:|--:|--:|")
    with hired([known[name][1] for name in asked.settings]) as workers:
        for row in asked.rows:
            say(row.name)
            with written(job(row.fewer if row.times > 1 else row, asked.engine, asked.data)) as (path,):
                for name, worker in zip(asked.settings, workers, strict=True):
                    try:
                        worker.turn(path)
                    except (CannotExpress, ModuleNotFoundError) as reason:
                        say(f"  {known[name][0]}: {reason}")
                        continue
                    turn = partial(worker.turn, path)
                    quiet, busy = in_turns([turn, partial(beside, turn)], asked.rounds)
                    ratios = sorted(b.seconds / q.seconds for q, b in zip(quiet, busy, strict=True))
                    cells = [
                        milliseconds(typical(quiet)),
                        milliseconds(typical(busy)),
                        f"**{median(ratios):.2f}**",
                    ]
                    cells += [f"{ratios[0]:.2f}", f"{ratios[-1]:.2f}"]
                    print(f"| {row.title} | {known[name][0]} | {' | '.join(cells)} |", flush=True)


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.neighbour", description=__doc__)
    parser.add_argument("--rows", type=rows_named, default="", help="names of rows; without it, all")
    parser.add_argument("--settings", nargs="+", choices=RIVALS, default=RIVALS, help="who is measured")
    parser.add_argument("--engine", choices=["auto", "native"], default="auto")
    parser.add_argument("--rounds", type=int, default=3, help="how many turns each takes, quiet and not")
    parser.add_argument(
        "--data", default=os.environ.get("CHAINRULE_DATA"), help="the folder of the larger tables"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
