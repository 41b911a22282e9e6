"""JAX: the whole training as one jitted function, a scan over epochs of a scan over steps; and variants of it."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from benchmarks.peers import CannotExpress
from benchmarks.work import Job

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}


def trainer(
    job: Job, gathered: bool = False, donated: bool = False, flat: bool = False, unroll: int = 1
) -> Callable[[], float]:
    """Return a function that runs the compiled training from the first parameters.

    Args:
        job: The work.
        gathered: Whether the rows of an epoch are gathered at its begin, not those of a batch at each step.
        donated: Whether each epoch is a call of its own, which may overwrite the parameters it is given.
        flat: Whether all parameters lie in one vector.
        unroll: How many steps the body of the loop over steps holds.
    """
    work = job.work
    if work.batch_size is None and (gathered or donated):
        raise CannotExpress("there is nothing to gather, and no epoch of many steps, in full batches")
    X, y, orders = jnp.asarray(job.X), jnp.asarray(job.y), jnp.asarray(job.orders, jnp.int32)
    first = parameters(job)
    first, apart = ravel_pytree(first) if flat else (first, lambda w: w)
    nothing = jax.tree.map(jnp.zeros_like, first) if work.optimizer == "adam" else []
    statistics = [(jnp.zeros(W.shape[1]), jnp.ones(W.shape[1])) for W in job.weights[:-1] if work.normalized]
    start = (first, nothing, nothing, statistics, jnp.float32(0))

    def step(carry: Any, x: Any, target: Any) -> Any:
        w, m, v, kept, t = carry
        of_batch = jax.value_and_grad(lambda w: cost(apart(w), work, x, target, kept), has_aux=True)
        (found, kept), g = of_batch(w)
        if work.optimizer == "sgd":
            return (jax.tree.map(lambda w, g: w - work.learning_rate * g, w, g), m, v, kept, t), found
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        first_weight, second_weight = 1 - 0.9**t, 1 - 0.999**t

        def moved(w: Any, m: Any, v: Any) -> Any:
            return w - work.learning_rate * (m / first_weight) / (jnp.sqrt(v / second_weight) + 1e-7)

        return (jax.tree.map(moved, w, m, v), m, v, kept, t), found

    def epoch(carry: Any, order: Any, X: Any, y: Any) -> Any:
        whole, rest = divmod(len(X), work.batch_size)
        if gathered:
            X, y, order = X[order], y[order], jnp.arange(len(X))
            batches = tuple(a[: whole * work.batch_size].reshape(whole, -1, *a.shape[1:]) for a in (X, y))
            carry, costs = jax.lax.scan(lambda c, batch: step(c, *batch), carry, batches, unroll=unroll)
        else:
            batches = order[: whole * work.batch_size].reshape(whole, work.batch_size)
            carry, costs = jax.lax.scan(
                lambda c, rows: step(c, X[rows], y[rows]), carry, batches, unroll=unroll
            )
        if not rest:
            return carry, costs.mean()
        rows = order[-rest:]
        carry, last = step(carry, X[rows], y[rows])
        return carry, (costs.sum() + last) / (whole + 1)

    @jax.jit
    def descend(carry: Any, X: Any, y: Any, orders: Any) -> Any:
        if work.batch_size is None:
            _, costs = jax.lax.scan(lambda c, _: step(c, X, y), carry, length=work.epochs, unroll=unroll)
            return costs[-1]
        return jax.lax.scan(lambda c, order: epoch(c, order, X, y), carry, orders)[1][-1]

    one_epoch = jax.jit(epoch, donate_argnums=0)

    def train() -> float:
        if not donated:
            return float(descend(start, X, y, orders))
        carry = jax.tree.map(jnp.array, start)
        for order in orders:
            carry, found = one_epoch(carry, order, X, y)
        return float(found)

    return train


def predictor(job: Job, **options: Any) -> Callable[[], np.ndarray]:
    """Return a function that predicts; it has one setting only."""
    if options:
        raise CannotExpress("its settings are of training alone")
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
