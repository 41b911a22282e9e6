"""The recipe of tables: its rules, several networks that decide as one, and what of it is repeated to the last bit."""

from dataclasses import replace
from functools import partial
from signal import SIGTERM

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st
from sklearn.linear_model import LogisticRegression, Ridge

import chainrule as cr
from chainrule.data.belonging import NOTHING_TOGETHER, belonging_of
from chainrule.data.target import Target
from chainrule.models import linear, members, out_of_fold, recipe
from chainrule.models.options import Options
from chainrule.models.table import _ready
from chainrule.train.history import History

SMALL = {"recipe": True, "hidden": (8,), "epochs": 8, "members": 4}
BOTH = Target("binary", ("kind",), ("no", "yes"), (0.5, 0.5))


@pytest.fixture(autouse=True)
def engine():
    """Once, on the engine that is done first: what engines make of a network is asked elsewhere."""


def table(rows=160, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 3))
    found = pd.DataFrame(x, columns=["a", "b", "c"])
    found["often_0"] = np.where(random.random(rows) < 0.8, 0.0, random.exponential(size=rows))
    found["amount"] = np.exp(2 * np.abs(x[:, 0]) + 0.1 * x[:, 1]) * 100
    return found


def same(one, other):
    ours, theirs = one.network.parameters, other.network.parameters
    return list(ours) == list(theirs) and all(np.array_equal(ours[name], theirs[name]) for name in ours)


# --- rules --------------------------------------------------------------------------------------------------


@given(st.integers(1, 10**6), st.integers(0, 3000), st.sampled_from(["regression", "binary", "multiclass"]))
def test_whatever_the_size_of_a_table_its_recipe_can_be_trained(rows, columns, task):
    found = recipe.recipe_for(rows, columns, task)
    assert found.bins * columns <= recipe.MOST_INPUTS and (found.bins == 0 or found.bins >= 3)
    assert found.bins * recipe.ROWS_A_BIN <= rows
    assert 12 <= found.epochs <= 200 and found.batch_size in (16, 32, 64, 128, 256) and 0 <= found.dropout < 1
    assert 1 <= recipe.members_for(rows, columns) <= recipe.MEMBERS


@given(st.integers(0, 10**6), st.integers(4, 400))
def test_the_guard_never_leaves_a_mixture_worse_than_the_linear_model_where_that_is_seen(seed, rows):
    random = np.random.default_rng(seed)
    truth = random.normal(size=(rows, 1))
    ours, theirs = (truth + noise * random.normal(size=(rows, 1)) for noise in random.uniform(0.1, 3, 2))
    losses = partial(recipe.row_losses, "regression", truth)
    share = recipe.share_of_networks("regression", truth, ours, theirs)
    assert 0 <= share <= 1
    assert losses(share * ours + (1 - share) * theirs).mean() <= losses(theirs).mean() + 1e-12


def test_what_is_surely_better_decides_alone_and_what_may_be_luck_does_not():
    random = np.random.default_rng(0)
    truth = random.normal(size=(2000, 1))
    good, poor = truth + 0.1 * random.normal(size=(2000, 1)), np.zeros((2000, 1))
    few = slice(0, 8)
    assert recipe.share_of_networks("regression", truth, good, poor) == 1
    assert recipe.share_of_networks("regression", truth, poor, good) == 0
    assert 0 < recipe.share_of_networks("regression", truth[few], good[few], poor[few]) < 1
    assert recipe.share_of_networks("regression", truth, good, good) == 0  # equal: the simpler one


@given(st.integers(0, 10**6))
def test_rows_that_are_alike_make_nobody_surer(seed):
    random = np.random.default_rng(seed)
    truth = random.normal(size=(12, 1))
    ours, theirs = (truth + noise * random.normal(size=(12, 1)) for noise in (1.0, 1.5))
    once = recipe.share_of_networks("regression", truth, ours, theirs)
    many = [each.repeat(50, axis=0) for each in (truth, ours, theirs)]
    alike = recipe.share_of_networks("regression", *many, blocks=np.arange(12).repeat(50))
    assert alike == pytest.approx(once)
    assert recipe.share_of_networks("regression", *many) >= once


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_networks_that_were_never_wrong_in_few_rows_may_be_in_the_next(task):
    def share(rows):
        truth = np.arange(rows) % 2
        ours, theirs = (np.where(truth, p, 1 - p)[:, None] for p in (0.99999, 0.9))
        theirs[-1] = 1 - theirs[-1]  # of whose truth nothing is known but that the networks said it
        if task == "multiclass":
            return recipe.share_of_networks(task, truth, *(np.hstack([1 - p, p]) for p in (ours, theirs)))
        return recipe.share_of_networks(task, truth[:, None], ours, theirs)

    assert share(40) < 0.5 and share(4000) > 0.9


def test_networks_have_the_share_that_suits_all_of_them_together():
    random = np.random.default_rng(0)
    truth = random.normal(size=(3000, 1))
    eight = truth + 0.3 * random.normal(size=(3000, 1)) + 0.8 * random.normal(size=(8, 3000, 1))
    theirs = truth + 0.7 * random.normal(size=(3000, 1))
    share = recipe.share_of_networks("regression", truth, eight[0], theirs)
    shares = np.linspace(0, 1, 101)

    def best(ours):
        return shares[np.argmin([((s * ours + (1 - s) * theirs - truth) ** 2).mean() for s in shares])]

    assert best(eight[0]) + 0.1 < share <= best(eight.mean(axis=0))


def test_rows_of_a_group_and_of_a_stretch_of_time_are_alike():
    table = pd.DataFrame({"who": list("abcab" * 20), "day": [*range(64)] + [63] * 36, "x": 0})
    of_who, of_day = (belonging_of(table, **how)[1] for how in ({"group": "who"}, {"time_order": "day"}))
    assert of_who.blocks.tolist() == [0, 1, 2, 0, 1] * 20
    assert np.bincount(of_day.blocks).tolist() == [8] * 7 + [44]
    assert of_who.of(np.arange(3)).blocks.tolist() == [0, 1, 2] and NOTHING_TOGETHER.blocks is None


@given(st.integers(0, 10**6))
def test_losses_are_those_of_the_formula(seed):
    random = np.random.default_rng(seed)
    labels, chances = random.integers(0, 3, 9), random.dirichlet([1, 1, 1], (4, 9))
    found = recipe.row_losses("multiclass", labels, chances)
    wanted = [[-np.log(max(p[row, label], 1e-7)) for row, label in enumerate(labels)] for p in chances]
    assert np.allclose(found, wanted)
    yes, p = random.integers(0, 2, (9, 2)), random.uniform(0.01, 0.99, (9, 2))
    wanted = -(yes * np.log(p) + (1 - yes) * np.log(1 - p)).mean(axis=1)
    assert np.allclose(recipe.row_losses("multilabel", yes, p), wanted)


@given(st.floats(0.1, 1e4), st.floats(1e-4, 100), st.integers(1, 64), st.integers(1, 200), st.integers(1, 8))
def test_what_there_is_time_for_fits_into_it(seconds, epoch, cores, epochs, few):
    count, long = recipe.within(seconds, epoch, cores, epochs, few, 32)
    assert 1 <= count <= 32 and 1 <= long <= epochs
    assert count == 1 or long == 1 or count * long * epoch <= seconds * cores


# --- the linear model ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "columns", "classes"), [(90, 5, 2), (90, 5, 4), (40, 60, 3)])
@pytest.mark.parametrize("price", [0.3, 20.0])
def test_logistic_regression_is_that_of_scikit_learn(rows, columns, classes, price):
    random = np.random.default_rng(rows + classes)
    X = random.normal(size=(rows, columns)).astype(np.float32)
    y = np.argmax(X[:, :classes] + random.normal(size=(rows, classes)), axis=1)
    weight = random.uniform(0.5, 2, rows)
    labels = tuple(map(str, range(classes)))
    target = Target("binary" if classes == 2 else "multiclass", ("y",), labels, (1 / classes,) * classes)
    found = linear.outputs_of(target, X, linear.coefficients(target, X, y, weight, price))
    wanted = LogisticRegression(C=1 / price, max_iter=5000, tol=1e-10).fit(X, y, weight).predict_proba(X)
    assert np.allclose(found, wanted[:, 1:] if classes == 2 else wanted, atol=5e-3)


@pytest.mark.parametrize(("rows", "columns"), [(50, 4), (20, 60)])
def test_ridge_regression_is_that_of_scikit_learn(rows, columns):
    random = np.random.default_rng(0)
    X, y = random.normal(size=(rows, columns)), random.normal(size=(rows, 2))
    target = Target("regression", ("a", "b"), mean=(0.0, 0.0), std=(1.0, 1.0))
    found = linear.outputs_of(target, X, linear.coefficients(target, X, y, price=3.0))
    assert np.allclose(found, Ridge(alpha=3.0).fit(X, y).predict(X))


# --- networks that decide together --------------------------------------------------------------------------


def test_a_choice_by_hand_makes_one_network_and_nothing_of_the_recipe():
    plain, ours = (
        _ready(table(), Options(target="amount", epochs=3)),
        _ready(table(), Options(target="amount")),
    )
    assert (plain.options.members, plain.options.recipe, plain.options.bins) == (1, False, 0)
    assert (ours.options.members, ours.options.recipe) == (8, True) and len(ours.validation or ()) == 0
    assert "by hand, as epochs was chosen" in plain.about[-1]
    assert "the recipe for tables; members=1 trains a single network" in ours.about[-1]
    single = _ready(table(), Options(target="amount", members=1))
    assert single.options.recipe and not single.data.folds and single.validation is not None
    for name in ("seed", "metric", "threshold", "test_fraction"):
        chosen = {"seed": 3, "metric": "mae", "threshold": None, "test_fraction": 0.0}[name]
        assert _ready(table(), Options(target="amount", **{name: chosen})).options.recipe


def test_each_row_is_judged_by_a_network_that_never_saw_it():
    ready = _ready(table(), Options(target="amount", **SMALL | {"members": 10}))
    learned, judged = (np.concatenate(each) for each in zip(*ready.data.folds, strict=True))
    assert len(ready.data.folds) == 10 and {*judged} == {*range(len(ready.learn[0]))}
    assert all(not {*learn} & {*judge} for learn, judge in ready.data.folds) and len(learned) > len(judged)


@pytest.mark.parametrize(
    ("choices", "what"),
    [
        (
            {"members": 8},
            "8 neural networks and a linear model that decide together, with 4 inputs, hidden layers of 8",
        ),
        ({"members": 1}, "a neural network with 4 inputs, hidden layers of 8"),
        ({"recipe": False, "members": 3}, "3 neural networks that decide together, with 4 inputs"),
        ({"members": 2, "time_order": "a"}, ""),
    ],
    ids=str,
)
def test_several_networks_are_one_that_is_saved_and_repeated_to_the_last_bit(choices, what, tmp_path):
    data = table()
    data.to_csv(tmp_path / "t.csv", index=False)
    run = tmp_path / "run"
    model = cr.TableModel.train(tmp_path / "t.csv", "amount", **{**SMALL, **choices}, run=run)
    assert same(model, cr.TableModel.repeat(run))
    assert cr.load(run).predict(data).equals(model.predict(data))
    assert model.report.scores is None or model.report.scores.rows
    assert f"It is {what}" in (run / "card.md").read_text()


def test_a_brief_trial_silences_nothing_of_what_follows(monkeypatch):
    """Two networks that are tried are over at once, and eight learn for a minute after them."""
    shown, usual = [], members.fit_many
    monkeypatch.setattr(
        members, "fit_many", lambda *x, **how: shown.append(how["verbose"]) or usual(*x, **how)
    )
    cr.TableModel.train(table(), "amount", **{**SMALL, "epochs": 3}, verbose=1)
    assert len(shown) >= 3 and set(shown) == {1}


def test_a_signal_that_ends_it_is_told_with_what_was_chosen():
    ensemble = out_of_fold.Ensemble((None, None), out_of_fold.Variant(0), (3, 3), np.zeros((4, 1)), 1.0)
    history = History({"cost": [1.0]}, signal=SIGTERM)
    told = members._told(
        ensemble,
        members.Choice(ensemble.variant, (3, 3), share=0.004),
        Options(recipe=True, epochs=9),
        history,
    )
    assert told.startswith("Stopped by SIGTERM: 2 networks, best after 3 of 9 epochs.")
    assert "decide with 1 %, a linear model with 99 %" in told


def test_a_linear_model_that_is_as_good_decides_alone_and_is_said_to(tmp_path):
    data, told = table()[["a", "b", "c"]], []
    data["y"] = data["a"] - 2 * data["b"] + np.random.default_rng(1).normal(size=len(data))
    model = cr.TableModel.train(data, "y", **SMALL, run=tmp_path / "run", tell=told.append)
    assert "A linear model decides alone: on rows that they had not seen they are no better." in told[-2]
    assert told[-1].startswith(
        "Learned anew from all 160 rows; the scores"
    )  # no epochs of networks that are not there
    assert "It is a linear model with 3 inputs, no hidden layer" in (tmp_path / "run" / "card.md").read_text()
    assert "refit" not in (tmp_path / "run" / "history.csv").read_text()
    assert [each.shape for each in model.network.parameters.values()] == [(3, 1), (1,)]


def test_what_is_predicted_is_what_members_and_linear_model_say_together():
    data, told = table(), []
    fitted = {}

    def spy(ready, options, choice, networks):
        found = usual(ready, options, choice, networks)
        fitted["all"] = ready, choice, networks, found
        return found

    usual = members.mixed_of
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(members, "mixed_of", spy)
        cr.TableModel.train(data, "amount", **SMALL, test_fraction=0.0, tell=told.append)
    ready, choice, networks, whole = fitted["all"]
    (X, y), target = ready.learn, ready.data.target
    said = np.mean([each.predict(X) for each in networks], axis=0)
    if choice.variant.logarithm:
        said = np.mean([choice.variant.logarithm.said(target, each.predict(X)) for each in networks], axis=0)
    beside = linear.outputs_of(target, X, linear.coefficients(target, X, y, None, choice.price))
    assert np.allclose(whole.predict(X), choice.share * said + (1 - choice.share) * beside, atol=1e-4)
    assert any("networks" in sentence and "best after" in sentence for sentence in told)


def test_a_logarithm_is_learned_where_that_is_better_and_bounded_by_what_was_seen():
    data = table(400)
    model = cr.TableModel.train(
        data, "amount", recipe=True, hidden=(16,), epochs=20, members=4, test_fraction=0.0
    )
    assert "learned the logarithm" in model.report.stopped
    far = data[:1].assign(a=1e6, b=-1e6)
    assert np.isfinite(model.predict(far)["amount"]).all()
    level = data.assign(amount=data["a"])
    assert "logarithm" not in cr.TableModel.train(level, "amount", **SMALL).report.stopped


@pytest.mark.parametrize("many", [True, False])
def test_all_folds_have_one_best_epoch_where_rows_are_few(many, monkeypatch):
    monkeypatch.setattr(out_of_fold, "FEW", 10 if many else 5000)
    ready = _ready(table(), Options(target="amount", **SMALL))
    ensemble, _ = members._best_ensemble(
        "",
        ready,
        ready.options,
        members.Stages(),
        partial(recipe.row_losses, "regression", ready.learn[1]),
        None,
    )
    assert len(ensemble.epochs) == 4 and (many or len({*ensemble.epochs}) == 1)
    for member, epochs in zip(ensemble.members, ensemble.epochs, strict=True):
        judge = ready.data.folds[member.fold][1]
        kept = member.history.kept.predictions[epochs - 1]
        assert np.allclose(member.network.predict(ready.learn[0][judge]), kept, atol=1e-5)


def test_weights_of_epochs_that_were_too_many_are_trained_again(monkeypatch):
    ready = _ready(table(), Options(target="amount", **SMALL))
    members_of = members.fit_many

    def forgetful(*given, **how):
        histories = members_of(*given, **how)
        for history in histories:
            if history.kept is not None:
                object.__setattr__(history.kept, "values", None)
        return histories

    losses = partial(recipe.row_losses, "regression", ready.learn[1])
    usual, _ = members._best_ensemble("", ready, ready.options, members.Stages(), losses, None)
    monkeypatch.setattr(members, "fit_many", forgetful)
    again, _ = members._best_ensemble("", ready, ready.options, members.Stages(), losses, None)
    for one, other in zip(usual.members, again.members, strict=True):
        assert same(one, other)


def test_a_member_that_diverges_is_left_out_and_the_others_decide(monkeypatch):
    fit_many = members.fit_many

    def diverging(*given, **how):
        histories = fit_many(*given, **how)
        histories[0].diverged = True
        return histories

    monkeypatch.setattr(members, "fit_many", diverging)
    model = cr.TableModel.train(
        table(), "amount", recipe=False, members=4, hidden=(4,), epochs=5, refit=False
    )
    assert model.report.stopped.startswith("3 networks")


def test_time_is_measured_once_and_stands_in_the_choices_then(tmp_path):
    table().to_csv(tmp_path / "t.csv", index=False)
    told, run = [], tmp_path / "run"
    model = cr.TableModel.train(
        tmp_path / "t.csv", "amount", recipe=True, hidden=(4,), time_budget=0.2, run=run, tell=told.append
    )
    assert any(sentence.startswith("There is time for") for sentence in told)
    text = (run / "config.toml").read_text()
    assert "# time_budget" in text and "members = " in text and same(model, cr.TableModel.repeat(run))
    known = cr.TableModel.repeat(run, members=2, refit=False)
    assert known.report.stopped.startswith("2 networks")


def test_thresholds_and_intervals_come_of_rows_that_were_not_seen():
    data = table()
    numbers = cr.TableModel.train(data, "amount", **SMALL)
    assert numbers.measured.rows == len(data) and numbers.report.validation_rows == 0
    assert numbers.report.rows + numbers.report.test_rows == len(data)
    kinds = data.assign(kind=np.where(data["amount"] > 500, "much", "little")).drop(columns="amount")
    model = cr.TableModel.train(
        kinds, "kind", **SMALL, threshold="best", class_weight="balanced", metric="f1"
    )
    assert any("rows that had not been seen" in note for note in model.report.scores.notes)
    assert model.target.thresholds


def test_a_linear_model_that_blew_up_leaves_intervals_to_the_networks(monkeypatch):
    usual = members._linear
    monkeypatch.setattr(
        members, "_linear", lambda ready: replace(usual(ready), outputs=np.full((160, 1), np.nan))
    )
    model = cr.TableModel.train(table(), "amount", **SMALL, test_fraction=0)
    assert np.isfinite(model.measured.columns).all()


@pytest.mark.parametrize("wanted", [0, 20])
def test_networks_see_bins_only_where_that_is_better(wanted, monkeypatch):
    chosen = members.ensemble_of

    def judged(ready, losses, weight, some, variant):
        ensemble = chosen(ready, losses, weight, some, variant)
        off = 0.0 if variant.bins == wanted and not variant.logarithm else 1.0
        outputs = np.where(np.isfinite(ensemble.outputs), ready.learn[1] + off, np.nan)
        return replace(ensemble, outputs=outputs, cost=off)

    monkeypatch.setattr(members, "ensemble_of", judged)
    model = cr.TableModel.train(table(), "amount", **SMALL, bins=20, test_fraction=0.0)
    assert ("without bins" in model.report.stopped) == (wanted == 0)
    encodes = any(isinstance(each, cr.PiecewiseLinearEncoding) for each in model.network.layers)
    assert encodes == (wanted > 0) or "A linear model decides alone" in model.report.stopped


def test_the_price_of_the_linear_model_is_that_of_all_rows_it_learns_from(monkeypatch):
    random = np.random.default_rng(0)
    x = random.normal(size=(50, 45))
    noisy = pd.DataFrame(x).add_prefix("c").assign(y=x[:, 0] + random.normal(size=50))
    asked, found = [], members._linear
    monkeypatch.setattr(members, "_linear", lambda ready: asked.append(found(ready)) or asked[-1])
    model = cr.TableModel.train(noisy, "y", seed=0)
    (judged, kept), y = asked, noisy["y"].to_numpy()[:, None]
    assert [len(each.outputs) for each in asked] == [40, 50] and judged.price != kept.price
    assert "A linear model decides alone" in model.report.stopped
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    ridge = Ridge(alpha=kept.price).fit(scaled, (y - y.mean()) / y.std())
    ours = (model.predict(noisy)["y"] - y.mean()) / y.std()
    assert np.allclose(ours, ridge.predict(scaled).ravel(), atol=1e-3)
