"""Many networks at once: each learns what it would alone, to the last bit, and what happens to one is its own."""

import copy
import signal
import threading
import warnings
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import chainrule as cr
from chainrule.engines.native.run.executable import NativeExecutable
from chainrule.train import many
from chainrule.train.fit import asking, crew, resuming
from chainrule.train.fit.fitting import Interrupts

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 3))
Y = np.tanh(X[:, 0]) + 0.1 * RANDOM.normal(size=60)
FOLDS = np.array_split(RANDOM.permutation(60), 4)
OTHERS = [np.setdiff1d(np.arange(60), fold) for fold in FOLDS]


def network(seed=0, units=4, **settings):
    return cr.Network([cr.Dense(units, "tanh"), cr.Dense(1)], seed=seed, **settings)


def the_same(one, other):
    return all(
        np.array_equal(a, b) for a, b in zip(one.parameters.values(), other.parameters.values(), strict=True)
    )


def alone(members, histories, rows, held, **settings):
    """Fit the same networks one after the other."""
    found = []
    for i, member in enumerate(members):
        member.engine = histories[i].engine
        own = {name: given[i] if isinstance(given, list) else given for name, given in settings.items()}
        data = {} if held is None else {"validation_data": (X[held[i]], Y[held[i]])}
        found.append(member.fit(X[rows[i]], Y[rows[i]], **data, **own))
    return found


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": [None, 8, 16, 7], "epochs": [3, 4, 5, 6], "loss": ["mse", "mae", "huber", "mse"]},
        {"optimizer": [cr.Adam(0.1), "sgd", cr.RMSprop(0.01), "lbfgs"], "batch_size": None},
        {"callbacks": cr.EarlyStopping(patience=1), "optimizer": cr.SGD(0.5)},
    ],
    ids=["plain", "lists", "optimizers", "stopping"],
)
def test_each_learns_to_the_bit_what_it_would_alone(options):
    options = {"epochs": 5, **options}
    members, same = ([network(seed) for seed in range(4)] for _ in range(2))
    histories = cr.fit_many(members, X, Y, rows=OTHERS, validation_rows=FOLDS, **options)
    expected = alone(same, histories, OTHERS, FOLDS, **options)
    for i, history in enumerate(histories):
        assert dict(history) == dict(expected[i]) and history.stopped == expected[i].stopped
        assert the_same(members[i], same[i]) and members[i].runs == 1


TINY_X, TINY_Y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
ON_NATIVE = pytest.mark.parametrize("engine", ["native"], indirect=True)  # as they say themselves
RULES = [cr.SGD(0.1), cr.SGD(1e12), cr.Adam(cr.Cosine(0.1)), cr.Adam(0.05, clip_norm=0.1), cr.RMSprop(0.01)]
INITIALIZERS = [
    None,
    "large",
    "orthogonal",
    cr.TruncatedNormal(1.0),
    cr.Scaled(1.0, "in", "uniform"),
    [[0.5, 1.0]] * 2,
]


@ON_NATIVE
@settings(max_examples=8)
@given(
    activation=st.sampled_from(["tanh", "relu", None]),
    initializer=st.sampled_from(INITIALIZERS),
    normalized=st.booleans(),
    rule=st.sampled_from(
        [cr.SGD(0.1), cr.SGD(1e12), cr.Adam(cr.Cosine(0.1)), cr.Adam(0.05, clip_norm=0.1), cr.RMSprop(0.01)]
    ),
    metrics=st.sampled_from([(), ["accuracy", "mae"]]),
    seeds=st.lists(st.integers(0, 2**63 - 1), min_size=2, max_size=9, unique=True),
)
def test_tiny_ones_alike_are_what_each_is_alone(activation, initializer, normalized, rule, metrics, seeds):
    hidden = [cr.Dense(2, activation, initializer=initializer), *[cr.LayerNormalization()] * normalized]
    layers = [*hidden, cr.Dense(1, "sigmoid")]
    made, same = ([cr.Network(layers, seed=s, engine="native") for s in seeds] for _ in range(2))
    given_to = {"optimizer": rule, "batch_size": None, "epochs": 12, "metrics": metrics}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cr.DivergenceWarning)
        histories = cr.fit_many(made, TINY_X, TINY_Y, **given_to)
        for one, other, history in zip(made, same, histories, strict=True):
            expected = other.fit(TINY_X, TINY_Y, **given_to)
            assert history == expected and history.stopped == expected.stopped and one.runs == 1
            assert np.array_equal(one.predict(TINY_X), other.predict(TINY_X)) and the_same(one, other)
            assert copy.deepcopy(one).loss == other.loss and repr(one) == repr(other)


@ON_NATIVE
def test_one_layer_that_stands_twice_is_not_taken_for_two_that_are_equal():
    def made():
        twice = cr.Dense(2, "tanh")
        lists = [[twice, twice], [cr.Dense(2, "tanh"), cr.Dense(2, "tanh")]] * 3
        return [cr.Network([*hidden, cr.Dense(2)], seed=i, engine="native") for i, hidden in enumerate(lists)]

    many, same = made(), made()
    histories = cr.fit_many(many, TINY_X, TINY_X, batch_size=None, epochs=9)
    for one, other, history in zip(many, same, histories, strict=True):
        assert dict(history) == dict(other.fit(TINY_X, TINY_X, batch_size=None, epochs=9))
        assert list(one.parameters) == list(other.parameters) and the_same(one, other)


@ON_NATIVE
def test_tiny_ones_alike_go_on_as_any_other(tmp_path):
    made, same = ([network(seed, engine="native") for seed in range(5)] for _ in range(2))
    cr.fit_many(made, TINY_X, TINY_Y, batch_size=None, epochs=9)
    assert sum(member._made.common for member in made) == 4
    made[3].save(tmp_path / "one.safetensors")
    for _ in range(2):
        same[3].fit(TINY_X, TINY_Y, batch_size=None, epochs=9)
    for member in (made[3], cr.load(tmp_path / "one.safetensors")):
        member.engine = "native"
        member.fit(TINY_X, TINY_Y, batch_size=None, epochs=9)
        assert the_same(member, same[3]) and member.runs == 2


def test_every_epoch_is_kept_and_can_be_gone_back_to():
    members = [network(seed) for seed in range(4)]
    histories = cr.fit_many(members, X, Y, rows=OTHERS, validation_rows=FOLDS, epochs=6, keep_epochs=True)
    curve = [
        np.mean(
            [
                np.mean((h.kept.predictions[e][:, 0] - Y[f]) ** 2)
                for h, f in zip(histories, FOLDS, strict=True)
            ]
        )
        for e in range(6)
    ]
    assert np.allclose(curve, np.mean([h["val_cost"] for h in histories], axis=0), rtol=1e-5)
    for member, history, fold in zip(members, histories, FOLDS, strict=True):
        history.kept.restore(member, 2)
        member.engine = history.engine
        assert np.array_equal(member.predict(X[fold]), history.kept.predictions[2])
        with pytest.raises(cr.DataError, match="Epoch 6 was not kept: of 6 epochs there are 0 to 5"):
            history.kept.restore(member, 6)


def test_some_epochs_are_kept_where_these_are_named():
    (history,) = cr.fit_many([network()], X, Y, validation_rows=[FOLDS[0]], epochs=6, keep_epochs=[1, 4])
    assert history.kept.epochs == [1, 4] and history.kept.predictions.shape == (2, 15, 1)
    costs = [np.mean((p[:, 0] - Y[FOLDS[0]]) ** 2) for p in history.kept.predictions]
    assert np.allclose(costs, [history["val_cost"][1], history["val_cost"][4]], rtol=1e-5)


def test_it_ends_within_the_course_that_was_set():
    members, same = ([network(seed) for seed in range(3)] for _ in range(2))
    rule = cr.SGD(cr.Cosine(0.1))
    histories = cr.fit_many(members, X, Y, optimizer=rule, epochs=9, until=[4, 9, None])
    assert [h.epochs for h in histories] == [4, 9, 9]
    assert histories[0].stopped == "Stopped at epoch 4, as it was asked to."
    for one, other, history in zip(members, same, histories, strict=True):
        other.engine = history.engine
        other.fit(X, Y, optimizer=rule, epochs=9, callbacks=lambda n, e, _, h=history: e + 1 == h.epochs)
        assert the_same(one, other)


@ON_NATIVE
@pytest.mark.parametrize("threads", ["1", "2", "3"])
def test_how_many_are_done_at_a_time_changes_nothing(threads, monkeypatch):
    monkeypatch.setenv("CHAINRULE_THREADS", threads)
    monkeypatch.setattr(crew, "LONG_SECONDS", 0.0)
    members = [network(seed, engine="native") for seed in range(7)]
    histories = cr.fit_many(members, X, Y, rows=[None, *OTHERS[:3], *OTHERS[:3]], epochs=4)
    same = [network(seed, engine="native") for seed in range(7)]
    for i, member in enumerate(same):
        rows = np.arange(60) if i == 0 else OTHERS[(i - 1) % 3]
        assert member.fit(X[rows], Y[rows], epochs=4) == histories[i] and the_same(member, members[i])


@ON_NATIVE
def test_what_a_thread_finds_wrong_is_raised_and_the_others_end(monkeypatch):
    monkeypatch.setenv("CHAINRULE_THREADS", "2")
    monkeypatch.setattr(asking, "descend", failing_at_the_second())
    members = [network(seed, engine="native") for seed in range(5)]
    with pytest.raises(RuntimeError, match="of the second"):
        cr.fit_many(members, X, Y, epochs=10_000_000)
    assert not any(member._learning.locked() for member in members)


def failing_at_the_second():
    done, begun = asking.descend, []

    def descend(run, *rest):
        begun.append(run)
        if len(begun) == 2:
            raise RuntimeError("of the second")
        done(run, *rest)

    return descend


@ON_NATIVE
@pytest.mark.parametrize("long", [0.0, np.inf])  # what is not long is done in the caller's thread
@pytest.mark.parametrize("verbose", [1, 2])
def test_all_are_shown_together(verbose, long, monkeypatch, capsys):
    monkeypatch.setenv("CHAINRULE_THREADS", "2")
    monkeypatch.setattr(crew, "LONG_SECONDS", long)
    members = [network(seed) for seed in range(5)]
    cr.fit_many(members, X, Y, validation_split=0.2, epochs=4, until=[3] * 5, verbose=verbose)
    told = capsys.readouterr().err
    assert told.count("epoch 15/15  cost 0.") == 1 and "val_cost" in told
    assert "  5 networks\n" in told  # whose epochs these are
    assert told.endswith("5 networks trained.\n") and "Trained all" not in told


@ON_NATIVE
def test_where_no_thread_may_begin_they_are_done_one_after_the_other(monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setenv("CHAINRULE_THREADS", "2")
    monkeypatch.setattr(crew, "LONG_SECONDS", 0.0)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    members = [network(seed) for seed in range(3)]
    assert [h.epochs for h in cr.fit_many(members, X, Y, epochs=2)] == [2, 2, 2]


@ON_NATIVE
def test_a_signal_ends_them_all(monkeypatch):
    monkeypatch.setenv("CHAINRULE_THREADS", "2")
    members = [network(seed, engine="native") for seed in range(5)]
    asked, once, poll = Counter(), iter([True]), Interrupts.poll

    def both_have_begun(interrupts):
        asked[id(interrupts)] += 1
        if sum(times >= 3 for times in asked.values()) == 2 and next(once, False):
            signal.raise_signal(signal.SIGINT)
        return poll(interrupts)

    monkeypatch.setattr(Interrupts, "poll", both_have_begun)
    histories = cr.fit_many(members, X, Y, epochs=10_000_000)
    assert [h.signal for h in histories] == [signal.SIGINT] * 5
    assert (
        sum(h.epochs > 0 for h in histories) == 2
        and histories[-1].stopped == "Never begun: Ctrl-C came before."
    )


@ON_NATIVE
def test_time_is_shared(monkeypatch):
    monkeypatch.setenv("CHAINRULE_THREADS", "2")
    members = [network(seed, engine="native") for seed in range(4)]
    histories = cr.fit_many(members, X, Y, epochs=10_000_000, time_budget=0.4)
    assert all(h.epochs and "time budget" in h.stopped for h in histories)


@ON_NATIVE
@pytest.mark.parametrize("keep", [False, True])
def test_it_goes_on_from_a_file(keep, tmp_path, monkeypatch):
    monkeypatch.setattr(resuming, "EVERY", 0.0)
    path = tmp_path / "fits"
    options = {"rows": OTHERS, "validation_rows": FOLDS, "epochs": 5, "keep_epochs": keep}
    whole = [network(seed, engine="native") for seed in range(4)]
    expected = cr.fit_many(whole, X, Y, **options)
    broken = [network(seed, engine="native") for seed in range(4)]
    real, ended = crew.failure, []

    def interrupt(fit):
        ended.append(fit)
        if len(ended) == 2:
            signal.raise_signal(signal.SIGINT)
        return real(fit)

    monkeypatch.setattr(crew, "failure", interrupt)
    cr.fit_many(broken, X, Y, **options, resume=path)
    assert path.exists()
    monkeypatch.setattr(crew, "failure", real)
    members = [network(seed, engine="native") for seed in range(4)]
    histories = cr.fit_many(members, X, Y, **options, resume=path)
    assert not path.exists()
    for i, history in enumerate(histories):
        assert history == expected[i] and the_same(members[i], whole[i])
        if keep:
            assert np.array_equal(history.kept.predictions, expected[i].kept.predictions)
            history.kept.restore(members[i], 1)
            expected[i].kept.restore(whole[i], 1)
            assert the_same(members[i], whole[i])


def test_one_that_diverges_leaves_the_others_alone():
    members = [network(seed) for seed in range(3)]
    rates = [cr.SGD(0.01), cr.SGD(1e30), cr.SGD(1e30)]
    with pytest.warns(cr.DivergenceWarning) as seen:
        histories = cr.fit_many(members, X, Y, optimizer=rates, epochs=3)
    assert [h.diverged for h in histories] == [False, True, True] and histories[0].epochs == 3
    (said,) = (str(w.message) for w in seen)
    assert said.startswith(f"networks[1]: {histories[1].stopped} So it is with 1 other of the 3 networks.")


def test_what_is_given_stays_what_it_is():
    pd = pytest.importorskip("pandas")
    table, y = pd.DataFrame(X, columns=["a", "b", "c"]), pd.Series(Y)
    members = [network(seed) for seed in range(2)]
    cr.fit_many(members, table, y, rows=OTHERS[:2], sample_weight=np.ones(60), epochs=2)
    assert members[1].columns == {"x": ("a", "b", "c")}
    words = [[1, 2, 3], [4, 5], [6], [1, 1, 1, 1]]
    of_words = [
        cr.Network([cr.Embedding(7, 2, mask_zero=True), cr.LSTM(2), cr.Dense(1)], seed=0) for _ in range(2)
    ]
    one, other = cr.fit_many(of_words, words, [0.0, 1, 2, 3], rows=[[0, 1], [1, 0]], shuffle=False, epochs=1)
    assert one.epochs == other.epochs == 1


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ({"networks": network()}, cr.GraphError, "a list of networks"),
        ({"networks": ["no"]}, cr.GraphError, "at place 0 it found 'no'"),
        ({"rows": [[0, 1]]}, cr.DataError, "2 networks and 1 of rows"),
        ({"rows": [[0, 60], None]}, cr.DataError, r"rows\[0\] names the row 60; there are 60"),
        ({"rows": [[], None]}, cr.DataError, "at least one"),
        ({"rows": [[0.5], None]}, cr.DataError, "whole numbers"),
        ({"epochs": [1, 2, 3]}, cr.DataError, "2 networks and 3 of epochs"),
        ({"keep_epochs": True}, cr.DataError, "give validation_rows"),
        ({"validation_rows": FOLDS[:2], "validation_data": (X, Y)}, cr.DataError, "not both"),
        (
            {"validation_rows": FOLDS[:2], "validation_split": 0.2},
            cr.DataError,
            "or validation_split, not both",
        ),
        ({"rows": 3}, cr.DataError, "rows is a list .* found 3"),
        ({"rows": OTHERS[:2], "X": np.ones((99, 3))}, cr.DataError, "X has 99 rows and y has 60"),
        ({"rows": OTHERS[:2], "sample_weight": np.ones(99)}, cr.DataError, "99 .*needs its weight"),
        ({"rows": [[0, 1]] * 2, "X": np.full((60, 3), np.nan)}, cr.DataError, r"networks\[0\], whose rows"),
        ({"validation_rows": FOLDS[:2], "keep_epochs": [-1]}, cr.DataError, "at least 0; found -1"),
        ({"validation_rows": FOLDS[:2], "keep_epochs": 3}, cr.DataError, "True, or a list of epochs"),
        ({"time_budget": -1}, cr.DataError, "time_budget must be a number of at least 0"),
    ],
)
def test_what_makes_no_sense_is_said(wrong, error, says):
    members = [network(0), network(1)]
    with pytest.raises(error, match=says):
        cr.fit_many(**{"networks": members, "X": X, "y": Y, **wrong})
    assert all(member.runs == 0 for member in members)


def test_a_network_that_is_there_twice_is_refused():
    one = network()
    with pytest.raises(cr.GraphError, match="place 1 is there twice"):
        cr.fit_many([one, one], X, Y)
    assert len(cr.fit_many([one, copy.deepcopy(one)], X, Y, epochs=1)) == 2
    assert cr.fit_many([], X, Y) == []


@pytest.mark.filterwarnings("ignore::chainrule.LearningWarning")
def test_each_may_have_a_time_of_its_own():
    networks = [cr.Network([cr.Dense(2, "tanh"), cr.Dense(1)], seed=seed) for seed in range(3)]
    X = np.linspace(-1, 1, 20)[:, None]
    short, long, free = cr.fit_many(networks, X, X, epochs=30, time_budget=[0.0, 600.0, None])
    assert "the time budget of 0 s was used up" in short.stopped and short.epochs < 30
    assert long.epochs == free.epochs == 30
    with pytest.raises(cr.DataError, match="time_budget is one for all networks, or a list of one for each"):
        cr.fit_many(networks, X, X, time_budget=[1.0])


@ON_NATIVE
@pytest.mark.parametrize("budget", [[60.0] * 5, 60.0 * 30])
def test_the_time_of_each_begins_where_it_learns(budget, monkeypatch):
    now = [0.0]

    def taking_long(do):
        def work(*given, **named):
            now[0] += 100.0
            return do(*given, **named)

        return work

    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    monkeypatch.setattr(many, "begun", taking_long(many.begun))
    monkeypatch.setattr(NativeExecutable, "prepare", taking_long(NativeExecutable.prepare))
    monkeypatch.setenv("CHAINRULE_THREADS", "1")
    members = [network(seed, engine="native") for seed in range(5)]
    histories = cr.fit_many(members, X, Y, epochs=9, time_budget=budget)
    assert [h.epochs for h in histories] == [9] * 5 and now[0] >= 5 * 200.0


@ON_NATIVE
def test_the_time_of_one_that_waits_for_others_does_not_pass(monkeypatch):
    """What is left is shared where one begins to learn, not where it was asked for."""
    now, allowed = [0.0], {}

    def learn(run, *_):
        run.begin_time()
        allowed[run.programs.seed] = run.interrupts.deadline - now[0]
        now[0] += 10.0

    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    monkeypatch.setattr(asking, "descend", learn)
    monkeypatch.setattr(many, "Crew", InOrder)
    cr.fit_many([network(seed, engine="native") for seed in range(3)], X, Y, epochs=9, time_budget=60.0)
    assert allowed == {0: 60.0 / 3, 1: 50.0 / 2, 2: 40.0}


class InOrder(crew.Crew):
    """Begins all before the first one learns."""

    def do(self, begin):
        fits = {i: begin(i, 1) for i in self._places}
        for fit in fits.values():
            asking.learn(fit, self._signals)
        return {i: fit.run.history for i, fit in fits.items()}


def test_no_epoch_is_restored_under_a_fit():
    x = np.linspace(-1, 1, 20)[:, None]
    found = cr.Network([cr.Dense(2, "tanh"), cr.Dense(1)], seed=0)
    (history,) = cr.fit_many([found], x, x, validation_rows=[np.arange(5)], epochs=2, keep_epochs=True)

    def goes_back(network, epoch, logs):
        history.kept.restore(network, 0)

    with pytest.raises(cr.GraphError, match="is being fitted just now"):
        found.fit(x, x, epochs=2, callbacks=[goes_back])


def test_networks_alike_have_one_graph_until_somebody_looks_and_draw_when_they_are_asked():
    cr.Network([cr.Dense(5, "tanh"), cr.Dense(1)], input_shape=3, seed=0)  # the first one is drawn
    made = [cr.Network([cr.Dense(5, "tanh"), cr.Dense(1)], input_shape=3, seed=i) for i in (4, 4, 5)]
    apart = [cr.Network([cr.Dense(5, "tanh"), cr.Dense(1)], seed=i) for i in (4, 4, 5)]
    assert all(member._made.common and member._made.values.untouched for member in made)
    assert made[0]._made.architecture is made[1]._made.architecture
    for one, other in zip(made, apart, strict=True):
        assert dict(one.fit(X, Y, epochs=3)) == dict(other.fit(X, Y, epochs=3))
        assert one._made.common and np.array_equal(one.predict(X), other.predict(X))
    assert the_same(made[0], made[1]) and not the_same(made[0], made[2])
    before = made[0].predict(X)
    assert (
        not made[0]._made.common
        and made[1]._made.common is False
        and made[0].architecture is not made[1].architecture
    )
    made[0].parameters["b2"] = made[0].parameters["b2"] + 1.0
    assert np.allclose(made[0].predict(X), before + 1) and np.array_equal(made[1].predict(X), before)


def test_a_network_that_is_looked_at_while_it_learns_with_a_graph_of_all_keeps_what_it_learns():
    def look(network, epoch, logs):
        seen.append(float(network.parameters["W1"][0, 0]))

    seen = []
    one, other = (cr.Network([cr.Dense(4, "tanh"), cr.Dense(1)], input_shape=3, seed=7) for _ in range(2))
    one.fit(X, Y, epochs=4)
    other.fit(X, Y, epochs=4, callbacks=look)
    assert the_same(one, other) and len(set(seen)) == 4 and seen[-1] == float(one.parameters["W1"][0, 0])


def test_a_layer_that_is_frozen_after_a_network_was_made_is_held():
    made = [cr.Network([cr.Dense(4, "tanh"), cr.Dense(1)], input_shape=3, seed=i) for i in range(3)]
    made[2].layers[0].trainable = False
    before = [member.predict(X) for member in made]
    held = made[2].parameters["W1"]
    cr.fit_many(made, X, Y, epochs=2)
    assert np.array_equal(made[2].parameters["W1"], held) and made[2].architecture.frozen == {"W1", "b1"}
    assert all(not np.array_equal(member.predict(X), p) for member, p in zip(made, before, strict=True))
    assert (
        made[1].check_gradients(X, Y).passed
        and cr.Network([cr.Dense(4, "tanh"), cr.Dense(1)]).check_gradients(X, Y).passed
    )
