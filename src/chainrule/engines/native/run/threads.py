"""The threads that help: asleep between calls into machine code, awake within them."""

import ctypes
import os
import sys
import threading
from collections.abc import Callable

import numpy as np

from chainrule.engines.native.code.team import BLOCK_BYTES, STOP
from chainrule.engines.native.plan.memory import ALIGN

RETRY_CALLS = 64  # the slower way is tried again after so many calls
MOST_THREADS = 4


class Helpers:
    """Threads of one process, lent to one call at a time."""

    def __init__(self, count: int) -> None:
        self.process: int = os.getpid()
        self.busy: threading.Lock = threading.Lock()
        memory = np.zeros(BLOCK_BYTES + ALIGN, np.uint8)
        self._memory = memory
        self.block: int = -(-memory.ctypes.data // ALIGN) * ALIGN
        self._stop = ctypes.c_int64.from_address(self.block + STOP)
        self._work: Callable[[int], None] | None = None
        self._cpus: set[int] = set()
        self._wake = [threading.Semaphore(0) for _ in range(count)]
        self._asleep = [threading.Event() for _ in range(count)]
        for number in range(count):
            self._asleep[number].set()
            name = f"chainrule-{number}"
            threading.Thread(target=self._serve, args=(number,), name=name, daemon=True).start()

    def _serve(self, number: int) -> None:
        while True:
            self._wake[number].acquire()
            if self._cpus:
                os.sched_setaffinity(0, self._cpus)
            if self._work is not None:
                self._work(self.block)
            self._asleep[number].set()

    def start(self, work: Callable[[int], None]) -> None:
        """Let every thread call ``work(block)``, which returns when it is told to stop."""
        for asleep in self._asleep:
            asleep.wait()
            asleep.clear()
        self._stop.value = 0
        self._cpus = _other_cpus()
        self._work = work
        for wake in self._wake:
            wake.release()

    def stop(self) -> None:
        """Tell all threads to go back to sleep."""
        self._stop.value = 1


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


def _other_cpus() -> set[int]:
    """Return the cores but that of this thread, on which the system would wake those who help and leave them."""
    if not sys.platform.startswith("linux"):
        return set()
    try:
        here = ctypes.CDLL(None).sched_getcpu()
        return os.sched_getaffinity(0) - {here}
    except (AttributeError, OSError):
        return set()


class Sharing:
    """Whether a run has its loops shared: both ways are timed now and then, and the faster one is taken.

    Two threads may be two cores, or halves of one that slow each other down; another program may want one of
    them. The result is the same to the bit, so nothing but time depends on it.
    """

    def __init__(self, work: Callable[[int], None] | None) -> None:
        self._work = work if threads() > 1 else None
        self._seconds: dict[bool, float] = {}  # a step takes, alone and helped
        self._calls = 0
        self._helpers: Helpers | None = None

    @property
    def block(self) -> int | None:
        """What the next call shares with helping threads; None if it works alone."""
        return self._helpers.block if self._helpers is not None else None

    def resume(self) -> None:
        """Begin with help where that was the faster way before."""
        known = self._seconds
        if self._work is not None and len(known) == 2 and known[True] < known[False]:
            self._begin(self._work)

    def note(self, seconds: float) -> None:
        """Take note of how long a step of the last call took, and decide on the next."""
        if self._work is None:
            return
        helped = self._helpers is not None
        self._seconds[helped] = seconds
        self._calls += 1
        other_known = (not helped) in self._seconds
        better = min(self._seconds, key=lambda k: self._seconds[k])
        # After 4, 8, 16 .. calls, then now and then: what was in the way at first may be gone.
        early = 3 < self._calls < RETRY_CALLS and self._calls.bit_count() == 1
        again = early or self._calls % RETRY_CALLS == 0
        wanted = better if other_known and not again else not helped
        if wanted != helped:
            self.end()
            if wanted:
                self._begin(self._work)

    def _begin(self, work: Callable[[int], None]) -> None:
        global _helpers
        helpers = _helpers  # looked at once: another run may put others there
        if helpers is None or helpers.process != os.getpid():  # threads do not live on in a forked process
            helpers = _helpers = Helpers(min(threads(), MOST_THREADS) - 1)
        if helpers.busy.acquire(blocking=False):
            self._helpers = helpers
            helpers.start(work)

    def end(self) -> None:
        """Let the helping threads sleep."""
        if self._helpers is not None:
            self._helpers.stop()
            self._helpers.busy.release()
            self._helpers = None
