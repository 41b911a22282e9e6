"""Schedules: exact values, numbers and nodes alike, dtypes, wrong settings."""

import math

import numpy as np
import pytest

from chainrule.errors import GraphError, LearningWarning
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import Node, input, variable
from chainrule.train.schedules import (
    Constant,
    Cosine,
    ExponentialDecay,
    OneCycle,
    ReduceOnPlateau,
    StepDecay,
    WarmUp,
    plateau,
    schedule,
)

TOTAL, PER_EPOCH = 120, 7
EVERY = [
    Constant(0.1),
    ExponentialDecay(0.5, 0.02),
    ExponentialDecay(0.5, 0.005, per="step"),
    StepDecay(0.1, factor=0.3, every=3),
    Cosine(0.1, minimum=0.01),
    OneCycle(0.5, rise=0.25),
    WarmUp(Cosine(0.1), steps=30),
    WarmUp(0.2, epochs=2),
    WarmUp(ReduceOnPlateau(0.1), steps=3),
    ReduceOnPlateau(0.1),
]


def rates(plan, total=TOTAL, per_epoch=PER_EPOCH):
    return np.array([float(plan.at(step, total, per_epoch)) for step in range(total + 1)])


@pytest.mark.parametrize("plan", EVERY, ids=repr)
def test_numbers_and_nodes_agree(plan):
    step, total, per_epoch = (input(name, ()) for name in ("step", "total", "per_epoch"))
    for node in (plan.at(step, TOTAL, PER_EPOCH), plan.at(step, total, per_epoch)):
        if not isinstance(node, Node):
            assert node == plan.at(0, TOTAL, PER_EPOCH)
            continue
        feed = {total: TOTAL, per_epoch: PER_EPOCH}
        found = [evaluate([node], feed | {step: s})[node] for s in range(TOTAL + 1)]
        np.testing.assert_allclose(found, rates(plan), rtol=1e-14, atol=1e-18)


@pytest.mark.parametrize("plan", EVERY, ids=repr)
def test_float32_stays(plan):
    rate = plan.at(variable(np.float32(5)), TOTAL, PER_EPOCH)
    assert isinstance(rate, float) or (rate.dtype == np.float32 and rate.shape == ())


@pytest.mark.parametrize("plan", EVERY, ids=repr)
def test_a_rate_is_never_negative_and_past_the_end_it_stays(plan):
    assert (rates(plan) >= 0).all()
    if isinstance(plan, Cosine | OneCycle):
        assert plan.at(2 * TOTAL, TOTAL, PER_EPOCH) == pytest.approx(rates(plan)[-1], rel=1e-14)


def test_exponential_decay_is_the_lecture_s():
    by_hand = [0.5 * math.exp(-0.02 * t) for t in range(301)]  # one step an epoch: full-batch descent
    np.testing.assert_allclose(rates(ExponentialDecay(0.5, 0.02), 300, 1), by_hand, rtol=1e-15)
    np.testing.assert_allclose(rates(ExponentialDecay(0.5, 0.02, per="step"), 300, 10), by_hand, rtol=1e-15)


def test_an_epoch_has_one_rate():
    found = rates(ExponentialDecay(0.5, 0.1), total=69, per_epoch=7)
    by_hand = [0.5 * math.exp(-0.1 * epoch) for epoch in range(10) for _ in range(7)]
    np.testing.assert_allclose(found, by_hand, rtol=1e-15)


def test_step_decay_halves_every_so_many_epochs():
    found = rates(StepDecay(0.1, factor=0.5, every=3), total=11 * 13 - 1, per_epoch=13)
    by_hand = [0.1 * 0.5 ** (epoch // 3) for epoch in range(11) for _ in range(13)]
    np.testing.assert_allclose(found, by_hand, rtol=1e-15)


def test_a_boundary_is_met_exactly_in_float32():
    for per_epoch in (3, 7, 41, 1000, 4999):
        step = input("step", (), "float32")
        node = StepDecay(1.0, factor=0.5, every=3).at(step, 0, per_epoch)
        for epoch in (3, 6, 33, 300):
            before, at = (float(evaluate([node], {step: epoch * per_epoch + d})[node]) for d in (-1, 0))
            assert (before, at) == (0.5 ** (epoch // 3 - 1), 0.5 ** (epoch // 3))


def test_cosine():
    found = rates(Cosine(0.1, minimum=0.02), total=60)
    by_hand = [0.02 + 0.04 * (1 + math.cos(math.pi * s / 60)) for s in range(61)]
    np.testing.assert_allclose(found, by_hand, rtol=1e-13)
    assert found[0] == 0.1 and found[30] == pytest.approx(0.06) and found[60] == pytest.approx(0.02)


def test_one_cycle():
    found = rates(OneCycle(0.5, rise=0.25), total=100)
    assert found[0] == pytest.approx(0.02, rel=1e-14) and found[100] == pytest.approx(2e-6, rel=1e-9)
    assert found.argmax() == 25 and found[25] == pytest.approx(0.5, rel=1e-14)
    assert (np.diff(found[:26]) > 0).all() and (np.diff(found[25:]) < 0).all()
    up = [0.02 + 0.48 * (1 - math.cos(math.pi * s / 25)) / 2 for s in range(26)]
    np.testing.assert_allclose(found[:26], up, rtol=1e-13)


def test_warm_up_scales_what_follows():
    found, alone = rates(WarmUp(Cosine(0.1), steps=30)), rates(Cosine(0.1))
    np.testing.assert_allclose(found, alone * np.minimum(np.arange(1, TOTAL + 2) / 30, 1), rtol=1e-14)
    by_epochs = rates(WarmUp(0.2, epochs=2))
    assert by_epochs[0] == pytest.approx(0.2 / 14) and by_epochs[13] == 0.2


def test_reduce_on_plateau_is_data_for_the_loop():
    plan = ReduceOnPlateau(0.1, factor=0.5, patience=3, minimum=0.03)
    assert plan.at(99, 100, 10) == 0.1
    assert (
        plan.reduced(1.0) == 0.5
        and plan.reduced(0.5) == pytest.approx(0.3)
        and plan.reduced(0.3) == pytest.approx(0.3)
    )
    assert plateau(WarmUp(WarmUp(plan, steps=1), steps=2)) is plan
    assert plateau(plan) is plan and plateau(0.1) is None and plateau(Cosine(0.1)) is None


def test_a_number_is_a_constant():
    assert schedule(0.1) == schedule(np.float32(0.1).astype(float)).__class__(0.1) == Constant(0.1)
    assert schedule(1) == Constant(1.0) and schedule(Cosine(0.1)) == Cosine(0.1)
    assert WarmUp(0.1, steps=5) == WarmUp(Constant(0.1), steps=5)


@pytest.mark.parametrize("wrong", [0, -0.1, float("nan"), float("inf"), "fast", None, True, Cosine])
def test_a_rate_that_is_none(wrong):
    with pytest.raises(GraphError, match="A learning rate is a number above 0 or a schedule"):
        schedule(wrong)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ExponentialDecay(-1, 0.1), "ExponentialDecay: rate must be a number above 0; found -1"),
        (lambda: ExponentialDecay(1, 0.1, per="batch"), "per must be 'epoch' or 'step'; found 'batch'"),
        (lambda: StepDecay(0.1, factor=2), "StepDecay: factor must be a number between 0 and 1"),
        (
            lambda: StepDecay(0.1, every=2.5),
            "StepDecay: every must be a whole number of at least 1; found 2.5",
        ),
        (lambda: OneCycle(0.1, rise=1), "OneCycle: rise must be"),
        (lambda: WarmUp(0.1), "say how long in one way"),
        (lambda: WarmUp(0.1, steps=5, epochs=1), "say how long in one way"),
        (lambda: WarmUp(-0.1, steps=5), "A learning rate is a number above 0"),
        (lambda: WarmUp(0.1, steps=0), "WarmUp: steps must be a whole number of at least 1; found 0"),
        (
            lambda: ReduceOnPlateau(0.1, minimum=0.2),
            "the minimum, 0.2, is above the rate to start from, 0.1",
        ),
    ],
)
def test_wrong_settings(make, message):
    with pytest.raises(GraphError, match=message):
        make()


def test_steps_in_the_place_of_the_minimum_are_told():
    with pytest.warns(
        LearningWarning, match="rises, from 0.1 to the minimum of 1000. How long a run is, fit says"
    ):
        Cosine(0.1, 1000)
