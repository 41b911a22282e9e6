"""Alone or with help: both ways are timed, and the faster one is taken."""

import statistics
from collections.abc import Callable

from chainrule.engines.cores import threads
from chainrule.engines.native.run.threads import MOST_THREADS, Helpers, lent

# Seconds:
CALL_SECONDS = 0.005  # a call into machine code is meant to last: another program may take a core away
LEAST_SECONDS = 0.00025  # what lasts no longer alone wakes nobody: that takes some 50 microseconds
SHORTEST, LONGEST = 50e-6, 5e-3  # what is compared takes at first, and in the end: a core's turn is some ms
SETTLING = 1e-3  # a call this long tells what help is worth though it was only just called
STRETCHES = 4  # so many of each way in a row: the first ones find their numbers in another core's cache
TURNS = 24  # so many short calls wait for help to come
BETTER = 0.95  # help must take less than this share of the time: to win less is not worth a second core
APART = 64  # what is lost by trying the slower way is one part in so many of the time, roughly
WAKING = 1e-4  # seconds lost whenever somebody is woken, and caches change hands
LEAST_LOST = 1 / 8  # of a stretch, as far as that goes: to try what is about as fast is not free either
MOST_LOST = 0.01  # seconds that help may take longer than being alone would have, before that is looked into
DOUBTS = 4  # the first time, help is asked again so many times twice as soon
LONGEST_WAIT = 1.0  # seconds between two comparisons: a core that was away may be back
MOST_OFTEN = 16  # but so many times what is lost by one


class Choice:
    """Which way the next call is done, by what calls took. It reads no clock.

    Two threads may be two cores, or halves of one that slow each other down; another program may want one of
    them, now or later. So the ways are compared, in short calls, for the first time as soon as a run is seen to
    last, and again and again: each time with longer calls, as what comes between now and then is not seen in short
    ones. When help takes longer than being alone would have, a core may have gone away, or both may be busy: then
    it is seen how long steps take alone now.

    Attributes:
        helped: How the next call is done.
    """

    def __init__(self) -> None:
        self.helped: bool = False
        self._pace: float | None = None  # seconds a step took in the last call
        self._alone: float | None = None  # and alone when the ways were compared
        self._recent: list[float] = []  # and in the last calls
        self._spent = self._done = 0.0  # seconds and steps since help last paid, or while it is tried
        self._since = self._wait = 0.0  # seconds since the ways were compared, and for which they are not
        self._seen: dict[bool, list[float]] | None = None  # while they are compared
        self._times = STRETCHES  # so many stretches of each way
        self._longest = SHORTEST  # seconds a stretch may take in the next comparison
        self._stretch = SHORTEST  # and takes in this one
        self._tried = 0.0  # seconds of those alone
        self._waited = 0  # calls that waited for help
        self._found = False  # whether help was better when they were compared
        self._same = 0  # and how often in a row
        self._late = False  # whether they are compared because help cost too much
        self._doubts = 0  # how often that was so of late
        self._held = 0.0  # seconds with help since it was so

    @property
    def seconds(self) -> float:
        """How long the next call is meant to last."""
        if self._seen is not None:
            return self._stretch
        return CALL_SECONDS if self._alone is not None or len(self._recent) > 1 else SHORTEST

    def worth(self, steps: float) -> bool:
        """Whether so many steps are known to last long enough for help to be called."""
        pace = self._pace if self._alone is None else self._alone
        return pace is not None and steps * pace > LEAST_SECONDS

    def note(self, seconds: float, steps: float, left: float, *, settled: bool = True) -> None:
        """Take note of a call, and decide on the next.

        Args:
            seconds: What it took.
            steps: How many steps it did.
            left: How many are still to be done.
            settled: Whether help, if wanted, had come before it.
        """
        self._since += seconds
        self._pace = pace = seconds / steps
        if self.helped:
            self._spent, self._done = self._spent + seconds, self._done + steps
        if self._seen is not None:
            self._tried += seconds * (not self.helped)
            self._compare(self._seen, pace, settled or seconds > SETTLING)
            return
        self._recent = [*self._recent[1 - STRETCHES :], pace]
        if self.helped:
            self._held += seconds
            if self._debt() < 0:
                self._spent = self._done = 0.0
        if len(self._recent) > 1 and (self._since >= self._wait or self._debt() > MOST_LOST):
            self._begin(min(self._recent), left)

    def _debt(self) -> float:
        """Return how many seconds longer than alone it took since help last paid."""
        return self._spent - self._done * (self._alone or 0)

    def _begin(self, pace: float, left: float) -> None:
        """Begin to compare the ways, if there is time enough for that."""
        room = left * pace / 8  # seconds for each way
        self._stretch = max(min(self._longest, room / STRETCHES), SHORTEST, pace)
        self._times = min(STRETCHES, int(room / self._stretch))
        if self._times and 8 * room > 2 * LEAST_SECONDS:
            self._seen, self._waited, self._tried = {True: [], False: []}, 0, 0.0
            self._late = self._debt() > MOST_LOST
            if self._late:  # how fast help is has just been seen
                self._seen[True] = [self._spent / self._done] * self._times
            else:
                self._spent = self._done = 0.0
            self.helped = not self._late

    def _compare(self, seen: dict[bool, list[float]], pace: float, settled: bool) -> None:
        if self.helped and not settled and self._waited < TURNS:
            self._waited += 1
            return
        seen[self.helped].append(pace)
        self.helped = len(seen[True]) < self._times
        if len(seen[False]) < self._times:
            return
        # The fastest of short ones is what code can do. Long ones show what other programs let it do; one that was
        # interrupted alone is no reason for help.
        long = self._late or self._stretch >= SETTLING
        self._alone = alone = statistics.median(seen[False]) if long else min(seen[False])
        helped = statistics.fmean(seen[True]) if long else min(seen[True])
        self.helped = helped < BETTER * alone
        lost = self._tried * (1 - helped / alone) if self.helped else self._debt()
        self._same = self._same + 1 if self.helped == self._found else 0
        self._found = self.helped
        self._wait = APART * (WAKING + max(lost, LEAST_LOST * self._tried)) * 2.0 ** min(self._same, DOUBTS)
        if self._late:  # this once, or time and again?
            self._doubts = 0 if self._held > LONGEST_WAIT else min(self._doubts + 1, DOUBTS)
            self._wait *= 2.0 ** (self._doubts - DOUBTS)
            self._held = 0.0
        self._wait, self._since = min(self._wait, max(LONGEST_WAIT, MOST_OFTEN * lost)), 0.0
        self._longest = LONGEST if self._late else min(2 * self._longest, LONGEST)
        self._seen, self._recent, self._spent, self._done = None, [], 0.0, 0.0


class Sharing:
    """A run's loops, shared with helping threads where that is faster; nothing but time depends on it."""

    def __init__(self, work: Callable[[int], None] | None) -> None:
        self._work = work
        self._choice = Choice()
        self._open = False  # whether this run may have help
        self._helpers: Helpers | None = None
        self._count = 0  # how many of them help
        self._came = True  # whether they had come before the last call

    @property
    def seconds(self) -> float:
        """How long the next call is meant to last."""
        return self._choice.seconds if self._open else CALL_SECONDS

    def begin(self, steps: float) -> None:
        """Begin a run of so many steps."""
        self._open = self._work is not None and (not self._choice.helped or self._choice.worth(steps))

    def call(self) -> int | None:
        """Return what the next call shares with helping threads; None if it works alone."""
        if not self._open or not self._choice.helped or self._work is None:
            return None
        if self._helpers is None:
            self._count = min(threads(), MOST_THREADS) - 1
            self._helpers = lent() if self._count else None
            if self._helpers is None:  # the user wants none, or another run has them
                self._open = False
                return None
        block = self._helpers.wake(self._work, self._count)
        self._came = self._helpers.came
        return block

    def note(self, seconds: float, steps: float, left: float) -> None:
        """Take note of a call; see :meth:`Choice.note`."""
        if self._open:
            self._choice.note(seconds, steps, left, settled=self._came)
        if self._helpers is not None:
            self._helpers.rest()

    def end(self) -> None:
        """Let others have the helping threads."""
        if self._helpers is not None:
            self._helpers.rest()
            self._helpers.busy.release()
            self._helpers = None
