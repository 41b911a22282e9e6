"""Slices that are named are worse by more than chance, and their intervals hold what they promise."""

import math

import numpy as np
import pytest
from scipy import stats

from chainrule.explaining.slicing import (
    Part,
    mean_between,
    parts_of_numbers,
    share_between,
    worse_than_chance,
)


def parts(rows, rng, count=30):
    return [Part("column", str(i), rng.random(rows) < rng.uniform(0.1, 0.5)) for i in range(count)]


def test_where_nothing_is_worse_a_slice_is_named_in_one_of_twenty_tables():
    rng = np.random.default_rng(0)
    alarms = 0
    for seed in range(120):
        losses = rng.random(150) < 0.2 if seed % 2 else rng.lognormal(size=150)
        alarms += bool(worse_than_chance(losses, parts(150, rng), seed=seed))
    # of 120 tables 6 are expected; more than 13 come once in a thousand times
    assert alarms <= stats.binom.ppf(0.999, 120, 0.05)


def test_what_is_worse_is_named_and_what_is_better_is_not():
    rng = np.random.default_rng(1)
    rows = np.arange(400)
    bad, good = Part("town", "Bern", rows < 60), Part("town", "Basel", rows >= 340)
    losses = np.where(bad.rows, rng.random(400) < 0.6, np.where(good.rows, False, rng.random(400) < 0.2))
    found = worse_than_chance(losses, [*parts(400, rng), bad, good])
    assert [each.part.where for each in found] == ["Bern"]
    assert found[0].chance < 0.01


def test_parts_of_the_same_rows_are_named_once():
    rows = np.arange(200) < 50
    found = worse_than_chance(rows * 1.0, [Part("a", "x", rows), Part("b", "y", rows), Part("c", "z", ~rows)])
    assert [(each.part.column, [also.column for also in each.also]) for each in found] == [("a", ["b"])]


@pytest.mark.parametrize(
    ("losses", "some"), [(np.zeros(50), True), (np.ones(50), True), (np.zeros(0), True), (np.ones(3), False)]
)
def test_where_all_are_alike_nothing_is_worse(losses, some):
    there = [Part("a", "x", np.arange(len(losses)) % 2 == 0)] if some else []
    assert worse_than_chance(losses, there) == []


def test_the_same_seed_finds_the_same():
    rng = np.random.default_rng(2)
    losses, there = rng.random(200), parts(200, rng)
    assert [each.chance for each in worse_than_chance(losses, there, below=1.0)] == [
        each.chance for each in worse_than_chance(losses, there, below=1.0)
    ]


def test_the_chance_of_the_worst_is_that_of_an_exact_test_of_one_slice():
    """One slice alone needs no correction: Fisher's exact test knows its chance."""
    wrong, inside = np.zeros(120), np.zeros(120, bool)
    inside[:30] = wrong[:10] = wrong[110:] = True
    exact = stats.fisher_exact([[10, 20], [10, 80]], "greater").pvalue
    (found,) = worse_than_chance(wrong, [Part("a", "x", inside)], below=1.0)
    assert found.chance == pytest.approx(exact, abs=4 * math.sqrt(exact / 1000) + 0.001)


def test_numbers_are_parted_by_value_or_into_ranges_of_as_many_rows():
    few = parts_of_numbers("age", np.array([3.0, 1.0, 1.0, np.nan]))
    assert [(part.where, part.rows.tolist()) for part in few] == [
        ("missing", [False, False, False, True]),
        ("1", [False, True, True, False]),
        ("3", [True, False, False, False]),
    ]
    values = np.random.default_rng(0).permutation(np.arange(1000.0))
    many = parts_of_numbers("age", values)
    assert [int(part.rows.sum()) for part in many] == [200] * 5
    assert many[0].where == "0 to 199" and many[-1].where == "800 to 999"
    assert np.add.reduce([part.rows for part in many]).tolist() == [1] * 1000
    skewed = parts_of_numbers("zeros", np.array([0.0] * 900 + list(range(1, 101))))
    assert np.add.reduce([part.rows for part in skewed]).tolist() == [1] * 1000


@pytest.mark.parametrize("share", [0.05, 0.5, 0.8, 0.97])
@pytest.mark.parametrize("rows", [20, 200])
def test_intervals_of_shares_hold_what_they_promise(share, rows):
    right = np.arange(rows + 1)
    ends = [share_between(int(k), rows) for k in right]
    holds = sum(
        p
        for p, (low, high) in zip(stats.binom.pmf(right, rows, share), ends, strict=True)
        if low <= share <= high
    )
    assert 0.915 < holds < 0.985  # of few rows it jumps from one count to the next
    assert ends[0][0] == pytest.approx(0, abs=1e-12) and ends[-1][1] == pytest.approx(1)


@pytest.mark.parametrize(
    ("draw", "mean", "least"),
    [
        (lambda rng, size: np.abs(rng.normal(size=size)), math.sqrt(2 / math.pi), 0.93),
        (lambda rng, size: rng.exponential(size=size), 1.0, 0.93),
        (
            lambda rng, size: rng.lognormal(size=size),
            math.exp(0.5),
            0.88,
        ),  # Student's own holds 0.87 of these
    ],
)
def test_intervals_of_mean_errors_hold_what_they_promise(draw, mean, least):
    rows = draw(np.random.default_rng(3), (2000, 20))
    held = np.mean([low <= mean <= high for low, high in map(mean_between, rows)])
    assert least < held < 0.965


def test_a_mean_of_nothing_wrong_has_no_width():
    assert mean_between(np.zeros(30)) == (0.0, 0.0)
