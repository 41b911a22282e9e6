"""This machine: what it is, and the best it does with a matrix product and with a copy."""

import os
import platform
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

PACKAGES = ("numpy", "scipy", "scikit-learn", "llvmlite", "torch", "jax", "keras")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "XLA_FLAGS")
SIZES = (256, 512, 1024, 2048)
COPIED = 64 * 2**20  # bytes a thread, far beyond the caches


@dataclass(frozen=True)
class Peak:
    """The best that was measured here.

    Attributes:
        one: Operations a second of the best float32 matrix product, of NumPy or PyTorch, on one thread.
        products: The same on all cores.
        copies: Bytes a second of the best copy, read and written ones counted.
    """

    one: float
    products: float
    copies: float


def peak() -> Peak:
    """Measure the peak of this machine, in about four seconds."""
    with _threads(1):
        one = _best_product()
    products = max(one, _best_product()) if cores() > 1 else one
    copies = max(2 * COPIED * n / best(_copies(n)) for n in range(1, cores() + 1))
    return Peak(one, products, copies)


def best(f: Callable[[], object], seconds: float = 0.2) -> float:
    """Return the shortest time of a call, among all that fit into so many seconds, and three at least."""
    times, end = [], time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        began = time.perf_counter()
        f()
        times.append(time.perf_counter() - began)
    return min(times)


def _best_product() -> float:
    return max(2 * n**3 / best(f) for n in SIZES for f in _products(n))


@contextmanager
def _threads(n: int) -> Iterator[None]:
    with threadpool_limits(n):
        try:
            import torch
        except ImportError:
            yield
            return
        before = torch.get_num_threads()
        torch.set_num_threads(n)
        yield
    torch.set_num_threads(before)


def _products(n: int) -> list[Callable[[], object]]:
    a, b = np.random.default_rng(0).random((2, n, n), np.float32)
    out = np.empty_like(a)
    found: list[Callable[[], object]] = [lambda: np.matmul(a, b, out=out)]
    try:
        import torch
    except ImportError:
        return found
    x, y, z = map(torch.from_numpy, (a, b, out))
    return [*found, lambda: torch.mm(x, y, out=z)]


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
    limits = [f"{name}={os.environ[name]}" for name in THREADS if name in os.environ]
    threads = f"threads limited by {', '.join(limits)}" if limits else "threads at every library's default"
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
