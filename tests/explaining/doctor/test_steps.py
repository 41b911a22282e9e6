"""What the doctor says of steps: each symptom alone, verdicts of small runs, two faults at once, noise of trials."""

import dataclasses

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import warnings_unsaid
from chainrule.explaining.doctor.changes import optimizer_with, rate_times, together
from chainrule.explaining.doctor.course import planned_rates, scheduled_peak
from chainrule.explaining.doctor.loosening import (
    penalised,
    without_dropout,
    without_noise,
    without_regularizers,
)
from chainrule.explaining.doctor.reading import case_of
from chainrule.explaining.doctor.rules import lengths, rates, restraints, updates
from chainrule.explaining.doctor.suspicions import Suspicion
from chainrule.explaining.doctor.trials import Tried, _noise
from chainrule.explaining.doctor.weighing import weighed

rng = np.random.default_rng(0)
X = rng.normal(size=(160, 3))
CLASSES = (X[:, 0] * X[:, 1] > 0).astype(int)
LAYERS = [cr.Dense(16, "tanh"), cr.Dense(1, "sigmoid")]


def case(layers=LAYERS, x=X, y=CLASSES, **job):
    """Return a case that was not trained."""
    network = cr.Network(layers, input_shape=np.shape(x)[1:], seed=0)
    return case_of(network, x, y, None, {"epochs": 4, **job})


def suspected(rule, seen):
    return {s.cause: s for s in rule.suspicions(seen)}


def diagnosed(layers=LAYERS, **job):
    network = cr.Network(layers, seed=0)
    with warnings_unsaid():  # which say that something is wrong, too
        history = network.fit(X, CLASSES, **job)
    return [v for v in cr.diagnose(network, X, CLASSES, history, job) if v.severity != "note"]


@pytest.mark.parametrize(
    ("optimizer", "cause"),
    [
        (cr.SGD(0.1, momentum=0.999), "momentum_too_high"),
        (cr.Adam(0.01, beta_1=0.999), "momentum_too_high"),
        (cr.SGD(0.1, clip_norm=1e-4), "gradient_clipping_too_small"),
    ],
)
def test_an_odd_setting_of_the_optimizer_is_suspected_and_the_usual_is_not(optimizer, cause):
    assert cause in suspected(updates, case(optimizer=optimizer))
    usual = suspected(updates, case(optimizer=cr.SGD(0.1, momentum=0.9, clip_norm=5.0)))
    assert not {"momentum_too_high", "gradient_clipping_too_small"} & set(usual)


def test_batches_are_suspected_by_the_steps_they_leave():
    assert suspected(updates, case(batch_size=None))["batch_too_large"].change.write == "batch_size=16"
    assert "batch_too_small" in suspected(updates, case(batch_size=1))
    assert not suspected(updates, case(batch_size=32))


def test_what_a_schedule_leaves_of_the_rate_decides_how_far_it_is_suspected():
    gone = suspected(rates, case(optimizer=cr.SGD(cr.ExponentialDecay(0.3, 3.0)), epochs=20))
    lasts = suspected(rates, case(optimizer=cr.SGD(cr.Cosine(0.3)), epochs=20))
    assert gone["learning_rate_schedule"].weight > lasts["learning_rate_schedule"].weight
    assert "learning_rate_schedule" not in suspected(rates, case(optimizer=cr.SGD(0.3)))
    warming = case(optimizer=cr.SGD(cr.WarmUp(0.3, epochs=1000)))
    assert scheduled_peak(warming) == 0.3
    assert planned_rates(warming).max() < 0.01


@pytest.mark.parametrize("rate", [1e12, 1e4, 3.0])
def test_a_rate_far_too_high_is_brought_back_to_what_is_usual(rate):
    changes = [s.change.write for s in rates.suspicions(case(optimizer=cr.Adam(rate))) if "high" in s.cause]
    assert any("Adam(0.00" in write for write in changes), changes


def test_restraints_are_seen_wherever_they_stand():
    layers = [
        cr.GaussianNoise(2.0),
        cr.Bidirectional(cr.LSTM(4, dropout=0.8, regularizer="l2")),
        cr.Dropout(0.3),
        cr.Dense(1, "sigmoid"),
    ]
    seen = case(layers, x=rng.normal(size=(40, 5, 2)), y=CLASSES[:40], optimizer=cr.AdamW(0.01))
    found = suspected(restraints, seen)
    assert set(found) == {"dropout_too_high", "regularization_too_strong", "input_noise_too_strong"}
    assert "80%" in found["dropout_too_high"].finding
    for change in (without_dropout(), without_noise(), without_regularizers(seen)):
        seen = change.make(seen)
    assert not suspected(restraints, seen)
    assert "l2" in repr(penalised(0.1).make(seen).layers).lower()


def test_pictures_that_are_turned_learn_as_they_are_without_noise():
    seen = case(
        [cr.RandomFlip(), cr.Flatten(), cr.Dense(1, "sigmoid")],
        x=rng.normal(size=(40, 4, 4, 1)),
        y=CLASSES[:40],
    )
    assert "input_noise_too_strong" in suspected(restraints, seen)
    assert not suspected(restraints, without_noise().make(seen))


def test_training_that_was_ended_early_is_told_from_training_that_was_short():
    hasty = case(optimizer=cr.SGD(0.05), epochs=200, callbacks=[cr.EarlyStopping(1, min_delta=0.1)])
    assert "EarlyStopping" in suspected(lengths, hasty)["too_few_epochs"].change.write
    assert "epochs=" in suspected(lengths, case(epochs=2))["too_few_epochs"].change.write


def test_two_changes_of_the_optimizer_are_both_made():
    seen = case(optimizer=cr.SGD(0.1, momentum=0.99))
    both = together(rate_times(seen, 0.1), optimizer_with(seen, "With momentum=0.5", momentum=0.5)).make(seen)
    assert (both.job.optimizer.learning_rate, both.job.optimizer.momentum) == (0.01, 0.5)
    assert dataclasses.replace(seen.job.optimizer) == cr.SGD(0.1, momentum=0.99)


def test_a_change_that_never_fails_is_sure_where_the_training_fails_now_and_then():
    was, now = np.array([0.9, 0.1, 0.88, 0.0, 0.9]), np.array([0.92, 0.93, 0.91, 0.94, 0.92])
    gain = (now - was).mean()
    assert gain > 2.5 * _noise(was, now, False)
    assert (
        gain < 2.5 * _noise(was, now[::-1] * [1, 1, 1, 1, 0.5], False) * 2
    )  # and less so where it fails as well


@pytest.mark.parametrize(
    ("job", "cause"),
    [
        ({"optimizer": cr.SGD(1e-5), "epochs": 60}, "learning_rate_too_low"),
        ({"optimizer": cr.Adam(2.0), "epochs": 60}, "learning_rate_too_high"),
        ({"optimizer": cr.Adam(0.02), "epochs": 2}, "too_few_epochs"),
        ({"optimizer": cr.Adam(cr.ExponentialDecay(0.02, 4.0)), "epochs": 60}, "learning_rate_schedule"),
    ],
)
def test_the_cause_is_named_first(job, cause):
    assert [v.cause for v in diagnosed(**job)][:1] == [cause]


def test_two_faults_that_only_together_are_mended_are_found():
    layers = [cr.GaussianNoise(8.0), cr.Dense(16, "tanh"), cr.Dense(1, "sigmoid")]
    found = diagnosed(layers, optimizer=cr.SGD(1.0, clip_norm=1e-4), epochs=80)
    assert {v.cause for v in found} & {"input_noise_too_strong", "gradient_clipping_too_small"}


def test_what_nothing_mends_is_said_only_where_it_was_tried():
    mend = Suspicion("overfitting", 0.4, "Learned by heart.", "", penalised(0.1))
    last = dataclasses.replace(mend, change=None, last=True, severity="warning")
    helps_not = Tried(mend.change, cr.Trial("accuracy", 0.7, 0.7, 0.0, 0.05))
    assert not weighed([mend, last], {})
    assert [v.severity for v in weighed([mend, last], {mend.change.write: helps_not})] == ["warning"]


def test_what_is_well_is_left_alone():
    assert diagnosed(optimizer=cr.Adam(0.02), epochs=150) == []
