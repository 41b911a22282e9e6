"""How an epoch is cut into batches, and what becomes of one that would be a single example."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import chainrule as cr
from chainrule.engines.compiled import build
from chainrule.engines.epochs import Batches, Epochs
from chainrule.graph.closed import Program
from chainrule.train.schedules import Schedule

RNG = np.random.default_rng(0)
X = RNG.normal(size=(65, 3))
Y = X @ [1.0, 2.0, 3.0]


@settings(max_examples=300)
@given(st.integers(1, 200), st.integers(1, 70), st.integers(1, 4))
def test_batches_cover_the_rows_once_and_only_the_last_differs_in_size(rows, size, smallest):
    batches = Batches(size, smallest)
    cuts = list(batches.cuts(rows))
    assert cuts == [batches.cut(step, rows) for step in range(batches.steps(rows))]
    sizes = [c.stop - c.start for c in cuts]
    assert cuts[0].start == 0 and [c.stop for c in cuts[:-1]] == [c.start for c in cuts[1:]]
    assert sum(sizes) == rows and min(sizes) > 0 and max(sizes) == batches.largest(rows)
    assert sizes[:-1] == [size] * (len(sizes) - 1)
    if size >= smallest:
        assert sizes[-1] < size + smallest and (sizes[-1] >= smallest or rows < smallest)
    else:
        assert sizes[-1] <= size


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize(
    ("rows", "size"), [(33, 32), (65, 32), (5, 2), (3, 2), (9, 8), (7, 3), (8, 3), (1, 4)]
)
def test_both_engines_cut_alike(rows, size, shuffled):
    x, steps, most = cr.input("x", ("n",)), cr.variable(0.0), cr.variable(0.0)
    count = x.shape[0] * 1.0
    program = Program((x,), (steps, most), (np.mean(x), count), (steps + 1, np.maximum(most, count)))
    order = np.array(
        [np.random.default_rng(e).permutation(rows) if shuffled else np.arange(rows) for e in (0, 1)]
    )
    batches, table = Batches(size, smallest=2), [np.arange(float(rows))]
    found = [
        build(program, engine).run(Epochs([np.zeros(()), np.zeros(())], table, order, batches))
        for engine in ("numpy", "native")
    ]
    for run in found:
        assert run.state[0] == 2 * batches.steps(rows) and run.state[1] == batches.largest(rows)
        np.testing.assert_allclose(np.asarray(run.epochs)[:, 1], rows / batches.steps(rows))
    np.testing.assert_allclose(found[0].epochs, found[1].epochs, rtol=1e-14)


def layers():
    return [cr.Dense(8), cr.BatchNormalization(), cr.Dense(1)]


def drawn(x):
    return cr.Dense(1)(np.tanh(cr.BatchNormalization()(cr.Dense(8)(x))))


@pytest.mark.parametrize("rows", [33, 65])
@pytest.mark.parametrize("split", [0.0, 0.5])
@pytest.mark.parametrize("kind", ["list", "function"])
def test_a_last_batch_of_one_joins_the_one_before_it(rows, split, kind):
    r = np.random.default_rng(1)
    X = r.normal(size=(round(rows / (1 - split)), 3))
    y = X @ [1.0, 2.0, 3.0]
    net = cr.Network(drawn, {"x": 3}, seed=0) if kind == "function" else cr.Network(layers(), seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net.fit(X, y, epochs=150, batch_size=32, optimizer=cr.Adam(0.02), validation_split=split)
    learned = net.evaluate(X, y)["cost"]
    assert learned < 0.2 * y.var()


class PerEpoch(Schedule):
    """A rate that tells how many steps an epoch and a run are planned to have."""

    def at(self, step, total, per_epoch):
        return 0.1 / per_epoch + 0.001 * total


def test_steps_schedules_and_history_count_the_joined_batch_once():
    options = {"shuffle": False, "epochs": 1}
    together, by_hand = (cr.Network(layers(), seed=0, dtype="float64") for _ in range(2))
    history = together.fit(X, Y, batch_size=32, optimizer=cr.SGD(PerEpoch()), **options)
    rate = 0.1 / 2 + 0.001 * 2
    costs = [
        by_hand.fit(X[part], Y[part], batch_size=None, optimizer=cr.SGD(rate), **options)["cost"][0]
        for part in (slice(0, 32), slice(32, 65))
    ]
    assert history["cost"] == pytest.approx([np.mean(costs)], rel=1e-12)
    for name, value in {**by_hand.parameters, **by_hand.statistics}.items():
        mine = {**together.parameters, **together.statistics}[name]
        np.testing.assert_allclose(mine, value, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("rows", "size", "why"),
    [
        (8, 1, r"batch_size=1\).* Train in larger batches"),
        (1, 32, r"only one row .* badly\. Learn from more rows"),
        (1, None, r"only one row .* badly\. Learn from more rows"),
    ],
)
def test_statistics_of_single_examples_are_warned_of_before_the_first_step(rows, size, why):
    began = []
    net = cr.Network(layers(), seed=0)
    with pytest.warns(cr.LearningWarning, match=f"BatchNormalization.*at least 2 examples.*{why}") as seen:
        net.fit(
            X[:rows],
            Y[:rows],
            epochs=2,
            batch_size=size,
            callbacks=[lambda *_: began.append(len(seen)) or False],
        )
    assert began == [1, 1] and seen[0].filename == __file__


def test_networks_that_need_no_others_beside_an_example_are_left_alone():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cr.Network([cr.Dense(4), cr.LayerNormalization(), cr.Dense(1)], seed=0).fit(
            X[:5], Y[:5], epochs=1, batch_size=1
        )
        cr.Network(layers(), seed=0).fit(X[:5], Y[:5], epochs=1, batch_size=2)
        cr.Network(layers(), seed=0).fit(X[:5], Y[:5], epochs=0, batch_size=1)
