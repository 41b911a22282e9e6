"""Runs that nobody saw who wrote a rule of the doctor."""

from benchmarks.faults.held import columns, depths, ends, healthy, nets, pairs, second, splits, steps, tables
from benchmarks.faults.planted import Planted

RUNS: list[Planted] = [
    run
    for part in (steps, nets, depths, ends, tables, splits, columns, pairs, healthy, second)
    for run in part.RUNS
]
