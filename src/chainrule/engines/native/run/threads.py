"""The threads that help: asleep between calls into machine code, awake within them."""

import ctypes
import os
import sys
import threading
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from chainrule.engines.native.code.team import BLOCK_BYTES, HELP, ORDER, REST
from chainrule.engines.native.plan.memory import ALIGN

MOST_THREADS = 4
ASLEEP, CALLED, CAME = range(3)


class Helpers:
    """Threads of one process, lent to one run at a time. They sleep when there is no call for long."""

    def __init__(self) -> None:
        self.process: int = os.getpid()
        self.busy: threading.Lock = threading.Lock()
        memory = np.zeros(BLOCK_BYTES + ALIGN, np.uint8)
        self._memory = memory
        self._block: int = -(-memory.ctypes.data // ALIGN) * ALIGN
        self._order = ctypes.c_int64.from_address(self._block + ORDER)
        self._work: Callable[[int], None] | None = None
        self._places: list[set[int]] = []  # the cores on which each may run
        self._threads: list[threading.Thread] = []
        self._states: list[int] = []
        self._calls: list[threading.Semaphore] = []

    def _serve(self, number: int) -> None:
        while True:
            self._calls[number].acquire()
            self._states[number] = CAME
            if self._work is not None:
                self._work(self._block)
            self._states[number] = ASLEEP

    def _add(self) -> None:
        number = len(self._threads)
        self._calls.append(threading.Semaphore(0))
        self._states.append(ASLEEP)
        self._places.append(set())
        thread = threading.Thread(target=self._serve, args=(number,), name=f"chainrule-{number}", daemon=True)
        self._threads.append(thread)
        thread.start()

    @property
    def came(self) -> bool:
        """Whether all who were called are awake."""
        return CALLED not in self._states

    def wake(self, work: Callable[[int], None], count: int) -> int:
        """Let so many threads call ``work(block)``, which returns when there is no call for long; return the block."""
        while len(self._threads) < count:
            self._add()
        self._order.value = HELP
        self._work = work
        if ASLEEP in self._states:
            cpus = _other_cpus()
            for number, state in enumerate(self._states[:count]):
                if state == ASLEEP:
                    self._states[number] = CALLED
                    self._place(number, cpus)
                    self._calls[number].release()
        return self._block

    def _place(self, number: int, cpus: set[int]) -> None:
        """Have a thread wake up on cores of its own: the system would wake it on that of who calls."""
        identity = self._threads[number].native_id
        if cpus and cpus != self._places[number] and identity is not None:
            os.sched_setaffinity(identity, cpus)
            self._places[number] = cpus

    def rest(self) -> None:
        """Tell all that there is no work before the next call; who waits too long for it goes to sleep."""
        self._order.value = REST


_helpers: Helpers | None = None


def threads() -> int:
    """Return how many threads a call may use: CHAINRULE_THREADS, OMP_NUM_THREADS, or the cores there are."""
    for name in ("CHAINRULE_THREADS", "OMP_NUM_THREADS"):
        wanted = os.environ.get(name, "")
        if wanted.isdigit() and int(wanted) > 0:
            return int(wanted)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def lent() -> Helpers | None:
    """Return the threads that help, whom the caller lets go by ``busy.release()``; None if another run has them."""
    global _helpers
    helpers = _helpers  # looked at once: another run may put others there
    if helpers is None or helpers.process != os.getpid():  # threads do not live on in a forked process
        helpers = _helpers = Helpers()
    return helpers if helpers.busy.acquire(blocking=False) else None


def _other_cpus() -> set[int]:
    """Return the cores but that of this thread, on which the system would wake those who help and leave them."""
    if not sys.platform.startswith("linux"):
        return set()
    try:
        return os.sched_getaffinity(0) - {_libc().sched_getcpu()}
    except (AttributeError, OSError):
        return set()


@lru_cache(maxsize=1)
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)
