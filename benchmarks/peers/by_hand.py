"""NumPy by hand: the class that a student writes after the lectures, in float32 and without waste."""

from collections.abc import Callable

import numpy as np

from benchmarks.peers import perceptron
from benchmarks.work import Job

EPSILON, MOMENTUM = 1e-5, 0.9  # of batch normalization


def trainer(job: Job) -> Callable[[], float]:
    """Return a function that trains a network of the class below."""
    work, X, y = job.work, job.X, job.y
    perceptron(job)

    def train() -> float:
        network = NeuralNetwork(job)
        step = {"sgd": network.descend, "adam": network.adam}[work.optimizer]
        if work.batch_size is None:
            for _ in range(work.epochs):
                cost = step(X, y)
            return float(cost)
        for order in job.orders:
            total, steps = 0.0, 0
            for start in range(0, len(order), work.batch_size):
                rows = order[start : start + work.batch_size]
                total += step(X[rows], y[rows])
                steps += 1
        return float(total / steps)

    return train


def predictor(job: Job) -> Callable[[], np.ndarray]:
    """Return a function that predicts."""
    network = NeuralNetwork(job)

    def run() -> np.ndarray:
        for _ in range(job.work.calls):
            p = network.forward(job.X)
        return p

    return run


class NeuralNetwork:
    """Dense layers, their backpropagation and two ways to descend."""

    def __init__(self, job: Job) -> None:
        work, network = job.work, perceptron(job)
        self.rate, self.hidden, self.output = np.float32(work.learning_rate), network.hidden, work.output
        self.depth, self.normalized = len(job.weights), network.normalized
        self.W = [W.copy() for W in job.weights]
        self.b = [np.zeros(W.shape[1], np.float32) for W in job.weights]
        inner = job.weights[:-1] if network.normalized else []
        self.gamma = [np.ones(W.shape[1], np.float32) for W in inner]
        self.beta = [np.zeros(W.shape[1], np.float32) for W in inner]
        self.mean = [np.zeros(W.shape[1], np.float32) for W in inner]
        self.variance = [np.ones(W.shape[1], np.float32) for W in inner]
        self.parameters = [*self.W, *self.b, *self.gamma, *self.beta]
        self.m = [np.zeros_like(p) for p in self.parameters]
        self.v = [np.zeros_like(p) for p in self.parameters]
        self.t = 0

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Return the prediction, and keep what backward needs."""
        self.A, self.normal = [X], []
        for layer in range(self.depth - 1):
            Z = self.A[-1] @ self.W[layer] + self.b[layer]
            if self.normalized:
                Z = self.normalize(layer, Z)
            self.A.append(activate(self.hidden, Z))
        self.Z = self.A[-1] @ self.W[-1] + self.b[-1]
        return activate(self.output, self.Z)

    def normalize(self, layer: int, Z: np.ndarray) -> np.ndarray:
        """Return Z of mean beta and deviation gamma in every column."""
        mean = Z.mean(axis=0)
        centred = Z - mean
        variance = (centred * centred).mean(axis=0)
        self.mean[layer] += (1 - MOMENTUM) * (mean - self.mean[layer])
        self.variance[layer] += (1 - MOMENTUM) * (variance - self.variance[layer])
        scale = 1 / np.sqrt(variance + np.float32(EPSILON))
        self.normal.append((centred * scale, scale))
        return self.gamma[layer] * self.normal[-1][0] + self.beta[layer]

    def backward(self, P: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
        """Return the gradient of every parameter, in the order of ``parameters``."""
        n = len(y)
        dZ = P.copy()
        if self.output == "softmax":
            dZ[np.arange(n), y] -= 1
        else:
            dZ -= y
        dZ /= n
        dW, db, dgamma, dbeta = [], [], [], []
        for layer in reversed(range(self.depth)):
            dW.insert(0, self.A[layer].T @ dZ)
            db.insert(0, dZ.sum(axis=0))
            if layer == 0:
                break
            dZ = (dZ @ self.W[layer].T) * slope(self.hidden, self.A[layer])
            if self.normalized:
                normal, scale = self.normal[layer - 1]
                dgamma.insert(0, (dZ * normal).sum(axis=0))
                dbeta.insert(0, dZ.sum(axis=0))
                spread = dbeta[0] + normal * dgamma[0]
                dZ = self.gamma[layer - 1] * scale * (dZ - spread / n)
        return [*dW, *db, *dgamma, *dbeta]

    def descend(self, X: np.ndarray, y: np.ndarray) -> float:
        """Make one step of gradient descent; return the cost before it."""
        P = self.forward(X)
        for p, g in zip(self.parameters, self.backward(P, y), strict=True):
            p -= self.rate * g
        return cost(self.output, self.Z, P, y)

    def adam(self, X: np.ndarray, y: np.ndarray) -> float:
        """Make one step of Adam; return the cost before it."""
        P = self.forward(X)
        self.t += 1
        first, second = np.float32(1 - 0.9**self.t), np.float32(1 - 0.999**self.t)
        for p, g, m, v in zip(self.parameters, self.backward(P, y), self.m, self.v, strict=True):
            m *= 0.9
            m += 0.1 * g
            v *= 0.999
            v += 0.001 * (g * g)
            p -= self.rate * (m / first) / (np.sqrt(v / second) + 1e-7)
        return cost(self.output, self.Z, P, y)


def activate(name: str, Z: np.ndarray) -> np.ndarray:
    """Return the activation of Z."""
    if name == "relu":
        return np.maximum(Z, 0)
    if name == "tanh":
        return np.tanh(Z)
    if name == "sigmoid":
        return 1 / (1 + np.exp(-Z))
    if name == "softmax":
        E = np.exp(Z - Z.max(axis=1, keepdims=True))
        return E / E.sum(axis=1, keepdims=True)
    return Z


def slope(name: str, A: np.ndarray) -> np.ndarray:
    """Return the derivative of the activation, from its value."""
    if name == "relu":
        return A > 0
    return 1 - A * A if name == "tanh" else A * (1 - A)


def cost(output: str, Z: np.ndarray, P: np.ndarray, y: np.ndarray) -> float:
    """Return the mean loss of a batch."""
    if output == "softmax":
        return -np.log(P[np.arange(len(y)), y]).mean()
    if output == "sigmoid":
        return (np.logaddexp(0, Z) - y * Z).mean()
    return 0.5 * np.square(P - y).mean()
