"""PyTorch at its best: torch.compile around forward, loss and backward, and its fused optimizers."""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from benchmarks.peers import torch as eager
from benchmarks.work import Job

compile_static = partial(torch.compile, dynamic=False)  # a smaller last batch is compiled for itself


def trainer(job: Job) -> Callable[[], float]:
    """Return a function that trains the network anew."""
    return eager.trainer(job, wrap=compile_static, fused=True)


def predictor(job: Job) -> Callable[[], np.ndarray]:
    """Return a function that predicts."""
    return eager.predictor(job, wrap=compile_static)
