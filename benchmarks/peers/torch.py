"""PyTorch, eager: modules, a loss, an optimizer and a loop, all as its tutorials have them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch._dynamo.exc import TorchDynamoException

from benchmarks.networks import (
    Activation,
    Convolution,
    Dense,
    Embedding,
    Flatten,
    MaxPool,
    MeanOverPlaces,
    Norm,
    Recurrence,
    Shape,
    recurs,
    shapes,
)
from benchmarks.peers import CannotExpress
from benchmarks.work import Job

Cost = Callable[[Tensor, Tensor], Tensor]
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
LOSSES: dict[str, Cost] = {
    "sigmoid": nn.functional.binary_cross_entropy_with_logits,
    "softmax": lambda p, y: nn.functional.cross_entropy(p.flatten(0, -2), y.flatten()),
    "identity": lambda p, y: 0.5 * nn.functional.mse_loss(p, y),
}


def trainer(job: Job, fused: bool = False, last: bool = False, whole: bool = False) -> Callable[[], float]:
    """Return a function that trains the network anew.

    Args:
        job: The work.
        fused: Whether rows are gathered once an epoch, and the optimizer updates a parameter in one pass.
        last: Whether pictures and filters lie in memory with their channels last.
        whole: Whether the network is compiled, forward and backward, with the loops of what recurs.
    """
    work = job.work
    layout = layout_of(job, last)
    X, y, orders = examples(job, layout), torch.from_numpy(job.y), torch.from_numpy(job.orders)
    network, loss = module(job).to(memory_format=layout), LOSSES[work.output]
    first = {name: value.clone() for name, value in network.state_dict().items()}
    forward = compiled(job, network, X[: work.batch_size]) if whole else network

    def train() -> float:
        network.load_state_dict(first)
        parameters = network.parameters()
        if work.optimizer == "sgd":
            optimizer = torch.optim.SGD(parameters, work.learning_rate, fused=fused or None)
        else:
            optimizer = torch.optim.Adam(parameters, work.learning_rate, eps=1e-7, fused=fused or None)

        def step(x: Tensor, target: Tensor) -> Tensor:
            optimizer.zero_grad()
            cost = loss(forward(x), target)
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
    job: Job,
    fused: bool = False,
    last: bool = False,
    wrap: Callable[[nn.Module], Callable[[Tensor], Tensor]] = lambda m: m,
) -> Callable[[], np.ndarray]:
    """Return a function that predicts, through ``wrap`` of the network; ``fused`` is of training alone."""
    layout_of(job, last)
    network = wrap(nn.Sequential(module(job), nn.Softmax(dim=1)).eval())

    def run() -> np.ndarray:
        with torch.inference_mode():
            for _ in range(job.work.calls):
                p = network(examples(job)).numpy()
        return p

    return run


def layout_of(job: Job, last: bool) -> torch.memory_format:
    """Return how arrays lie in memory.

    Raises:
        CannotExpress: If channels are to be last where there are no pictures.
    """
    if last and len(job.work.network.shape) != 3:
        raise CannotExpress("channels last is a way for pictures to lie in memory")
    return torch.channels_last if last else torch.preserve_format


def examples(job: Job, layout: torch.memory_format = torch.preserve_format) -> Tensor:
    """Return the examples with their channels before their places, as PyTorch has them."""
    X = job.X if recurs(job.work.network) else np.ascontiguousarray(np.moveaxis(job.X, -1, 1))
    return torch.from_numpy(X).to(memory_format=layout)


def compiled(job: Job, network: nn.Module, x: Tensor) -> Callable[[Tensor], Tensor]:
    """Return a network as one compiled graph for batches like x, in which what recurs is written out step by step.

    Raises:
        CannotExpress: If nothing recurs, or it cannot be compiled.
    """
    if not recurs(job.work.network):
        raise CannotExpress("without loops, whole steps are compiled")
    torch._dynamo.config.allow_rnn = True  # else each is a call of its own, as in eager
    made = torch.compile(network, dynamic=False)
    try:
        made(x).sum().backward()
    except (
        TorchDynamoException,
        TypeError,
    ) as error:  # code that was made for an LSTM of one layer does not run
        raise CannotExpress(f"torch.compile does not work here ({str(error).splitlines()[0]})") from None
    return made


def module(job: Job) -> nn.Sequential:
    """Return the network up to its last activation, at its first weights."""
    found, weights, network = list[nn.Module](), iter(job.weights), job.work.network
    flattened: Shape = ()
    for layer, (*places, channels) in zip(network.layers, shapes(network), strict=False):
        pictures = len(places) == 2
        match layer:
            case Dense():
                found.append(linear(reordered(next(weights), flattened)))
                flattened = ()
            case Convolution():
                found.append(convolution(layer, next(weights)))
            case Embedding():
                found.append(nn.Embedding.from_pretrained(torch.from_numpy(next(weights)), freeze=False))
            case Recurrence():
                found.append(Steps(layer, next(weights), next(weights)))
            case Norm():
                kind = nn.BatchNorm2d if pictures else nn.BatchNorm1d
                found.append(kind(channels))
            case Activation(name):
                found.append(ACTIVATIONS[name]())
            case MaxPool():
                found.append(nn.MaxPool2d(2) if pictures else nn.MaxPool1d(2))
            case MeanOverPlaces():
                found += [nn.AdaptiveAvgPool2d(1) if pictures else nn.AdaptiveAvgPool1d(1), nn.Flatten()]
            case Flatten():
                found.append(nn.Flatten())
                flattened = (*places, channels)
    return nn.Sequential(*found)


class Steps(nn.Module):
    """A recurrent layer of which every step goes on, or the last."""

    def __init__(self, layer: Recurrence, W: np.ndarray, U: np.ndarray) -> None:
        super().__init__()
        self.whole = layer.whole
        kind = {"lstm": nn.LSTM, "gru": nn.GRU}[layer.kind]
        self.loop = kind(W.shape[0], layer.units, batch_first=True)
        with torch.no_grad():
            for name, array in (("weight_ih_l0", W), ("weight_hh_l0", U)):
                gates = np.split(array, array.shape[1] // layer.units, axis=1)
                if layer.kind == "gru":  # update and reset the other way about
                    gates[:2] = gates[1::-1]
                getattr(self.loop, name).copy_(torch.from_numpy(np.concatenate(gates, axis=1).T))
            self.loop.bias_ih_l0.zero_()
            self.loop.bias_hh_l0.zero_()
        if layer.kind == "lstm":  # which has two biases where one does the same
            self.loop.bias_hh_l0.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """Return h at every step, (batch, time, units), or at the last."""
        y, _ = self.loop(x)
        return y if self.whole else y[:, -1]


def reordered(W: np.ndarray, flattened: Shape) -> np.ndarray:
    """Return W (inputs, units) for inputs that were flattened with their channels before their places."""
    if not flattened:
        return W
    return np.moveaxis(W.reshape(*flattened, -1), -2, 0).reshape(W.shape)


def linear(W: np.ndarray) -> nn.Linear:
    """Return a layer whose weight is a copy of W, (inputs, units), and whose bias is 0."""
    return started(nn.Linear(*W.shape), W.T)


def convolution(layer: Convolution, W: np.ndarray) -> nn.Module:
    """Return a layer whose weight is a copy of W, (*kernel, channels, filters), and whose bias is 0."""
    kind = nn.Conv2d if len(layer.kernel) == 2 else nn.Conv1d
    made = kind(*W.shape[-2:], layer.kernel, layer.stride, layer.padding)
    return started(made, np.moveaxis(W, (-1, -2), (0, 1)))


def started(layer: Any, weight: np.ndarray) -> Any:
    """Return a layer with this weight, and bias 0."""
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
        layer.bias.zero_()
    return layer
