"""Runs whose data were spoiled, and runs whose data only look so."""

from benchmarks.faults.tables import columns, healthy, leaks, scales, signals

RUNS = [*scales.RUNS, *signals.RUNS, *columns.RUNS, *leaks.RUNS, *healthy.RUNS]
