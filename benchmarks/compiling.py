"""Time to compile a long chain of small steps with its gradient, here and in JAX: python -m benchmarks.compiling.

The chain is ``u = sin(u) + 0.001``, so many times, on a vector; it is built, differentiated, compiled and called
once, each time in a process of its own with an empty cache. CPU time of the whole process counts, less that of a
process that compiles a chain of one: what it takes to start, to import and to load LLVM.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from statistics import median

import numpy as np

LENGTHS = (1000, 5000)
POINTS = np.linspace(0.0, 1.0, 64)


def ours(length: int) -> float:
    """Compile a chain with the native engine; return the sum of its gradient."""
    import chainrule as cr

    x = cr.variable(POINTS, "x")
    u = x
    for _ in range(length):
        u = np.sin(u) + 0.001
    J = np.sum(u)
    _, slope = cr.compile([J, cr.grad(J, x)], engine="native")()
    return float(np.sum(slope))


def jax(length: int) -> float:
    """Compile the same with JAX."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def J(x: jax.Array) -> jax.Array:
        for _ in range(length):
            x = jnp.sin(x) + 0.001
        return jnp.sum(x)

    _, slope = jax.jit(jax.value_and_grad(J))(POINTS)
    return float(jnp.sum(slope))


PEERS: dict[str, Callable[[int], float]] = {"chainrule": ours, "jax": jax}


def seconds(peer: str, length: int) -> float:
    """Return the CPU time of a process that compiles a chain."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"CHAINRULE_CACHE": folder}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "benchmarks.compiling", "--compile", peer, str(length)]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compiling", description=__doc__)
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--repeats", type=int, default=3, help="of how many processes each the median counts")
    parser.add_argument("--compile", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.compile:
        print(PEERS[asked.compile[0]](int(asked.compile[1])))
        return
    print(f"{'steps':>6} {'chainrule':>10} {'JAX':>10} {'ratio':>6}")
    start = {peer: median(seconds(peer, 1) for _ in range(asked.repeats)) for peer in PEERS}
    for length in asked.lengths:
        taken: dict[str, list[float]] = {peer: [] for peer in PEERS}
        for _ in range(asked.repeats):
            for peer in PEERS:
                taken[peer].append(seconds(peer, length) - start[peer])
        us, them = (median(taken[peer]) for peer in PEERS)
        print(f"{length:6} {us:8.2f} s {them:8.2f} s {us / them:6.2f}", flush=True)


if __name__ == "__main__":
    main()
