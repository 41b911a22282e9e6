"""A fit that is looked into: the numbers are those of its steps, and the fit is the one that nobody looks into."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.train.fit import looks as module
from chainrule.train.fit.resuming import Checkpoints, Keeper

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 3))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
SERIES = [RNG.normal(size=(n, 2)) for n in (3, 5, 4, 2, 5, 5)]


def network(*layers, engine="auto", seed=1):
    return cr.Network([*(layers or [cr.Dense(5, "tanh")]), cr.Dense(1, "sigmoid")], seed=seed, engine=engine)


def fit(layers=(), engine="auto", record=True, **settings):
    made = network(*layers, engine=engine)
    given = [cr.Record(values=True, every=3)] if record else []
    settings = {"epochs": 10, "batch_size": 16, "optimizer": cr.Adam(0.05), "callbacks": given} | settings
    return made, made.fit(X, Y, **settings)


def length(x):
    return np.sqrt(np.sum(np.asarray(x, np.float64) ** 2))


LAYERS = {
    "plain": [],
    "random": [cr.Dense(5, "relu"), cr.Dropout(0.3)],
    "statistics": [cr.Dense(5, "tanh"), cr.BatchNormalization()],
}
SETTINGS = {
    "short": {"epochs": 90},
    "validated": {"validation_split": 0.25, "metrics": ["accuracy", "auc"]},
    "one step": {"batch_size": None, "optimizer": cr.SGD(cr.ReduceOnPlateau(0.5, patience=1))},
    "decayed": {"optimizer": cr.AdamW(cr.Cosine(0.05), weight_decay=0.1), "shuffle": False},
}


@pytest.mark.parametrize("engine", ["numpy", "native"])
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_training_has_the_same_bits_whether_it_is_looked_into(layers, settings, engine):
    looked, history = fit(layers, engine, **settings)
    alone, other = fit(layers, engine, record=False, **{**settings, "callbacks": []})
    assert history == other
    assert history.best_epoch == other.best_epoch
    for name in alone.parameters:
        np.testing.assert_array_equal(looked.parameters[name], alone.parameters[name])
    assert history.recorded.epochs.tolist() == list(range(0, settings.get("epochs", 10), 3))
    assert other.recorded is None


def test_norms_are_those_of_the_gradient_and_of_the_step():
    made = network(cr.Dense(4, "relu"), cr.Dropout(0.0))
    made.fit(X, Y, epochs=1)  # so that it has learned something
    seen = []

    def look(made, epoch, logs):
        seen.append((dict(made.parameters.items()), made.gradients(X, Y), made.activations(X)))

    look(made, 0, {})
    settings = {"batch_size": None, "optimizer": cr.SGD(0.25), "epochs": 4}
    history = made.fit(X, Y, callbacks=[cr.Record(every=1), look], **settings)
    recorded = history.recorded
    for epoch in range(4):
        values, slopes, active = seen[epoch]
        after = seen[epoch + 1][0]
        for name, w in values.items():
            np.testing.assert_allclose(recorded.weights[name][epoch], length(w), rtol=1e-6)
            np.testing.assert_allclose(recorded.gradients[name][epoch], length(slopes[name]), rtol=1e-5)
            np.testing.assert_allclose(recorded.updates[name][epoch], 0.25 * length(slopes[name]), rtol=1e-5)
            np.testing.assert_allclose(recorded.updates[name][epoch], length(after[name] - w), rtol=1e-4)
        assert list(recorded.activations) == ["A1", "dropout_1", "A2"]
        for name in ("A1", "A2"):
            mean = np.sqrt(np.mean(np.asarray(active[name], np.float64) ** 2))
            np.testing.assert_allclose(recorded.activations[name][epoch], mean, rtol=1e-6)


def test_norms_by_layer_are_those_of_all_its_parameters_together():
    _, history = fit()
    recorded = history.recorded
    both = np.sqrt(recorded.gradients["W1"] ** 2 + recorded.gradients["b1"] ** 2)
    np.testing.assert_allclose(recorded.by_layer("gradients")["dense_1"], both, rtol=1e-12)
    with pytest.raises(cr.UnknownNameError, match="Did you mean 'gradients'"):
        recorded.by_layer("gradient")


def test_the_first_step_is_that_of_its_batch_in_its_order():
    orders = np.array([RNG.permutation(60) for _ in range(3)])
    made = network()
    steps = {"shuffle": orders, "batch_size": 16, "optimizer": cr.SGD(0.1)}
    values = []
    recorded = made.fit(
        X,
        Y,
        epochs=3,
        callbacks=[cr.Record(every=1), lambda n, *_: values.append(dict(n.parameters))],
        **steps,
    ).recorded
    for epoch in (1, 2):
        again = network()
        again.fit(X, Y, epochs=0)
        for name, w in values[epoch - 1].items():
            again.parameters[name] = w
        batch = orders[epoch][:16]
        slopes = again.gradients(X[batch], Y[batch])
        np.testing.assert_allclose(recorded.gradients["W1"][epoch], length(slopes["W1"]), rtol=1e-5)


def test_padding_is_not_counted():
    made = cr.Network([cr.Masking(), cr.SimpleRNN(3), cr.Dense(1)], seed=0)
    found = made.fit(SERIES, np.ones(6), epochs=1, batch_size=6, callbacks=cr.Record()).recorded.activations
    assert {"masking_1"} <= set(found)
    flat = np.concatenate(SERIES)
    np.testing.assert_allclose(found["masking_1"][0], np.sqrt(np.mean(flat**2)), rtol=1e-6)


def test_a_fit_that_goes_on_after_a_crash_has_recorded_the_same(tmp_path):
    def begin(**more):
        made = network(cr.Dense(5, "relu"), cr.Dropout(0.2))
        record = cr.Record(values="W1", every=2)
        return made.fit(X, Y, epochs=9, batch_size=20, **{"callbacks": [record], **more})

    def crash(network, epoch, logs):
        if epoch == 5:
            raise KeyboardInterrupt

    whole = begin().recorded
    path = tmp_path / "fit.ckpt"
    record = cr.Record(values="W1", every=2)
    with pytest.raises(KeyboardInterrupt):
        begin(callbacks=[record, crash], resume=Keeper(Checkpoints(path, every=0.0)))
    again = begin(resume=str(path)).recorded
    np.testing.assert_array_equal(again.epochs, whole.epochs)
    np.testing.assert_array_equal(again.gradients["W2"], whole.gradients["W2"])
    np.testing.assert_array_equal(again.values_epochs, whole.values_epochs)
    np.testing.assert_array_equal(again.values["W1"], whole.values["W1"])


@pytest.mark.filterwarnings("ignore")
def test_what_came_before_a_divergence_is_recorded():
    made = cr.Network([cr.Dense(8, "relu"), cr.Dense(1)], seed=0)
    history = made.fit(
        X * 100, X[:, 0] * 100, optimizer=cr.SGD(0.01), epochs=200, callbacks=cr.Record(every=1)
    )
    assert history.diverged
    recorded = history.recorded
    assert len(recorded.epochs) >= 1
    assert recorded.gradients["W1"][0] > 100


def test_each_of_many_is_looked_into_as_alone():
    settings = {"epochs": 6, "batch_size": 20, "callbacks": [cr.Record(every=2)]}
    histories = cr.fit_many([network(seed=s) for s in range(3)], X, Y, **settings)
    for seed, history in enumerate(histories):
        alone = network(seed=seed).fit(X, Y, **settings)
        np.testing.assert_array_equal(history.recorded.gradients["W1"], alone.recorded.gradients["W1"])


def test_a_network_for_scikit_learn_records_too():
    estimator = cr.NetworkClassifier([cr.Dense(3, "tanh")], epochs=4, callbacks=cr.Record(every=2))
    assert estimator.fit(X, Y).history_.recorded.epochs.tolist() == [0, 2]
    with pytest.raises(cr.DataError, match=r"cr\.NetworkClassifier"):
        cr.MLPClassifier(3, max_iter=2, callbacks=cr.Record()).fit(X, Y)


def test_values_are_bounded_and_end_with_the_last(monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 5 * 21 * 4)
    made, history = fit(epochs=40)
    recorded = history.recorded
    assert sum(x.nbytes for x in recorded.values.values()) <= 6 * 26 * 4
    assert recorded.values_epochs[-1] == 40
    np.testing.assert_array_equal(recorded.values["W1"][-1], made.parameters["W1"])


@pytest.mark.parametrize(
    ("rows", "width", "epochs", "most"), [(60, 5, 5000, 1000), (40_000, 64, 10, 2), (60, 5, 10, 2)]
)
def test_how_seldom_it_looks_follows_from_the_work(rows, width, epochs, most):
    from chainrule.train.callbacks import Listeners
    from chainrule.train.fit.preparing import begin
    from chainrule.train.fit.settings import Settings
    from chainrule.train.optimizers import Adam

    made = cr.Network([cr.Dense(width), cr.Dense(1)], input_shape=3, seed=0)
    x = np.zeros((rows, 3))
    goal, table = made._examples(made._read(x, x[:, 0], None, learning=True), None)
    settings = Settings(32, epochs, 0.0, None, None, 0)
    run, _ = begin(
        made._programs, settings, Adam(), Listeners([cr.Record()], made), (goal, table), None, True, 0
    )
    assert 1 <= run.recorder.every <= most
    assert run.recorder.every * module.LEAST_LOOKS <= max(epochs, module.LEAST_LOOKS)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(cr.DataError, match="records nothing: give values=True"):
        cr.Record(norms=False)
    with pytest.raises(cr.DataError, match="or names of parameters such as 'W1'; found 3"):
        cr.Record(values=3)
    with pytest.raises(cr.DataError, match=r"Record keeps no such values.*Did you mean 'W1'"):
        fit(callbacks=cr.Record(values="w1"))
    with pytest.raises(cr.DataError, match="L-BFGS finds the length of each step"):
        fit(optimizer="lbfgs", batch_size=None)
    with pytest.raises(cr.DataError, match="two Record among the callbacks"):
        fit(callbacks=[cr.Record(), cr.Record()])


def test_the_learning_rates_are_those_of_the_steps():
    _, history = fit(record=False, optimizer=cr.SGD(cr.StepDecay(0.5, every=4)), callbacks=[])
    assert history.learning_rates == [0.5] * 4 + [0.25] * 4 + [0.125] * 2
    _, history = fit(record=False, optimizer=cr.Adam(0.01), callbacks=[])
    assert history.learning_rates == [0.01] * 10
    _, history = fit(optimizer=cr.SGD(cr.ReduceOnPlateau(2.0, patience=1, factor=0.5)), epochs=30)
    rates, recorded = history.learning_rates, history.recorded
    assert rates[0] == 2.0 and min(rates) < 2.0
    for i, epoch in enumerate(recorded.epochs):  # of SGD without momentum
        np.testing.assert_allclose(
            recorded.updates["W1"][i], rates[epoch] * recorded.gradients["W1"][i], rtol=1e-4
        )
