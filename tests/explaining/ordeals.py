"""Trainings of every kind that the doctor must get through: each returns what ``cr.diagnose`` is given."""

from dataclasses import dataclass

import numpy as np

import chainrule as cr

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 4))
Y = (X[:, 0] + X[:, 1] > 0).astype(int)
Z = X[:, 0] * 2 + X[:, 1]


def fitted(layers, X=X, y=Y, told=True, raises=False, network=None, **job):
    """Train for a few epochs, and keep what there is where that is refused."""
    job.setdefault("epochs", 3)
    made = cr.Network(layers, seed=0, **(network or {}))
    history = None
    try:
        history = made.fit(X, y, **job)
    except Exception:
        if not raises:
            raise
    return made, X, y, history, job if told else None


def small(end="sigmoid", units=1):
    return [cr.Dense(6, "relu"), cr.Dense(units, end)]


def own_loss(y, p):
    return np.mean((p - y) ** 2, axis=-1)


def loss_that_raises(y, p):
    raise RuntimeError("a loss of somebody's is at fault")


def loss_that_forgets(y, p):
    """A loss of somebody's that works when the training begins, and is called again later."""
    if loss_that_forgets.calls:
        raise ValueError("called once too often")
    loss_that_forgets.calls += 1
    return np.mean((p - y) ** 2, axis=-1)


@dataclass(frozen=True, eq=False)
class Counting(cr.Layer):
    """A layer of somebody's."""

    name: str = ""

    def build(self, scope, x):
        return x * scope.parameter("w", (x.shape[-1],), "ones")


class Slow(cr.Schedule):
    """A schedule of somebody's."""

    def at(self, step, total, per_epoch):
        return 0.01 / (1.0 + 0.1 * step)


ORDEALS = {}


def ordeal(make):
    ORDEALS[make.__name__] = make
    return make


@ordeal
def untrained():
    return cr.Network(small(), seed=0), X, Y, None, None


@ordeal
def nothing_told():
    return fitted(small(), told=False)


@ordeal
def settings_by_name():
    return fitted(
        small(), optimizer="SGD", loss="binary_crossentropy", metrics="accuracy", batch_size=None, verbose=0
    )


@ordeal
def every_setting(tmp_path=None):
    return fitted(
        small(),
        optimizer=cr.AdamW(Slow(), weight_decay=0.01, clip_norm=1.0),
        validation_split=0.25,
        callbacks=[cr.EarlyStopping(patience=2), cr.Record(), lambda network, epoch, logs: None],
        class_weight="balanced",
        tol=1e-6,
        time_budget=20.0,
        metrics=["accuracy", "auc"],
        shuffle=False,
    )


@ordeal
def weighed_rows():
    return fitted(small(), sample_weight=np.linspace(0, 2, 40), validation_data=(X[:10], Y[:10], np.ones(10)))


@ordeal
def orders_given():
    return fitted(small(), shuffle=np.tile(np.arange(40), (3, 1)), class_weight={0: 1.0, 1: 4.0})


@ordeal
def a_callback_that_stops():
    return fitted(small(), callbacks=lambda network, epoch, logs: epoch == 1, epochs=20)


@ordeal
def lbfgs():
    return fitted(small("identity"), y=Z, optimizer="lbfgs", epochs=20)


@ordeal
def one_row():
    return fitted(small(), X[:1], Y[:1])


@ordeal
def two_rows():
    return fitted(small(), X[:2], np.array([0, 1]))


@ordeal
def three_equal_rows():
    return fitted(small("identity"), np.ones((3, 4)), np.array([1.0, 2.0, 3.0]))


@ordeal
def one_class():
    return fitted(small(), y=np.ones(40, int))


@ordeal
def a_constant_number():
    return fitted(small("identity"), y=np.full(40, 7.5))


@ordeal
def constant_inputs():
    return fitted(small(), np.ones((40, 4)), Y)


@ordeal
def a_class_of_one_row():
    return fitted(small("softmax", 4), y=np.array([0] * 20 + [1] * 18 + [2, 3]))


@ordeal
def classes_that_never_come():
    return fitted(small("softmax", 9), y=Y)


@ordeal
def one_hot():
    return fitted(small("softmax", 2), y=np.eye(2)[Y], loss="categorical_crossentropy")


@ordeal
def labels():
    return fitted(small("sigmoid", 3), y=np.stack([Y, 1 - Y, Y * 0], axis=1).astype(float))


@ordeal
def several_numbers():
    return fitted(small("identity", 3), y=np.stack([Z, Z * 1000, Z * 0], axis=1))


@ordeal
def a_column_of_targets():
    return fitted(small("identity"), y=Z[:, None].tolist())


@ordeal
def lists():
    return fitted(small(), X.tolist(), Y.tolist())


@ordeal
def booleans():
    return fitted(small(), X > 0, Y > 0)


@ordeal
def bytes_as_inputs():
    return fitted(small(), np.abs(X * 50).astype(np.uint8), Y.astype(np.int8))


@ordeal
def objects():
    return fitted(small(), X.astype(object), Y.astype(object), raises=True)


@ordeal
def words():
    return fitted(small(), np.array([["a", "b"]] * 40), Y, raises=True)


@ordeal
def words_as_targets():
    return fitted(small(), y=np.where(Y == 1, "yes", "no"), raises=True)


@ordeal
def huge_numbers():
    return fitted(small("identity"), X * 1e30, Z * 1e30, raises=True)


@ordeal
def beyond_float32():
    return fitted(small("identity"), X * 1e200, Z, raises=True)


@ordeal
def tiny_numbers():
    return fitted(small("identity"), X * 1e-30, Z * 1e-30)


@ordeal
def missing_inputs():
    holes = X.copy()
    holes[::7, 1] = np.nan
    return fitted(small(), holes, Y, raises=True)


@ordeal
def missing_after_training():
    network, X_, y, history, job = fitted(small())
    holes = X_.copy()
    holes[3, 2] = np.inf
    return network, holes, y, history, job


@ordeal
def missing_targets():
    z = Z.copy()
    z[5] = np.nan
    return fitted(small("identity"), y=z, raises=True)


@ordeal
def rows_and_targets_differ():
    network, X_, y, history, job = fitted(small())
    return network, X_, y[:-3], history, job


@ordeal
def columns_differ():
    network, X_, y, history, job = fitted(small())
    return network, X_[:, :3], y, history, job


@ordeal
def validation_differs():
    network, X_, y, history, job = fitted(small())
    return network, X_, y, history, {**job, "validation_data": (X_[:5, :2], y[:5])}


@ordeal
def validation_of_nothing():
    network, X_, y, history, job = fitted(small())
    return network, X_, y, history, {**job, "validation_data": (X_[:0], y[:0])}


@ordeal
def nonsense_in_the_job():
    network, X_, y, history, _ = fitted(small())
    job = {
        "optimizer": "adamant",
        "epochs": "many",
        "batch_size": -3,
        "loss": 7,
        "callbacks": 5,
        "learning": 1,
    }
    return network, X_, y, history, job


@ordeal
def no_epochs():
    network, X_, y, history, _ = fitted(small())
    return network, X_, y, history, {"epochs": 0}


@ordeal
def validation_as_a_table():
    network, X_, y, history, job = fitted(small(), validation_data=[X[:12], Y[:12]])
    return network, X_, y, history, job


@ordeal
def diverged():
    return fitted(small("identity"), y=Z * 1e6, optimizer=cr.SGD(1e3), epochs=20)


@ordeal
def not_a_number_inside():
    network, X_, y, history, job = fitted(small())
    network._programs.values.set_named(
        {k: v * np.nan for k, v in network.parameters.items()}
    )  # as no one of the front does
    return network, X_, y, history, job


@ordeal
def refused():
    return fitted(small("identity"), y=Z, loss="poisson", raises=True)


@ordeal
def a_loss_that_raises():
    return fitted(small("identity"), y=Z, loss=loss_that_raises, raises=True)


@ordeal
def a_loss_that_raises_later():
    loss_that_forgets.calls = 0
    return fitted(small("identity"), y=Z, loss=loss_that_forgets, raises=True)


@ordeal
def a_loss_of_ones_own():
    return fitted(small("identity"), y=Z, loss=own_loss, metrics=[own_loss])


@ordeal
def a_layer_of_ones_own():
    return fitted([Counting(), cr.Dense(1, "sigmoid")])


@ordeal
def an_optimizer_of_ones_own():
    return fitted(small(), optimizer=lambda g, slot, t: (-0.1 * g, []))


@ordeal
def functions_as_activations():
    return fitted([cr.Dense(6, lambda z: np.maximum(z, 0.1 * z)), cr.Dense(1, "sigmoid")])


@ordeal
def double_on_numpy():
    return fitted(small(), network={"dtype": "float64", "engine": "numpy"})


@ordeal
def frozen():
    layers = [cr.Dense(6, "relu", trainable=False), cr.BatchNormalization(), cr.Dense(1, "sigmoid")]
    return fitted(layers)


@ordeal
def nothing_learns():
    network, X_, y, history, job = fitted(small())
    for layer in network.layers:
        layer.trainable = False
    return network, X_, y, history, job


@ordeal
def every_restraint():
    layers = [
        cr.GaussianNoise(0.1),
        cr.Dense(8, regularizer=cr.L1L2(0.01, 0.01)),
        cr.BatchNormalization(),
        cr.Activation("relu"),
        cr.Dropout(0.3),
        cr.Dense(1, "sigmoid", regularizer="l2"),
    ]
    return fitted(layers, batch_size=8)


@ordeal
def several_inputs():
    def draw(a, b):
        return cr.Dense(1, "sigmoid")(np.concatenate([cr.Dense(4, "relu")(a), b], axis=1))

    return fitted(draw, {"a": X, "b": X[:, :2]}, network={"inputs": {"a": 4, "b": 2}})


@ordeal
def several_inputs_validated():
    def draw(a, b):
        return cr.Dense(1)(np.concatenate([cr.Dense(4, "relu")(a), b], axis=1))

    some = {"a": X[:9], "b": X[:9, :2]}
    return fitted(
        draw,
        {"a": X, "b": X[:, :2]},
        Z,
        network={"inputs": {"a": 4, "b": 2}},
        validation_data=(some, Z[:9]),
        callbacks=cr.EarlyStopping(patience=2),
    )


@ordeal
def a_way_around():
    x = cr.input("x", ("batch", 4))
    return fitted(cr.Dense(1, "sigmoid")(cr.Add()(x, cr.Dense(4, "relu")(x))))


@ordeal
def one_layer_twice():
    shared = cr.Dense(4, "tanh")
    x = cr.input("x", ("batch", 4))
    return fitted(cr.Dense(1, "sigmoid")(shared(shared(x))))


@ordeal
def ragged():
    words = [rng.integers(1, 20, n).tolist() for n in rng.integers(2, 9, 40)]
    layers = [cr.Embedding(20, 4, mask_zero=True), cr.GRU(4), cr.Dense(1, "sigmoid")]
    return fitted(layers, words, Y, network={"input_shape": (None,)})


@ordeal
def steps_with_targets():
    sequences = rng.normal(size=(40, 6, 2))
    y = (sequences[:, :, :1] > 0).astype(float)
    return fitted([cr.LSTM(4, return_sequences=True), cr.Dense(1, "sigmoid")], sequences, y)


@ordeal
def steps_with_classes():
    sequences = rng.normal(size=(40, 6, 2))
    return fitted(
        [cr.GRU(4, return_sequences=True), cr.Dense(3, "softmax")], sequences, rng.integers(0, 3, (40, 6))
    )


@ordeal
def ragged_steps_with_targets():
    lengths = rng.integers(2, 7, 40)
    sequences = [rng.normal(size=(n, 2)) + 3 for n in lengths]
    y = [(s[:, 0] > 3).astype(float) for s in sequences]
    layers = [cr.Masking(), cr.GRU(4, return_sequences=True), cr.Dense(1, "sigmoid")]
    return fitted(layers, sequences, y, network={"input_shape": (None, 2)}, raises=True)


@ordeal
def stateful():
    return fitted(
        [cr.LSTM(4, stateful=True), cr.Dense(1)], rng.normal(size=(40, 5, 2)), Z, batch_size=10, raises=True
    )


@ordeal
def pictures():
    layers = [
        cr.Rescaling(1 / 255),
        cr.RandomFlip("horizontal"),
        cr.Conv2D(3, 3, activation="relu"),
        cr.SpatialDropout2D(0.2),
        cr.MaxPooling2D(),
        cr.Flatten(),
        cr.Dense(2, "softmax"),
    ]
    return fitted(layers, rng.integers(0, 255, (40, 8, 8, 3)), Y)


@ordeal
def pictures_to_pictures():
    images = rng.random((40, 6, 6, 1))
    return fitted(
        [cr.Conv2D(4, 3, padding="same", activation="relu"), cr.Conv2D(1, 1, activation="sigmoid")],
        images,
        images,
        loss="mse",
    )


@ordeal
def both_ways_and_each_step():
    layers = [
        cr.Bidirectional(cr.LSTM(3, return_sequences=True)),
        cr.TimeDistributed(cr.Dense(2)),
        cr.Flatten(),
        cr.Dense(1),
    ]
    return fitted(layers, rng.normal(size=(40, 5, 2)), Z)


@ordeal
def frames():
    import pandas as pd

    table = pd.DataFrame(X, columns=["a", "b", "c", "d"], index=np.arange(40) * 3 + 5)
    return fitted(small(), table, pd.Series(Y, index=table.index, name="y"), validation_split=0.2)


@ordeal
def frames_in_another_order():
    import pandas as pd

    table = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    network, _, y, history, job = fitted(small(), table, Y)
    return network, table[["d", "c", "b", "a"]].assign(e=1.0), y, history, job


@ordeal
def targets_with_names():
    import pandas as pd

    table = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    return fitted(small("identity", 2), table, pd.DataFrame({"u": Z, "v": -Z}))


@ordeal
def one_number_in_a_row():
    return fitted(small("identity"), X[:, 0], Z, raises=True)


@ordeal
def no_hidden_layer():
    return fitted([cr.Dense(1)], y=Z)


@ordeal
def no_parameters_at_all():
    return fitted([cr.Flatten(), cr.Activation("tanh")], X[:, :1], Z, raises=True)


@ordeal
def fitted_twice():
    network, X_, y, _, job = fitted(small())
    history = network.fit(X_, y, **job)
    return network, X_, y, history, job


@ordeal
def a_mixture():
    members = [fitted(small("identity"), y=Z)[0] for _ in range(2)]
    return cr.mixture(members), X, Z, None, None


@ordeal
def from_a_file():
    import pathlib
    import tempfile

    network, X_, y, _, _ = fitted(small())
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "network.safetensors"
        network.save(path)
        return cr.load(path), X_, y, None, None


@ordeal
def quantiles():
    return fitted(small("identity"), y=Z, loss=lambda y, p: cr.quantile(y, p, q=0.9))


@ordeal
def bins():
    return fitted([cr.PiecewiseLinearEncoding(cr.bin_edges(X, 4)), *small()])


@ordeal
def read_only_arrays():
    a, b = X.copy(), Y.copy()
    a.flags.writeable = b.flags.writeable = False
    return fitted(small(), a, b, validation_data=(a[:10], b[:10]))
