"""How many threads a call into an engine, or into linear algebra, may use."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import Any

_here = threading.local()
_limiting = threading.Lock()


@contextmanager
def alone() -> Iterator[None]:
    """Let the calls that this thread makes inside use no other: there is work for the others, too."""
    before, _here.alone = getattr(_here, "alone", False), True
    try:
        yield
    finally:
        _here.alone = before


def threads() -> int:
    """Return how many threads a call may use: CHAINRULE_THREADS, OMP_NUM_THREADS, or the cores there are.

    >>> with alone():
    ...     threads()
    1
    """
    if getattr(_here, "alone", False):
        return 1
    for name in ("CHAINRULE_THREADS", "OMP_NUM_THREADS"):
        wanted = os.environ.get(name, "")
        if wanted.isdigit() and int(wanted) > 0:
            return int(wanted)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def one_thread(libraries: Any = None) -> Iterator[None]:
    """Let libraries of linear algebra, which threadpoolctl found, go on one thread; None for all that are loaded.

    To wake another thread for small matrices takes ten to a hundred times as long as to multiply them. How many there
    are is set for the whole process: one call beside another leaves it alone, so that who sets it puts back what it
    found.
    """
    if not _limiting.acquire(blocking=False):
        yield
        return
    try:
        found = _loaded() if libraries is None else libraries
        with nullcontext() if found is None else found.limit(limits=1, user_api="blas"):
            yield
    finally:
        _limiting.release()


@cache
def _loaded() -> Any:
    try:
        from threadpoolctl import ThreadpoolController  # noqa: PLC0415 -- for whom small matrices await
    except ImportError:  # in a browser, which has one thread
        return None
    return ThreadpoolController()
