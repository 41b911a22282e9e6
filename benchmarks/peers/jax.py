"""JAX: the whole training as one jitted function, a scan over epochs of a scan over steps; and variants of it."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

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
    convolves,
    normed,
)
from benchmarks.peers import CannotExpress
from benchmarks.work import Job, operations, steps

LARGE = 1e9  # operations a step, from which on nobody waits for convolutions in a scan
ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}


def trainer(
    job: Job,
    gathered: bool = False,
    donated: bool = False,
    alone: bool = False,
    flat: bool = False,
    unroll: int = 1,
) -> Callable[[], float]:
    """Return a function that runs the compiled training from the first parameters.

    Args:
        job: The work.
        gathered: Whether the rows of an epoch are gathered at its begin, not those of a batch at each step.
        donated: Whether each epoch is a call of its own, which may overwrite the parameters it is given.
        alone: Whether each step is one.
        flat: Whether all parameters lie in one vector.
        unroll: How many steps the body of the loop over steps holds.
    """
    work = job.work
    if work.batch_size is None and (gathered or donated):
        raise CannotExpress("there is nothing to gather, and no epoch of many steps, in full batches")
    if convolves(work.network) and not alone:
        if gathered or donated or flat:
            raise CannotExpress("only tried without convolutions, which are slow in whatever scan")
        if operations(job) / steps(job) > LARGE:
            raise CannotExpress(
                "a large convolution in a scan takes thirty times what it does in a call of its own"
            )
    X, y, orders = jnp.asarray(job.X), jnp.asarray(job.y), jnp.asarray(job.orders, jnp.int32)
    first = parameters(job)
    first, apart = ravel_pytree(first) if flat else (first, lambda w: w)
    nothing = jax.tree.map(jnp.zeros_like, first) if work.optimizer == "adam" else []
    statistics = [(jnp.zeros(n), jnp.ones(n)) for n in normed(work.network)]
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
    full_step = jax.jit(step, donate_argnums=0)
    one_step = jax.jit(lambda carry, rows, X, y: step(carry, X[rows], y[rows]), donate_argnums=0)

    def step_by_step() -> float:
        carry = jax.tree.map(jnp.array, start)
        if work.batch_size is None:
            for _ in range(work.epochs):
                carry, found = full_step(carry, X, y)
            return float(found)
        for order in orders:
            costs = []
            for first_row in range(0, len(order), work.batch_size):
                carry, found = one_step(carry, order[first_row : first_row + work.batch_size], X, y)
                costs.append(found)
        return float(sum(costs)) / len(costs)

    def train() -> float:
        if alone:
            return step_by_step()
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
    """Return the first parameters of each layer that has some."""
    found, weights, norms = [], iter(job.weights), iter(normed(job.work.network))
    for layer in job.work.network.layers:
        if isinstance(layer, Dense | Convolution):
            W = jnp.asarray(next(weights))
            found.append({"W": W, "b": jnp.zeros(W.shape[-1])})
        elif isinstance(layer, Embedding):
            found.append({"E": jnp.asarray(next(weights))})
        elif isinstance(layer, Recurrence):
            W, U = jnp.asarray(next(weights)), jnp.asarray(next(weights))
            biases = {"lstm": ["b"], "gru": ["b", "b_h"]}[layer.kind]
            found.append({"W": W, "U": U} | {name: jnp.zeros(W.shape[-1]) for name in biases})
        elif isinstance(layer, Norm):
            size = next(norms)
            found.append({"gamma": jnp.ones(size), "beta": jnp.zeros(size)})
    return found


def forward(w: Any, work: Any, x: Any, statistics: Any) -> Any:
    """Return the network's output before its last activation, and the new running means and variances."""
    kept, p, before = [], iter(w), iter(statistics)
    for layer in work.network.layers:
        places = tuple(range(1, x.ndim - 1))
        match layer:
            case Dense() | Convolution():
                of_layer = next(p)
                x = product(layer, x, of_layer["W"]) + of_layer["b"]
            case Embedding():
                x = next(p)["E"][x]
            case Recurrence(_, _, whole):
                x = recurred(layer, x, next(p))
                x = x if whole else x[:, -1]
            case Norm():
                mean, variance = x.mean(axis=(0, *places)), x.var(axis=(0, *places))
                found = jax.lax.stop_gradient((mean, variance))
                kept.append(
                    tuple(old + 0.1 * (new - old) for old, new in zip(next(before), found, strict=True))
                )
                scale = next(p)
                x = scale["gamma"] * (x - mean) / jnp.sqrt(variance + 1e-5) + scale["beta"]
            case Activation(name):
                x = ACTIVATIONS[name](x)
            case MaxPool():
                window = (1, *(2 for _ in places), 1)
                x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID")
            case MeanOverPlaces():
                x = x.mean(axis=places)
            case Flatten():
                x = x.reshape(len(x), -1)
    return x, kept


def product(layer: Dense | Convolution, x: Any, W: Any) -> Any:
    """Return the product of a layer, channels last."""
    if isinstance(layer, Dense):
        return x @ W
    places = len(layer.kernel)
    names = ("NHWC", "HWIO", "NHWC") if places == 2 else ("NHC", "HIO", "NHC")
    padding = [(layer.padding, layer.padding)] * places
    return jax.lax.conv_general_dilated(x, W, (layer.stride,) * places, padding, dimension_numbers=names)


def recurred(layer: Recurrence, x: Any, p: Any) -> Any:
    """Return h at every step, (batch, time, units): x @ W for all steps at once, then a scan."""

    def lstm(carry: Any, z: Any) -> Any:
        h, c = carry
        i, f, g, o = jnp.split(z + h @ p["U"], 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    def gru(carry: Any, z: Any) -> Any:
        (h,) = carry
        (u, r, n), (u_h, r_h, n_h) = (jnp.split(a, 3, axis=-1) for a in (z, h @ p["U"] + p["b_h"]))
        u = jax.nn.sigmoid(u + u_h)
        h = u * h + (1 - u) * jnp.tanh(n + jax.nn.sigmoid(r + r_h) * n_h)
        return (h,), h

    step, states = {"lstm": (lstm, 2), "gru": (gru, 1)}[layer.kind]
    z = jnp.swapaxes(x @ p["W"] + p["b"], 0, 1)
    _, ys = jax.lax.scan(step, (jnp.zeros((len(x), layer.units)),) * states, z)
    return jnp.swapaxes(ys, 0, 1)


def cost(w: Any, work: Any, x: Any, y: Any, statistics: Any) -> Any:
    """Return the mean loss of a batch, and the new running means and variances."""
    z, kept = forward(w, work, x, statistics)
    if work.output == "softmax":
        each = jax.nn.logsumexp(z, axis=-1) - jnp.take_along_axis(z, y[..., None], axis=-1)[..., 0]
    elif work.output == "sigmoid":
        each = jnp.logaddexp(0, z) - y * z
    else:
        each = 0.5 * jnp.square(z - y)
    return each.mean(), kept
