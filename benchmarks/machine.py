"""This machine: what it is, and the best it does with arithmetic and with a copy."""

import os
import platform
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import accumulate
from math import inf
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import limits

PACKAGES = ("numpy", "scipy", "scikit-learn", "llvmlite", "torch", "jax", "keras")
# What makes libraries use fewer cores, or code for another processor, than they would.
HELD = (
    "CHAINRULE_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "OPENBLAS_CORETYPE",
    "MKL_NUM_THREADS",
    "XLA_FLAGS",
)
SIZES = (256, 512, 1024, 2048)
COPIED = 64 * 2**20  # bytes a thread, far beyond the caches


@dataclass(frozen=True)
class Peak:
    """The best that was measured here, by the number of cores at work: one first, then two, to all.

    Attributes:
        products: Float32 operations a second, of multiply-adds.
        roots: Square roots, each with a division, a second; infinite where that could not be measured.
        copies: Bytes a second of the best copy on all cores, read and written ones counted.
    """

    products: list[float]
    roots: list[float]
    copies: float

    def least(self, operations: float, roots: float, cores: int) -> tuple[float, float]:
        """Return the seconds that so many operations, and so many roots, take at least on so many cores."""
        return operations / self.products[cores - 1], roots / self.roots[cores - 1]


def peak() -> Peak:
    """Measure the peak of this machine, in a second or two for each core."""
    numbers = range(1, cores() + 1)
    try:
        found = [limits.rates(n) for n in numbers]
    except ModuleNotFoundError:  # no llvmlite: what NumPy reaches is the best that is known
        found = [(_best_product(n), inf) for n in numbers]
    copies = max(2 * COPIED * n / best(_copies(n)) for n in numbers)
    # More cores do no less: where they seem to, others used the machine meanwhile.
    products, roots = (list(accumulate(rates, max)) for rates in zip(*found, strict=True))
    return Peak(products, roots, copies)


def best(f: Callable[[], object], seconds: float = 0.2) -> float:
    """Return the shortest time of a call, among all that fit into so many seconds, and three at least."""
    times, end = [], time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        began = time.perf_counter()
        f()
        times.append(time.perf_counter() - began)
    return min(times)


def _best_product(cores: int) -> float:
    with threadpool_limits(cores):
        return max(2 * n**3 / best(_product(n)) for n in SIZES)


def _product(n: int) -> Callable[[], object]:
    a, b = np.random.default_rng(0).random((2, n, n), np.float32)
    out = np.empty_like(a)
    return lambda: np.matmul(a, b, out=out)


def _copies(threads: int) -> Callable[[], object]:
    sources = [np.ones(COPIED, np.uint8) for _ in range(threads)]
    targets = [np.ones(COPIED, np.uint8) for _ in range(threads)]
    pool = ThreadPoolExecutor(threads)
    return lambda: list(pool.map(np.copyto, targets, sources))


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def description() -> str:
    """Return processor, cores, versions and how busy it is in one line."""
    found = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    held = [f"{name}={os.environ[name]}" for name in HELD if name in os.environ]
    threads = f"libraries held by {', '.join(held)}" if held else "every library at its defaults"
    # Threads that wait for each other are no measure of anything on cores that others use too.
    load = f"; load before the run {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    counted = f"{cores()} core{'s' * (cores() > 1)}"
    return f"{_processor()}, {counted}, {platform.system()}; {', '.join(found)}; {threads}{load}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    facts = dict(reversed([[part.strip() for part in line.split(":", 1)] for line in lines if ":" in line]))
    if "model name" not in facts:
        return platform.processor() or platform.machine()
    # A virtual machine may hide the model; family, model and vectors then tell the generation.
    flags = facts.get("flags", "").split()
    vectors = next((v for v in ("avx512f", "avx2", "sse2") if v in flags), "no vectors known")
    generation = f"family {facts.get('cpu family', '?')}, model {facts.get('model', '?')}"
    return f"{facts['model name']} ({generation}, {vectors})"
