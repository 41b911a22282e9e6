"""Networks that are compared: on the same rows, by one metric, and the smallest that is as good wins."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

import chainrule as cr
from chainrule.models import base, comparing, comparing_tables
from chainrule.models.comparing import standing
from chainrule.models.given import rows_of
from chainrule.models.ladder import ladder
from chainrule.models.options import Options

FEW = comparing_tables.FEW
# What decides knows no engine, and a dozen networks take longer to compile than to train. Others run on every engine.
by_numpy = pytest.mark.parametrize("engine", ["numpy"], indirect=True)


def table_of(rows=160, seed=0):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, 3))
    found = pd.DataFrame(x, columns=list("abc"))
    found["curved"] = np.abs(x[:, 0]) + x[:, 1] ** 2
    found["straight"] = x @ [1.0, -2.0, 0.5] + draw.normal(size=rows) * 0.1
    found["kind"] = np.where(x[:, 0] * x[:, 1] > 0, "yes", "no")
    return found


@pytest.fixture(autouse=True)
def _in_one_part(monkeypatch):
    """The rows that say when to stop rank, as where there are many: it is sooner done."""
    monkeypatch.setattr(comparing_tables, "FEW", 0)


@pytest.fixture
def in_folds(_in_one_part, monkeypatch):
    """Folds rank, as they do where nothing is changed."""
    monkeypatch.setattr(comparing_tables, "FEW", FEW)


def compared(target, **choices):
    others = {"curved", "straight", "kind"} - {target}
    return cr.TableModel.compare(table_of().drop(columns=list(others)), target, **{"epochs": 25, **choices})


def test_the_ladder_has_no_network_twice_and_begins_with_the_linear_one():
    for options in (
        Options(hidden=(32, 16), dropout=0.2),
        Options(hidden=(), dropout=0.0),
        Options(hidden=(8,), dropout=0.0, activation="tanh", batch_norm=True),
    ):
        rungs = ladder(options)
        same = [str({**vars(options), **rung.changes}) for rung in rungs]
        assert len(set(same)) == len(same) >= 9 and rungs[0].name == "linear"
        assert len({rung.name for rung in rungs}) == len(rungs)


@by_numpy
def test_what_a_straight_line_tells_no_larger_network_wins():
    comparison = compared("straight", learning_rate=0.03)
    assert comparison.winner == "linear" and comparison.metric == "r2"
    assert comparison.model.network.parameters["W1"].shape == (3, 1)
    assert "linear" in str(comparison) and "no hidden layer" not in str(comparison)


def test_what_is_curved_needs_hidden_units():
    comparison = compared("curved")
    assert comparison.winner != "linear" and comparison.tried[-1].name == "linear"
    scores = [each.score for each in comparison.tried]
    assert scores == sorted(scores, reverse=True)
    assert comparison.model.report.test_rows == 32 and comparison.rows == 19


@by_numpy
def test_the_winner_is_what_train_makes_of_its_choices():
    comparison = compared("kind", metric="accuracy", seed=3)
    again = cr.TableModel.train(
        table_of().drop(columns=["curved", "straight"]),
        "kind",
        epochs=25,
        metric="accuracy",
        seed=3,
        **comparison.changes,
    )
    for name, value in comparison.model.network.parameters.items():
        np.testing.assert_array_equal(value, again.network.parameters[name])
    assert comparison.model.report.scores == again.report.scores
    assert comparison.metric == "accuracy" and all(0 <= each.score <= 1 for each in comparison.tried)


@pytest.mark.parametrize("engine", ["native"], indirect=True)  # its networks are large for NumPy
def test_the_recipe_is_tried_where_nothing_is_made_by_hand(tmp_path):
    table = table_of(90)[["a", "b", "c", "straight"]]
    comparison = cr.TableModel.compare(table, "straight", members=2, run=tmp_path / "run")
    recipe = next(each for each in comparison.tried if each.name == "recipe")
    assert len(comparison.tried) == 13 and recipe.says == "2 networks" and recipe.changes == {"recipe": True}
    assert np.isfinite([recipe.score, recipe.low, recipe.high]).all() and recipe.score > 0.9
    assert comparison.winner == "recipe"  # of what a straight line tells; the others begin far from one
    for again in (
        cr.TableModel.repeat(tmp_path / "run", table),
        cr.TableModel.train(table, "straight", members=2),
    ):
        assert again.report.scores == comparison.model.report.scores
        pd.testing.assert_frame_equal(comparison.model.predict(table), again.predict(table))


def test_a_run_keeps_how_they_compared(tmp_path):
    comparison = compared("curved", epochs=4, run=tmp_path / "run")
    kept = pd.read_csv(tmp_path / "run" / "compare.csv")
    assert kept["network"].tolist() == [each.name for each in comparison.tried]
    assert kept["r2"].to_numpy() == pytest.approx([each.score for each in comparison.tried])
    assert cr.load(tmp_path / "run").report.scores == comparison.model.report.scores
    with pytest.raises(cr.DataError, match="is a run already"):
        compared("curved", epochs=4, run=tmp_path / "run")


@by_numpy
def test_folds_rank_by_rows_that_were_not_learned_from():
    comparison = compared("kind", folds=3, epochs=5)
    assert comparison.folds == 3 and comparison.rows == 160
    assert comparison.model.report.scores.folds == 3
    assert "in 3 folds, none of which was learned from" in str(comparison)


@by_numpy
@pytest.mark.usefixtures("in_folds")
@pytest.mark.filterwarnings("ignore::chainrule.LearningWarning")
def test_few_rows_rank_in_folds_and_the_winner_is_trained_as_without():
    told = []
    comparison = compared("straight", epochs=3, learning_rate=0.03, tell=told.append)
    assert (comparison.folds, comparison.rows) == (5, 128)  # of 160, without those of the test
    report = comparison.model.report
    assert report.test_rows == 32 and not report.scores.folds
    assert sum(each.startswith("Fold ") for each in told) == 5
    assert f"Fold 5 of 5: '{comparison.tried[0].name}' is the best of 12 so far" in "".join(told)
    whole, _ = rows_of(table_of(), Options(target="straight", recipe=False))
    few, none = whole.rows, comparing_tables._folds_of(whole, Options())
    assert sorted(np.concatenate([fold.test for fold in none]).tolist()) == sorted(
        [*few.learn, *few.validation]
    )
    assert not {*few.test} & {row for fold in none for row in [*fold.learn, *fold.validation, *fold.test]}


@pytest.mark.usefixtures("in_folds")
def test_groups_too_few_for_folds_rank_by_the_rows_that_say_when_to_stop():
    table = table_of(60).assign(who=np.arange(60) % 4)
    for groups, folds in ((4, 0), (20, 5)):
        whole, options = rows_of(
            table.assign(who=np.arange(60) % groups), Options(target="kind", group="who", recipe=False)
        )
        assert len(comparing_tables._folds_of(whole, options)) == folds


def test_the_same_seed_compares_the_same():
    once, again = (compared("curved", epochs=4) for _ in range(2))
    assert [(t.name, t.score, t.low) for t in once.tried] == [(t.name, t.score, t.low) for t in again.tried]
    table = once.table
    assert table["network"].tolist() == [each.name for each in once.tried]
    assert table.columns[2] == "r2" and table["changes"].map(len).min() > 2


@pytest.mark.filterwarnings("ignore")
def test_networks_that_learn_badly_are_ranked_as_well():
    comparison = compared("curved", learning_rate=300.0)
    assert len(comparison.tried) == 12 and comparison.tried[-1].score < -10


@pytest.mark.parametrize(
    ("folds", "last", "says"),
    [
        (None, {"linear", "small", "usual"}, "of 12 networks 3 were tried"),
        (2, {"linear, fold 1", "small, fold 1"}, "of 12 networks 2 were tried"),
        (3, {"linear, fold 3", "small, fold 3"}, "of 3 folds 2 were tried"),
    ],
)
def test_who_stops_it_gets_the_winner_of_those_that_were_tried(monkeypatch, folds, last, says):
    fit_stages = comparing.fit_stages

    def stopped(names, *given, ended, **how):
        stops = last & set(names)
        tell = [
            t if not stops or name in last else lambda *_: None for name, t in zip(names, ended, strict=True)
        ]
        for name, history in zip(
            names, histories := fit_stages(names, *given, ended=tell, **how), strict=True
        ):
            history.signal = 15 if stops and name not in last else 0
        return histories

    monkeypatch.setattr(comparing, "fit_stages", stopped)
    told = []
    comparison = compared("curved", epochs=4, tell=told.append, folds=folds)
    networks = {each.name for each in comparison.tried}
    assert (
        networks == {name.partition(",")[0] for name in last} if "networks" in says else len(networks) == 12
    )
    assert comparison.model.history.signal == 15
    assert f"Stopped: {says}, and the one of these that wins is trained." in told
    if folds:
        assert (comparison.folds, comparison.rows) == ((1, 80) if folds == 2 else (2, 107))


def test_the_time_is_for_all_of_them(time_ends_soon):
    comparison = compared("curved", epochs=1_000_000, time_budget=1.0)
    assert max(each.epochs for each in comparison.tried) < 1_000_000


@pytest.mark.parametrize(("takes", "winner"), [(1.0, 69.0), (10_000.0, 70 * 2 / 14 / 4)])
def test_the_winner_has_the_time_that_the_others_leave_and_some_in_any_case(monkeypatch, takes, winner):
    """By a clock that no machine has: fits take what they take, whatever time they are given."""
    now, budgets, fit_many = [0.0], [], base.fit_many

    def fits(*given, time_budget, **how):
        budgets.append(time_budget)
        now[0] += takes
        return fit_many(*given, **how)

    monkeypatch.setattr("chainrule.models.base.time.perf_counter", lambda: now[0])
    monkeypatch.setattr(base, "fit_many", fits)
    compared("curved", epochs=1, time_budget=70.0)
    assert budgets[0] == pytest.approx(70 * 12 / 14)  # of twelve, together; the winner counts for two
    assert budgets[1] == [pytest.approx(winner / 2.5)]  # the rest of it is for all rows


def test_what_is_tried_last_has_the_time_that_the_others_leave(monkeypatch):
    now = [5.0]
    monkeypatch.setattr("chainrule.models.comparing.time.perf_counter", lambda: now[0])
    left = comparing.Left(5.0, 16.0, shares=16)
    assert left.of(12) == 12.0 and left.rest(4) == 16.0
    now[0] = 5.0 + 10.0
    assert left.rest(4) == 6.0
    now[0] = 5.0 + 20.0
    assert left.rest(4) == 1.0


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(
        cr.ArgumentError, match=r"TableModel.compare takes no 'epohcs'\. Did you mean 'epochs'"
    ):
        cr.TableModel.compare("iris", epohcs=3)
    for choice in ({"members": 2}, {"recipe": True}):
        with pytest.raises(
            cr.DataError, match="is a choice of the recipe, and epochs makes networks by hand"
        ):
            compared("curved", **choice)
    with pytest.raises(cr.DataError, match="Too few rows to rank networks by"):
        cr.TableModel.compare(table_of(12)[["a", "curved"]], "curved")
    with pytest.raises(cr.DataError, match="The metric 'f1' compares classes"):
        compared("curved", metric="f1")


@given(st.lists(st.tuples(st.floats(-5, 5), st.integers(1, 1000)), min_size=1, max_size=8), st.booleans())
def test_the_winner_is_the_smallest_that_is_as_good(networks, larger):
    scores, learned = (list(column) for column in zip(*networks, strict=True))
    draw = np.random.default_rng(0)
    draws = [score + draw.normal(size=50) for score in scores]
    order, winner, near = standing(scores, draws, learned, larger)
    best = max(scores) if larger else min(scores)
    assert scores[order[0]] == best and sorted(order) == [*range(len(scores))]
    assert all(learned[winner] <= learned[number] for number in [order[0], *near])
    for number in set(order) - {order[0], *near}:
        assert abs(scores[number] - best) > np.std(draws[number] - draws[order[0]])


def test_networks_without_a_score_are_last():
    none = np.full(3, np.nan)
    assert standing([np.nan, 0.5], [none, np.ones(3)], [1, 2], larger_is_better=False) == ([1, 0], 1, [])
