"""The threads that help: asleep between calls into machine code, awake within them."""

import ctypes
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache

import numpy as np

from chainrule.engines.native.code.team import BLOCK_BYTES, HELP, ORDER, REST
from chainrule.engines.native.plan.memory import ALIGN

MOST_THREADS = 4
ASLEEP, CALLED, CAME = range(3)


class Helper(threading.Thread):
    """A thread that does what it is called for, and sleeps between calls."""

    def __init__(self, number: int, do: Callable[[], None]) -> None:
        super().__init__(name=f"chainrule-{number}", daemon=True)
        self.state: int = ASLEEP
        self._do = do
        self._calls = threading.Semaphore(0)
        self._cpus: set[int] = set()

    def run(self) -> None:
        """Answer calls for as long as the process lives."""
        while True:
            self._calls.acquire()
            self.state = CAME
            self._do()
            self.state = ASLEEP

    def call(self, cpus: set[int]) -> None:
        """Wake up, on one of some cores: the system would choose that of who calls."""
        self.state = CALLED
        if cpus and cpus != self._cpus and self.native_id is not None:
            with suppress(OSError):  # the system has just taken one from the process
                os.sched_setaffinity(self.native_id, cpus)
                self._cpus = cpus
        self._calls.release()


class Helpers:
    """The threads of one process, lent to one run at a time. They sleep when there is no call for long."""

    def __init__(self) -> None:
        self.process: int = os.getpid()
        self.busy: threading.Lock = threading.Lock()
        self.all: list[Helper] = []
        memory = np.zeros(BLOCK_BYTES + ALIGN, np.uint8)
        self._memory = memory
        self._block: int = -(-memory.ctypes.data // ALIGN) * ALIGN
        self._order = ctypes.c_int64.from_address(self._block + ORDER)
        self._work: Callable[[int], None] | None = None

    def _do(self) -> None:
        if self._work is not None:
            self._work(self._block)

    @property
    def came(self) -> bool:
        """Whether all who were called are awake."""
        return all(helper.state != CALLED for helper in self.all)

    def wake(self, work: Callable[[int], None], count: int) -> int:
        """Let so many threads call ``work(block)``, which returns when there is no call for long; return the block."""
        while len(self.all) < count:
            helper = Helper(len(self.all), self._do)
            try:
                helper.start()
            except RuntimeError:  # a limit of the system: as many as there are help
                break
            self.all.append(helper)
        self._order.value = HELP
        self._work = work
        asleep = [helper for helper in self.all[:count] if helper.state == ASLEEP]
        if asleep:
            cpus = _other_cpus()
            for helper in asleep:
                helper.call(cpus)
        return self._block

    def rest(self) -> None:
        """Tell all that there is no work before the next call; who waits too long for it goes to sleep."""
        self._order.value = REST


_helpers: Helpers | None = None


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
