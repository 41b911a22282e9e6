"""Runs whose steps are wrong: rates, schedules, momentum, clipping, batches, epochs, and what holds a network back."""

from benchmarks.faults.steps import both, healthy, holding, learning, rates, updates

RUNS = [*rates.RUNS, *updates.RUNS, *learning.RUNS, *holding.RUNS, *both.RUNS, *healthy.RUNS]
