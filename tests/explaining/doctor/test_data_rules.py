"""What is odd about data, each symptom alone: seen where it is, and not where it only looks so."""

from types import SimpleNamespace

import numpy as np
import pytest

import chainrule as cr
from chainrule.explaining.doctor.probes import features, probe, trimmed, wanted_of
from chainrule.explaining.doctor.reading import case_of
from chainrule.explaining.doctor.rules import (
    answers,
    constants,
    copies,
    fillers,
    leaks,
    looking,
    noise,
    numbered,
    scales,
    shifts,
)
from chainrule.explaining.doctor.scoring import score


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def case(X, y, layers=None, **job):
    """Return the case of a short training."""
    classes = np.asarray(y).dtype.kind in "iu"
    many = len(np.unique(y)) > 2
    last = cr.Dense(len(np.unique(y)), "softmax") if many else cr.Dense(1, "sigmoid")
    network = cr.Network([*(layers or [cr.Dense(8, "tanh")]), last if classes else cr.Dense(1)], seed=0)
    job = {"optimizer": cr.Adam(0.01), "epochs": 15, **job}
    return case_of(network, X, y, network.fit(X, y, **job), job)


def causes(rule, seen):
    return [suspicion.cause for suspicion in rule.suspicions(seen)]


# --- what rows say of targets, whoever learns them ---


def test_a_probe_tells_a_law_from_chance(rng):
    X = rng.normal(size=(300, 6)) * [1, 1e3, 1, 1e-4, 1, 1]  # no scale counts
    y = X[:, 0] + np.abs(X[:, 1] / 1e3)
    z, wanted = features({"x": X}), wanted_of(y, "numbers")
    assert probe(z, wanted).skill > 0.75
    assert probe(z, rng.permutation(wanted)).skill < 0.03


def test_a_probe_learns_nothing_by_heart(rng):
    X, y = np.repeat(rng.normal(size=(100, 4)), 3, axis=0), np.repeat(rng.normal(size=100), 3)
    z, wanted = features({"x": X}), wanted_of(y, "numbers")
    assert probe(z, wanted).skill > 0.3  # a copy tells it
    assert probe(z, wanted, np.repeat(np.arange(100), 3)).skill < 0.05


def test_words_are_counted_by_a_probe(rng):
    words = rng.integers(1, 30, (300, 12))
    y = (words == 7).any(axis=1).astype(int)
    assert probe(features({"x": words}), wanted_of(y, "classes")).skill > 0.5


def test_wrong_numbers_draw_a_trimmed_line_little(rng):
    z = rng.normal(size=(400, 4))
    law = z @ [1.0, -0.5, 0.3, 0.0]
    wrong = rng.random(400) < 0.3
    y = np.where(wrong, rng.permutation(law), law)
    left = np.abs(trimmed(z, y[:, None])[:, 0] - law)
    assert np.median(left) < 0.25


# --- scales ---


def test_scales_that_are_odd(rng):
    X, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    assert causes(scales, case(X, y)) == []
    assert causes(scales, case(X * [1, 1, 500], y)) == ["inputs_unscaled"]
    assert causes(scales, case(X, 4000 + 90 * y)) == ["targets_unscaled"]
    marks = (rng.random((60, 2)) < 0.05).astype(float)
    assert (
        causes(scales, case(np.column_stack([X, marks]), y)) == []
    )  # columns of 0 and 1 are as they should be


# --- columns ---


@pytest.mark.parametrize("filler", [-999.0, 0.0, 1e6])
def test_fillers_are_found(rng, filler):
    column = rng.normal(80, 6, 300)
    column[:20] = filler
    assert fillers.filler_of(column) == filler


def test_numbers_that_are_meant_are_no_fillers(rng):
    fees = np.where(rng.random(300) < 0.2, rng.lognormal(1.5, 0.5, 300), 0)
    for column in (rng.normal(size=300), rng.poisson(1, 300) * 1.0, rng.integers(0, 17, 300) * 1.0, fees):
        assert fillers.filler_of(column) is None


def test_columns_that_count_or_name(rng):
    ids = rng.permutation(400)
    assert numbered.counts_rows(ids[:300] + 10000.0) == "counted"
    assert numbered.counts_rows((ids - ids.mean()) / ids.std()) == "counted"
    assert numbered.counts_rows(rng.choice(9_000_000, 300, replace=False) + 0.0) == "numbers"
    assert numbered.counts_rows(rng.normal(size=300)) == ""
    assert numbered.counts_rows(rng.integers(1995, 2024, 300) + 0.0) == ""


def test_whole_numbers_that_tell_something_are_no_names(rng):
    miles = rng.choice(200_000, 300, replace=False) + 0.0
    X = np.column_stack([miles / miles.std(), rng.normal(size=300)])
    assert causes(numbered, case(np.column_stack([miles, X[:, 1]]), -X[:, 0] + 0.3 * X[:, 1])) == []
    assert causes(numbered, case(np.column_stack([miles, X[:, 1]]), X[:, 1])) == ["id_column"]


def test_names_as_columns_of_their_own(rng):
    X, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    assert causes(numbered, case(np.column_stack([X, np.eye(60)]), y)) == ["id_column"]
    kinds = np.eye(6)[rng.integers(0, 6, 60)]
    assert causes(numbered, case(np.column_stack([X, kinds]), y)) == []


def test_columns_that_were_lost(rng):
    X = rng.normal(size=(200, 5))
    y = X[:, 0] + X[:, 1] - X[:, 2]
    lost = X * [0, 0, 1, 0, 1]
    assert causes(constants, case(lost, y)) == ["constant_features"]
    assert causes(constants, case(np.column_stack([X, np.zeros((200, 5))]), y, epochs=80)) == []  # it is well
    one = case(X * [0, 1, 1, 1, 1], y, validation_data=(X[:50], y[:50]))
    assert causes(constants, one) == ["constant_features"]


# --- targets ---


def test_targets_that_are_nearly_all_one_number(rng):
    X, y = rng.normal(size=(200, 4)), rng.normal(size=200)
    assert causes(answers, case(X, y)) == []
    assert causes(answers, case(X, np.full(200, 3.0))) == ["target_degenerate"]
    assert causes(answers, case(X, np.minimum(y, -0.8))) == ["target_degenerate"]
    assert causes(answers, case(X, np.round(0.3 * y))) == ["target_degenerate"]
    sums = np.where(rng.random(200) < 0.7, 0, rng.exponential(5, 200))
    assert causes(answers, case(X, sums)) == []  # 0 is what most are by nature


def test_a_rare_class_that_is_never_answered(rng):
    y = (rng.random(400) < 0.05).astype(int)
    X = rng.normal(size=(400, 3)) + 1.3 * y[:, None]
    assert "class_imbalance" in causes(answers, case(X, y))
    far = X + 5.0 * y[:, None]
    assert causes(answers, case(far, y, epochs=60)) == []
    even = rng.integers(0, 2, 400)
    assert causes(answers, case(X, even)) == []


# --- what is too good ---


def test_a_column_that_gives_the_target_away(rng):
    X = rng.normal(size=(300, 5))
    y = X[:, 0] + X[:, 1] + 0.9 * rng.normal(size=300)
    assert causes(leaks, case(X, y)) == []
    assert causes(leaks, case(np.column_stack([X, 3 * y + 1]), y)) == ["target_leakage"]
    assert causes(leaks, case(X, 2 * X[:, 3])) == []  # the one that matters, by nature


def test_a_column_that_tells_of_the_rows_to_learn_alone(rng):
    X, y = rng.normal(size=(300, 4)), rng.integers(0, 2, 300)
    X[:, 0] += 0.8 * y
    known = y + 0.01 * rng.normal(size=300)
    asked = rng.permutation(y[200:]) + 0.01 * rng.normal(size=100)
    held = np.column_stack([X[200:], asked]), y[200:]
    seen = case(np.column_stack([X, known])[:200], y[:200], validation_data=held)
    (found,) = leaks.suspicions(seen)
    assert "validate" in found.finding and found.certain


def test_rows_on_both_sides(rng):
    X, y = rng.normal(size=(200, 5)), rng.normal(size=200)
    fresh = rng.normal(size=(60, 5)), rng.normal(size=60)
    assert causes(copies, case(X, y, validation_data=fresh)) == []
    assert causes(copies, case(X, y, validation_data=(X[:60], y[:60]))) == ["duplicates_across_split"]
    near = X[:60] + 0.005 * rng.normal(size=(60, 5)), y[:60]
    assert causes(copies, case(X, y, validation_data=near)) == ["duplicates_across_split"]
    twice = np.tile(X, (2, 1)), np.tile(y, 2)
    assert causes(copies, case(*twice, validation_split=0.2)) == ["duplicates_across_split"]


def test_rows_that_are_equal_by_chance(rng):
    X = rng.integers(0, 3, (300, 4)).astype(float)
    y = (X.sum(axis=1) > 4).astype(int)
    assert causes(copies, case(X[:200], y[:200], validation_data=(X[200:], y[200:]))) == []
    assert copies.by_chance(X) and not copies.by_chance(rng.normal(size=(300, 2)))


def test_rows_to_validate_on_of_another_kind(rng):
    X = rng.normal(size=(300, 3))
    y = np.sin(2 * X[:, 0]) + 0.1 * rng.normal(size=300)
    held = X[200:] * 20 + 50, y[200:]
    settings = {"epochs": 60, "layers": [cr.Dense(16, "tanh")]}
    assert causes(shifts, case(X[:200], y[:200], validation_data=held, **settings)) == ["distribution_shift"]
    assert causes(shifts, case(X[:200], y[:200], validation_data=(X[200:], y[200:]), **settings)) == []


# --- wrong targets ---


def test_targets_beside_the_wrong_rows(rng):
    X = rng.normal(size=(200, 4))
    y = X[:, 0] - X[:, 1]
    (found,) = noise.suspicions(case(X, np.roll(y, 1)))
    assert (found.cause, found.certain) == ("no_signal", True)
    assert found.change.write == "y = np.roll(y, -1)"
    assert np.array_equal(
        found.change.make(SimpleNamespace(targets=np.roll(y, 1), but=lambda **new: new))["targets"], y
    )
    assert causes(noise, case(X, rng.permutation(y))) == ["no_signal"]
    assert causes(noise, case(X, y)) == []


def test_wrong_labels_are_told_from_groups_that_overlap(rng):
    y = rng.integers(0, 3, 600)
    near = np.array([[0, 1.1], [-1, -0.6], [1, -0.6]])[y] + rng.normal(size=(600, 2))
    far = 5 * np.array([[0, 1.1], [-1, -0.6], [1, -0.6]])[y] + rng.normal(size=(600, 2))
    wrong = np.where(rng.random(600) < 0.3, (y + rng.integers(1, 3, 600)) % 3, y)
    assert causes(noise, case(near, y)) == []
    assert causes(noise, case(far, wrong)) == ["label_noise"]


def test_wrong_numbers_are_told_from_chance(rng):
    X = rng.normal(size=(400, 4))
    law = X @ [1.0, -1.0, 0.5, 0.0]
    wrong = rng.random(400) < 0.35
    assert causes(noise, case(X, np.where(wrong, rng.permutation(law), law))) == ["label_noise"]
    assert causes(noise, case(X, law + 1.5 * rng.normal(size=400))) == []


def test_each_class_counts_the_same_where_one_is_rare():
    y = np.repeat([0, 1], [95, 5])
    always = np.column_stack([np.full(100, 0.95), np.full(100, 0.05)])
    found = np.column_stack([np.where(y, 0.3, 0.7), np.where(y, 0.7, 0.3)])
    assert score("classes", y, always[:, 1]).skill < 0 < 0.5 < score("classes", y, found[:, 1]).skill
    even = np.repeat([0, 1], 50)
    assert score("classes", even, np.full(100, 0.5)).skill == pytest.approx(0)


def test_long_tails_are_no_shift(rng):
    X = rng.lognormal(0, 2, (150, 30))
    y = np.log(X[:, 0])
    assert shifts.moved(case(X[:110], y[:110]), {"x": X[110:]}) == []
    assert len(shifts.moved(case(X[:110], y[:110]), {"x": X[110:] * 50})) == 30


def test_steps_of_a_series_are_no_leak(rng):
    t = np.arange(200)
    X = np.column_stack([t / 100 - 1, np.sin(t / 8), np.cos(t / 8)])
    y = 0.8 * X[:, 0] + X[:, 1] + 0.1 * rng.normal(size=200)
    assert causes(leaks, case(X, y)) == []


def test_chance_that_decides_much_is_no_wrong_label(rng):
    X = rng.normal(size=(600, 4))
    y = (rng.random(600) < 1 / (1 + np.exp(-0.9 * X[:, 0]))).astype(int)
    assert causes(noise, case(X, y)) == []
    sure = rng.integers(0, 2, 600)
    X[:, :2] += 4 * sure[:, None]
    assert causes(noise, case(X, np.where(rng.random(600) < 0.25, 1 - sure, sure))) == ["label_noise"]


def test_a_large_table_is_looked_at_in_part(rng):
    X = rng.normal(size=(5000, 3))
    look = case(X, X[:, 0], epochs=1)
    assert len(looking.seen(look).z) < 1000 and looking.seen(look).probe.skill > 0.9
    assert [s.evidence for s in noise.suspicions(case(X, np.roll(X[:, 0], 2), epochs=1))] == [
        "targets are 2 rows off"
    ]
