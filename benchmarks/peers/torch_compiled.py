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

from benchmarks.peers import CannotExpress, torch as eager
from benchmarks.work import Job, Work, operations, steps

T = TypeVar("T")
ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}
SMALL = 1e7  # operations a step, up to which several steps a call are tried: compiling them takes a minute
DEEP = 4  # layers, from which on it takes several

Parameters = list[Tensor]
State = tuple[Parameters, Parameters, Parameters, list[Tensor], Tensor]  # w, m, v, running statistics, t


def trainer(job: Job, together: int = 1) -> Callable[[], float]:
    """Return a function that trains the network anew.

    Args:
        job: The work.
        together: How many steps are compiled as one.
    """
    work = job.work
    if together > 1 and (operations(job) / steps(job) > SMALL or len(job.weights) >= DEEP):
        raise CannotExpress("only tried where a step is small and the network is not deep")
    torch.compiler.reset()  # or rows before this one count towards its limit of recompilations, then it gives up
    X, y, orders = torch.from_numpy(job.X), torch.from_numpy(job.y), torch.from_numpy(job.orders)
    first = parameters(job)
    inner = job.weights[:-1] if work.normalized else ()
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
        statistics = [s for W in inner for s in (torch.zeros(W.shape[1]), torch.ones(W.shape[1]))]
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


def predictor(job: Job, together: int = 1) -> Callable[[], np.ndarray]:
    """Return a function that predicts."""
    if together > 1:
        raise CannotExpress("a prediction is not made of steps")
    torch.compiler.reset()
    return compiling(eager.predictor(job, wrap=partial(torch.compile, dynamic=False)))


def parameters(job: Job) -> Parameters:
    """Return W and b of each layer, and between them, where it is normalized, gamma and beta."""
    found = []
    for layer, W in enumerate(job.weights):
        found += [torch.from_numpy(W), torch.zeros(W.shape[1])]
        if job.work.normalized and layer < len(job.weights) - 1:
            found += [torch.ones(W.shape[1]), torch.zeros(W.shape[1])]
    return found


def cost(
    w: Parameters, work: Work, x: Tensor, y: Tensor, statistics: list[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """Return the mean loss of a batch, and the new running means and variances."""
    kept, of_layer = [], 4 if work.normalized else 2
    for layer in range(len(work.sizes) - 2):
        W, b, *scales = w[of_layer * layer :][:of_layer]
        x = torch.addmm(b, x, W)
        if work.normalized:
            variance, mean = torch.var_mean(x, 0, correction=0)
            found = (mean.detach(), variance.detach())
            kept += [s + 0.1 * (f - s) for s, f in zip(statistics[2 * layer :], found, strict=False)]
            x = scales[0] * (x - mean) * torch.rsqrt(variance + 1e-5) + scales[1]
        x = ACTIVATIONS[work.hidden](x)
    return eager.LOSSES[work.output](torch.addmm(w[-1], x, w[-2]), y), kept


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
