"""What a docstring says is raised is raised: a case for each line of each ``Raises``, and a line for each case."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference import entries, handed, is_error

import chainrule as cr
from chainrule.errors import (
    DataError as Data,
    FileFormatError as Format,
    GraphError as Graph,
    MissingFileError as Missing,
    MissingLibraryError as Library,
    NoDerivativeError as NoDerivative,
    ShapeError as Shape,
    UnknownNameError as Unknown,
)
from chainrule.graph.primitives.primitive import TABLE
from chainrule.nn.layers.base import Scope

X, Y = np.ones((4, 2)), np.ones(4)
v, x, rows = cr.variable([1.0, 2.0], "v"), cr.input("x", (2,)), cr.input("rows", ("n", 2))
w = cr.variable(3.0, "w")
SUM = cr.Dense(1, initializer="ones")
WORDS = pd.DataFrame({"a": ["red", "green"] * 20})
FRAME = pd.DataFrame({"a": [1.0, 2.0] * 20, "b": ["yes", "no"] * 20})


def unbuilt():
    return cr.Network([cr.Dense(1)], seed=0)


def built(*layers):
    return cr.Network(list(layers) or [cr.Dense(1)], input_shape=2, seed=0)


def reading():
    return cr.Network([cr.LSTM(3), cr.Dense(1)], input_shape=(5, 2), seed=0)


def seeing():
    return cr.Network([cr.Conv1D(3, 2), cr.Flatten(), cr.Dense(1)], input_shape=(5, 2), seed=0)


def three():
    return built(cr.Dense(3, "softmax"))


def yes_or_no():
    return built(cr.Dense(1, "sigmoid"))


def classifier():
    return cr.NetworkClassifier(epochs=1).fit(X, [0, 1, 1, 1])


class Foreign:
    """An array of another library."""

    def __array_namespace__(self):
        return None


def recorded(**of):
    return built().fit(X, Y, epochs=1, callbacks=cr.Record(**of)).recorded


def mlp():
    return cr.MLPClassifier(5, solver="lbfgs").fit(X, [0, 1, 1, 1])


def of_table(kind):
    return kind(members=1, epochs=1, hidden=()).fit(FRAME[["a"]], FRAME["a"].astype(int))


def model():
    return cr.TableModel.train(FRAME, "b", epochs=1)


def one_epoch(name):
    return cr.History({name: [1.0]}, times=[0.1])


def log_on_a_full_disk(event, *given, log=None):
    class Full:
        def write(self, text):
            raise OSError(28, "No space left on device")

        def close(self):
            pass

    log = log or cr.CSVLog("log.csv")
    log._file = Full()
    getattr(log, event)(*given)


def finished_run():
    if not Path("finished").exists():
        cr.TableModel.train(FRAME, "b", epochs=1, run="finished")
    return "finished"


def damaged_run():
    Path(finished_run(), "metrics.json").write_text("{")
    return "finished"


def board():
    return cr.TensorBoardLog("logs")


def learned():
    history = one_epoch("cost")
    history.learning_rates = [0.1]
    return history


def without_zstandard():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "zstandard", None)
        Path("t.csv.zst").write_bytes(b"\x28\xb5\x2f\xfd")
        cr.read_table("t.csv.zst")


def ends_in(layer, activation):
    return {"Dense": cr.Dense(1, activation), "Activation": cr.Activation(activation)}[layer]


KERNELS = ("Conv1D", "Conv2D", "Conv3D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose",
           "DepthwiseConv1D", "SeparableConv1D", "Conv1DTranspose")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Twice(cr.Layer):
    shape: tuple[int, ...]

    def build(self, scope, x):
        return x * scope.parameter("W", self.shape, "ones") * scope.parameter("W", self.shape, "ones")


def no_model():
    with open("text.safetensors", "w") as file:
        print("text", file=file)
    return "text.safetensors"


def broken_run():
    from pathlib import Path

    Path("broken").mkdir()
    Path("broken/config.toml").write_text("epochs =")
    return "broken"


def config(text):
    with open("config.toml", "w") as file:
        print(text, file=file)
    return "config.toml"


def new_row(name, forward):
    return cr.primitive(name, forward, lambda y, x: [1])


def fitted(**settings):
    return lambda: built().fit(X, Y, epochs=1, **settings)


def many(**settings):
    return lambda: cr.fit_many([built()], X, Y, epochs=1, **settings)


def kept():
    (history,) = many(validation_rows=[[0]], keep_epochs=True)()
    return history.kept


NUMBERS = [
    "elu",
    "gelu",
    "leaky_relu",
    "logsumexp",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "exponential",
    "step",
    "stop_gradient",
    "tanh",
]
PAIRS = ["binary_crossentropy", "half_mse", "huber", "mae", "mse", "poisson", "quantile"]
PICTURE = cr.input("picture", ("batch", 2, 2, 4))
SEQUENCES = {"ZeroPadding1D": "padding", "Cropping1D": "cropping", "UpSampling1D": "size"}
PICTURES = {"ZeroPadding2D": "padding", "Cropping2D": "cropping", "UpSampling2D": "size"}
NO_PLACES = {**SEQUENCES, **PICTURES}  # (features) has none
NO_PLACES |= {f"{kind}Pooling{rank}D": "pool_size" for kind in ("Max", "Average") for rank in (1, 2)}
GLOBAL = [f"Global{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in (1, 2)]
DRAWN = {name: (0.1,) * (1 + (name == "RandomTranslation")) for name in (
    "RandomBrightness", "RandomContrast", "RandomRotation", "RandomTranslation", "RandomZoom")}  # fmt: skip
NO_PLACES |= dict.fromkeys(("SpatialDropout1D", "SpatialDropout2D"), "rate")
STEPS = cr.input("steps", ("batch", 3, 4))
RECURRENT = {
    **{name: getattr(cr, name)(2) for name in ("SimpleRNN", "LSTM", "GRU")},
    "RNN": cr.RNN(type("Still", (cr.Cell,), {"states": (4,), "step": lambda self, scope, x, h: (h, h)})()),
    "Bidirectional": cr.Bidirectional(cr.GRU(2)),
}


def called(layer, how, *xs):
    return layer(*xs) if how == "__call__" else layer.build(Scope(layer, STEPS.dtype), *xs)


UNITS = ["SimpleRNN", "LSTM", "GRU"]
MERGED = ["Add", "Average", "Maximum", "Multiply", "Subtract"]
LOOKS = ["architecture", "inputs", "output", "parameters", "statistics"]
GIVEN_DATA = ["activations", "predict", "predict_classes"]
GIVEN_TARGETS = ["check_gradients", "evaluate", "gradients"]

# name, what is raised, and what raises it; methods and properties as the class has them
P = cr.pictures
CURVES = ["roc", "precision_recall", "calibration", "thresholds"]
OF_NUMBERS = ["predicted_against_true", "residuals"]
INSIDE = ["filters", "cell", "weights"]
OF_ROWS = ["feature_maps", "gates", "activations", "dead_units"]
OF_TARGETS = ["predictions", "gradients"]
PICTURED = [
    ("Mark", Data, lambda: P.Line([1], [1, 2])),
    *[(kind, Data, lambda kind=kind: getattr(P, kind)(["a"], [1])) for kind in ("Line", "Points", "Bars")],
    *[(kind, Data, lambda kind=kind: getattr(P, kind)([1], [1], [1, 2])) for kind in ("Band", "Spans")],
    *[(kind, Graph, lambda kind=kind: getattr(P, kind)([1], [1], colour="red")) for kind in ("Line", "Points", "Bars")],
    *[(kind, Graph, lambda kind=kind: getattr(P, kind)([1], [1], [1], colour=3)) for kind in ("Band", "Spans")],
    ("Heat", Data, lambda: P.Heat([1])),
    ("Heat", Graph, lambda: P.Heat([[1]], palette="jet")),
    ("Patches", Data, lambda: P.Patches([], [1])),
    ("Patches", Graph, lambda: P.Patches([], [], palette="jet")),
    ("Contours", Data, lambda: P.Contours([(1, [1])])),
    ("Contours", Graph, lambda: P.Contours([], palette="jet")),
    ("Text", Data, lambda: P.Text("left", 0, "a")),
    ("Text", Graph, lambda: P.Text(np.nan, 0, "a")),
    ("Rule", Data, lambda: P.Rule()),
    ("Rule", Graph, lambda: P.Rule(x=1, dash="-")),
    ("Box", Data, lambda: P.Box(0, 0, 1, 1, "a")),
    ("Box", Graph, lambda: P.Box(0, 0, 0, 1)),
    ("Arrow", Data, lambda: P.Arrow([1])),
    ("Arrow", Graph, lambda: P.Arrow([(0, 0)], width=0)),
    ("Axis", Data, lambda: P.Axis(ticks=[1])),
    ("Axis", Graph, lambda: P.Axis(scale="cubic")),
    ("Panel", Data, lambda: P.Panel([1])),
    ("Panel", Graph, lambda: P.Panel([], equal="yes")),
    ("Picture", Data, lambda: cr.Picture([3])),
    ("Picture", Graph, lambda: cr.Picture([], columns=0)),
    ("beside", Data, lambda: P.beside(3)),
    ("network", Graph, lambda: P.network(built(), neuron=(9, 1))),
    ("network", Data, lambda: P.network(built(), names=["a"])),
    *[(kind, Graph, lambda kind=kind: getattr(P, kind)(unbuilt())) for kind in INSIDE],
    *[(kind, Graph, lambda kind=kind: getattr(P, kind)(unbuilt(), [[1.0]])) for kind in OF_ROWS],
    *[(kind, Data, lambda kind=kind: getattr(P, kind)(built(), ["a"])) for kind in ("activations", "dead_units")],
    *[(kind, Graph, lambda kind=kind: getattr(P, kind)(unbuilt(), [[1.0]], [1])) for kind in OF_TARGETS],
    *[(kind, Data, lambda kind=kind: getattr(P, kind)(three(), [[1.0] * 3], [0])) for kind in OF_TARGETS],
    *[(kind, Unknown, lambda kind=kind: getattr(P, kind)(reading(), layer="dense_9")) for kind in ("filters", "cell")],
    ("filters", Data, lambda: P.filters(built(), shape=(7, 7))),
    ("feature_maps", Unknown, lambda: P.feature_maps(seeing(), np.ones((1, 5, 2)), "dense_9")),
    ("feature_maps", Data, lambda: P.feature_maps(seeing(), np.ones((1, 5, 2)), row=3)),
    ("gates", Unknown, lambda: P.gates(reading(), np.ones((1, 5, 2)), "dense_9")),
    ("gates", Data, lambda: P.gates(reading(), np.ones((1, 5, 2)), row=3)),
    ("confusion", Data, lambda: P.confusion([], [])),
    ("confusion", Shape, lambda: P.confusion([1], [1, 2])),
    *[(kind, Data, lambda kind=kind: getattr(P, kind)([1, 1], [1, 1])) for kind in CURVES],
    *[(kind, Shape, lambda kind=kind: getattr(P, kind)([1, 0], [1])) for kind in CURVES],
    *[(kind, Data, lambda kind=kind: getattr(P, kind)([1.0], [np.nan])) for kind in OF_NUMBERS],
    *[(kind, Shape, lambda kind=kind: getattr(P, kind)([1.0], [1.0, 2.0])) for kind in OF_NUMBERS],
    ("boundary", Data, lambda: P.boundary("a model", [[1, 2]])),
    ("boundary", Shape, lambda: P.boundary(yes_or_no(), [[1.0, 2.0]], [1, 2])),
    ("boundary", Unknown, lambda: P.boundary(yes_or_no(), [[1.0, 2.0]], features=("a", "b"))),
    ("bowl", Data, lambda: P.bowl(3)),
    ("bowl", Graph, lambda: P.bowl(w * w, wrt=cr.variable(1.0, "v"))),
    ("bowl", NoDerivative, lambda: P.bowl(cr.step(w), wrt=w, start=1.0)),
    ("bowl", Shape, lambda: P.bowl(cr.variable([1.0]))),
    ("bowl", Unknown, lambda: P.bowl(yes_or_no(), [[1.0, 2.0]], [1.0], wrt="W9[0]")),
    ("hidden", Data, lambda: P.hidden(yes_or_no(), [[1.0, 2.0]], layer=9)),
    ("hidden", Shape, lambda: P.hidden(yes_or_no(), [[1.0, 2.0]], [1, 2], layer=-1)),
    ("hidden", Unknown, lambda: P.hidden(yes_or_no(), [[1.0, 2.0]], layer="A9")),
    ("history", Data, lambda: P.history(3)),
    ("compare", Data, lambda: P.compare({}, X, Y)),
    ("compare", Graph, lambda: P.compare({"a": 3}, X, Y)),
    ("compare", Unknown, lambda: P.compare({"a": built()}, X, Y, what="gain", epochs=1)),
    ("scale", Data, lambda: P.scale(X, Y)),
    ("scale", Shape, lambda: P.scale(X, [1])),
    ("costs", Data, lambda: P.costs([])),
    ("costs", Unknown, lambda: P.costs(cr.History({"cost": [1.0]}, times=[0.1]), "accuracy")),
    ("learning_rates", Data, lambda: P.learning_rates(3)),
    ("norms", Data, lambda: P.norms(3)),
    ("weights_over_time", Data, lambda: P.weights_over_time(recorded())),
    ("weights_over_time", Unknown, lambda: P.weights_over_time(recorded(values=True), "W9")),
    ("activation", Data, lambda: P.activation("softmax")),
    ("activation", Unknown, lambda: P.activation("rellu")),
    ("activation", Graph, lambda: P.activation(lambda z: z.sum())),
]  # fmt: skip


def picture():
    return cr.Picture(P.Panel([P.Line([0, 1], [0, 1])]))


def without(library, does):
    """Do something where a library is not installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, library, None)
        does()


CASES = [
    *[(name, Graph, lambda name=name: getattr(cr, name)("text")) for name in NUMBERS],
    ("step", NoDerivative, lambda: cr.grad(cr.step(w), w)),
    *[(name, Shape, lambda name=name: getattr(cr, name)([1.0], [1.0, 2.0])) for name in PAIRS],
    ("categorical_crossentropy", Shape, lambda: cr.categorical_crossentropy([[1, 0, 0]], [[0.5, 0.5]])),
    ("categorical_crossentropy", Data, lambda: cr.categorical_crossentropy([2], [[0.5, 0.5]])),
    *[(name, Graph, lambda name=name: getattr(cr, name)(0)) for name in RECURRENT],
    *[(name, Unknown, lambda name=name: getattr(cr, name)(2, "tahn")) for name in UNITS],
    *[(f"{name}.{how}", Graph, lambda how=how, layer=layer: called(layer, how, STEPS, *[STEPS] * 3))
      for name, layer in RECURRENT.items() for how in ("__call__", "build")],
    *[(f"{name}.{how}", Shape, lambda how=how, layer=layer: called(layer, how, rows))
      for name, layer in RECURRENT.items() for how in ("__call__", "build")],
    ("Cell", Graph, lambda: cr.Cell(trainable="yes")),
    ("Cell.build", Graph, lambda: cr.Cell()(STEPS)),
    ("Cell.step", Graph, lambda: cr.RNN(type("Idle", (cr.Cell,), {"states": (4,)})())(STEPS)),
    # settings
    ("Metric.__call__", Graph, lambda: cr.Metric(lambda y, p: "good")(np.ones(2), np.ones((2, 1)))),
    ("LeakyReLU", Graph, lambda: cr.LeakyReLU("steep")),
    ("ELU", Graph, lambda: cr.ELU(np.inf)),
    ("CategoricalCrossentropy", Graph, lambda: cr.CategoricalCrossentropy(1)),
    ("CategoricalCrossentropy.__call__", Shape, lambda: cr.CategoricalCrossentropy()([[1, 0, 0]], [[0.5, 0.5]])),
    ("CategoricalCrossentropy.__call__", Data, lambda: cr.CategoricalCrossentropy()([2], [[0.5, 0.5]])),
    ("Huber", Graph, lambda: cr.Huber(0)),
    ("Metric", Graph, lambda: cr.Metric(3)),
    ("Quantile", Graph, lambda: cr.Quantile(1)),
    ("Filled", Graph, lambda: cr.Filled("half")),
    ("Normal", Graph, lambda: cr.Normal(-1)),
    ("TruncatedNormal", Graph, lambda: cr.TruncatedNormal(-1)),
    ("Scaled", Graph, lambda: cr.Scaled(fan="out")),
    ("Orthogonal", Graph, lambda: cr.Orthogonal(0)),
    ("Orthogonal", Shape, lambda: cr.Orthogonal()((3,), np.random.default_rng(0))),
    ("Orthogonal.__call__", Shape, lambda: cr.Orthogonal()((3,), np.random.default_rng(0))),
    *[(f"{n}.__call__", Shape, lambda n=n: getattr(cr, n)()([1.0], [1.0, 2.0])) for n in ("Huber", "Quantile")],
    ("L1", Graph, lambda: cr.L1(-1)),
    ("L2", Graph, lambda: cr.L2(1, divisor=0)),
    ("L1L2", Graph, lambda: cr.L1L2(l1=-1)),
    ("ExponentialDecay", Graph, lambda: cr.ExponentialDecay(1, 1, per="hour")),
    ("StepDecay", Graph, lambda: cr.StepDecay(1, factor=1)),
    ("Cosine", Graph, lambda: cr.Cosine(0)),
    ("OneCycle", Graph, lambda: cr.OneCycle(1, rise=1)),
    ("WarmUp", Graph, lambda: cr.WarmUp(0.1)),
    ("ReduceOnPlateau", Graph, lambda: cr.ReduceOnPlateau(1, minimum=2)),
    ("SGD", Graph, lambda: cr.SGD(nesterov=True)),
    *[(name, Graph, lambda name=name: getattr(cr, name)(0)) for name in ("Adagrad", "Adam", "AdamW", "RMSprop")],
    ("LBFGS", Graph, lambda: cr.LBFGS(0)),
    ("Optimizer", Graph, lambda: cr.SGD(-1)),
    ("Optimizer.update", Graph, lambda: cr.SGD(cr.Cosine(1)).update([w], [w], cr.variable(0.0))),
    # layers
    ("Layer", Graph, lambda: cr.Dense(1)(3.0)),
    ("Layer.__call__", Graph, lambda: cr.Dense(1)(x, x)),
    ("Layer.build", Graph, lambda: cr.Layer().build(None, x)),
    ("Scope.parameter", Graph, lambda: Twice((2,))(x)),
    ("Scope.parameter", Shape, lambda: Twice((10**9, 10**9))(x)),
    ("Dense", Graph, lambda: cr.Dense(0)),
    ("Dense", Unknown, lambda: cr.Dense(1, regularizer="l3")),
    ("Activation", Unknown, lambda: cr.Activation("rellu")),
    *[(f"{n}.build", Graph, lambda n=n: ends_in(n, lambda z: 3.0)(rows)) for n in ("Dense", "Activation")],
    *[(f"{n}.build", Shape, lambda n=n: ends_in(n, lambda z: z.sum())(rows)) for n in ("Dense", "Activation")],
    *[(f"{n}.build", Shape, lambda n=n: getattr(cr, n)()(x)) for n in ("BatchNormalization", "LayerNormalization")],
    ("Dropout", Graph, lambda: cr.Dropout(50)),
    ("Embedding", Graph, lambda: cr.Embedding(0, 1)),
    ("Embedding", Unknown, lambda: cr.Embedding(1, 1, "hee")),
    ("Embedding", Shape, lambda: built(cr.Reshape((2, 1)), cr.Embedding(3, 2, mask_zero=True))),
    ("Embedding.mask_after", Shape, lambda: cr.Embedding(3, 2, mask_zero=True).mask_after(rows[:, :, None])),
    ("Masking.build", Shape, lambda: built(cr.Masking())),
    ("Masking.mask_after", Shape, lambda: cr.Masking().mask_after(rows)),
    ("Masking", Graph, lambda: cr.Masking(np.nan)),
    ("pad_sequences", Data, lambda: cr.pad_sequences([1.0, 2.0])),
    ("pad_sequences", Graph, lambda: cr.pad_sequences([[1.0], [2.0]], padding="before")),
    ("mask_of", Graph, lambda: cr.mask_of(cr.Masking()(cr.input("s", ("batch", 5, 2))).sum(axis=1))),
    ("Embedding", Data, lambda: built(cr.Embedding(3, 2)).predict([[0, 3]])),
    ("Flatten", Graph, lambda: cr.Flatten(trainable=2)),
    ("Reshape", Graph, lambda: cr.Reshape((-1, -1))),
    ("Reshape.build", Shape, lambda: cr.Reshape((3,))(rows)),
    ("GaussianNoise", Graph, lambda: cr.GaussianNoise(-0.1)),
    ("PReLU", Graph, lambda: cr.PReLU((0,))),
    ("PReLU", Unknown, lambda: cr.PReLU(initializer="some")),
    ("PReLU.build", Shape, lambda: cr.PReLU((2,))(rows)),
    ("Permute", Graph, lambda: cr.Permute((0, 1))),
    ("Permute.build", Shape, lambda: cr.Permute((2, 1))(rows)),
    ("Rescaling", Graph, lambda: cr.Rescaling("half")),
    ("Rescaling.build", Shape, lambda: cr.Rescaling((1, 2, 3))(rows)),
    ("Clip", Graph, lambda: cr.Clip(1, 0)),
    ("Clip.build", Shape, lambda: cr.Clip(0, (1, 2, 3))(rows)),
    ("Mixture", Graph, lambda: cr.Mixture((0.5, 0.6))),
    ("Mixture.build", Graph, lambda: cr.Mixture((0.5, 0.5))(rows)),
    ("Mixture.build", Shape, lambda: cr.Mixture((0.5, 0.5))(rows, PICTURE)),
    ("PiecewiseLinearEncoding", Graph, lambda: cr.PiecewiseLinearEncoding(((1, 0),))),
    ("PiecewiseLinearEncoding.build", Shape, lambda: cr.PiecewiseLinearEncoding(((0, 1),) * 9)(rows)),
    ("bin_edges", Shape, lambda: cr.bin_edges([1.0, 2.0], 3)),
    ("bin_edges", Data, lambda: cr.bin_edges([["a"]], 3)),
    ("bin_edges", Graph, lambda: cr.bin_edges([[1.0]], 0)),
    ("mixture", Graph, lambda: cr.mixture([])),
    ("mixture", Shape, lambda: cr.mixture([cr.Network([cr.Dense(n)], input_shape=2) for n in (1, 2)])),
    ("mixture", Data, lambda: cr.mixture([cr.Network([cr.Dense(1)], input_shape=2)], [-1])),
    *[(name, Graph, lambda name=name: getattr(cr, name)(-1)) for name in NO_PLACES],
    *[(f"{n}.build", Shape, lambda n=n, a=a: getattr(cr, n)(**{a: 0.5 if a == "rate" else 1})(rows))
      for n, a in NO_PLACES.items()],
    *[(name, Graph, lambda name=name: getattr(cr, name)(trainable=2)) for name in MERGED],
    *[(f"{n}.build", Shape, lambda n=n: getattr(cr, n)()(rows, PICTURE)) for n in (*MERGED, "Concatenate")],
    *[(f"{n}.build", Graph, lambda n=n: getattr(cr, n)()(rows)) for n in (*MERGED[:4], "Concatenate")],
    *[(name, Graph, lambda name=name: getattr(cr, name)(keepdims=2)) for name in GLOBAL],
    *[(f"{name}.build", Shape, lambda name=name: getattr(cr, name)()(rows)) for name in (*GLOBAL, "RandomFlip")],
    *[(n, Graph, lambda n=n, given=given: getattr(cr, n)(*[-g for g in given])) for n, given in DRAWN.items()],
    *[(f"{n}.build", Shape, lambda n=n, given=given: getattr(cr, n)(*given)(rows)) for n, given in DRAWN.items()],
    ("RandomFlip", Graph, lambda: cr.RandomFlip("sideways")),
    ("Concatenate", Graph, lambda: cr.Concatenate("last")),
    ("GroupNormalization", Graph, lambda: cr.GroupNormalization(0)),
    ("GroupNormalization.build", Shape, lambda: cr.GroupNormalization(3)(PICTURE)),
    *[(n, Graph, lambda n=n: getattr(cr, n)(0, 0)) for n in KERNELS],
    *[(n, Unknown, lambda n=n: getattr(cr, n)(8, 3, padding="some")) for n in KERNELS],
    *[(f"{n}.build", Shape, lambda n=n: getattr(cr, n)(3, 3)(rows)) for n in KERNELS],
    ("BatchNormalization", Graph, lambda: cr.BatchNormalization(1)),
    ("LayerNormalization", Graph, lambda: cr.LayerNormalization(0)),
    # graphs
    ("variable", Graph, lambda: cr.variable("text")),
    ("variable", Shape, lambda: cr.variable([[1], [1, 2]])),
    ("constant", Graph, lambda: cr.constant(1e300, dtype="float32")),
    ("constant", Shape, lambda: cr.constant([[1], [1, 2]])),
    ("input", Graph, lambda: cr.input("x", (), "complex64")),
    ("input", Shape, lambda: cr.input("x", (1.5,))),
    ("Node.value", Graph, lambda: (x + 1).value),
    ("Node.value", Shape, lambda: setattr(v, "value", [1.0])),
    ("Node.value", AttributeError, lambda: setattr(v + 1, "value", [1.0, 2.0])),
    ("Trace", Graph, lambda: cr.trace(v)[w]),
    ("trace", Graph, lambda: cr.trace(x + 1)),
    ("trace", Shape, lambda: cr.trace(x + 1, {x: [1.0]})),
    ("find_learning_rate", Data, lambda: cr.find_learning_rate(unbuilt(), X, Y, low=1.0, high=0.1)),
    ("find_learning_rate", Graph, lambda: cr.find_learning_rate(unbuilt(), X, Y, optimizer="lbfgs")),
    ("grad", Graph, lambda: cr.grad(3.0, w)),
    ("grad", Shape, lambda: cr.grad(v, v)),
    ("grad", NoDerivative, lambda: cr.grad(cr.step(w), w)),
    ("simplify", Graph, lambda: cr.simplify(3.0)),
    ("scan", Graph, lambda: cr.scan(lambda h, x: h + x, 0.0, v)),
    ("scan", Shape, lambda: cr.scan(lambda h, x: (h + v, None), 0.0, v)),
    ("unroll", Graph, lambda: cr.unroll(cr.scan(lambda h, x: (h + x.sum(), None), 0.0, rows)[0])),
    ("explain", Graph, lambda: cr.explain(cr.input("z") * w)),
    ("explain", Shape, lambda: cr.explain(2 * v, v)),
    ("explain", Data, lambda: cr.explain(built(), X, parameter="W1", index=(0, 0))),
    ("explain", Unknown, lambda: cr.explain(built(), X, Y, parameter="W7")),
    ("NetworkExplanation.row", Data, lambda: cr.explain(built(), X).row(9)),
    ("NetworkExplanation.derivation", Data, lambda: cr.explain(built(), X).derivation),
    ("draw", Graph, lambda: cr.draw(3.0)),
    ("draw", Unknown, lambda: cr.draw(x.sum(), fold="layer")),
    ("draw", Shape, lambda: cr.draw(x.sum(), feed={x: np.ones((2, 5))})),
    ("draw", Data, lambda: cr.draw(cr.Network([cr.Dense(1)], input_shape=2), X=[["a"]])),
    ("explain", NoDerivative, lambda: cr.explain(cr.step(w), w)),
    ("MatrixExplanation.element", Graph, lambda: cr.explain((v * v).named("y")).element("y", 2)),
    ("MatrixExplanation.element", Unknown, lambda: cr.explain((v * v).named("y")).element("z", 0)),
    ("attributions", Data, lambda: cr.attributions(built(), np.ones((0, 2)))),
    ("attributions", Graph, lambda: cr.attributions(3.0, X)),
    ("attributions", Unknown, lambda: cr.attributions(built(), X, "saliency")),
    ("attributions", NoDerivative, lambda: cr.attributions(built(cr.Activation("step"), cr.Dense(1)), X)),
    ("attributions", Shape, lambda: cr.attributions(built(), X, baseline=np.ones((3, 2)))),
    ("pictures.attributions", Data, lambda: cr.pictures.attributions(3.0)),
    ("pictures.attributions", Shape, lambda: cr.pictures.attributions(cr.attributions(built(), X), image=X)),
    ("pictures.importance", Data, lambda: cr.pictures.importance(3.0)),
    ("Attributions.largest", Data, lambda: cr.attributions(built(), X).largest(4)),
    ("permutation_importance", Data, lambda: cr.permutation_importance(built(), X)),
    ("permutation_importance", Graph, lambda: cr.permutation_importance(3.0, X, Y)),
    ("permutation_importance", Unknown, lambda: cr.permutation_importance(built(), X, Y, metric="f7")),
    ("diagnose", Graph, lambda: cr.diagnose(3.0, X, Y)),
    ("diagnose", Data, lambda: cr.diagnose(built(), X, Y, None, 3.0)),
    ("check_gradients", Graph, lambda: cr.check_gradients(np.log(w - 3), w)),
    ("check_gradients", Shape, lambda: cr.check_gradients(v, v)),
    ("compile", Graph, lambda: cr.compile(x + 1)),
    ("compile", Shape, lambda: cr.compile(v, updates={v: 1.0})),
    ("compile", Unknown, lambda: cr.compile(v, engine="gpu")),
    ("Function", Graph, lambda: cr.compile(x + 1, [x])()),
    ("Function", Shape, lambda: cr.compile(x + 1, [x])([1.0])),
    ("Function", Unknown, lambda: cr.compile(x + 1, [x], engine="gpu")),
    ("Function.__call__", Graph, lambda: cr.compile(x + 1, [x])("text")),
    ("Function.__call__", Shape, lambda: cr.compile(x + 1, [x])([1.0])),
    ("Function.show", Unknown, lambda: cr.compile(x + 1, [x]).show("colour")),
    ("one_hot", Data, lambda: cr.one_hot([3], 3)),
    ("Primitive", Graph, lambda: cr.Primitive(name="p", forward=np.exp)),
    ("Primitive.__call__", Graph, lambda: new_row("p", np.exp)(1.0, 2.0)),
    ("Primitive.check", Graph, lambda: np.exp(w).primitive.check(2, {})),
    ("primitive", Graph, lambda: new_row("tanh", np.tanh)),
    ("primitive", Unknown, lambda: cr.primitive("p", np.exp, lambda y, x: [y], colour="red")),
    ("primitive", Shape, lambda: new_row("p", lambda x: x[:1])(v).value),
    # callbacks
    ("EarlyStopping", Graph, lambda: cr.EarlyStopping(0)),
    ("EarlyStopping", Data, lambda: cr.EarlyStopping(monitor=3)),
    ("nudge", Graph, lambda: cr.nudge(w * w, v)),
    ("nudge", Shape, lambda: cr.nudge(v * v, v)),
    ("nudge", Data, lambda: cr.nudge(w * w, w, 0.0)),
    ("Record", Data, lambda: cr.Record(norms=False)),
    ("Record", Graph, lambda: cr.Record(every=0)),
    ("Recorded.by_layer", Unknown, lambda: recorded().by_layer("costs")),
    ("Checkpoint", Data, lambda: cr.Checkpoint("a", monitor=3)),
    ("Checkpoint", Missing, fitted(callbacks=cr.Checkpoint("no/a"))),
    ("Checkpoint.on_train_begin", Data, lambda: cr.Checkpoint(".").on_train_begin(None)),
    ("Checkpoint.on_train_begin", Missing, lambda: cr.Checkpoint("no/a").on_train_begin(None)),
    ("Checkpoint.on_resume", Graph, lambda: cr.Checkpoint("a", monitor="z").on_resume(None, one_epoch("z"))),
    ("Checkpoint.on_epoch_end", Data, lambda: cr.Checkpoint(".").on_epoch_end(built(), 0, {"cost": 1.0})),
    ("Checkpoint.on_epoch_end", Graph, lambda: cr.Checkpoint("a", monitor="z").on_epoch_end(built(), 0, {"z": 1.0})),
    ("CSVLog", Data, fitted(callbacks=cr.CSVLog("."))),
    ("CSVLog", Missing, fitted(callbacks=cr.CSVLog("no/a"))),
    ("CSVLog.on_train_begin", Data, lambda: cr.CSVLog(".").on_train_begin(None)),
    ("CSVLog.on_train_begin", Missing, lambda: cr.CSVLog("no/a").on_train_begin(None)),
    ("CSVLog.on_resume", Data, lambda: log_on_a_full_disk("on_resume", None, one_epoch("cost"))),
    ("CSVLog.on_epoch_end", Data, lambda: log_on_a_full_disk("on_epoch_end", None, 0, {"cost": 0.5})),
    ("TensorBoardLog", Data, lambda: cr.TensorBoardLog("logs", histograms=0)),
    ("TensorBoardLog", Data, fitted(callbacks=cr.TensorBoardLog("\0"))),
    ("TensorBoardLog.on_train_begin", Data, lambda: cr.TensorBoardLog("\0").on_train_begin(None)),
    ("TensorBoardLog.on_resume", Data, lambda: log_on_a_full_disk("on_resume", None, one_epoch("cost"), log=board())),
    (
        "TensorBoardLog.on_epoch_end", Data,
        lambda: log_on_a_full_disk("on_epoch_end", None, 0, {"cost": 0.5}, log=board()),
    ),
    ("TensorBoardLog.on_train_end", Data, lambda: log_on_a_full_disk("on_train_end", None, learned(), log=board())),
    # networks
    ("Network", Graph, lambda: cr.Network([3])),
    ("Network", Shape, lambda: cr.Network([cr.Dense(10**9)], input_shape=10**9)),
    ("Network", Data, lambda: cr.Network([cr.Dense(1)], dtype="float16")),
    ("Network", Unknown, lambda: cr.Network([cr.Dense(1)], engine="gpu")),
    *[(f"Network.{name}", Graph, lambda name=name: getattr(unbuilt(), name)) for name in LOOKS],
    *[(f"Network.{name}", Graph, lambda name=name: getattr(unbuilt(), name)(X)) for name in GIVEN_DATA],
    *[(f"Network.{name}", Data, lambda name=name: getattr(yes_or_no(), name)([[1.0]])) for name in GIVEN_DATA],
    *[
        (f"Network.{name}", Graph, lambda name=name: getattr(unbuilt(), name)(X, Y))
        for name in GIVEN_TARGETS
        if name != "check_gradients"  # which takes them as fit does
    ],
    ("Network.check_gradients", Graph, lambda: built(SUM, cr.Activation(np.log)).check_gradients(-X, Y, loss="mse")),
    *[(f"Network.{name}", Data, lambda name=name: getattr(built(), name)(X, Y[1:])) for name in GIVEN_TARGETS],
    ("Network.evaluate", Unknown, lambda: built().evaluate(X, Y, metrics="goodness")),
    ("Network.fit", Data, fitted(batch_size=-1)),
    ("Network.fit", Format, lambda: fitted(resume=no_model())()),
    ("Network.fit", Missing, fitted(resume="no/a")),
    ("Network.fit", Graph, fitted(optimizer=cr.Adam)),
    ("Network.fit", Unknown, fitted(loss="rellu")),
    ("fit_many", Data, many(rows=[[9]])),
    ("fit_many", Graph, lambda: cr.fit_many([3], X, Y)),
    ("fit_many", Unknown, many(loss="rellu")),
    ("fit_many", Format, lambda: many(resume=no_model())()),
    ("fit_many", Missing, many(resume="no/a")),
    ("KeptEpochs.restore", Data, lambda: kept().restore(built(), 1)),
    ("KeptEpochs.restore", Graph, lambda: replace(kept(), values=None).restore(built(), 0)),
    ("Network.initialize", Graph, lambda: unbuilt().initialize()),
    ("Network.reset_states", Graph, lambda: unbuilt().reset_states()),
    ("Network.initialize", Data, lambda: built().initialize(-1)),
    ("Network.show", Data, lambda: built().show(X, Y[1:])),
    ("Network.show", Unknown, lambda: built().show(X, Y, "colour")),
    ("Network.save", Graph, lambda: unbuilt().save("a")),
    ("Network.save", Data, lambda: built().save(".")),
    ("Network.save", Missing, lambda: built().save("no/a")),
    ("Parameters", Unknown, lambda: built().parameters["w"]),
    ("Parameters", Shape, lambda: built().parameters.__setitem__("W1", [1.0])),
    ("Parameters", Data, lambda: built().parameters.__setitem__("W1", "text")),
    ("Parameters.update", Unknown, lambda: built().parameters.update(w=1.0)),
    ("Parameters.update", Shape, lambda: built().parameters.update(W1=[1.0])),
    ("Parameters.update", Data, lambda: built().parameters.update(W1="text")),
    ("Parameters", Graph, lambda: built().parameters.clear()),
    ("TimeDistributed", Graph, lambda: cr.TimeDistributed(3)),
    ("TimeDistributed.build", Shape, lambda: called(cr.TimeDistributed(cr.Flatten()), "build", cr.input("x", (3,)))),
    ("load", Data, lambda: cr.load("a", custom=3)),
    ("load", Format, lambda: cr.load(no_model())),
    ("load", Missing, lambda: cr.load("a")),
    # tables
    ("load_table", Data, lambda: cr.load_table(".")),
    ("load_table", Missing, lambda: cr.load_table("a")),
    ("read_table", Data, lambda: cr.read_table(".")),
    ("read_table", Missing, lambda: cr.read_table("a")),
    ("read_table", Library, without_zstandard),
    ("write_table", Data, lambda: cr.write_table(FRAME, ".")),
    ("write_table", Missing, lambda: cr.write_table(FRAME, "no/a")),
    ("NetworkClassifier.fit", Data, lambda: cr.NetworkClassifier().fit(X, Y)),  # of one class only
    ("NetworkClassifier.fit", Graph, lambda: cr.NetworkClassifier(cr.Dense(4, "softmax")).fit(X, [0, 1, 2, 2])),
    ("NetworkClassifier.fit", ValueError, lambda: cr.NetworkClassifier().fit(X * np.nan, [0, 1, 1, 1])),
    ("NetworkClassifier.partial_fit", Data, lambda: cr.NetworkClassifier().partial_fit(X, [0, 1, 1, 1])),
    ("NetworkClassifier.partial_fit", Graph, lambda: cr.NetworkClassifier(cr.Dense(3)).partial_fit(X, Y, [0, 1])),
    ("NetworkClassifier.partial_fit", ValueError, lambda: cr.NetworkClassifier().partial_fit(X * np.nan, Y, [0, 1])),
    ("NetworkClassifier.predict", ValueError, lambda: classifier().predict(X[:, :1])),
    ("NetworkClassifier.predict_proba", ValueError, lambda: classifier().predict_proba(X[:, :1])),
    ("NetworkClassifier.predict_log_proba", ValueError, lambda: classifier().predict_log_proba(X[:, :1])),
    ("NetworkClassifier.set_params", Unknown, lambda: cr.NetworkClassifier().set_params(network__units=3)),
    ("NetworkClassifier.set_params", ValueError, lambda: cr.NetworkClassifier().set_params(units=3)),
    ("NetworkRegressor.fit", Data, lambda: cr.NetworkRegressor(early_stopping="yes").fit(X, Y)),
    ("NetworkRegressor.fit", Graph, lambda: cr.NetworkRegressor(cr.Dense(3)).fit(X, Y)),
    ("NetworkRegressor.fit", ValueError, lambda: cr.NetworkRegressor().fit(X * np.nan, Y)),
    ("NetworkRegressor.partial_fit", Data, lambda: cr.NetworkRegressor(batch_size=0).partial_fit(X, Y)),
    ("NetworkRegressor.partial_fit", Graph, lambda: cr.NetworkRegressor(cr.Dense(3)).partial_fit(X, Y)),
    ("NetworkRegressor.partial_fit", ValueError, lambda: cr.NetworkRegressor().partial_fit(X * np.nan, Y)),
    ("NetworkRegressor.predict", ValueError, lambda: cr.NetworkRegressor(epochs=1).fit(X, Y).predict(X[:, :1])),
    ("NetworkRegressor.set_params", Unknown, lambda: cr.NetworkRegressor().set_params(optimizer__rate=3)),
    ("NetworkRegressor.set_params", ValueError, lambda: cr.NetworkRegressor().set_params(units=3)),
    ("MLPClassifier.fit", Data, lambda: cr.MLPClassifier().fit(Foreign(), Y)),
    ("MLPClassifier.fit", ValueError, lambda: cr.MLPClassifier(alpha=-1).fit(X, [0, 1, 1, 1])),
    ("MLPClassifier.predict", ValueError, lambda: mlp().predict(X[:, :1])),
    ("MLPClassifier.predict_proba", ValueError, lambda: mlp().predict_proba(X[:, :1])),
    ("MLPClassifier.predict_log_proba", ValueError, lambda: mlp().predict_log_proba(X * np.nan)),
    ("MLPClassifier.activations", ValueError, lambda: mlp().activations(X[:, :1])),
    ("MLPClassifier.set_callbacks", TypeError, lambda: mlp().set_callbacks(print)),
    ("MLPClassifier.network_", AttributeError, lambda: cr.MLPClassifier().network_),
    ("MLPRegressor.fit", Data, lambda: cr.MLPRegressor().fit(X, Foreign())),
    ("MLPRegressor.fit", ValueError, lambda: cr.MLPRegressor().fit(X, Y[1:])),
    ("MLPRegressor.partial_fit", Data, lambda: cr.MLPRegressor().partial_fit(Foreign(), Y)),
    ("MLPRegressor.partial_fit", ValueError, lambda: cr.MLPRegressor(early_stopping=True).partial_fit(X, Y)),
    ("MLPRegressor.predict", ValueError, lambda: cr.MLPRegressor(max_iter=500).fit(X, Y).predict(X[:, :1])),
    ("MLPRegressor.activations", ValueError, lambda: cr.MLPRegressor().activations(X)),
    ("MLPRegressor.set_callbacks", TypeError, lambda: cr.MLPRegressor().set_callbacks(print)),
    ("MLPRegressor.network_", AttributeError, lambda: cr.MLPRegressor().network_),
    ("TableClassifier.fit", Data, lambda: cr.TableClassifier().fit(X, Y)),  # of one class only
    ("TableClassifier.fit", Unknown, lambda: cr.TableClassifier(categories="town").fit(X, [0, 1, 0, 1])),
    ("TableClassifier.fit", ValueError, lambda: cr.TableClassifier().fit(X, [0, 1])),
    ("TableClassifier.predict", Data, lambda: of_table(cr.TableClassifier).predict(WORDS)),
    ("TableClassifier.predict", ValueError, lambda: of_table(cr.TableClassifier).predict(FRAME)),
    ("TableClassifier.predict_proba", Data, lambda: of_table(cr.TableClassifier).predict_proba(WORDS)),
    ("TableClassifier.predict_proba", ValueError, lambda: of_table(cr.TableClassifier).predict_proba(FRAME)),
    ("TableClassifier.predict_log_proba", Data, lambda: of_table(cr.TableClassifier).predict_log_proba(WORDS)),
    ("TableClassifier.predict_log_proba", ValueError, lambda: of_table(cr.TableClassifier).predict_log_proba(FRAME)),
    ("TableRegressor.fit", Data, lambda: cr.TableRegressor().fit(X, Y)),  # always the same
    ("TableRegressor.fit", Unknown, lambda: cr.TableRegressor(categories="town").fit(X, [0, 1, 0, 1])),
    ("TableRegressor.fit", ValueError, lambda: cr.TableRegressor().fit(X, [0, 1])),
    ("TableRegressor.predict", Data, lambda: of_table(cr.TableRegressor).predict(WORDS)),
    ("TableRegressor.predict", ValueError, lambda: of_table(cr.TableRegressor).predict(FRAME)),
    ("TableModel.train", Data, lambda: cr.TableModel.train(FRAME, "b", task="regression")),
    ("TableModel.train", Unknown, lambda: cr.TableModel.train(FRAME, "c")),
    ("TableModel.resume", Missing, lambda: cr.TableModel.resume("nowhere")),
    ("TableModel.resume", Data, lambda: cr.TableModel.resume(cr.TableModel.train(FRAME, "b", epochs=1, run="r").run)),
    ("TableModel.resume", Format, lambda: cr.TableModel.resume(broken_run())),
    ("TableModel.repeat", Missing, lambda: cr.TableModel.repeat("nowhere.toml")),
    ("TableModel.repeat", Format, lambda: cr.TableModel.repeat(no_model())),
    ("TableModel.repeat", Data, lambda: cr.TableModel.repeat(config(""))),
    ("TableModel.repeat", Unknown, lambda: cr.TableModel.repeat(config("epcohs = 3"))),
    ("TableModel.compare", Data, lambda: cr.TableModel.compare(FRAME, "b", task="regression")),
    ("TableModel.compare", Unknown, lambda: cr.TableModel.compare(FRAME, "c")),
    ("TableModel.read_target", Data, lambda: cr.TableModel.read_target(FRAME, "b", "regression")),
    ("TableModel.read_target", Unknown, lambda: cr.TableModel.read_target(FRAME, "c")),
    ("TableModel.plan", Data, lambda: cr.TableModel.plan(FRAME, "b", task="regression")),
    ("TableModel.plan", Unknown, lambda: cr.TableModel.plan(FRAME, "c")),
    ("compare_runs", Data, lambda: cr.compare_runs(finished_run())),
    ("compare_runs", Missing, lambda: cr.compare_runs("no", "more")),
    ("compare_runs", Format, lambda: cr.compare_runs(damaged_run(), "no")),
    ("report", Data, lambda: cr.report(finished_run(), path=".")),
    ("report", Missing, lambda: cr.report("no")),
    ("report", Format, lambda: cr.report(damaged_run())),
    ("of_model", Data, lambda: model().diagnose()),
    ("of_model", Missing, lambda: model().diagnose(".")),
    ("TableModel.examine", Data, lambda: cr.TableModel.examine(FRAME, "b", task="regression")),
    ("TableModel.examine", Unknown, lambda: cr.TableModel.examine(FRAME, "c")),
    ("TableModel.examine", Missing, lambda: cr.TableModel.examine(config="no.toml")),
    ("TableModel.examine", Format, lambda: cr.TableModel.examine(config=no_model())),
    ("TableModel.configuration", Data, lambda: cr.TableModel.configuration(FRAME, "b", task="regression")),
    ("TableModel.configuration", Unknown, lambda: cr.TableModel.configuration(FRAME, "c")),
    ("TableModel.show", Data, lambda: cr.TableModel.show(FRAME, "b", task="regression")),
    ("TableModel.show", Unknown, lambda: cr.TableModel.show(FRAME, "b", "colour")),
    ("TableModel.predict", Data, lambda: model().predict(FRAME[["b"]])),
    ("TableModel.evaluate", Data, lambda: model().evaluate(FRAME[["b"]])),
    ("TableModel.evaluate", Unknown, lambda: model().evaluate(FRAME[["a"]])),
    ("TableModel.plot", Data, lambda: model().plot("residuals")),
    ("TableModel.plot", Unknown, lambda: model().plot("rock")),
    ("worst_slices", Data, lambda: model().worst_slices(metric="auc")),
    ("worst_slices", Unknown, lambda: model().worst_slices(metric="f7")),
    ("most_wrong", Data, lambda: model().most_wrong(most=0)),
    ("TableModel.remarks", Data, lambda: model().remarks(FRAME, sheet="first")),
    ("NumberColumn.encode", Data, lambda: model().columns.columns[0].encode(pd.Series([np.inf], name="a"))),
    ("DateColumn.encode", Data, lambda: cr.TableModel.train(
        pd.DataFrame({"d": pd.date_range("2020-01-01", periods=40), "y": range(40)}), "y", epochs=1,
    ).columns.columns[0].encode(pd.Series(["soon"], name="d"))),
    ("Columns.from_dict", Format, lambda: type(model().columns).from_dict({"columns": []})),
    ("Target.from_dict", Format, lambda: type(model().target).from_dict({"task": "binary", "columns": ["b"]})),
    ("TableModel.save", Data, lambda: model().save(".")),
    ("TableModel.save", Missing, lambda: model().save("no/a")),
    *[(f"pictures.{name}", error, case) for name, error, case in PICTURED],
    ("plot", Data, lambda: picture().plot(3)),
    ("plot", Library, lambda: without("matplotlib", picture().plot)),
    ("save", Format, lambda: picture().save("a.gif")),
    ("save", Missing, lambda: picture().save("no/a.svg")),
    ("save", Data, lambda: picture().save("no\0name.svg")),
    ("save", Library, lambda: without("matplotlib", lambda: picture().save("a.png"))),
    ("svg", Data, lambda: picture().svg(3)),
    ("Picture", Data, lambda: cr.Picture([3])),
    ("Picture", Graph, lambda: cr.Picture([], columns=0)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1].__name__}")
def test_what_is_said_to_be_raised_is(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, error, raises = case
    known = set(TABLE)
    try:
        with pytest.raises(error) as caught:
            raises()
    finally:
        for extra in set(TABLE) - known:
            del TABLE[extra]
    assert str(caught.value)


def test_there_is_a_case_for_each():
    documented = [e for e in (*entries(), *handed()) if not is_error(e.thing)]
    said = {(e.name, raised) for e in documented for raised in e.named("Raises")}
    shown = {(name, error.__name__) for name, error, _ in CASES}
    assert said - shown == set(), "said, and not shown here"
    assert shown - said == set(), "shown here, and not said"
