"""PyTorch at its best: torch.compile around forward, loss and backward, and its fused optimizers."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from torch._dynamo.exc import TorchDynamoException

from benchmarks.peers import CannotExpress, torch as eager
from benchmarks.work import Job

T = TypeVar("T")

compile_static = partial(torch.compile, dynamic=False)  # a smaller last batch is compiled for itself


def trainer(job: Job) -> Callable[[], float]:
    """Return a function that trains the network anew."""
    torch.compiler.reset()  # or rows before this one count towards its limit of recompilations, then it gives up
    return compiling(eager.trainer(job, wrap=compile_static, fused=True))


def predictor(job: Job) -> Callable[[], np.ndarray]:
    """Return a function that predicts."""
    torch.compiler.reset()
    return compiling(eager.predictor(job, wrap=compile_static))


def compiling(task: Callable[[], T]) -> Callable[[], T]:
    """Return the same task, which says in one line what it lacks (a C++ compiler, as a rule)."""

    def run() -> T:
        try:
            return task()
        except TorchDynamoException as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise CannotExpress(f"torch.compile does not work here ({lines[0]})") from None

    return run
