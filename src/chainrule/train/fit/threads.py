"""How many threads SciPy's linear algebra goes on, beside our own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

_limiting = threading.Lock()


@contextmanager
def one_thread(threads: Any) -> Iterator[None]:
    """Let SciPy's linear algebra go on one thread.

    An iteration multiplies matrices of ``memory`` rows, and to wake another thread for that takes ten to a hundred
    times as long as to do it. How many there are is set for the whole process: a fit beside another leaves it alone, so
    that who sets it puts back what it found.
    """
    if not _limiting.acquire(blocking=False):
        yield
        return
    try:
        with threads.limit(limits=1):
            yield
    finally:
        _limiting.release()


@cache
def threads_of_scipy() -> Any:
    """Return what sets the threads of the libraries that SciPy brings: NumPy's, which has its own, keeps them."""
    from threadpoolctl import ThreadpoolController  # noqa: PLC0415 -- for L-BFGS alone

    found = ThreadpoolController()
    paths = [each["filepath"] for each in found.info()]
    return found.select(
        filepath=[path for path in paths if "scipy" in " ".join(Path(path).parent.parts[-2:])]
    )
