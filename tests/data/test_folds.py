"""Which rows judge: each once, whole groups, the last in time."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

import chainrule as cr
from chainrule.data.belonging import Belonging, Groups, Times, belonging_of
from chainrule.data.splitting import folds, held_back, strata_of
from chainrule.data.target import fit_target

CLASSES = st.lists(st.integers(0, 3), min_size=6, max_size=60)
SEEDS = st.integers(0, 5)


def groups_like(codes):
    return Belonging(Groups("who", np.unique(codes, return_inverse=True)[1]))


def times_like(values):
    return Belonging(times=Times("when", np.asarray(values, float), pd.Series(values)))


@given(CLASSES, st.integers(2, 6), SEEDS)
def test_each_row_judges_once_and_each_class_in_its_share(classes, count, seed):
    strata = np.array(classes)
    found = folds(strata, count, seed, Belonging())
    assert sorted(np.concatenate([judge for _, judge in found])) == [*range(len(strata))]
    for learn, judge in found:
        assert sorted([*learn, *judge]) == [*range(len(strata))]
    per_class = np.array([np.bincount(strata[judge], minlength=4) for _, judge in found])
    assert (np.ptp(per_class, axis=0) <= 1).all() and np.ptp(per_class.sum(axis=1)) <= 1


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12)), min_size=8, max_size=60), SEEDS)
def test_no_group_is_in_two_parts(rows, seed):
    strata, who = (np.array(column) for column in zip(*rows, strict=True))
    number = len(set(who))
    if number < 3:
        with pytest.raises(cr.DataError, match=r"'who' has \d groups?, and 3 parts are asked for"):
            folds(strata, 3, seed, groups_like(who))
        return
    found = folds(strata, 3, seed, groups_like(who))
    assert sorted(np.concatenate([judge for _, judge in found])) == [*range(len(strata))]
    for learn, judge in found:
        assert len(judge) and not {*who[learn]} & {*who[judge]}
    held = held_back(strata, 0.3, seed, groups_like(who))
    assert held.any() and not held.all() and not {*who[held]} & {*who[~held]}


@given(st.lists(st.integers(0, 30), min_size=8, max_size=60), st.floats(0.05, 0.9))
def test_what_judges_is_later_than_what_is_learned_from(times, fraction):
    when, strata = np.array(times), np.zeros(len(times), int)
    if len(set(times)) < 4:
        with pytest.raises(cr.DataError, match=r"'when' has \d different times?, and 4 are needed"):
            folds(strata, 3, 0, times_like(when))
        return
    before: set[int] = set()
    for learn, judge in folds(strata, 3, 0, times_like(when)):
        assert len(learn) and len(judge) and when[learn].max() < when[judge].min()
        assert before <= {*learn.tolist()}
        before = {*learn.tolist(), *judge.tolist()}
    assert before == {*range(len(when))}
    held = held_back(strata, fraction, 0, times_like(when))
    assert held.any() and not held.all() and when[~held].max() < when[held].min()


def test_groups_of_many_sizes_come_near_what_is_wanted():
    draw = np.random.default_rng(0)
    who = draw.geometric(0.03, 4000)
    strata = (draw.uniform(size=4000) < np.where(who % 3 == 0, 0.7, 0.1)).astype(int)
    for _, judge in folds(strata, 5, 0, groups_like(who)):
        assert 760 < len(judge) < 840
        assert abs(strata[judge].mean() - strata.mean()) < 0.02
    for seed in range(5):
        held = held_back(strata, 0.2, seed, groups_like(who))
        assert 0.19 < held.mean() < 0.21 and abs(strata[held].mean() - strata.mean()) < 0.02


def test_equal_times_are_not_divided_and_the_shares_come_near():
    when = np.repeat(np.arange(100), 7)
    order = np.random.default_rng(0).permutation(700)
    held = held_back(np.zeros(700, int), 0.2, 0, times_like(when[order]))
    assert set(when[order][held]) == {*range(80, 100)}


def test_the_seed_decides_and_nothing_else():
    strata, who = np.arange(200) % 2, np.arange(200) // 4
    for belonging in (Belonging(), groups_like(who)):
        first, again, other = (
            [judge.tolist() for _, judge in folds(strata, 4, seed, belonging)] for seed in (0, 0, 1)
        )
        assert first == again != other


def test_numbers_are_alike_in_every_fold():
    table = pd.DataFrame({"price": np.random.default_rng(0).pareto(1.5, 300)})
    strata = strata_of(fit_target(table, "price"), table)
    assert len({*strata}) == 10
    medians = [table["price"].iloc[judge].median() for _, judge in folds(strata, 5, 0, Belonging())]
    assert max(medians) < 1.3 * min(medians)


def test_rare_labels_are_in_every_fold():
    draw = np.random.default_rng(0)
    shares = np.array([0.5, 0.3, 0.05])
    table = pd.DataFrame((draw.uniform(size=(400, 3)) < shares).astype(int), columns=list("abc"))
    strata = strata_of(fit_target(table, list("abc")), table)
    counts = np.array([table.iloc[judge].sum() for _, judge in folds(strata, 5, 0, Belonging())])
    assert (np.ptp(counts, axis=0) <= [6, 6, 1]).all()


def test_rows_without_a_group_stay_together_and_those_without_a_time_are_left_out():
    table = pd.DataFrame({"who": ["ann", None, "bob", None], "when": ["2020-01-03", "2020-01-01", None, "?"]})
    rows, belonging, notes = belonging_of(table, "who")
    assert len(rows) == 4 and belonging.groups.codes.tolist() == [0, 2, 1, 2]
    assert notes == ("2 rows without a value in 'who' make one group.",)
    assert belonging.aside() == ["who"] and belonging.aside(keep=["who"]) == []
    rows, belonging, notes = belonging_of(table, time_order="when")
    assert rows.index.tolist() == [0, 1] and belonging.times.values.tolist() == [1578009600, 1577836800]
    assert notes == ("Left out: 2 rows without a time in 'when'.",)
    assert belonging.times.span == "2020-01-01 to 2020-01-03"


@pytest.mark.parametrize(
    ("written", "dates"),
    [
        (["2020-02-01", "2019-12-31T10:00"], ["2020-02-01", "2019-12-31T10:00"]),
        (["20141013T000000", "20150225T000000"], ["2014-10-13", "2015-02-25"]),
        (["25/12/2020", "01/02/2021"], ["2020-12-25", "2021-02-01"]),
        (["12/25/2020", "01/02/2021"], ["2020-12-25", "2021-01-02"]),
        (["3.4.2020", "1.2.2021"], ["2020-04-03", "2021-02-01"]),
    ],
)
def test_times_are_read_as_they_are_written(written, dates):
    _, belonging, _ = belonging_of(pd.DataFrame({"when": written}), time_order="when")
    assert belonging.times.values.tolist() == [pd.Timestamp(date).timestamp() for date in dates]


def test_numbers_are_times_too():
    table = pd.DataFrame({"year": [2003, 2001, 2002, 2001, 2004]})
    _, belonging, _ = belonging_of(table, time_order="year")
    assert table["year"][held_back(np.zeros(5), 0.4, 0, belonging)].tolist() == [2003, 2004]
    assert belonging.times.span == "2001 to 2004"


def test_what_tells_no_group_or_time_is_refused():
    table = pd.DataFrame({"who": ["ann"] * 3, "when": ["2020-01-01", "soon", "later"], "none": [None] * 3})
    with pytest.raises(
        cr.DataError, match=r"'when', row 2: 'soon', where a date or a number is expected \(2 "
    ):
        belonging_of(table, time_order="when")
    with pytest.raises(cr.DataError, match="'none' has no value in any row"):
        belonging_of(table, time_order="none")
    with pytest.raises(cr.DataError, match="group='who' keeps rows together that time_order='when' would"):
        belonging_of(table, "who", "when")
    with pytest.raises(cr.UnknownNameError, match="No column 'whom' in this table"):
        belonging_of(table, "whom")
    with pytest.raises(cr.DataError, match="'who' has 1 group, and 3 parts are asked for"):
        folds(np.zeros(3, int), 3, 0, belonging_of(table, "who")[1])
    for count in (1, 4, -2):
        with pytest.raises(
            cr.DataError, match=f"folds must be from 2 to the number of rows, 3; found {count}"
        ):
            folds(np.zeros(3, int), count, 0, Belonging())
