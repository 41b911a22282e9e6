"""The work that is timed: each row of the table as frozen data, and with its numbers as a job."""

from dataclasses import dataclass, replace
from math import prod, sqrt

import numpy as np

from benchmarks.learnable import read
from benchmarks.networks import (
    Activation,
    Convolution,
    Dense,
    Embedding,
    Flatten,
    MaxPool,
    MeanOverPlaces,
    Network,
    Norm,
    Perceptron,
    Recurrence,
    Stack,
    parameters,
    products,
    shapes,
    weights,
)

SEED = 0


@dataclass(frozen=True)
class Work:
    """One row: a network, what it learns from, and how.

    Attributes:
        name: What ``--rows`` calls it.
        words: What the table calls it, with ``{epochs}`` and ``{calls}``.
        data: The table in :mod:`benchmarks.learnable`.
        network: Its layers, but for the last activation.
        output: The last activation; with it goes its loss: sigmoid and log loss, softmax and cross-entropy,
            identity and half the squared error.
        optimizer: "sgd" or "adam".
        learning_rate: Its rate.
        batch_size: Examples a step, or None for all.
        epochs: How often all examples are seen. 0 times no training but predictions.
        rows: How many rows one prediction is for.
        calls: How many predictions are timed together.
        times: How many times fewer epochs a peer makes that returns to Python after every step; its time is
            multiplied by it. Final costs are compared, and fresh processes run, at the fewer epochs.
        fresh: Whether fresh processes are timed too.
    """

    name: str
    words: str
    data: str
    network: Network
    output: str
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    batch_size: int | None = 32
    epochs: int = 0
    rows: int = 0
    calls: int = 1
    times: int = 1
    fresh: bool = False

    @property
    def title(self) -> str:
        """What the table calls it."""
        return self.words.format(epochs=f"{self.epochs:,}", calls=f"{self.calls:,}")

    @property
    def fewer(self) -> "Work":
        """The same with so many times fewer epochs."""
        return replace(self, epochs=self.epochs // self.times, times=1)


RELU = Activation("relu")
CNN28 = Stack(
    (28, 28, 1),
    (
        Convolution(8, (3, 3)), RELU, MaxPool(),
        Convolution(16, (3, 3)), RELU, MaxPool(),
        Flatten(), Dense(10),
    ),
)  # fmt: skip
CNN32 = Stack(
    (32, 32, 3),
    (
        Convolution(32, (3, 3), padding=1), Norm(), RELU, MaxPool(),
        Convolution(64, (3, 3), padding=1), Norm(), RELU, MaxPool(),
        Convolution(64, (3, 3), padding=1), Norm(), RELU, MaxPool(),
        Flatten(), Dense(10),
    ),
)  # fmt: skip
CNN1D = Stack(
    (1024, 1),
    (
        Convolution(16, (9,), stride=2, padding=4), RELU,
        Convolution(32, (9,), stride=2, padding=4), RELU,
        Convolution(64, (9,), stride=2, padding=4), RELU,
        MeanOverPlaces(), Dense(10),
    ),
)  # fmt: skip

ROWS = (
    Work(
        "xor", "XOR 2-4-1, {epochs} full-batch steps", "xor", Perceptron((2, 4, 1), "tanh"), "sigmoid",
        "sgd", 0.5, None, 50_000, times=10, fresh=True,
    ),
    Work(
        "circles", "circles 2-8-1, full batch of 300, {epochs} steps", "circles", Perceptron((2, 8, 1), "tanh"),
        "sigmoid", "sgd", 0.5, None, 3000,
    ),
    Work(
        "digits01", "digits 0/1 64-32-1, full batch of 288, {epochs} steps", "digits01",
        Perceptron((64, 32, 1), "relu"), "sigmoid", "sgd", 0.1, None, 2000,
    ),
    Work(
        "digits", "digits 64-64-10, Adam, batch 32, {epochs} epochs", "digits", Perceptron((64, 64, 10), "relu"),
        "softmax", epochs=50, fresh=True,
    ),
    Work(
        "iris", "iris 4-16-3, Adam, batch 32, {epochs} epochs", "iris", Perceptron((4, 16, 3), "relu"), "softmax",
        learning_rate=0.01, epochs=100,
    ),
    Work(
        "housing", "California housing 8-64-64-1, Adam, batch 64, {epochs} epochs", "housing",
        Perceptron((8, 64, 64, 1), "relu"), "identity", batch_size=64, epochs=10,
    ),
    Work(
        "pictures", "784-128-10, Adam, batch 64, 12,800 examples, {epochs} epochs", "pictures",
        Perceptron((784, 128, 10), "relu"), "softmax", batch_size=64, epochs=5,
    ),
    Work(
        "pictures-wide", "784-512-512-10, Adam, batch 128, 12,800 examples, {epochs} epochs", "pictures",
        Perceptron((784, 512, 512, 10), "relu"), "softmax", batch_size=128, epochs=3, fresh=True,
    ),
    Work(
        "deep", "digits, 10 layers of 64, sigmoid, batch norm, Adam, batch 32, {epochs} epochs", "digits",
        Perceptron((64, *[64] * 10, 10), "sigmoid", normalized=True), "softmax", epochs=10,
    ),
    Work(
        "cnn28", "CNN 28×28, filters 8-16, Adam, batch 64, 12,800 random pictures", "noise28", CNN28, "softmax",
        batch_size=64, epochs=1, fresh=True,
    ),
    Work(
        "cnn32", "CNN 32×32×3, filters 32-64-64, batch norm, Adam, batch 64, 3,200 random pictures", "noise32",
        CNN32, "softmax", batch_size=64, epochs=1, fresh=True,
    ),
    Work(
        "cnn1d", "CNN on 1,024 samples, filters 16-32-64, Adam, batch 64, 3,200 random series", "noise1024",
        CNN1D, "softmax", batch_size=64, epochs=1, fresh=True,
    ),
    Work(
        "lstm", "LSTM 8-64, 50 steps, Adam, batch 32, 1,280 random series", "noise50",
        Stack((50, 8), (Recurrence("lstm", 64), Dense(1))), "identity", epochs=1, fresh=True,
    ),
    Work(
        "gru", "GRU 32-128, 100 steps, Adam, batch 64, 1,280 random series", "noise100",
        Stack((100, 32), (Recurrence("gru", 128), Dense(10))), "softmax", batch_size=64, epochs=1, fresh=True,
    ),
    Work(
        "char", "character LSTM 64-128, 64 steps, Adam, batch 32, 640 random texts", "letters",
        Stack((64,), (Embedding(64, 64), Recurrence("lstm", 128, whole=True), Dense(64))), "softmax", epochs=1,
        fresh=True,
    ),
    Work(
        "predict-1", "predict one row with 64-64-10, {calls} times", "digits", Perceptron((64, 64, 10), "relu"),
        "softmax", rows=1, calls=1000,
    ),
    Work(
        "predict-100000", "predict 100,000 rows with 64-64-10", "digits", Perceptron((64, 64, 10), "relu"),
        "softmax", rows=100_000,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """A row with its numbers: every peer is given the same, so that all do the same arithmetic.

    Attributes:
        work: The row.
        X: The examples, (rows, *shape), float32, or int64 for an embedding; the channels of pictures and series last.
        y: Labels (rows,) for softmax, or one for each step, (rows, time); else numbers (rows, 1), float32.
        weights: The first W of each layer that has one, float32: (inputs, units), (*kernel, channels, filters) or
            (vocabulary, units); the W and the U of one that recurs. Every b starts at 0.
        orders: The order in which each epoch sees the examples, (epochs, rows); empty for full batches.
        engine: On which engine chainrule runs it.
        source: Where the table is from, in words.
    """

    work: Work
    X: np.ndarray
    y: np.ndarray
    weights: tuple[np.ndarray, ...]
    orders: np.ndarray
    engine: str
    source: str


def job(work: Work, engine: str, folder: str | None) -> Job:
    """Return ``work`` with its numbers.

    Args:
        work: The row.
        engine: For chainrule.
        folder: Where the larger tables lie; a made-up one of the same shape stands in for one that does not.
    """
    X, y, source = read(work.data, folder)
    rng = np.random.default_rng(SEED)
    if work.rows:
        X = np.ascontiguousarray(np.resize(X, (work.rows, *X.shape[1:])))
    first = tuple(
        (rng.standard_normal(W.shape) * sqrt(2 / (prod(W.shape[:-2]) * sum(W.shape[-2:])))).astype(np.float32)
        for W in weights(work.network)
    )  # Glorot & Bengio
    # chainrule, scikit-learn and Keras draw orders of their own.
    shuffled = 0 if work.batch_size is None else work.epochs
    orders = [np.random.default_rng([SEED, 1, epoch]).permutation(len(X)) for epoch in range(shuffled)]
    return Job(work, X, y, first, np.array(orders, np.int64).reshape(shuffled, len(X)), engine, source)


def shortened(work: Work) -> Work:
    """Return the same work in about a fiftieth of the time, to see that everything runs."""
    return replace(work, epochs=-(-work.epochs // 50), calls=-(-work.calls // 50))


def operations(job: Job) -> float:
    """Return how many floating-point operations the products of a job are, convolutions among them.

    A product of (rows, inputs) and (inputs, units) is 2 · rows · inputs · units. Training makes three of that
    size for each layer (forward, the gradient of W, that of the layer's input), and the first layer only two.
    """
    work, each = job.work, products(job.work.network)
    if work.rows:
        return 2.0 * work.rows * work.calls * sum(each)
    return 2.0 * len(job.X) * work.epochs * (3 * sum(each) - each[0])


def roots(job: Job) -> float:
    """Return how many square roots, each with a division, the optimizer takes: Adam, one a step for each weight."""
    if job.work.optimizer != "adam":
        return 0.0
    return float(steps(job) * parameters(job.work.network))


def steps(job: Job) -> int:
    """Return how many updates a training makes."""
    return job.work.epochs * -(-len(job.X) // (job.work.batch_size or len(job.X)))


def traffic(job: Job) -> float:
    """Return how many bytes a job must move at least, if all between X and the parameters stays in a cache.

    Each step reads its examples, reads and writes every parameter, and with Adam both moments too.
    """
    work = job.work
    if work.rows:
        examples = work.rows * (prod(work.network.shape) + prod(shapes(work.network)[-1]))
        return 4.0 * work.calls * (examples + parameters(work.network))
    passes = {"sgd": 2, "adam": 6}[work.optimizer]
    return 4.0 * (work.epochs * job.X.size + steps(job) * passes * parameters(work.network))
