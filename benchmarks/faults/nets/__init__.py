"""Runs with a fault of the network itself: its units, its start, its depth, its end, a derivative; and healthy ones."""

from benchmarks.faults.nets import depth, derivatives, ends, healthy, odd, pairs, power, starts, units

RUNS = [
    *units.RUNS,
    *starts.RUNS,
    *depth.RUNS,
    *power.RUNS,
    *ends.RUNS,
    *derivatives.RUNS,
    *pairs.RUNS,
    *healthy.RUNS,
    *odd.RUNS,
]
