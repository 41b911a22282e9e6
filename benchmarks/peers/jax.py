"""JAX: the whole training as one jitted function, a scan over epochs of a scan over steps."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.work import Job

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}


def trainer(job: Job) -> Callable[[], float]:
    """Return a function that runs the compiled training from the first parameters."""
    work = job.work
    X, y, orders = jnp.asarray(job.X), jnp.asarray(job.y), jnp.asarray(job.orders, jnp.int32)
    first = parameters(job)
    nothing = jax.tree.map(jnp.zeros_like, first)
    statistics = [(jnp.zeros(W.shape[1]), jnp.ones(W.shape[1])) for W in job.weights[:-1] if work.normalized]
    start = (first, nothing, nothing, statistics, jnp.float32(0))

    def step(carry: Any, x: Any, target: Any) -> Any:
        w, m, v, kept, t = carry
        (found, kept), g = jax.value_and_grad(cost, has_aux=True)(w, work, x, target, kept)
        if work.optimizer == "sgd":
            return (jax.tree.map(lambda w, g: w - work.learning_rate * g, w, g), m, v, kept, t), found
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        first_weight, second_weight = 1 - 0.9**t, 1 - 0.999**t

        def moved(w: Any, m: Any, v: Any) -> Any:
            return w - work.learning_rate * (m / first_weight) / (jnp.sqrt(v / second_weight) + 1e-7)

        return (jax.tree.map(moved, w, m, v), m, v, kept, t), found

    @jax.jit
    def descend(carry: Any, X: Any, y: Any, orders: Any) -> Any:
        if work.batch_size is None:
            _, costs = jax.lax.scan(lambda c, _: step(c, X, y), carry, length=work.epochs)
            return costs[-1]
        whole, rest = divmod(len(X), work.batch_size)

        def epoch(carry: Any, order: Any) -> Any:
            batches = order[: whole * work.batch_size].reshape(whole, work.batch_size)
            carry, costs = jax.lax.scan(lambda c, rows: step(c, X[rows], y[rows]), carry, batches)
            if not rest:
                return carry, costs.mean()
            rows = order[-rest:]
            carry, last = step(carry, X[rows], y[rows])
            return carry, (costs.sum() + last) / (whole + 1)

        return jax.lax.scan(epoch, carry, orders)[1][-1]

    def train() -> float:
        return float(descend(start, X, y, orders))

    return train


def predictor(job: Job) -> Callable[[], np.ndarray]:
    """Return a function that predicts."""
    w = parameters(job)
    apply = jax.jit(lambda w, x: jax.nn.softmax(forward(w, job.work, x, [])[0]))

    def run() -> np.ndarray:
        for _ in range(job.work.calls):
            p = np.asarray(apply(w, job.X))
        return p

    return run


def parameters(job: Job) -> list[dict[str, Any]]:
    """Return the first parameters of each layer."""
    found = []
    for layer, W in enumerate(job.weights):
        p = {"W": jnp.asarray(W), "b": jnp.zeros(W.shape[1])}
        if job.work.normalized and layer < len(job.weights) - 1:
            p |= {"gamma": jnp.ones(W.shape[1]), "beta": jnp.zeros(W.shape[1])}
        found.append(p)
    return found


def forward(w: Any, work: Any, x: Any, statistics: Any) -> Any:
    """Return the network's output before its last activation, and the new running means and variances."""
    kept = []
    for layer, p in enumerate(w[:-1]):
        x = x @ p["W"] + p["b"]
        if work.normalized:
            mean, variance = x.mean(axis=0), x.var(axis=0)
            found = jax.lax.stop_gradient((mean, variance))
            kept.append(
                tuple(old + 0.1 * (new - old) for old, new in zip(statistics[layer], found, strict=True))
            )
            x = p["gamma"] * (x - mean) / jnp.sqrt(variance + 1e-5) + p["beta"]
        x = ACTIVATIONS[work.hidden](x)
    return x @ w[-1]["W"] + w[-1]["b"], kept


def cost(w: Any, work: Any, x: Any, y: Any, statistics: Any) -> Any:
    """Return the mean loss of a batch, and the new running means and variances."""
    z, kept = forward(w, work, x, statistics)
    if work.output == "softmax":
        each = jax.nn.logsumexp(z, axis=1) - jnp.take_along_axis(z, y[:, None], axis=1)[:, 0]
    elif work.output == "sigmoid":
        each = jnp.logaddexp(0, z) - y * z
    else:
        each = 0.5 * jnp.square(z - y)
    return each.mean(), kept
