"""PyTorch at its best on small works: whole steps (forward, gradient and update) as one compiled graph.

Several steps a call share what a call costs in Python, which is most of it where a step is small.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch._dynamo.exc import TorchDynamoException
from torch.func import grad_and_value
from torch.nn import functional as F

from benchmarks.networks import (
    Activation,
    Convolution,
    Dense,
    Flatten,
    MaxPool,
    MeanOverPlaces,
    Norm,
    normed,
    recurs,
)
from benchmarks.peers import CannotExpress, torch as eager
from benchmarks.work import Job, Work, operations, steps

T = TypeVar("T")
ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}
SMALL = 1e7  # operations a step, up to which several steps a call are tried: compiling them takes a minute
DEEP = 4  # layers, from which on it takes several

Parameters = list[Tensor]
State = tuple[Parameters, Parameters, Parameters, list[Tensor], Tensor]  # w, m, v, running statistics, t


def trainer(job: Job, together: int = 1, last: bool = False) -> Callable[[], float]:
    """Return a function that trains the network anew.

    Args:
        job: The work.
        together: How many steps are compiled as one.
        last: Whether pictures and filters lie in memory with their channels last.
    """
    work = job.work
    if together > 1 and (operations(job) / steps(job) > SMALL or len(job.weights) >= DEEP):
        raise CannotExpress("only tried where a step is small and the network is not deep")
    if recurs(work.network):
        raise CannotExpress(
            "written out step by step, 50 steps of a loop take a minute to compile and are slower than eager"
        )
    torch.compiler.reset()  # or rows before this one count towards its limit of recompilations, then it gives up
    layout = eager.layout_of(job, last)
    X, y, orders = eager.examples(job, layout), torch.from_numpy(job.y), torch.from_numpy(job.orders)
    first = parameters(job, layout)
    compile_static = partial(torch.compile, dynamic=False, fullgraph=True)

    def several(state: State, X: Tensor, y: Tensor) -> tuple[State, Tensor]:
        costs = []
        for x, target in zip(X.split(len(X) // together), y.split(len(y) // together), strict=True):
            state, cost = step(work, state, x, target)
            costs.append(cost)
        return state, torch.stack(costs).sum()

    def again(state: State, X: Tensor, y: Tensor) -> tuple[State, Tensor]:
        for _ in range(together):
            state, cost = step(work, state, X, y)
        return state, cost

    one, many = (
        compile_static(partial(step, work)),
        compile_static(again if work.batch_size is None else several),
    )

    def epoch(state: State, X: Tensor, y: Tensor, size: int) -> tuple[State, Tensor]:
        whole = len(X) // (together * size) * together * size
        total = torch.zeros(())
        for start in range(0, whole, together * size):
            rows = slice(start, start + together * size)
            state, cost = many(state, X[rows], y[rows])
            total = total + cost
        for start in range(whole, len(X), size):
            rows = slice(start, start + size)
            state, cost = one(state, X[rows], y[rows])
            total = total + cost
        return state, total / -(-len(X) // size)

    @torch.no_grad()
    def train() -> float:
        moments = [torch.zeros_like(p) for p in first] if work.optimizer == "adam" else []
        statistics = [s for n in normed(work.network) for s in (torch.zeros(n), torch.ones(n))]
        state = (first, moments, moments, statistics, torch.zeros(()))
        if work.batch_size is None:
            for _ in range(work.epochs // together):
                state, cost = many(state, X, y)
            for _ in range(work.epochs % together):
                state, cost = one(state, X, y)
            return float(cost)
        for order in orders:
            state, cost = epoch(state, X[order], y[order], work.batch_size)
        return float(cost)

    return compiling(train)


def predictor(job: Job, together: int = 1, last: bool = False) -> Callable[[], np.ndarray]:
    """Return a function that predicts."""
    eager.layout_of(job, last)
    if together > 1:
        raise CannotExpress("a prediction is not made of steps")
    torch.compiler.reset()
    return compiling(eager.predictor(job, wrap=partial(torch.compile, dynamic=False)))


def parameters(job: Job, layout: torch.memory_format) -> Parameters:
    """Return weight and bias of each layer that has them, in the order in which :func:`cost` reads them."""
    network = eager.module(job).to(memory_format=layout)
    return [p.detach().clone() for p in network.parameters()]


def cost(
    w: Parameters, work: Work, x: Tensor, y: Tensor, statistics: list[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """Return the mean loss of a batch, and the new running means and variances."""
    kept: list[Tensor] = []
    p, before = iter(w), iter(statistics)
    for layer in work.network.layers:
        pictures = x.ndim == 4
        match layer:
            case Dense():
                x = F.linear(x, next(p), next(p))
            case Convolution(stride=stride, padding=padding):
                convolve = F.conv2d if pictures else F.conv1d
                x = convolve(x, next(p), next(p), stride, padding)
            case Norm():
                axes = (0, *range(2, x.ndim))
                variance, mean = torch.var_mean(x, axes, correction=0, keepdim=True)
                found = (mean.detach().flatten(), variance.detach().flatten())
                kept += [s + 0.1 * (f - s) for s, f in zip((next(before), next(before)), found, strict=True)]
                gamma, beta = next(p).view_as(mean), next(p).view_as(mean)
                x = gamma * (x - mean) * torch.rsqrt(variance + 1e-5) + beta
            case Activation(name):
                x = ACTIVATIONS[name](x)
            case MaxPool():
                x = F.max_pool2d(x, 2) if pictures else F.max_pool1d(x, 2)
            case MeanOverPlaces():
                x = x.mean(tuple(range(2, x.ndim)))
            case Flatten():
                x = x.flatten(1)
    return eager.LOSSES[work.output](x, y), kept


def step(work: Work, state: State, x: Tensor, y: Tensor) -> tuple[State, Tensor]:
    """Return the state after one update, and the cost before it."""
    w, m, v, statistics, t = state
    g, (found, kept) = grad_and_value(cost, has_aux=True)(w, work, x, y, statistics)
    rate = work.learning_rate
    if work.optimizer == "sgd":
        return ([p - rate * d for p, d in zip(w, g, strict=True)], m, v, kept, t), found
    t = t + 1
    m = [0.9 * a + 0.1 * d for a, d in zip(m, g, strict=True)]
    v = [0.999 * a + 0.001 * d * d for a, d in zip(v, g, strict=True)]
    first, second = 1 - 0.9**t, 1 - 0.999**t
    w = [p - rate * (a / first) / ((b / second).sqrt() + 1e-7) for p, a, b in zip(w, m, v, strict=True)]
    return (w, m, v, kept, t), found


def compiling(task: Callable[[], T]) -> Callable[[], T]:
    """Return the same task, which says in one line what it lacks (a C++ compiler, as a rule)."""

    def run() -> T:
        try:
            return task()
        except TorchDynamoException as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise CannotExpress(f"torch.compile does not work here ({' '.join(lines[:2])})") from None

    return run
