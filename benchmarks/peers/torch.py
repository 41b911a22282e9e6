"""PyTorch, eager: modules, a loss, an optimizer and a loop, all as its tutorials have them."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.work import Job

Cost = Callable[[Tensor, Tensor], Tensor]
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
LOSSES: dict[str, Cost] = {
    "sigmoid": nn.functional.binary_cross_entropy_with_logits,
    "softmax": nn.functional.cross_entropy,
    "identity": lambda p, y: 0.5 * nn.functional.mse_loss(p, y),
}


def trainer(job: Job, fused: bool = False) -> Callable[[], float]:
    """Return a function that trains the network anew.

    Args:
        job: The work.
        fused: Whether rows are gathered once an epoch, and the optimizer updates a parameter in one pass.
    """
    work = job.work
    X, y, orders = torch.from_numpy(job.X), torch.from_numpy(job.y), torch.from_numpy(job.orders)
    network, loss = module(job), LOSSES[work.output]
    first = {name: value.clone() for name, value in network.state_dict().items()}

    def train() -> float:
        network.load_state_dict(first)
        parameters = network.parameters()
        if work.optimizer == "sgd":
            optimizer = torch.optim.SGD(parameters, work.learning_rate, fused=fused or None)
        else:
            optimizer = torch.optim.Adam(parameters, work.learning_rate, eps=1e-7, fused=fused or None)

        def step(x: Tensor, target: Tensor) -> Tensor:
            optimizer.zero_grad()
            cost = loss(network(x), target)
            cost.backward()
            optimizer.step()
            return cost.detach()

        if work.batch_size is None:
            for _ in range(work.epochs):
                cost = step(X, y)
            return float(cost)
        for order in orders:
            if fused:
                batches = list(
                    zip(X[order].split(work.batch_size), y[order].split(work.batch_size), strict=True)
                )
                cost = sum(step(x, target) for x, target in batches) / len(batches)
            else:
                batches = order.split(work.batch_size)
                cost = sum(step(X[rows], y[rows]) for rows in batches) / len(batches)
        return float(cost)

    return train


def predictor(
    job: Job, fused: bool = False, wrap: Callable[[nn.Module], Callable[[Tensor], Tensor]] = lambda m: m
) -> Callable[[], np.ndarray]:
    """Return a function that predicts, through ``wrap`` of the network; ``fused`` is of training alone."""
    network = wrap(nn.Sequential(module(job), nn.Softmax(dim=1)).eval())

    def run() -> np.ndarray:
        with torch.inference_mode():
            for _ in range(job.work.calls):
                p = network(torch.from_numpy(job.X)).numpy()
        return p

    return run


def module(job: Job) -> nn.Sequential:
    """Return the network up to its last activation, at its first weights."""
    work, layers = job.work, list[nn.Module]()
    for W in job.weights[:-1]:
        layers.append(linear(W))
        if work.normalized:
            layers.append(nn.BatchNorm1d(W.shape[1]))
        layers.append(ACTIVATIONS[work.hidden]())
    return nn.Sequential(*layers, linear(job.weights[-1]))


def linear(W: np.ndarray) -> nn.Linear:
    """Return a layer whose weight is a copy of W, (inputs, units), and whose bias is 0."""
    layer = nn.Linear(*W.shape)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(W.T))
        layer.bias.zero_()
    return layer
