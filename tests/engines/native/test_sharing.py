"""Alone or helped: what is chosen on made-up machines, by made-up clocks."""

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings, strategies as st

from chainrule.engines.native.run.sharing import LEAST_SECONDS, LONGEST, STRETCHES, TURNS, Choice


@dataclass
class Machine:
    """How long steps take, alone and helped, at a time; and how long those who help take to come in a run."""

    pace: object  # (helped, time) -> seconds a step
    coming: float = 1e-4
    gap: float = 0.0  # seconds for which the core is lost, twenty times a second
    draws: random.Random = field(default_factory=lambda: random.Random(0))
    now: float = 0.0
    ways: list[tuple[float, float, bool]] = field(default_factory=list)  # when, for how long, helped

    def run(self, choice, steps):
        """Do steps as a run does; return the seconds they took."""
        began, done, size, comes = self.now, 0, 1.0, None
        possible = not choice.helped or choice.worth(steps)
        while done < steps:
            count = min(max(int(size), 1), steps - done)
            helped = possible and choice.helped
            comes = self.now + self.coming if helped and comes is None else comes
            settled = not helped or self.now >= comes
            seconds = self.pace(False, self.now) * count
            if helped and comes < self.now + seconds:  # at once, or within the call
                missed = max(0.0, (comes - self.now) / seconds)
                seconds = missed * seconds + (1 - missed) * self.pace(True, self.now) * count
            seconds += self.gap * (self.draws.random() < 20 * seconds)
            done += count
            self.ways.append((self.now, seconds, helped))
            self.now += seconds
            if possible:
                choice.note(seconds, count, steps - done, settled=settled)
            size = count * min(choice.seconds / seconds, 64)
        return self.now - began

    def helped(self, since=0.0, until=float("inf")):
        """Return which share of some time was spent helped."""
        some = [(seconds, helped) for when, seconds, helped in self.ways if since <= when < until]
        return sum(s for s, helped in some if helped) / sum(s for s, _ in some)


def steady(alone, helped):
    return lambda way, now: helped if way else alone


@pytest.mark.parametrize("step", [3e-6, 1e-4, 2e-3, 3e-2])
def test_the_faster_way_is_taken_and_the_other_costs_little(step):
    for helped in (0.5, 0.8, 1.0, 1.5, 3.0):
        machine, choice = Machine(steady(step, helped * step)), Choice()
        steps = int(2 / step)
        took = machine.run(choice, steps)
        assert took < min(1, helped) * step * steps * 1.12 + 2 * STRETCHES * step
        assert choice.helped == (helped < 0.95)
        later = machine.helped(since=machine.now / 2)
        assert later > 0.9 if helped < 0.95 else later < (0.1 if helped > 1 else 0.2)  # that costs nothing


@given(
    step=st.floats(1e-6, 1e-2),
    helped=st.floats(0.3, 3),
    length=st.floats(0.03, 3),
    noise=st.floats(0, 0.2),
    seed=st.integers(0, 1000),
)
@settings(deadline=None, max_examples=60)
def test_no_run_is_much_slower_than_the_faster_way(step, helped, length, noise, seed):
    draws = random.Random(seed)

    def pace(way, now):
        return (helped if way else 1) * step * draws.lognormvariate(0, noise)

    steps = max(int(length / step), 1)
    took = Machine(pace).run(Choice(), steps)
    assert took < step * steps * 1.2 * (1 + noise) + 3 * step
    if steps > 100 and step * steps > 0.1:  # there is time to find out
        assert took < min(1, helped) * step * steps * 1.25 * (1 + noise)


def test_what_is_done_soon_wakes_nobody():
    machine, choice = Machine(steady(1e-5, 1e-6)), Choice()
    for _ in range(200):
        machine.run(choice, int(LEAST_SECONDS / 1e-5) - 1)
    assert machine.helped() == 0


def test_predictions_of_half_a_millisecond_are_helped():
    machine, choice = Machine(steady(6e-7, 4e-7)), Choice()
    for _ in range(400):  # of a wide layer, a thousand parts each
        machine.run(choice, 1000)
    assert machine.helped(since=machine.now / 2) > 0.9


def test_short_runs_are_alone_even_where_help_is_known_to_be_faster():
    machine, choice = Machine(steady(1e-5, 5e-6)), Choice()
    machine.run(choice, 100_000)
    assert choice.helped
    began = machine.now
    for _ in range(50):
        machine.run(choice, int(LEAST_SECONDS / 1e-5) - 1)
    assert machine.helped(since=began) == 0
    began = machine.now
    machine.run(choice, 100_000)  # and what was found is remembered
    assert machine.helped(since=began) > 0.95


def test_what_is_found_in_one_run_is_known_in_the_next():
    machine, choice = Machine(steady(1e-4, 9e-5)), Choice()
    for _ in range(30):
        machine.run(choice, 100)
    assert machine.helped(since=machine.now / 3) > 0.8


def test_short_runs_notice_too_that_a_core_has_come_back():
    def pace(way, now):
        return 1e-4 if not way else 1.2e-4 if now < 2 else 6e-5

    machine, choice = Machine(pace), Choice()
    while machine.now < 6:
        machine.run(choice, 100)
    assert machine.helped(until=2) < 0.1
    assert machine.helped(since=3.2) > 0.9


@pytest.mark.parametrize("helped", [0.5, 2.0])
def test_single_long_steps_are_seldom_done_the_slower_way(helped):
    machine, choice = Machine(steady(1e-6, helped * 1e-6)), Choice()
    for _ in range(200):  # as predictions are: calls as long as they are, each a run of its own
        way = choice.helped and choice.worth(30_000)
        seconds = machine.pace(way, machine.now) * 30_000
        machine.ways.append((machine.now, seconds, way))
        machine.now += seconds
        choice.note(seconds, 30_000, 30_000, settled=False)
    wrong = machine.helped() if helped > 1 else 1 - machine.helped()
    assert wrong < 0.2


def test_a_core_that_goes_away_is_noticed_at_once_and_missed_no_longer_than_need_be():
    def pace(way, now):
        if not way:
            return 1e-4
        return 1e-3 if 1 < now < 3 else 6e-5

    machine, choice = Machine(pace), Choice()
    machine.run(choice, 100_000)
    assert machine.helped(0.1, 1) > 0.95
    assert machine.helped(1.2, 3) < 0.1
    assert machine.helped(5.2, 7) > 0.9


def test_both_ways_are_slower_when_cores_are_busy_and_the_better_one_is_taken():
    def pace(way, now):
        busy = 1 < now < 3
        return (3e-4 if busy else 1e-4) if not way else (2e-4 if busy else 6e-5)

    machine, choice = Machine(pace), Choice()
    machine.run(choice, 60_000)
    assert machine.helped(0.1) > 0.85


@pytest.mark.parametrize("helped", [0.6, 1.5])
def test_interruptions_do_not_mislead(helped):
    machine, choice = Machine(steady(1e-4, helped * 1e-4), gap=8e-3), Choice()
    machine.run(choice, 100_000)
    share = machine.helped(since=0.3)
    assert share > 0.7 if helped < 1 else share < 0.2


def test_a_busy_core_that_stops_those_who_help_is_left_alone():
    """Short calls do not show it: now and then everybody waits for one who was interrupted."""
    draws = random.Random(0)

    def pace(way, now):
        return 1e-4 if not way else 6e-5 * (4 if draws.random() < 0.35 else 1)

    machine, choice = Machine(pace), Choice()
    for _ in range(12):
        machine.run(choice, 2500)
    assert machine.now < 3 * 1.05
    assert machine.helped() < 0.2


def test_help_that_never_comes_is_given_up():
    machine, choice = Machine(steady(1e-5, 5e-6), coming=float("inf")), Choice()
    machine.run(choice, 200_000)
    assert not choice.helped
    first = [helped for _, _, helped in machine.ways[: TURNS + 10]]
    assert first.count(True) <= TURNS + STRETCHES


def test_what_costs_little_is_tried_often():
    """A core that is busy with another program wins nothing, and trying it loses nothing: it may be idle soon."""

    def pace(way, now):
        return 6e-5 if way and now > 1 else 1e-4

    machine, choice = Machine(pace), Choice()
    machine.run(choice, 20_000)
    assert machine.helped(1.2) > 0.95


def test_calls_are_short_while_ways_are_compared_and_never_long():
    machine, choice = Machine(steady(1e-6, 2e-6)), Choice()
    machine.run(choice, 1_000_000)
    assert max(seconds for _, seconds, _ in machine.ways) < 2.2 * LONGEST  # help takes twice as long
    assert sum(helped for *_, helped in machine.ways) < 40
