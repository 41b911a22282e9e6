"""What the doctor sees inside a network: each symptom alone, where it is and where it only seems to be."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.explaining.doctor.insides import alike, kind_of, sizes, units_of
from chainrule.explaining.doctor.reading import case_of
from chainrule.explaining.doctor.rules import depth, derivatives, ends, losses, power, starts, units
from chainrule.graph.primitives import primitive
from chainrule.nn.activations import activation

rng = np.random.default_rng(0)
X = rng.normal(size=(120, 4))
NUMBERS = X[:, 0] * X[:, 1] + X[:, 2]
CLASSES = (X[:, 0] * X[:, 1] > 0).astype(int)


def case(layers, y=NUMBERS, x=X, begin=None, **job):
    """Return a case that was not trained, its weights set by hand where ``begin`` says so."""
    network = cr.Network(layers, input_shape=np.shape(x)[1:], seed=0)
    for name, value in (begin or {}).items():
        network.parameters[name] = np.full_like(network.parameters[name], value)
    return case_of(network, x, y, None, {"epochs": 2, **job})


def causes(rule, seen):
    return {s.cause for s in rule.suspicions(seen)}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("relu", "rectifying"), ("leaky_relu", "open"), ("gelu", "rectifying"), ("elu", "rectifying"),
        ("tanh", "bounded"), ("sigmoid", "bounded"), ("identity", "open"), ("exponential", "open"),
    ],
)  # fmt: skip
def test_activations_have_ends(name, kind):
    found, steepest = kind_of(activation(name))
    assert found == kind or (name == "exponential" and found in ("open", "rectifying"))
    assert steepest >= 0.24


def test_dead_units_are_counted():
    seen = case([cr.Dense(8, "relu"), cr.Dense(1)])
    (hidden,) = [u for u in units_of(seen, seen.trained) if u.hidden]
    assert hidden.dead < 0.5
    below = case([cr.Dense(8, "relu"), cr.Dense(1)], begin={"b1": -50.0})
    assert units_of(below, below.trained)[0].dead == 1.0
    assert "dead_relu" in causes(units, below)
    assert "dead_relu" not in causes(units, seen)


def test_saturated_units_are_counted_and_sure_ones_are_no_alarm():
    stuck = case([cr.Dense(8, "tanh"), cr.Dense(1)], begin={"b1": 30.0})
    assert units_of(stuck, stuck.trained)[0].stuck == 1.0
    assert "saturated_activations" in causes(units, stuck)
    steep = case([cr.Dense(8, lambda z: np.tanh(200 * z)), cr.Dense(1)])
    assert "saturated_activations" in causes(units, steep)
    assert not causes(units, case([cr.Dense(8, "tanh"), cr.Dense(1)]))


def test_softmax_is_no_unit_of_its_own():
    seen = case([cr.Dense(3, "softmax")], CLASSES)
    assert units_of(seen, seen.trained) == []


def test_units_alike_are_seen_whether_drawn_or_set():
    assert "symmetric_init" in causes(starts, case([cr.Dense(8, "tanh", initializer="zeros"), cr.Dense(1)]))
    assert "symmetric_init" in causes(starts, case([cr.Dense(8, "tanh"), cr.Dense(1)], begin={"W1": 0.1}))
    assert not causes(
        starts, case([cr.Dense(8, "tanh"), cr.Dense(3, "softmax", initializer="zeros")], CLASSES)
    )
    assert not causes(starts, case([cr.Dense(1, initializer="zeros")]))


@pytest.mark.parametrize(("std", "cause"), [(6.0, "init_too_large"), (1e-4, "init_too_small"), (0.4, None)])
def test_sizes_are_held_to_what_layers_draw(std, cause):
    seen = case([cr.Dense(8, "relu", initializer=cr.Normal(std)), cr.Dense(1)])
    assert causes(starts, seen) == ({cause} if cause else set())


def test_sizes_of_a_network_beside_itself_are_1():
    network = cr.Network([cr.Dense(8, "relu"), cr.Dense(1)], input_shape=4, seed=0)
    assert sizes(network, network) == {"W1": 1.0, "W2": 1.0}
    assert alike(network) == {}


def test_a_gradient_that_fades_and_one_that_does_not():
    assert "vanishing_gradients" in causes(
        depth, case([*(cr.Dense(8, "sigmoid") for _ in range(8)), cr.Dense(1)])
    )
    assert not causes(depth, case([*(cr.Dense(8, "tanh") for _ in range(6)), cr.Dense(1)]))


def test_a_signal_that_grows():
    steep = [cr.Dense(16, lambda z: 4 * np.maximum(z, 0)) for _ in range(6)]
    assert "exploding_gradients" in causes(depth, case([*steep, cr.Dense(1)]))


def test_what_the_first_step_of_a_sequence_has_to_say():
    steps = rng.normal(size=(40, 30, 2))
    faded = case([cr.SimpleRNN(6, activation="sigmoid"), cr.Dense(1)], steps[:, 0, 0], steps)
    assert depth.first_step(faded) < 1e-3
    assert "vanishing_gradients" in causes(depth, faded)
    blown = case([cr.SimpleRNN(6, activation=lambda z: 2 * z), cr.Dense(1)], steps[:, 0, 0], steps)
    assert depth.first_step(blown) > 1e3
    assert "exploding_gradients" in causes(depth, blown)
    assert depth.first_step(case([cr.Dense(1)])) is None


@pytest.mark.parametrize(
    ("layers", "linear"),
    [
        ([cr.Dense(8), cr.Dense(8), cr.Dense(1)], True),
        ([cr.Dense(8, lambda z: 2 * z), cr.Dropout(0.3), cr.Dense(1, "sigmoid")], True),
        ([cr.Dense(8), cr.BatchNormalization(), cr.Dense(1)], True),
        ([cr.Dense(8, "leaky_relu"), cr.Dense(1)], False),
        ([cr.Dense(8), cr.Activation("relu"), cr.Dense(1)], False),
        ([cr.Dense(8), cr.LayerNormalization(), cr.Dense(1)], False),
    ],
)
def test_a_linear_network_is_one_whatever_it_is_made_of(layers, linear):
    assert power.is_linear(case(layers, CLASSES)) is linear


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("sigmoid", 0, 1), ("tanh", -1, 1), ("relu", 0, np.inf), ("softplus", 0, np.inf), (None, -np.inf, np.inf),
        ("exponential", 0, np.inf), ("elu", -1, np.inf), ("leaky_relu", -np.inf, np.inf),
        (lambda z: 5 * np.tanh(z), -5, 5),
    ],
)  # fmt: skip
def test_the_reach_of_a_last_activation(name, low, high):
    found = ends.reach(case([cr.Dense(1, name)]))
    assert np.allclose(found, (low, high), atol=0.02)


def test_targets_out_of_reach_are_certain_and_those_within_are_not_suspected():
    (first, *_) = ends.suspicions(case([cr.Dense(1, "sigmoid")], NUMBERS * 5, loss="mse"))
    assert first.certain
    assert first.cause == "wrong_output_activation"
    assert first.change.write == "activation=None in the last layer, loss='mse'"
    shares = 1 / (1 + np.exp(-NUMBERS))
    assert not causes(ends, case([cr.Dense(1, "sigmoid")], shares, loss="mse"))
    assert not causes(ends, case([cr.Dense(1, "relu")], np.abs(NUMBERS)))


def test_a_loss_of_numbers_for_classes_and_one_that_suits():
    layers = [cr.Dense(4, "tanh"), cr.Dense(1, "sigmoid")]
    assert causes(losses, case(layers, CLASSES, loss="mae")) == {"wrong_loss"}
    assert not causes(losses, case(layers, CLASSES, loss="binary_crossentropy"))
    assert losses.is_own(lambda y, p: y - p)
    assert not any(losses.is_own(loss) for loss in ("mae", cr.mae, cr.Huber(1.0), None))
    assert losses.is_extreme(cr.Quantile(0.01))
    assert not losses.is_extreme(cr.Quantile(0.9))


def test_derivatives_of_the_users_are_held_to_differences(monkeypatch):
    monkeypatch.setattr(primitive, "TABLE", dict(primitive.TABLE))
    tilted = cr.primitive("tilted_in_a_test", lambda x: np.tanh(x), lambda y, x: [1 + y * y])
    upright = cr.primitive("upright_in_a_test", lambda x: np.tanh(x), lambda y, x: [1 - y * y])
    stepped = cr.primitive("stepped_in_a_test", lambda x: np.floor(x), lambda y, x: [np.ones_like(x)])
    wrong, right, jumps = (case([cr.Dense(4, f), cr.Dense(1)]) for f in (tilted, upright, stepped))
    (found,) = derivatives.suspicions(wrong)
    assert found.certain
    assert "tilted_in_a_test" in found.finding
    assert not causes(derivatives, right)
    assert not causes(derivatives, jumps)  # a slope given on purpose to what has none


def test_a_gradient_that_is_stopped():
    def stopped(y, p):
        return np.mean((y - cr.stop_gradient(p)) ** 2, axis=1)

    def weighed(y, p):
        return np.mean(cr.stop_gradient(np.abs(y - p)) * np.abs(y - p), axis=1)

    layers = [cr.Dense(4, "tanh"), cr.Dense(1)]
    assert causes(derivatives, case(layers, loss=stopped)) == {"wrong_gradient"}
    assert not causes(derivatives, case(layers, loss=weighed))


def test_a_verdict_says_what_to_write_and_both_numbers():
    network = cr.Network([cr.Dense(16), cr.Dense(16), cr.Dense(1, "sigmoid")], seed=0)
    job = {"optimizer": cr.Adam(0.02), "epochs": 60}
    history = network.fit(X, CLASSES, **job)
    first = cr.diagnose(network, X, CLASSES, history, job)[0]
    assert first.cause == "missing_nonlinearity"
    assert first.change == "activation='relu' in the hidden layers"
    assert first.trial.after > first.trial.before + 0.2
    assert "no activation that bends" in first.sentence


def test_weights_set_by_hand_are_found_beside_the_training_done_again():
    network = cr.Network([cr.Dense(16, "relu"), cr.Dense(1)], input_shape=4, seed=0)
    network.parameters["b1"] = np.full(16, -20.0)
    job = {"optimizer": cr.Adam(0.02), "epochs": 40}
    with pytest.warns(cr.LearningWarning, match="dead"):
        history = network.fit(X, NUMBERS, **job)
    first = cr.diagnose(network, X, NUMBERS, history, job)[0]
    assert first.cause == "dead_relu"
    assert "initialize" in first.change


@pytest.mark.parametrize(
    ("layers", "y", "loss", "cause"),
    [
        ([cr.Dense(4, "tanh"), cr.Dense(1)], CLASSES, "binary_crossentropy", "wrong_output_activation"),
        (
            [cr.Dense(4, "tanh"), cr.Dense(1, "sigmoid")],
            2 * CLASSES - 1,
            "binary_crossentropy",
            "wrong_output_activation",
        ),
        ([cr.Dense(4, "tanh"), cr.Dense(1, "sigmoid")], CLASSES, "categorical_crossentropy", "wrong_loss"),
        ([cr.Dense(4, "tanh"), cr.Dense(2, "softmax")], CLASSES, "mse", "wrong_loss"),
        ([cr.Dense(4, "tanh"), cr.Dense(1)], NUMBERS, "poisson", "wrong_loss"),
    ],
)
def test_a_fit_that_was_refused_has_a_cause(layers, y, loss, cause):
    network = cr.Network(layers, input_shape=4, seed=0)
    first = cr.diagnose(network, X, y, None, {"loss": loss, "epochs": 2})[0]
    assert first.cause == cause
    assert first.severity == "critical"
    assert first.change


def test_a_scale_inside_the_network_saturates_it():
    seen = case([cr.Rescaling(60.0), cr.Dense(8, "tanh"), cr.Dense(1)])
    assert "saturated_activations" in causes(units, seen)
    assert not causes(units, case([cr.Rescaling(1.0), cr.Dense(8, "tanh"), cr.Dense(1)]))


def test_of_a_fit_that_was_refused_no_number_is_told_that_nobody_measured():
    network = cr.Network([cr.Dense(4, "tanh"), cr.Dense(1)], input_shape=4, seed=0)
    first = cr.diagnose(network, X, CLASSES, None, {"loss": "binary_crossentropy", "epochs": 2})[0]
    assert first.trial is None
    assert "instead of" not in first.sentence
    assert "it is refused" in first.sentence
