"""Whether more cores ever cost time: chainrule on one thread and on all, in turns: python -m benchmarks.threads.

What counts is the median of the ratios one thread / all threads of each pair of turns: below 1, the second core cost
time. A machine whose cores others use too says little here.
"""

import argparse
import os
from functools import partial
from statistics import median

from benchmarks import machine
from benchmarks.peers import OURS, PEERS
from benchmarks.report import milliseconds
from benchmarks.run import rows_named, say
from benchmarks.work import job
from benchmarks.worker import hired, in_turns, typical, written

NOISE = 0.03  # by which a ratio may lie below 1 and say nothing


def main() -> None:
    """Measure what the command line asks for."""
    asked = arguments()
    numbers = list(dict.fromkeys([1, *(asked.threads or [machine.cores()])]))
    print(
        "| work | " + " | ".join(f"{n} threads, ms" for n in numbers) + " | one / all, median | from | to | |"
    )
    print("|---|" + "--:|" * (len(numbers) + 3) + "---|")
    environments = [{"CHAINRULE_THREADS": str(n)} for n in numbers]
    with hired([PEERS[OURS].settings[0]] * len(numbers), environments) as workers:
        for row in asked.rows:
            say(row.name)
            with written(job(row, asked.engine, asked.data)) as (path,):
                turns = [partial(worker.turn, path) for worker in workers]
                in_turns(turns, 2)
                found = in_turns(turns, asked.rounds)
            ratios = sorted(
                one.seconds / every.seconds for one, every in zip(found[0], found[-1], strict=True)
            )
            cells = [milliseconds(typical(f)) for f in found]
            cells += [f"**{median(ratios):.2f}**", f"{ratios[0]:.2f}", f"{ratios[-1]:.2f}"]
            verdict = "" if median(ratios) >= 1 - NOISE else "slower with more"
            print(f"| {row.title} | {' | '.join(cells)} | {verdict} |", flush=True)


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.threads", description=__doc__)
    parser.add_argument("--rows", type=rows_named, default="", help="names of rows; without it, all")
    parser.add_argument(
        "--threads", type=int, nargs="+", help="how many; without it, as many as there are cores"
    )
    parser.add_argument("--engine", choices=["auto", "native"], default="native")
    parser.add_argument("--rounds", type=int, default=7, help="how many turns each takes")
    parser.add_argument(
        "--data", default=os.environ.get("CHAINRULE_DATA"), help="the folder of the larger tables"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
