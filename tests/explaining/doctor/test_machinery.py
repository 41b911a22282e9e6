"""Scores, splits, changes and trials, by which suspicions become verdicts."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.explaining.doctor import changes
from chainrule.explaining.doctor.cases import fresh
from chainrule.explaining.doctor.reading import case_of, splits_of
from chainrule.explaining.doctor.scoring import score, task_of
from chainrule.explaining.doctor.suspicions import Suspicion
from chainrule.explaining.doctor.trials import Tried, tried
from chainrule.explaining.doctor.weighing import weighed

pytestmark = pytest.mark.filterwarnings("ignore::chainrule.errors.LearningWarning")  # these are to fail
RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
Y = X @ [1.0, -2.0, 0.5]
LABELS = (Y > 0).astype(int)


def case(layers=(), X=X, y=Y, **job):
    network = cr.Network([*layers, cr.Dense(1)] if y is Y else layers, seed=0)
    job = {"epochs": 5, **job}
    history = network.fit(X, y, **job)
    return case_of(network, X, y, history, job)


# --- scores --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "units", "ending", "loss", "task"),
    [
        ([0, 1, 1, 0], 1, "sigmoid", "binary_crossentropy", "classes"),
        ([0, 1, 1, 0], 1, "identity", "mse", "classes"),
        ([-1, 1, 1, -1], 1, "tanh", "mse", "classes"),
        ([0, 1, 2, 1], 3, "softmax", "categorical_crossentropy", "classes"),
        (np.eye(3), 3, "softmax", "categorical_crossentropy", "classes"),
        ([[0, 1], [1, 1]], 2, "sigmoid", "binary_crossentropy", "labels"),
        ([0.5, 1.5, 2.0], 1, "identity", "mse", "numbers"),
        ([[0.5, 1.5], [2.0, 1.0]], 2, "identity", "mse", "numbers"),
    ],
)
def test_what_is_to_be_said_follows_from_the_targets(y, units, ending, loss, task):
    assert task_of(np.asarray(y), units, ending, loss) == task


def test_a_score_is_1_for_the_truth_and_0_for_the_best_guess():
    labels = np.array([0, 0, 0, 1, 1, 2])
    for task, y, guess, truth in (
        ("numbers", Y, np.full(120, Y.mean()), Y),
        ("classes", labels, np.tile([1 / 2, 1 / 3, 1 / 6], (6, 1)), np.eye(3)[labels]),
        ("classes", LABELS, np.full((120, 1), LABELS.mean()), LABELS[:, None]),
        ("labels", np.eye(3), np.full((3, 3), 1 / 3), np.eye(3)),
    ):
        assert score(task, y, truth).skill == pytest.approx(1, abs=1e-4)
        assert score(task, y, guess).skill == pytest.approx(0, abs=0.01)
    assert score("numbers", Y, np.full(120, np.nan)).skill <= 0


def test_a_score_is_independent_of_how_classes_were_written_and_of_the_scale_of_numbers():
    said = RNG.uniform(size=120)
    as_numbers = score("classes", LABELS, said)
    assert score("classes", 2 * LABELS - 1, 2 * said - 1) == as_numbers
    assert score("numbers", 1000 * Y + 7, 1000 * said + 7).skill == pytest.approx(
        score("numbers", Y, said).skill
    )


def test_of_a_rare_class_each_class_counts_the_same():
    y = np.array([0] * 95 + [1] * 5)
    found = score("classes", y, np.full(100, 0.05))
    assert (found.metric, found.value) == ("balanced accuracy", 0.5)


# --- splits --------------------------------------------------------------------------------------------


def test_equal_rows_stand_on_one_side_and_classes_on_both():
    copied = np.concatenate([X, X[:30]])
    y = np.concatenate([LABELS, LABELS[:30]])
    for split in splits_of({"x": copied}, y, "classes", seed=0):
        assert sorted([*split.learning, *split.choosing]) == list(range(150))
        learned = {copied[i].tobytes() for i in split.learning}
        assert not any(copied[i].tobytes() in learned for i in split.choosing)
        assert 0.15 < len(split.choosing) / 150 < 0.35
        assert abs(y[split.choosing].mean() - y.mean()) < 0.1


def test_where_there_are_few_kinds_of_rows_none_is_held_back():
    xor = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 10)
    assert all(
        len(s.learning) == len(s.choosing) == 40 for s in splits_of({"x": xor}, xor[:, 0], "classes", 0)
    )


def test_of_many_rows_some_are_looked_at_in_smaller_batches():
    many = RNG.normal(size=(20_000, 3))
    found = case(X=many, y=many[:, 0], layers=[cr.Dense(1)], epochs=1, batch_size=100)
    split = found.splits[0]
    assert len(split.learning) + len(split.choosing) < 20_000 and split.share < 1
    steps = [len(o.history["cost"]) for o in found.train([0])]
    assert steps == [1]


# --- changes -------------------------------------------------------------------------------------------


def test_a_change_is_made_of_a_copy_and_says_what_to_write():
    found = case([cr.Dense(4, "relu"), cr.Dropout(0.5)], optimizer=cr.SGD(0.1, momentum=0.5))
    by_tenth = changes.rate_times(found, 0.1)
    assert by_tenth.write == "optimizer=cr.SGD(0.01, momentum=0.5)"
    assert by_tenth.make(found).job.optimizer.learning_rate == 0.01
    assert found.job.optimizer.learning_rate == 0.1
    assert changes.hidden_activation("tanh").make(found).layers[0].activation == "tanh"
    assert found.layers[0].activation == "relu"


def test_a_loss_that_is_no_name_is_written_as_code():
    def mine(y, output):
        return np.mean((y - output) ** 2)

    for loss, told in (("mse", "'mse'"), (cr.Huber(2.0), "cr.Huber(delta=2.0)"), (mine, "mine")):
        assert changes.loss_of(loss).write == f"loss={told}"
        assert changes.output_as(None, loss).write == f"activation=None in the last layer, loss={told}"
    assert changes.last_activation(None).done == "With no activation at the end"


def test_what_is_compiled_is_counted_whatever_became_of_what_was_compiled_before():
    made = case([cr.Dense(4, "relu")])
    assert len({changes.hidden_activation("tanh").make(made).compiles for _ in range(20)}) == 20
    assert changes.rate_times(made, 0.1).make(made).compiles == made.compiles


def test_a_schedule_is_multiplied_and_held():
    found = case(optimizer=cr.SGD(cr.Cosine(0.1)))
    assert changes.rate_of(found) == pytest.approx(0.1)
    assert changes.rate_times(found, 10).make(found).job.optimizer.learning_rate.rate == pytest.approx(1.0)
    assert changes.constant_rate(found).write == "optimizer=cr.SGD(0.1)"


def test_scaled_targets_are_judged_on_the_scale_of_the_user():
    found = case(y=1000 * Y + 5000, layers=[cr.Dense(1)], epochs=60, optimizer=cr.Adam(0.1))
    scaled = changes.targets_standardised(found).make(found)
    assert scaled.targets.std() == pytest.approx(1)
    np.testing.assert_allclose(scaled.true(np.arange(120)), found.targets)
    assert scaled.held > 0.9 > found.held


def test_scaled_inputs_go_through_validation_too():
    found = case(X=X * 100, validation_data=(X[:9] * 100, Y[:9]))
    scaled = changes.standardised(found).make(found)
    np.testing.assert_allclose(scaled.validation[0]["x"], (X[:9] - X.mean(0)) / X.std(0), atol=1e-6)
    assert changes.standardised(found).write == "X = (X - X.mean(0)) / X.std(0)"


@pytest.mark.parametrize("kind", ["list", "function", "nodes"])
def test_fresh_networks_have_numbers_of_their_own(kind):
    if kind == "list":
        network = cr.Network([cr.Dense(4, "tanh"), cr.Dense(1)], seed=0)
    elif kind == "function":
        network = cr.Network(lambda x: cr.Dense(1)(np.tanh(cr.Dense(4)(x))), inputs={"x": 3}, seed=0)
    else:
        x = cr.input("x", ("batch", 3))
        network = cr.Network(cr.Dense(1)(cr.Dense(4, "tanh")(x)), seed=0)
    history = network.fit(X, Y, epochs=3)
    kept = {name: np.array(value) for name, value in network.parameters.items()}
    found = case_of(network, X, Y, history, {"epochs": 3})
    first, second = fresh(found, 1), fresh(found, 2)
    assert not np.array_equal(first.parameters["W1"], second.parameters["W1"])
    assert found.outcomes and changes.hidden_activation("relu").make(found).outcomes
    for name, value in kept.items():
        np.testing.assert_array_equal(value, network.parameters[name])


def test_frozen_layers_begin_with_what_they_had():
    network = cr.Network([cr.Dense(4, "tanh", trainable=False), cr.Dense(1)], input_shape=3, seed=0)
    network.parameters["W1"] = np.ones((3, 4))
    history = network.fit(X, Y, epochs=1)
    assert np.all(fresh(case_of(network, X, Y, history), 7).parameters["W1"] == 1)


# --- trials and verdicts -------------------------------------------------------------------------------


def test_a_trial_tells_a_gain_from_chance():
    found = case(optimizer=cr.SGD(1e-6), epochs=20)
    faster, same = changes.rate_times(found, 1e5), changes.epochs_of(21)
    trials = tried(found, [faster, same, faster])
    assert len(trials) == 2
    assert trials[faster.write].trial.proven and trials[faster.write].trial.after > 0.9
    assert not trials[same.write].trial.proven


def test_where_nothing_is_left_to_mend_weaker_suspicions_are_not_tried():
    found = case(optimizer=cr.SGD(1e-6), epochs=20)
    faster, longer = changes.rate_times(found, 1e5), changes.epochs_of(60)
    assert len(tried(found, [faster, longer], weights=[0.8, 0.4])) == 1
    assert len(tried(found, [longer, faster], weights=[0.8, 0.4])) == 2


def test_a_change_that_cannot_be_made_is_passed_over():
    def no(case):
        raise ValueError("no")

    assert tried(case(), [changes.Change("no", "no", no)]) == {}


def test_without_work_to_do_nothing_is_tried():
    assert tried(case(), [changes.epochs_of(9)], work=0) == {}


def suspicion(cause, weight, gain=None, noise=0.01, **others):
    change = changes.Change(cause, "So", lambda case: case)
    trial = None if gain is None else cr.Trial("accuracy", 0.5, 0.5 + gain / 2, gain, noise)
    return Suspicion(cause, weight, f"{cause}.", "", change, **others), trial and Tried(change, trial)


@pytest.mark.parametrize(
    ("suspected", "said"),
    [
        ([("specific", 0.8, 0.5), ("general", 0.4, 0.5)], ["specific", "general"]),
        ([("specific", 0.8, 0.1), ("general", 0.4, 0.9)], ["general", "specific"]),
        ([("chance", 0.8, 0.05, 0.04)], []),
        ([("small", 0.8, 0.01)], []),
        ([("weak", 0.2, 0.1)], []),
        ([("mended", 0.8, 0.5), ("sure", 0.9, 0.0)], ["mended"]),
    ],
)
def test_of_changes_that_mend_as_well_the_most_specific_is_first(suspected, said):
    pairs = [suspicion(*each) for each in suspected]
    verdicts = weighed([s for s, _ in pairs], {s.change.write: t for s, t in pairs if t})
    assert [v.cause for v in verdicts] == said


def test_what_is_certain_needs_no_trial_and_what_is_last_waits_for_all_others():
    sure, last = (
        suspicion("sure", 0.9, certain=True, severity="warning")[0],
        suspicion("last", 0.7, last=True)[0],
    )
    assert [(v.cause, v.severity) for v in weighed([last, sure], {})] == [("sure", "warning")]
    assert weighed([last], {}) == []  # what might mend it was not tried
    tried, trial = suspicion("last", 0.7, 0.0, last=True)
    assert [v.cause for v in weighed([tried], {tried.change.write: trial})] == ["last"]


def test_a_verdict_tells_both_numbers_and_its_severity_by_the_gain():
    for gain, severity in ((0.8, "critical"), (0.2, "warning")):
        one, trial = suspicion("cause", 0.9, gain)
        (verdict,) = weighed([one], {one.change.write: trial})
        assert verdict.severity == severity and verdict.change == "cause"
        numbers = f"{0.5 + gain / 2:.0%} of the held-back rows right instead of 50%"
        assert numbers in verdict.sentence


def test_verdicts_are_a_list_that_reads_well():
    found = cr.Verdicts([cr.Verdict("<b>", "critical", "It is <so>.", "", "x=1")], tried=3)
    assert list(found) and not found.healthy and found.to_dict()[0]["trial"] is None
    assert str(found) == "critical: <b>. It is <so>.\n  write: x=1"
    assert "&lt;b&gt;" in found._repr_html_() and "<b>" not in found._repr_html_()
    assert "<so>" not in found._repr_html_() and "3 changes tried" in found._repr_html_()
    assert "Nothing was found" in cr.Verdicts()._repr_html_()


def test_two_faults_of_one_training_are_both_told():
    network = cr.Network([cr.Dense(8, "tanh", initializer="zeros"), cr.Dense(1)], seed=0)
    wide = X * [1, 1000, 1] + [0, 500, 0]
    job = {"optimizer": cr.SGD(0.05), "epochs": 40}
    history = network.fit(wide, np.abs(X[:, 1]) + X[:, 0], **job)
    causes = [v.cause for v in cr.diagnose(network, wide, np.abs(X[:, 1]) + X[:, 0], history, job)]
    assert causes[0] in ("symmetric_init", "inputs_unscaled")
