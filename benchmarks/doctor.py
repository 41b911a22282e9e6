"""How often the doctor is right, by cause, and how often it alarms of a healthy run: python -m benchmarks.doctor.

The runs stand in ``benchmarks/faults``, each with the causes that were planted in it. They were written before the
rules of the doctor were, and those of ``held`` by somebody who wrote none.
"""

import argparse
import collections
import importlib
import json
import time
import warnings
from typing import Any

import numpy as np

import chainrule as cr
from benchmarks.faults.planted import Planted

SETS = ("steps", "nets", "tables", "held")
HEALTHY = "healthy"


def planted(sets: tuple[str, ...]) -> list[tuple[str, Planted]]:
    """Return the runs of these sets, each with the set's name."""
    found = []
    for name in sets:
        try:
            runs = importlib.import_module(f"benchmarks.faults.{name}").RUNS
        except ModuleNotFoundError:
            continue
        found += [(name, run) for run in runs]
    return found


def alarms(verdicts: Any) -> list[Any]:
    """Return the verdicts that say something is wrong."""
    return [v for v in verdicts if v.severity != "note"]


def judged(run: Planted, seed: int) -> dict[str, Any]:
    """Make a run, ask the doctor, and compare."""
    made = run.make(seed)
    begun = time.perf_counter()
    try:
        said = alarms(cr.diagnose(made.network, made.X, made.y, made.history, made.job))
        causes = [v.cause for v in said]
    except Exception as error:  # a doctor that falls ill has missed
        said, causes = [], [f"!{type(error).__name__}: {error}"[:120]]
    seconds = time.perf_counter() - begun
    right = not causes if not run.causes else bool(causes) and causes[0] in run.causes
    return {
        "run": run.name,
        "seed": seed,
        "planted": run.causes,
        "said": causes,
        "right": right,
        "seconds": seconds,
    }


def main() -> None:
    """Print what was said of each run, hits by cause, and false alarms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", default=",".join(SETS), help="of " + ", ".join(SETS))
    parser.add_argument("--causes", default="", help=f"only runs of these, by commas; {HEALTHY} too")
    parser.add_argument("--runs", default="", help="only runs whose name holds this")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds of each run")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--json", default="", help="a file for all of it")
    asked = parser.parse_args()
    wanted = {c for c in asked.causes.split(",") if c}
    warnings.simplefilter("ignore")
    rows = []
    for set_name, run in planted(tuple(asked.sets.split(","))):
        if (wanted and not wanted & set(run.causes or (HEALTHY,))) or asked.runs not in run.name:
            continue
        for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
            row = {"set": set_name, **judged(run, seed)}
            rows.append(row)
            print(
                f"{'ok ' if row['right'] else 'NO '} {set_name:6} {run.name:48} {seed} {row['seconds']:5.1f} s  "
                f"{'|'.join(run.causes) or HEALTHY:28} said {', '.join(row['said']) or '-'}",
                flush=True,
            )
    by = collections.defaultdict(list)
    for row in rows:
        by[row["planted"][0] if row["planted"] else HEALTHY].append(row["right"])
    print()
    for cause in sorted(by):
        print(f"{cause:28} {sum(by[cause])} of {len(by[cause])}")
    print()
    for rights, what in (
        (by.pop(HEALTHY, []), "Healthy runs left alone"),
        ([right for cause in by.values() for right in cause], "Right first"),
    ):
        if rights:
            print(f"{what}: {sum(rights)} of {len(rights)}, {np.mean(rights):.1%}.")
    seconds = [row["seconds"] for row in rows]
    if seconds:
        middle, late = np.percentile(seconds, [50, 95])
        print(f"Seconds: {middle:.1f} median, {late:.1f} at 95 %, {max(seconds):.1f} longest.")
    if asked.json:
        with open(asked.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
