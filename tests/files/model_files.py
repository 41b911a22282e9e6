"""Write a folder of model files with what they predict: later versions must read them and predict the same.

Every version that changes what stands in a file adds a folder of its own, and what is new in it, once::

    python tests/files/model_files.py pictures sequences

``<name>.safetensors`` is the model, ``<name>.npz`` its inputs, targets, prediction and cost; for a table
``<name>.csv`` is the table and ``<name>.predictions.csv`` what it says.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import chainrule as cr
from chainrule.graph.primitives import exponentials, reductions

HERE = Path(__file__).parent
ROWS = 5


def rng(number):
    return np.random.default_rng(number)


def chain(layers, shape=4, loss=None, dtype="float32", targets="numbers", epochs=2):
    """A list of layers, fitted for a few steps; with ``epochs=0`` as it was drawn."""

    def make(_path):
        network = cr.Network(layers(), input_shape=shape, dtype=dtype, seed=7, engine="numpy")
        X, y = example(shape, network.output.shape[-1], targets)
        if epochs:
            network.fit(X, y, loss=loss, epochs=epochs, batch_size=4)
        return network, {"x": X}, y

    return make


def example(shape, width, targets, rows=20):
    shape = (shape,) if isinstance(shape, int) else shape
    X = rng(1).normal(size=(rows, *shape))
    if targets == "labels":
        return X, rng(2).integers(0, width, rows)
    if targets == "yes or no":
        return X, rng(2).integers(0, 2, rows)
    if targets == "counts":
        return X, rng(2).poisson(2.0, rows)
    return X, rng(2).normal(size=(rows, width))


def drawn(function, shapes, dtype="float32", epochs=2):
    """A network drawn by a function."""

    def make(_path):
        network = cr.Network(function, shapes, dtype=dtype, seed=7, engine="numpy")
        X = {name: rng(3).normal(size=(12, *shape)) for name, shape in shapes.items()}
        y = rng(4).normal(size=(12, network.output.shape[-1]))
        if epochs:
            network.fit(X, y, loss="mse", epochs=epochs, batch_size=4)
        return network, X, y

    return make


def words(_path):
    network = cr.Network(
        [cr.Embedding(9, 3, initializer="small"), cr.Flatten(), cr.Dense(3, "softmax")],
        input_shape=4,
        seed=7,
        engine="numpy",
    )
    X, y = rng(1).integers(0, 9, (12, 4)), rng(2).integers(0, 3, 12)
    network.fit(X, y, epochs=2, batch_size=4)
    return network, {"x": X}, y


def padded(layers, words=False):
    """A list of layers for sequences of any length, padded."""

    def make(_path):
        lengths = rng(5).integers(1, 7, 12)
        x = [rng(n).integers(1, 9, n) if words else rng(n).normal(size=(n, 3)) for n in lengths]
        X = cr.pad_sequences(x, value=0 if words else -1.0)
        network = cr.Network(layers(), input_shape=(None, *X.shape[2:]), seed=7, engine="numpy")
        y = rng(2).normal(size=(12, 2) if network.output.ndim == 2 else (*X.shape[:2], 2))
        network.fit(X, y, loss="mse", epochs=2, batch_size=4)
        return network, {"x": X}, y

    return make


# --- networks drawn by functions: what NumPy's functions become -------------------------------------------


def moves(a, b):
    """Slices, new axes, joins, reshapes and transposes."""
    image = a.reshape(a.shape[0], 2, 3)
    parts = [
        a[:, :2],
        a[:, ::-2],
        a[:, 4:1:-1],
        a[:, None, 1],
        a[:, [2, 0, 2]],
        np.take(b, [[1, 0]], axis=1)[:, 0],
        np.transpose(image, (0, 2, 1)).reshape(-1, 6),
        np.broadcast_to(b[:, :1], (b.shape[0], 3)),
        np.swapaxes(np.stack([b, b + 1], axis=2), 1, 2)[:, 1],
        image[:, 1, ...],
    ]
    return cr.Dense(2, "tanh")(np.concatenate(parts, axis=1))


def products(a, b):
    """Matrix products of several axes, with constants and among nodes."""
    image = a.reshape(a.shape[0], 2, 3)
    turned = np.einsum("bij,kj->bki", image, np.arange(12.0).reshape(4, 3) / 12)
    with_each_other = np.einsum("bki,bi->bk", turned, b[:, :2])
    grid = np.matmul(image, np.swapaxes(image, 1, 2)).reshape(a.shape[0], 4)
    folded = np.tensordot(image, np.eye(3)[:, :2], 1).reshape(a.shape[0], -1)
    rows = a @ np.linspace(-1, 1, 6)
    return cr.Dense(2)(np.concatenate([with_each_other, grid, folded, rows[:, None]], axis=1))


def choices(a, b):
    """What chooses: where, maximum, clip, max, argmax, comparisons, logic."""
    c = a[:, :3]
    either = np.where((c > b) & ~(b >= 1.5) | np.equal(c, 0.25) | np.not_equal(b, b), c, b / 2)
    parts = [
        either,
        np.maximum(c, b),
        np.minimum(c, 0.5),
        np.maximum(0.1, np.minimum(b, c)),
        np.clip(a, -1, 0.75),
        np.clip(b, 0.0, None),
        np.max(a, axis=1, keepdims=True),
        np.min(b, axis=1)[:, None],
        cr.one_hot(np.argmax(a, axis=1), 6, "float32"),
        (np.sign(c) + np.floor(b) + cr.step(c) + np.abs(b)).astype("float32"),
        np.less(b, 0) * c + np.less_equal(c, 0) * b,
    ]
    return cr.Dense(2)(np.concatenate(parts, axis=1))


def formulas(a, b):
    """Every elementwise row with a smooth formula."""
    p = np.exp(-np.abs(b)) + 0.5
    c = a[:, :3]
    parts = [
        np.sin(c) * np.cos(b) - np.tanh(c),
        np.log(p) + np.log1p(p) / np.sqrt(p) + np.expm1(-p),
        cr.sigmoid(c) + cr.softplus(b) + cr.relu(-c) + cr.silu(b) + cr.gelu(c) - cr.leaky_relu(b) + cr.elu(c),
        p**2 + p**0.5 + p**-1 + np.power(p, b) - 2**c,
        cr.stop_gradient(c) * (2 * b).named("kept"),
        np.logaddexp(b, 0),
    ]
    return cr.Dense(2)(cr.LayerNormalization(1e-3)(np.concatenate(parts, axis=1)))


def encoded(x):
    bins = cr.PiecewiseLinearEncoding(((-1, 0, 0.5), (), (0, 2)))(x)
    amount = cr.Activation("exponential")(cr.Clip(-3, (2, 3))(cr.Dense(2)(cr.Dense(5, "relu")(bins))))
    amount = cr.Rescaling((0.5, 2), (0, -1))(amount)
    return cr.Mixture((0.25, 0.75))(cr.Dense(2)(x), amount)


def merged(a, b):
    """Two paths that meet in each of the ways that there are."""
    h, g = cr.Dense(4, "tanh")(a), cr.Dense(4, "tanh")(b)
    found = [kind()(h, g) for kind in (cr.Add, cr.Subtract, cr.Multiply, cr.Average, cr.Maximum)]
    return cr.Dense(2)(cr.Concatenate()(*found))


def recurrent(x):
    """Each recurrent layer, of a cell of one's own too, and states that are handed on."""
    encoded, *states = cr.LSTM(4, return_sequences=True, return_state=True)(x)
    both = cr.Bidirectional(cr.GRU(3, return_sequences=True, reset_after=False), merge_mode="sum")(encoded)
    decoded = cr.LSTM(4, return_sequences=True, go_backwards=True)(both, initial_state=states)
    paths = [
        cr.GRU(3, recurrent_dropout=0.25)(decoded),
        cr.SimpleRNN(2, "relu")(decoded),
        cr.RNN(Leaky(3, leak=0.5))(cr.TimeDistributed(cr.Dense(2, "tanh"))(decoded)),
    ]
    return cr.Dense(2)(np.concatenate(paths, axis=1))


def looped(x):
    """Loops among the rows: of several results and kinds of numbers, and in each other."""

    def outer(carry, row):
        h, n = carry
        k, every = cr.scan(
            lambda k, e: (np.maximum(k * 0.5 + e, -np.inf), k > 0), h, row[:, :, None].transpose(1, 0, 2)
        )
        return (np.tanh(k + h), n + 1), (every.astype("float32").sum(axis=(0, 2)) * n.astype("float32"), h)

    start = np.zeros_like(x[:, 0, :1])
    (h, _), (counts, before) = cr.scan(outer, (start, np.int64(1)), x.transpose(1, 0, 2), reverse=True)
    return cr.Dense(2)(np.concatenate([h, before[0]], axis=1)) + counts.sum(axis=0)[:, None]


def sums(a, b):
    """Sums, means and their kin over each axis; softmax and logsumexp; lengths of open axes."""
    image = a.reshape(a.shape[0], 2, 3)
    parts = [
        image.sum(axis=2),
        image.mean(axis=1),
        image.max(axis=(1, 2))[:, None],
        np.std(a, axis=1, keepdims=True),
        np.var(image, axis=2),
        cr.softmax(b),
        cr.softmax(image, axis=1).reshape(a.shape[0], 6),
        reductions.log_softmax(b, axes=(1,)),
        cr.logsumexp(a, axis=1, keepdims=True),
        b - b.sum(axis=0) / b.shape[0] * 0.125,
        np.linalg.norm(b, axis=1)[:, None],
    ]
    return cr.Dense(2)(np.concatenate(parts, axis=1))


def slopes(a, b):
    """A network that looks at a gradient: rows that only backprop writes."""
    energy = np.sum(np.maximum(a[:, 1:5:2] * b[:, :2], 0.1) ** 2) + np.sum(np.take(b, [0, 2, 0], axis=1) ** 3)
    by_a, by_b = cr.grad(energy, [a, b])
    return cr.Dense(2, "tanh")(np.concatenate([by_a, by_b], axis=1))


def shared(a, b):
    """One layer used twice, layers inside formulas, dropout and batch normalization beside them."""
    layer = cr.Dense(4, "tanh", name="shared")
    h = layer(a[:, :3]) + layer(b) * 0.5
    h = cr.Dropout(0.25)(cr.BatchNormalization(0.8, 1e-4)(h)) + np.array([0.5, 0.25, 0, 1])
    return cr.Dense(3, "softmax", name="classes")(h @ np.eye(4)[:, :3])


def shared_labels(path):
    network, X, _ = drawn(shared, {"a": (6,), "b": (3,)}, epochs=0)(path)
    y = rng(5).integers(0, 3, 12)
    network.fit(X, y, epochs=3, batch_size=4, metrics=["accuracy"])
    return network, X, y


# --- what is the user's own -------------------------------------------------------------------------------


def swish2(z):
    return z * exponentials.sigmoid(2 * z)


def halves(shape, rng):
    return np.full(shape, 0.5)


def lasso(w):
    return 0.01 * np.sum(np.abs(w))


def between(y, p):
    return np.mean(np.abs(p - y) ** 1.5, axis=1)


@dataclass(frozen=True, eq=False)
class Scale(cr.Layer):
    start: float = 1.0
    powers: tuple[int, ...] = (1, 2)
    inner: cr.Layer | None = None
    name: str = ""

    def build(self, scope, *xs):
        scaled = xs[0] * scope.parameter("gamma", (xs[0].shape[-1],), self.start)
        return scaled if self.inner is None else self.inner(scaled)


@dataclass(frozen=True, eq=False)
class Leaky(cr.Cell):
    units: int
    leak: float = 0.1

    @property
    def states(self):
        return (self.units,)

    def step(self, scope, x, h):
        W = scope.parameter("W", (x.shape[-1], self.units), None)
        U = scope.parameter("U", (self.units, self.units), "orthogonal")
        h = (1 - self.leak) * h + self.leak * np.tanh(x @ W + h @ U)
        return h, h


OWN = {"swish2": swish2, "halves": halves, "lasso": lasso, "between": between, "Scale": Scale, "Leaky": Leaky}


def checkpoint(path):
    """The file that training left behind at its best epoch, and not the network as it ended."""
    network = cr.Network([cr.Dense(5, "relu"), cr.Dense(1)], input_shape=4, seed=7, engine="numpy")
    X, y = example(4, 1, "numbers")
    saved = path.with_suffix(".safetensors")
    network.fit(
        X, y, optimizer=cr.SGD(0.1), epochs=4, validation_split=0.25, callbacks=[cr.Checkpoint(saved)]
    )
    return cr.load(saved), {"x": X}, y


ACTIVATIONS = (
    "identity", "step", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "softmax",
    "linear", "logistic", "swish",
)  # fmt: skip
INITIALIZERS = (
    "zeros", "ones", "small", "large", "xavier_normal", "xavier_uniform", "he_normal", "he_uniform",
    "lecun_normal", "lecun_uniform", "orthogonal", "glorot_normal", "glorot_uniform", "xavier", "he", "lecun", "glorot",
)  # fmt: skip

NETWORKS = {
    "activations": chain(lambda: [cr.Dense(3, name) for name in ACTIVATIONS], epochs=0),
    "activations_with_settings": chain(
        lambda: [
            cr.Dense(4, cr.LeakyReLU(0.3)), cr.Activation(cr.ELU(0.5)), cr.Dense(2, cr.gelu), cr.Activation("tanh"),
        ]
    ),
    "initializers": chain(lambda: [cr.Dense(3, "tanh", initializer=name) for name in INITIALIZERS], epochs=0),
    "initializers_with_settings": chain(
        lambda: [
            cr.Dense(3, initializer=cr.Normal(0.2)),
            cr.Dense(4, initializer=cr.Scaled(1.5, "in", "uniform")),
            cr.Dense(3, initializer=cr.Orthogonal(2.0)),
            cr.Dense(2, initializer=cr.Filled(0.25)),
            cr.Dense(2, initializer=np.array([[0.5, -1], [0.25, 2]])),
            cr.Dense(1, initializer=0.5),
        ]
    ),
    "regularizers": chain(
        lambda: [
            cr.Dense(3, regularizer="l1"), cr.Dense(3, regularizer="l2"), cr.Dense(3, regularizer="l1_l2"),
            cr.Dense(3, regularizer=0.3), cr.Dense(3, regularizer=cr.L1(0.1)),
            cr.Dense(3, regularizer=cr.L2(0.2, divisor=7)), cr.Dense(1, regularizer=cr.L1L2(0.1, 0.2)),
        ]
    ),
    "layers": chain(
        lambda: [
            cr.Flatten(), cr.Dense(6, "relu", use_bias=False, name="first"), cr.BatchNormalization(0.7, 1e-3),
            cr.Activation("silu"), cr.Dropout(0.4), cr.Dense(6), cr.LayerNormalization(1e-4), cr.Dropout(0),
            cr.Dense(1, name="last"),
        ],
        shape=(2, 3),
    ),
    "layers_float64": chain(
        lambda: [cr.Dense(5, "tanh"), cr.BatchNormalization(), cr.Dense(2, "softmax")],
        dtype="float64", targets="labels",
    ),
    "words": words,
    "images": chain(lambda: [cr.Dense(3, "relu"), cr.Flatten(), cr.Dense(2, "softmax")], (2, 3, 2), targets="labels"),
    "convolutions": chain(
        lambda: [
            cr.Conv2D(4, (3, 2), (2, 1), "same", (1, 2), 2, "relu", regularizer="l2", name="first"),
            cr.DepthwiseConv2D(2, depth_multiplier=2, padding=((1, 0), (0, 1)), use_bias=False),
            cr.SeparableConv2D(3, 3, padding=1, activation="tanh", initializer=cr.Scaled(1.5, "in")),
            cr.Conv2DTranspose(2, 3, (2, 1), "same", output_padding=(1, 0)), cr.Flatten(), cr.Dense(2, "softmax"),
        ],
        (6, 5, 2), targets="labels",
    ),
    "convolved_sequences": chain(
        lambda: [
            cr.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="relu"),
            cr.Conv1D(3, 2, 2, (1, 0)), cr.Flatten(), cr.Dense(1),
        ],
        (9, 2),
    ),
    "sloped_sequences": chain(
        lambda: [
            cr.GaussianNoise(0.1), cr.DepthwiseConv1D(2, depth_multiplier=2, padding="causal"), cr.PReLU((1,)),
            cr.SeparableConv1D(3, 3, 2, dilation_rate=2, activation="tanh"), cr.PReLU((), 0.1, "l2"),
            cr.Conv1DTranspose(2, 3, 2, "same", output_padding=1), cr.Flatten(), cr.Dense(1),
        ],
        (9, 2),
    ),
    "volumes": chain(lambda: [cr.Conv3D(2, (1, 2, 2), 1, (0, 1, (1, 0))), cr.Flatten(), cr.Dense(1)], (2, 3, 3, 1)),
    "binary": chain(lambda: [cr.Dense(4, "relu"), cr.Dense(1, "sigmoid")], targets="yes or no"),
    "counts": chain(lambda: [cr.Dense(4, "tanh"), cr.Dense(1, "softplus")], loss="poisson", targets="counts"),
    "robust": chain(lambda: [cr.Dense(4, "tanh"), cr.Dense(2)], loss=cr.Huber(0.7)),
    "quantile": chain(lambda: [cr.Dense(4, "relu"), cr.Dense(1)], loss=cr.Quantile(0.8)),
    "absolute": chain(lambda: [cr.Dense(2)], loss="mean_absolute_error", dtype="float64"),
    "own": chain(
        lambda: [
            cr.Dense(4, swish2, initializer=halves, regularizer=lasso), Scale(0.5, inner=cr.Dense(3, "tanh")),
            cr.Dense(1),
        ],
        loss=between,
    ),
    "checkpoint": checkpoint,
    "moves": drawn(moves, {"a": (6,), "b": (3,)}),
    "products": drawn(products, {"a": (6,), "b": (3,)}),
    "products_float64": drawn(products, {"a": (6,), "b": (3,)}, dtype="float64"),
    "choices": drawn(choices, {"a": (6,), "b": (3,)}, epochs=0),
    "formulas": drawn(formulas, {"a": (6,), "b": (3,)}),
    "formulas_float64": drawn(formulas, {"a": (6,), "b": (3,)}, dtype="float64"),
    "sums": drawn(sums, {"a": (6,), "b": (3,)}),
    "slopes": drawn(slopes, {"a": (6,), "b": (3,)}, epochs=0),
    "shared": shared_labels,
    "shapes": chain(
        lambda: [
            cr.Rescaling(0.5, offset=0.25), cr.Reshape((4, 3, 2)), cr.ZeroPadding2D(((1, 0), (2, 1))),
            cr.UpSampling2D((2, 1)), cr.UpSampling2D(2, "bilinear"), cr.GroupNormalization(2), cr.Cropping2D((4, 1)),
            cr.SpatialDropout2D(0.25), cr.Permute((2, 1, 3)), cr.Flatten(), cr.Dense(2),
        ],
        shape=24,
    ),
    "sequences": chain(
        lambda: [
            cr.Reshape((-1, 2)), cr.ZeroPadding1D((2, 1)), cr.UpSampling1D(2), cr.SpatialDropout1D(0.25),
            cr.Cropping1D(2), cr.Flatten(), cr.Dense(2),
        ],
        shape=6, dtype="float64",
    ),
    "pooled": chain(
        lambda: [
            cr.MaxPooling2D(2), cr.AveragePooling2D((2, 3), strides=1, padding="same"), cr.MaxPooling2D(3, 2, "same"),
            cr.GlobalAveragePooling2D(keepdims=True), cr.GlobalMaxPooling2D(), cr.Dense(2),
        ],
        shape=(9, 8, 3),
    ),
    "pooled_sequences": chain(
        lambda: [
            cr.MaxPooling1D(2), cr.AveragePooling1D(3, strides=1, padding="same"), cr.GlobalMaxPooling1D(keepdims=True),
            cr.GlobalAveragePooling1D(), cr.Dense(2),
        ],
        shape=(9, 3),
    ),
    "padded": padded(lambda: [cr.Masking(-1.0), cr.Dense(4, "tanh"), cr.BatchNormalization(), cr.Dense(2)]),
    "padded_words": padded(
        lambda: [cr.Embedding(9, 3, mask_zero=True), cr.GlobalAveragePooling1D(), cr.Dense(2)], words=True
    ),
    "augmented": chain(
        lambda: [
            cr.RandomFlip("horizontal"), cr.RandomTranslation(0.2, (-0.1, 0.3), "constant", fill_value=0.5),
            cr.RandomRotation(0.05, "nearest"), cr.RandomZoom((-0.2, 0.1)), cr.RandomContrast((0.1, 0.2)),
            cr.RandomBrightness(0.1, (-3, 3)), cr.Flatten(), cr.Dense(2),
        ],
        shape=(5, 4, 2),
    ),
    "encoded": drawn(encoded, {"x": (3,)}),
    "merged": drawn(merged, {"a": (6,), "b": (3,)}),
    "recurrent": drawn(recurrent, {"x": (5, 3)}),
    "looped": drawn(looped, {"x": (4, 3)}),
}  # fmt: skip


# --- tables -----------------------------------------------------------------------------------------------


def table(rows=60):
    """Numbers, categories, missing cells of both, truth values, dates and row numbers, and targets of every task."""
    draw = rng(6)
    size, age = draw.normal(120, 30, rows).round(2), draw.integers(0, 90, rows)
    frame = pd.DataFrame(
        {
            "id": np.arange(rows),
            "size": size,
            "age, years": age.astype(float),
            "kind": draw.choice(["house", "flat", "größer"], rows),
            'a "quoted" name': draw.choice(["x", "y\tz", "=1+1"], rows),
            "garden": draw.choice([True, False], rows),
            "built": pd.date_range("2020-01-01", periods=rows).strftime("%Y-%m-%d"),
        }
    )
    frame.loc[::7, "age, years"] = np.nan
    frame.loc[3::9, "kind"] = None
    frame["price"] = (size * 3 + age * 0.5 + draw.normal(size=rows)).round(3)
    frame["rent"] = (size / 7).round(3)
    frame["sold"] = np.where(frame["price"] > 370, "yes", "no")
    frame["grade"] = pd.cut(frame["price"], 3, labels=["low", "middle", "top"]).astype(str)
    frame["level"] = np.digitize(frame["price"], [320, 400]) + 1
    frame["big"], frame["old"] = (size > 120).astype(int), (age > 40).astype(int)
    return frame


INPUTS = ["id", "size", "age, years", "kind", 'a "quoted" name', "garden", "built"]
TABLES = {
    "regression": ("price", {}),
    "several_targets": (["price", "rent"], {"hidden": (5, 4), "test_fraction": 0}),
    "binary_table": ("sold", {}),
    "classes": ("grade", {"dropout": 0.1}),
    "numbered_classes": ("level", {"hidden": ()}),
    "labels": (["big", "old"], {"hidden": (4,)}),
}


def write_network(name, make, folder):
    path = folder / name
    network, X, y = make(path)
    network.save(path.with_suffix(".safetensors"))
    network.engine = "numpy"
    cost = network.evaluate(X, y)["cost"]
    few = {k: v[:ROWS] for k, v in X.items()}
    shown = {f"input_{k}": v for k, v in X.items()}
    prediction = network.predict(few if len(few) > 1 else few["x"])
    np.savez_compressed(path, **shown, y=y, prediction=prediction, cost=cost)


def write_table(name, target, options, folder):
    targets = [target] if isinstance(target, str) else target
    frame = table()[[*INPUTS, *targets]]
    options = {"hidden": (6, 4), "epochs": 12, **options}
    model = cr.TableModel.train(frame, target, seed=3, engine="numpy", **options)
    model.save(folder / f"{name}.safetensors")
    shown = frame[INPUTS][: 2 * ROWS]
    shown.to_csv(folder / f"{name}.csv", index=False)
    model.predict(shown).to_csv(folder / f"{name}.predictions.csv", index=False)


def main(names):
    folder = HERE / cr.__version__
    folder.mkdir(exist_ok=True)
    for name in names:
        if (folder / f"{name}.safetensors").exists():
            raise SystemExit(f"{name} is written: a version's files are written once.")
        if name in TABLES:
            write_table(name, *TABLES[name], folder)
        else:
            write_network(name, NETWORKS[name], folder)
    print(f"{folder}: {sum(f.stat().st_size for f in folder.iterdir()):,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:] or [*NETWORKS, *TABLES])
