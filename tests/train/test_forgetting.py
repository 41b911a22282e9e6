"""What a network keeps of what it compiled: it has a bound, keeps nothing of a user's alive, and is never stale."""

import gc
import weakref

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines import compiled
from chainrule.train import programs
from chainrule.train.objective import MOST_PROGRAMS
from chainrule.train.programs import MOST_KEPT
from chainrule.train.schedules import Schedule

X = np.random.default_rng(0).normal(size=(12, 3))
Y = X @ [1.0, 2.0, 3.0]


def network(**options):
    return cr.Network([cr.Dense(2, "tanh"), cr.Dense(1)], input_shape=3, seed=0, **options)


def kept(network):
    goals = network._made.objectives.values()
    return len(network._made.predictions) + len(goals) + sum(len(goal.programs) for goal in goals)


def test_nothing_is_kept_of_losses_and_metrics_of_the_users():
    net = network()
    net.fit(X, Y, epochs=1)
    net.evaluate(X, Y)  # which asks how many rows a prediction has room for: the network's own is kept
    before = kept(net)
    for number in range(30):
        net.fit(X, Y, epochs=1, metrics=[lambda y, p, n=number: y - p * n])
        net.fit(X, Y, epochs=1, loss=lambda y, p, n=number: (y - p) ** 2 * n)
        net.evaluate(X, Y, loss=lambda y, p, n=number: (y - p) ** 2 + n)
    assert kept(net) == before


def test_what_is_kept_of_ours_has_a_bound():
    net = network()
    for number in range(2 * MOST_KEPT):
        net.fit(X, Y, epochs=1, loss=cr.Huber(1.0 + number), optimizer=cr.SGD(0.1))
        net.evaluate(X, Y, loss=cr.Huber(1.0 + number))
        net.fit(X, Y, epochs=1, loss="mse", optimizer=cr.SGD(1 / (2 + number)))
    assert len(net._made.objectives) == MOST_KEPT
    assert max(len(goal.programs) for goal in net._made.objectives.values()) <= MOST_PROGRAMS
    assert len(compiled._compiled) <= compiled.MOST_KEPT and len(programs._shared) <= 64


def test_the_same_loss_again_is_not_built_again(monkeypatch):
    net = network()
    first = net.fit(X, Y, epochs=1, loss=cr.Huber(0.5), optimizer=cr.Adam(0.1))
    monkeypatch.setattr(programs, "training_program", lambda *_: pytest.fail("built again"))
    again = net.fit(X, Y, epochs=1, loss=cr.Huber(0.5), optimizer=cr.Adam(0.1))
    other = network().fit(X, Y, epochs=1, loss=cr.Huber(0.5), optimizer=cr.Adam(0.1))
    assert other["cost"] == first["cost"] != again["cost"]


def test_a_user_s_loss_and_what_it_holds_go_when_the_user_lets_go():
    class Big:
        def __call__(self, y, p):
            return (y - p) ** 2

    net, loss = network(), Big()
    net.fit(X, Y, epochs=1, loss=loss, metrics=[lambda y, p, loss=loss: loss(y, p)])
    net.loss = None
    gone = weakref.ref(loss)
    del loss
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("what", ["loss", "metric", "rate"])
def test_what_a_user_changes_between_two_fits_counts(what):
    class Factor:
        value = 1.0

        def __call__(self, y, p):
            return (y - p) ** 2 * self.value

    class Rate(Schedule):
        value = 1.0

        def at(self, step, total, per_epoch):
            return 0.01 * self.value

    thing = Rate() if what == "rate" else Factor()

    def history(net):
        name = {"metric": "metrics", "rate": "optimizer"}.get(what, what)
        options = {name: [thing] if what == "metric" else cr.SGD(thing) if what == "rate" else thing}
        found = net.fit(X, Y, epochs=2, **options).history
        return [found["cost"][-1], *([] if what != "metric" else list(found.values())[-1])]

    net = network()
    before = history(net)
    thing.value = 3.0
    net.initialize()
    changed, fresh = history(net), history(network())
    assert changed == fresh != before


def test_things_that_are_written_alike_are_told_apart():
    class Weighted:
        __hash__ = None

        def __init__(self, weights):
            self.weights = weights

        def __repr__(self):
            return f"Weighted({np.asarray(self.weights)})"  # of 2,000 numbers it shows six

        def __call__(self, y, p):
            return (y - p) ** 2 * float(np.sum(self.weights))

    one, two = np.ones(2000), np.where(np.arange(2000) == 1000, 3000.0, 1.0)
    net = network()
    costs = [net.evaluate(X, Y, loss=Weighted(w))["cost"] for w in (one, two)]
    assert costs[1] == pytest.approx(costs[0] * two.sum() / one.sum(), rel=1e-5)
