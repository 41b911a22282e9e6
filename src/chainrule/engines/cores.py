"""How many threads a call into an engine may use."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_here = threading.local()


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
