"""Optimizers: 20 steps of each against its formula in NumPy, clipping, decay, dtypes, settings."""

import math
import pickle
from dataclasses import dataclass

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ChainruleError, GraphError, UnknownNameError
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import variable
from chainrule.nn.specs import from_config, to_config
from chainrule.train import schedules
from chainrule.train.optimizers import (
    CLASSES,
    LBFGS,
    OPTIMIZERS,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    RMSprop,
    clip_by_norm,
    optimizer,
)
from chainrule.train.programs import training_of
from chainrule.train.schedules import Cosine, StepDecay
from chainrule.transform.backprop import grad

W = np.array([[0.5, -1.5, 2.0], [1.0, 0.3, -0.7]])
B = np.array([0.4, -0.2, 0.9])
X = np.array([[1.0, 2.0], [-0.5, 0.3], [0.7, -1.1]])


def cost(w, b):
    """Some cost that is neither quadratic nor separable, of nodes."""
    return np.sum(np.tanh(X @ w + b) ** 2) + 0.1 * np.sum(np.cos(3 * w)) + 0.05 * np.sum(b**2)


def run(rule, steps=20, dtype="float64", scale=1.0, **length):
    """Return the parameters after every step, as lists, of the update graph evaluated step by step."""
    w, b = variable(W.astype(dtype), name="W1"), variable(B.astype(dtype), name="b1")
    step = variable(np.zeros((), dtype), name="step")
    gradients = grad(cost(w, b), [w, b])
    new, slots = rule.update([w, b], gradients, step, scale, **length)
    nodes = [w, b, *(slot for slot, _ in slots), step]
    moved = [*new, *(value for _, value in slots), step + 1]
    path = []
    for _ in range(steps):
        values = evaluate(moved)
        for node, value in zip(nodes, [values[m] for m in moved], strict=True):
            assert value.dtype == node.dtype == dtype and value.shape == node.shape
            node.value = value
        path.append([w.value, b.value])
    return path


def gradients_at(w, b):
    w, b = variable(w), variable(b)
    return [g.value for g in grad(cost(w, b), [w, b])]


def by_hand(step_of_one, steps=20, clip=None):
    """Return the same for a formula ``(w, g, memory, t) -> w`` of one parameter, in NumPy."""
    parameters, memories, path = [W, B], [{}, {}], []
    for t in range(1, steps + 1):
        gradients = gradients_at(*parameters)
        if clip is not None:
            norm = math.sqrt(sum((g**2).sum() for g in gradients))
            gradients = [g * min(1, clip / norm) for g in gradients]
        parameters = [
            step_of_one(w, g, m, t) for w, g, m in zip(parameters, gradients, memories, strict=True)
        ]
        path.append(parameters)
    return path


def assert_same(found, expected):
    for a, b in zip(found, expected, strict=True):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-12)


def momentum(w, g, m, t, form):
    m["v"] = 0.9 * m.get("v", 0) + (0.1 * g if form == "averaged" else g)
    return w - 0.05 * (g + 0.9 * m["v"] if form == "nesterov" else m["v"])


def adagrad(w, g, m, t):
    m["s"] = m.get("s", 0) + g**2
    return w - 0.1 * g / (np.sqrt(m["s"]) + 1e-8)


def rmsprop(w, g, m, t):
    m["s"] = 0.8 * m.get("s", 0) + 0.2 * g**2
    return w - 0.01 * g / (np.sqrt(m["s"]) + 1e-7)


def adam(w, g, m, t, decay=0.0, beta_1=0.9):
    m["m"] = beta_1 * m.get("m", 0) + (1 - beta_1) * g
    m["v"] = 0.999 * m.get("v", 0) + 0.001 * g**2
    m_hat, v_hat = m["m"] / (1 - beta_1**t), m["v"] / (1 - 0.999**t)
    return w - 0.05 * m_hat / (np.sqrt(v_hat) + 1e-7) - 0.05 * (decay if w.ndim > 1 else 0) * w


@pytest.mark.parametrize(
    ("rule", "formula"),
    [
        (SGD(0.05), lambda w, g, m, t: w - 0.05 * g),
        (
            SGD(0.05, weight_decay=0.3),
            lambda w, g, m, t: w - 0.05 * g - 0.05 * (0.3 if w.ndim > 1 else 0) * w,
        ),
        (SGD(0.05, momentum=0.9), lambda w, g, m, t: momentum(w, g, m, t, "classic")),
        (SGD(0.05, momentum=0.9, nesterov=True), lambda w, g, m, t: momentum(w, g, m, t, "nesterov")),
        (SGD(0.05, momentum=0.9, averaged=True), lambda w, g, m, t: momentum(w, g, m, t, "averaged")),
        (Adagrad(0.1), adagrad),
        (RMSprop(0.01, rho=0.8), rmsprop),
        (Adam(0.05), adam),
        (Adam(0.05, beta_1=0), lambda w, g, m, t: adam(w, g, m, t, beta_1=0.0)),
        (AdamW(0.05, weight_decay=0.2), lambda w, g, m, t: adam(w, g, m, t, decay=0.2)),
    ],
    ids=lambda x: repr(x) if hasattr(x, "update") else "",
)
def test_twenty_steps_follow_the_formula(rule, formula):
    assert_same(run(rule), by_hand(formula))


@pytest.mark.parametrize("rule", [r for r in OPTIMIZERS.values() if r != LBFGS()], ids=repr)
def test_twenty_steps_lower_the_cost_and_float32_follows_float64(rule):
    double, single = run(rule), run(rule, dtype="float32")
    start, *costs = (float(cost(variable(w), variable(b)).value) for w, b in [[W, B], *double])
    assert costs[-1] < start
    for a, b in zip(double[-1], single[-1], strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-6)


def test_averaged_momentum_of_a_constant_gradient_is_the_lecture_s():
    w, g = variable(np.zeros(3), name="w"), variable([1.0, -2.0, 0.5])
    _, [(velocity, moved)] = SGD(0.1, momentum=0.9, averaged=True).update([w], [g], variable(0.0))
    for t in range(1, 30):
        velocity.value = moved.value
        np.testing.assert_allclose(velocity.value, (1 - 0.9**t) * g.value, rtol=1e-13)


def test_adam_s_first_step_has_the_length_of_the_rate_in_float32_too():
    w = variable(np.zeros(2, "float32"), name="w")
    g = variable(np.array([3.0, -0.02], "float32"))
    [new], _ = Adam(0.01, epsilon=1e-12).update([w], [g], variable(np.float32(0)))
    np.testing.assert_allclose(new.value, [-0.01, 0.01], rtol=3e-7)


def test_slots_are_named_after_their_parameter():
    w = variable(np.zeros((2, 3), "float32"), name="W1")
    for rule, names in [
        (SGD(0.1), []),
        (SGD(0.1, momentum=0.9), ["velocity_W1"]),
        (Adagrad(), ["squares_W1"]),
        (RMSprop(), ["mean_square_W1"]),
        (Adam(), ["first_moment_W1", "second_moment_W1"]),
        (AdamW(), ["first_moment_W1", "second_moment_W1"]),
    ]:
        _, slots = rule.update([w], [w], variable(0.0))
        assert [slot.name for slot, _ in slots] == names
        assert all(
            s.primitive.name == "variable" and s.shape == (2, 3) and not s.value.any() for s, _ in slots
        )


@pytest.mark.parametrize("rule", [SGD(0.05, clip_norm=0.7), Adam(0.05, clip_norm=0.7)], ids=repr)
def test_clipping_by_the_norm_of_all_gradients(rule):
    formula = adam if isinstance(rule, Adam) else lambda w, g, m, t: w - 0.05 * g
    assert_same(run(rule), by_hand(formula, clip=0.7))


def test_gradients_within_the_limit_are_left_alone():
    a, b = variable([3.0, 0.0]), variable([[4.0]])
    for limit in (5.0, 100.0):
        assert [g.value.tolist() for g in clip_by_norm([a, b], limit)] == [[3, 0], [[4]]]
    clipped = [g.value for g in clip_by_norm([a, b], 2.5)]
    assert [c.tolist() for c in clipped] == [[1.5, 0], [[2]]]
    zero, wrong = variable([0.0]), variable([np.nan])
    assert clip_by_norm([zero], 1.0)[0].value == 0
    assert np.isnan(clip_by_norm([zero, wrong], 1.0)[0].value)


def test_weight_decay_is_for_matrices():
    w, b = variable(np.full((2, 2), 2.0)), variable(np.full(2, 2.0))
    still = [variable(np.zeros((2, 2))), variable(np.zeros(2))]
    for rule in (SGD(0.1, weight_decay=0.5), AdamW(0.1, weight_decay=0.5)):
        [new_w, new_b], _ = rule.update([w, b], still, variable(0.0))
        np.testing.assert_allclose(new_w.value, 2 - 0.1 * 0.5 * 2, rtol=1e-15)
        assert new_b.value.tolist() == [2, 2]


def test_the_scale_multiplies_the_rate():
    half = variable(0.5, name="scale")
    assert_same(run(SGD(0.1), scale=half), run(SGD(0.05)))
    assert_same(run(AdamW(0.1), scale=0.5), run(AdamW(0.05)))
    assert_same(run(SGD(0.1), dtype="float32", scale=half), run(SGD(0.05), dtype="float32"))


def test_a_schedule_sets_the_rate_of_each_step():
    rule = SGD(StepDecay(0.2, factor=0.5, every=2))
    expected = by_hand(lambda w, g, m, t: w - 0.2 * 0.5 ** ((t - 1) // 6) * g)
    assert_same(run(rule, total=20, per_epoch=3), expected)
    with pytest.raises(GraphError, match=r"Cosine\(rate=0.1, minimum=0.0\) must know how long the run is"):
        run(Adam(Cosine(0.1)))


def test_a_step_counted_in_float64_leaves_float32_alone():
    w = variable(np.ones((2, 2), "float32"), name="w")
    [new], slots = AdamW(Cosine(0.1), clip_norm=1.0).update([w], [w], variable(0.0), total=10, per_epoch=5)
    assert new.dtype == np.float32 and {n.dtype for _, n in slots} == {np.dtype("float32")}


@pytest.mark.parametrize(
    "rule", [*OPTIMIZERS.values(), SGD(Cosine(0.1)), Adam(schedules.WarmUp(0.1, steps=5))], ids=repr
)
def test_plain_data_pickles_and_reprs(rule):
    assert from_config(to_config(rule), CLASSES | schedules.CLASSES) == rule
    assert pickle.loads(pickle.dumps(rule)) == rule
    names = CLASSES | schedules.CLASSES
    assert eval(repr(rule), {"__builtins__": {}}, names) == rule


@pytest.mark.parametrize(
    "rate", [{"class": "SGD"}, {"class": "Cosine", "rate": {"class": "SGD"}}, {"class": "L1"}]
)
def test_plain_data_holds_a_schedule_where_one_is_wanted_and_nothing_else(rate):
    with pytest.raises(ChainruleError, match=r"SGD does not fit here|Unknown class 'L1'"):
        from_config({"class": "SGD", "learning_rate": rate}, CLASSES | schedules.CLASSES)


def test_names():
    assert optimizer("sgd") == SGD() and optimizer("adam") == Adam() and optimizer("lbfgs") == LBFGS()
    assert optimizer("momentum") == SGD(momentum=0.9)
    assert optimizer("nesterov") == SGD(momentum=0.9, nesterov=True)
    mine = Adam(0.1)
    assert optimizer(mine) is mine
    with pytest.raises(UnknownNameError, match=r"Unknown optimizer 'adm'\. Did you mean 'adam'"):
        optimizer("adm")
    with pytest.raises(GraphError, match=r"Adam is a class .* write Adam\(...\)"):
        optimizer(Adam)
    with pytest.raises(UnknownNameError, match=r"Unknown optimizer 0\.1"):
        optimizer(0.1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(-0.1), "A learning rate is a number above 0 .*; found -0.1"),
        (lambda: SGD(0.1, momentum=1), "SGD: momentum must be a number of at least 0 and below 1; found 1"),
        (lambda: SGD(0.1, momentum=-0.1), "SGD: momentum must be"),
        (lambda: SGD(0.1, nesterov=True), "nesterov and averaged are forms of momentum"),
        (lambda: SGD(0.1, clip_norm=0), "SGD: clip_norm must be a number above 0; found 0"),
        (lambda: Adam(0.1, beta_2=1.0), "Adam: beta_2 must be"),
        (lambda: Adam("fast"), "A learning rate is a number above 0 .*; found 'fast'"),
        (lambda: AdamW(weight_decay=-1), "AdamW: weight_decay must be a number of at least 0; found -1"),
        (lambda: RMSprop(rho=float("nan")), "RMSprop: rho must be .*; found nan"),
        (lambda: Adagrad(epsilon=0), "Adagrad: epsilon must be a number above 0"),
        (lambda: LBFGS(memory=0.5), "LBFGS: memory must be a whole number of at least 1; found 0.5"),
    ],
)
def test_wrong_settings(make, message):
    with pytest.raises(GraphError, match=message):
        make()


def heavy_ball(g, slot, t):
    velocity = slot("velocity")
    moved = 0.9 * velocity + g
    return 0.01 * moved, [(velocity, moved)]


def test_a_function_of_your_own_is_an_optimizer():
    X, y = np.linspace(-1, 1, 24).reshape(8, 3), np.linspace(0, 2, 8)
    weights = []
    for rule in (heavy_ball, SGD(0.01, momentum=0.9)):
        network = cr.Network([cr.Dense(4, "tanh"), cr.Dense(1)], seed=3, dtype="float64")
        network.fit(X, y, optimizer=rule, epochs=20)
        weights.append(np.concatenate([w.ravel() for w in network.parameters.values()]))
    np.testing.assert_allclose(*weights, rtol=1e-12)
    with pytest.raises(GraphError, match=r"returns \(step, slots\), such as \(0.1 \* g, \[\]\); found"):
        network.fit(X, y, optimizer=lambda g, slot, t: g, epochs=1)


def test_a_class_of_your_own_is_an_optimizer():
    @dataclass(frozen=True)
    class Rate(cr.Optimizer):
        rate: float = 0.1

        def direction(self, g, slot, t):
            return g

    @dataclass(frozen=True)
    class Bare(Rate):
        learning_rate: float = 0.1

    with pytest.raises(GraphError, match="Rate needs a field learning_rate: a number above 0, or a schedule"):
        Rate()
    w = variable([1.0, 2.0])
    with pytest.raises(GraphError, match=r"returns \(step, slots\), such as"):
        Bare().update([w], [w], variable(0.0))


class Steady(cr.Schedule):
    """A rate that never changes, of which nothing is known but its formula: it stands in the program."""

    def __init__(self, rate):
        self.rate = rate

    def at(self, step, total, per_epoch):
        return self.rate


@pytest.mark.parametrize(
    ("rule", "engine"), [*((rule, "numpy") for rule in (SGD, Adagrad, RMSprop, Adam)), (AdamW, "native")]
)
def test_rates_that_are_constant_share_a_program_with_the_bits_of_one_of_their_own(rule, engine):
    X, y = np.random.default_rng(0).normal(size=(2, 40, 3))
    made = []
    for rate in (0.003, 1, np.float64(0.7)):
        costs = []
        for given in (rate, Steady(float(rate))):
            network = cr.Network([cr.Dense(5, "tanh"), cr.Dense(3)], seed=1, input_shape=3, engine=engine)
            assert network.architecture.parameters  # who looks has a graph of their own
            costs.append(network.fit(X, y, optimizer=rule(given), epochs=4)["cost"])
            costs[-1] += network.parameters["W1"].ravel().tolist()
            if given is rate:
                (goal,) = network._programs.objectives.values()
                made.append(training_of(goal, rule(given)).on(engine))
        assert costs[0] == costs[1]
    assert made[0] is made[1] is made[2]
