"""chainrule on its NumPy engine: what the same network costs where nothing is compiled."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.peers import chainrule
from benchmarks.work import Job


def trainer(job: Job) -> Callable[[], float]:
    """Return a function that builds a network and fits it."""
    return chainrule.trainer(replace(job, engine="numpy"))


def predictor(job: Job) -> Callable[[], np.ndarray]:
    """Return a function that predicts."""
    return chainrule.predictor(replace(job, engine="numpy"))
