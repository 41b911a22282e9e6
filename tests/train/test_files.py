"""Model files: every kind of layer comes back bit for bit, and what is no whole model file never loads."""

import copy
import json
import os
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from safetensors.numpy import load_file, save_file
from values_of import values_of

from chainrule.errors import ChainruleError, DataError, FileFormatError, GraphError, MissingFileError
from chainrule.graph.primitives import exponentials
from chainrule.graph.table import TABLE, primitive
from chainrule.models.loading import load
from chainrule.nn import activations, initializers, losses
from chainrule.nn.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LayerNormalization,
)
from chainrule.nn.regularizers import L1, L1L2, L2
from chainrule.train import store as files
from chainrule.train.network import Network

RNG = np.random.default_rng(0)
X = RNG.normal(size=(10, 4))
Y = RNG.normal(size=10)


def assert_equal(a, b, features=X):
    assert list(a.parameters) == list(b.parameters) and list(a.statistics) == list(b.statistics)
    for x, y in zip(values_of(a), values_of(b), strict=True):
        assert x.dtype == y.dtype
        np.testing.assert_array_equal(x, y)
    assert a.summary_text() == b.summary_text()
    np.testing.assert_array_equal(a.predict(features), b.predict(features))


def round_trip(network, path, **options):
    network.save(path)
    return load(path, **options)


# --- what is kept ---------------------------------------------------------------------------------------

LAYERS = {
    **{f"activation {name}": [Dense(3, name), Dense(1)] for name in activations.ACTIVATIONS},
    "leaky relu with a slope": [Dense(3, activations.LeakyReLU(0.3)), Activation(activations.ELU(0.5)), Dense(1)],
    "a function of ours": [Dense(3, activations.gelu), Dense(1)],
    **{f"initializer {name}": [Dense(3, initializer=name), Dense(1)] for name in initializers.INITIALIZERS},
    "initializers with settings": [
        Dense(3, initializer=initializers.Normal(0.2)),
        Dense(3, initializer=initializers.Scaled(1.5, "in", "uniform")),
        Dense(3, initializer=initializers.Orthogonal(2.0)),
        Dense(1, initializer=initializers.Filled(0.25)),
    ],
    "initial values": [Dense(2, initializer=np.arange(8).reshape(4, 2)), Dense(1, initializer=[[1.0], [2.0]])],
    "an initial number": [Dense(3, initializer=0.5), Dense(1)],
    **{
        f"regularizer {r!r}": [Dense(3, regularizer=r), Dense(1)]
        for r in ("l1", "l2", "l1_l2", 0.3, L1(0.1), L2(0.2, divisor=7), L1L2(0.1, 0.2))
    },
    "no bias, and a name": [Dense(3, "relu", use_bias=False, name="first"), Dense(1, name="last")],
    "dropout and normalizations": [
        Dense(6), BatchNormalization(0.7, 1e-3), Activation("silu"), Dropout(0.4), Dense(6),
        LayerNormalization(1e-4), Dropout(0), Dense(1),
    ],
    "flattened": [Flatten(), Dense(1)],
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_layer_and_setting_comes_back_bit_for_bit(name, dtype, tmp_path):
    network = Network(LAYERS[name], input_shape=4, dtype=dtype, seed=11)
    if "step" not in name:
        network.fit(X, Y, epochs=2, batch_size=5)
    twin = round_trip(network, tmp_path / "model")
    assert_equal(network, twin)
    assert twin.seed == 11 and twin.runs == network.runs and twin.dtype == dtype
    if "step" not in name:
        again = network.fit(X, Y, epochs=2, batch_size=5)["cost"]
        assert twin.fit(X, Y, epochs=2, batch_size=5)["cost"] == again  # masks, shuffles and penalties too
    if not name.startswith("initial values"):
        network.initialize()
        twin.initialize()
        assert_equal(network, twin)


def test_words_come_back(tmp_path):
    words = np.array([[1, 2], [4, 0]])
    network = Network([Embedding(5, 3, initializer="small"), Flatten(), Dense(1)], input_shape=2, seed=0)
    assert_equal(network, round_trip(network, tmp_path / "m"), words)


def branching():
    shared = Dense(4, "tanh", name="shared")

    def draw(a, b):
        h = shared(a) + shared(b) * 0.5
        parts = [
            h[:, :2],
            np.where(h > 0, h, -h),
            (a**2)[:, None, 1],
            np.mean(b, axis=1, keepdims=True),
            a[:, ::-1],
        ]
        z = np.concatenate(parts, axis=1)
        z = np.clip(z, -3, 3) / (1 + np.exp(-z)) + np.array([0.25] * z.shape[1], np.float32)
        return Dense(2, "softmax")(Dropout(0.2)(BatchNormalization()(z)) @ np.eye(z.shape[1])[:, :5])

    return Network(draw, {"a": 4, "b": (4,)}, seed=0)


def test_a_function_network_comes_back_from_its_graph(tmp_path):
    network, both = branching(), {"a": X, "b": X[::-1]}
    network.fit(both, np.arange(10) % 2, epochs=3)
    twin = round_trip(network, tmp_path / "m")
    assert_equal(network, twin, both)
    again = network.fit(both, np.arange(10) % 2, epochs=3)["cost"]
    assert twin.fit(both, np.arange(10) % 2, epochs=3)["cost"] == again
    assert twin.check_gradients(both, np.arange(10) % 2).passed
    third = round_trip(twin, tmp_path / "m")  # a file of a network from a file
    assert_equal(twin, third, both)


def test_numbers_for_which_json_has_no_words_come_back(tmp_path):
    """A network that masks with -inf learned for hours, and then could not be saved."""

    def draw(x):
        z = Dense(3)(np.clip(x, -np.inf, 4.0))
        return np.where(x[:, :3] > 0, z, np.array([-np.inf, np.inf, np.nan], "float32"))

    network = Network(draw, {"x": 4}, seed=0)
    found = round_trip(network, tmp_path / "m").predict(X)
    assert np.isneginf(found).any() and np.isposinf(found).any() and np.isnan(found).any()
    np.testing.assert_array_equal(found, network.predict(X))


@pytest.mark.parametrize(
    "loss",
    [None, "mae", "mean_squared_error", losses.Huber(0.7), losses.Quantile(0.8), losses.mse],
    ids=lambda spec: getattr(spec, "__name__", str(spec)),
)
def test_the_loss_is_remembered(loss, tmp_path):
    network = Network([Dense(1)], seed=0)
    network.fit(X, Y, loss=loss, epochs=1)
    twin = round_trip(network, tmp_path / "m")
    assert twin.evaluate(X, Y) == network.evaluate(X, Y)
    assert twin.fit(X, Y, epochs=2)["cost"] == network.fit(X, Y, epochs=2)["cost"]


def test_extra_data_comes_back(tmp_path):
    network = Network([Dense(1)], input_shape=4)
    extra = {
        "columns": ["größe", "price"],
        "mean": [0.1, 1e-300, -0.0],
        "task": None,
        "nested": {"a": [True, 1]},
    }
    network.save(tmp_path / "m", extra=extra)
    twin = load(tmp_path / "m")
    assert twin.extra == extra
    assert round_trip(twin, tmp_path / "n").extra == extra
    for bad in ({"f": print}, {"x": np.ones(2)}, {"nan": float("nan")}):
        with pytest.raises(DataError, match="plain data"):
            network.save(tmp_path / "bad", extra=bad)
        assert not (tmp_path / "bad").exists()


# --- what is the user's own -----------------------------------------------------------------------------


def swish2(z):
    return z * exponentials.sigmoid(2 * z)


def relu(z):
    """Bears the name of one of ours, and is another."""
    return np.where(z > 0, z, 0.3 * z)


def halves(shape, rng):
    return np.full(shape, 0.5)


def lasso(w):
    return 0.01 * np.sum(np.abs(w))


def between(y, p):
    return np.mean(np.abs(p - y) ** 1.5, axis=1)


@dataclass(frozen=True)
class Power:
    exponent: float = 2.0

    def __call__(self, z):
        return z**self.exponent


@dataclass(frozen=True, eq=False)
class Scale(Layer):
    start: float = 1.0
    powers: tuple[int, ...] = (1, 2)
    inner: Any = None
    name: str = ""

    def build(self, scope, *xs):
        scaled = xs[0] * scope.parameter("gamma", (xs[0].shape[-1],), self.start)
        return scaled if self.inner is None else self.inner(scaled)


def own():
    layers = [
        Dense(4, swish2, initializer=halves, regularizer=lasso),
        Scale(0.5, inner=Dense(3, relu)),
        Activation(Power(2.0)),
        Dense(1),
    ]
    return Network(layers, input_shape=4, seed=0, dtype="float64")


def test_extra_data_that_are_nested_too_deeply_are_refused(tmp_path):
    network, deep = Network([Dense(1)], input_shape=4), []
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(DataError, match="must be plain data for JSON"):
        network.save(tmp_path / "m", extra={"deep": deep})
    assert list(tmp_path.iterdir()) == []


def test_your_own_functions_and_layers_are_found_by_name(tmp_path):
    network = own()
    network.fit(X, Y, loss=between, epochs=2)
    custom = {
        "swish2": swish2,
        "halves": halves,
        "lasso": lasso,
        "Scale": Scale,
        f"{relu.__module__}.relu": relu,
    }
    custom |= {"Power(exponent=2.0)": Power(2.0), "between": between}
    network.save(tmp_path / "m")
    twin = load(tmp_path / "m", custom=custom)
    assert_equal(network, twin)
    assert twin.loss is between and twin.evaluate(X, Y) == network.evaluate(X, Y)
    for name in custom:
        fewer = {k: v for k, v in custom.items() if k != name}
        if name == "between":
            partly = load(tmp_path / "m", custom=fewer)
            np.testing.assert_array_equal(partly.predict(X), network.predict(X))
            for use in (lambda n=partly: n.fit(X, Y), lambda n=partly: n.evaluate(X, Y)):
                with pytest.raises(DataError, match=r"your own loss 'between'.*loss=between"):
                    use()
            assert partly.evaluate(X, Y, loss=between) == network.evaluate(X, Y)
            assert_equal(partly, round_trip(partly, tmp_path / "n", custom=custom))
        else:
            with pytest.raises(FileFormatError) as error:
                load(tmp_path / "m", custom=fewer)
            assert name.removeprefix(f"{relu.__module__}.") in str(error.value)
            assert "custom={" in str(error.value)
    custom["relu"] = custom.pop(f"{relu.__module__}.relu")
    assert_equal(network, load(tmp_path / "m", custom=custom))


def test_a_function_of_ours_stays_ours_whatever_yours_are_called(tmp_path):
    network = Network([Dense(3, "relu"), Dense(1, relu)], input_shape=4, seed=0)
    assert_equal(network, round_trip(network, tmp_path / "m", custom={"relu": relu}))


def test_a_primitive_of_the_users_is_found_by_its_name(tmp_path):
    halved = primitive("halved", lambda z: z / 2, lambda y, z: [0.5])
    try:
        network = Network([Dense(2, halved), Dense(1)], seed=0, input_shape=4)
        assert repr(network.layers[0]) == "Dense(2, activation=halved)"
        assert_equal(network, round_trip(network, tmp_path / "m", custom={"halved": halved}))
        with pytest.raises(FileFormatError, match="your own activation 'halved'"):
            load(tmp_path / "m")
    finally:
        del TABLE["halved"]


def test_names_that_nothing_could_be_found_by_are_refused_and_nothing_is_written(tmp_path):
    def twice(k):
        def act(z):
            return k * z

        return act

    for layers, words in (
        ([Dense(1, lambda z: z)], "lambda"),
        ([Dense(1, initializer=lambda shape, rng: np.ones(shape))], "lambda"),
        ([Dense(1, regularizer=lambda w: np.sum(w))], "lambda"),
        ([Dense(2, twice(2)), Dense(1, twice(3))], "Two different things of yours are called 'act'"),
    ):
        network = Network(layers, input_shape=4)
        with pytest.raises(GraphError, match=words):
            network.save(tmp_path / "m")
    network = Network([Dense(1)], input_shape=4)
    network.fit(X, Y, loss=lambda y, p: (y - p) ** 2, epochs=1)
    with pytest.raises(GraphError, match="lambda"):
        network.save(tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_a_layer_class_of_yours_may_bear_the_name_of_ours(tmp_path):
    @dataclass(frozen=True, eq=False)
    class Dropout(Layer):
        name: str = ""

        def build(self, scope, *xs):
            return xs[0] * 3

    network = Network([Dropout(), Dense(1)], input_shape=4, seed=0)
    name = f"{Dropout.__module__}.Dropout"
    for key in (name, "Dropout"):
        assert_equal(network, round_trip(network, tmp_path / "m", custom={key: Dropout}))
    with pytest.raises(FileFormatError, match="your own layer 'Dropout'"):
        load(tmp_path / "m")


def test_a_layer_of_yours_without_names_of_its_own_for_parameters():
    @dataclass(frozen=True, eq=False)
    class Twice(Layer):
        name: str = ""

        def build(self, scope, *xs):
            return xs[0] * scope.parameter("a", (4,), "ones") + scope.parameter("a", (4,), "zeros")

    @dataclass(frozen=True, eq=False)
    class Nothing(Layer):
        name: str = ""

    with pytest.raises(ChainruleError, match="two parameters in the role 'a'"):
        Network([Twice()], input_shape=4)
    with pytest.raises(ChainruleError, match="must define build"):
        Network([Nothing()], input_shape=4)
    gammas = Network([Dense(4), Scale(), BatchNormalization(), Scale(2.0), Dense(1)], input_shape=4)
    assert list(gammas.parameters) == ["W1", "b1", "gamma_1", "gamma_1b", "beta_1b", "gamma_1c", "W2", "b2"]
    assert gammas.parameters["gamma_1c"][0] == 2.0


# --- what is no whole model file ------------------------------------------------------------------------


def saved():
    network = Network([Dense(3, "relu"), BatchNormalization(), Dense(1)], input_shape=4, seed=0)
    network.fit(X, Y, epochs=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m"
        network.save(path, extra={"columns": list("abcd")})
        return network, path.read_bytes()


NETWORK, BYTES = saved()


def read_bytes(blob):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.safetensors"
        path.write_bytes(blob)
        return load(path)


@settings(max_examples=300)
@given(st.integers(0, len(BYTES) - 1), st.integers(1, 255))
def test_a_flipped_byte_anywhere_never_loads_as_another_network(place, change):
    blob = bytearray(BYTES)
    blob[place] ^= change
    try:
        found = read_bytes(bytes(blob))
    except FileFormatError:
        return
    assert_equal(NETWORK, found)


@settings(max_examples=100)
@given(st.integers(0, len(BYTES) - 1))
def test_a_file_cut_off_anywhere_never_loads(length):
    with pytest.raises(FileFormatError, match="no whole model file"):
        read_bytes(BYTES[:length])


@settings(max_examples=100)
@given(st.binary(max_size=200), st.integers(0, 200))
def test_foreign_bytes_never_load(blob, header):
    for file in (blob, struct.pack("<Q", header) + blob, BYTES + blob[:1] + b"x"):
        with pytest.raises(FileFormatError):
            read_bytes(file)


def with_config(change, tmp_path):
    """Write the file anew with another configuration, whole in itself."""
    config = json.loads(BYTES[8 : 8 + struct.unpack("<Q", BYTES[:8])[0]])["__metadata__"][files.KEY]
    config = json.loads(config)
    change(config)
    (tmp_path / "whole").write_bytes(BYTES)
    arrays = load_file(tmp_path / "whole")
    header = json.dumps(config)
    save_file(arrays, tmp_path / "m", {files.KEY: header, files.CHECKSUM: files._checksum(header, arrays)})
    return tmp_path / "m"


def test_other_programs_files_newer_files_and_nonsense(tmp_path):
    save_file({"weight": np.ones(3)}, tmp_path / "other")
    with pytest.raises(FileFormatError, match="another program"):
        load(tmp_path / "other")
    with pytest.raises(FileFormatError, match=r"newer chainrule \(format 9"):
        load(with_config(lambda c: c.update(format=9), tmp_path))
    for change in (
        lambda c: c.pop("format"),
        lambda c: c.update(format="1"),
        lambda c: c.update(format=True),
        lambda c: c.update(format=0),
        lambda c: c.pop("architecture"),
        lambda c: c.pop("loss"),
        lambda c: c.update(seed="x"),
        lambda c: c["architecture"].update(dtype="float7"),
        lambda c: c["architecture"].update(output=99),
        lambda c: c["architecture"]["entries"].pop(),
        lambda c: c["architecture"]["entries"][1]["layer"].update(units=0),
        lambda c: c["architecture"]["entries"][1]["layer"].update(units=7),
        lambda c: c["architecture"]["entries"][1]["layer"].update(surprise=7),
        lambda c: c["architecture"]["entries"][1]["layer"].update({"class": "Conv"}),
        lambda c: c["architecture"]["entries"][1].update(inputs=[5]),
        lambda c: c["architecture"]["entries"].append({"row": "nonsense", "inputs": [0], "attributes": {}}),
    ):
        with pytest.raises(FileFormatError):
            load(with_config(change, tmp_path))
    assert_equal(NETWORK, load(with_config(lambda c: None, tmp_path)))


def test_places_that_cannot_be_read(tmp_path):
    with pytest.raises(MissingFileError, match="There is no file"):
        load(tmp_path / "none")
    with pytest.raises(MissingFileError, match=r"No model\.safetensors in this folder"):
        load(tmp_path)
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(FileFormatError, match="no whole model file"):
        load(tmp_path / "empty")
    for path in (None, 3, "a\0b"):
        with pytest.raises(ChainruleError, match="no file"):
            load(path)


# --- writing --------------------------------------------------------------------------------------------


def test_places_that_cannot_be_written(tmp_path, monkeypatch):
    with pytest.raises(MissingFileError, match="no folder"):
        NETWORK.save(tmp_path / "no" / "m")
    with pytest.raises(DataError, match="is a folder"):
        NETWORK.save(tmp_path)
    for path in (None, 3, "a\0b"):
        with pytest.raises(ChainruleError, match="no file name"):
            NETWORK.save(path)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    with pytest.raises(DataError, match="Permission denied"):
        NETWORK.save(tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("failing", ["fsync", "replace", "fdopen"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=repr)
def test_what_stops_a_write_leaves_the_old_file_whole(failing, error, tmp_path, monkeypatch):
    path = tmp_path / "m"
    NETWORK.save(path)
    old, other = path.read_bytes(), copy.deepcopy(NETWORK)
    other.initialize(seed=5)
    with monkeypatch.context() as patch:
        patch.setattr(os, failing, lambda *_, **__: (_ for _ in ()).throw(error))
        with pytest.raises((DataError, KeyboardInterrupt)):
            other.save(path)
    assert path.read_bytes() == old and [p.name for p in tmp_path.iterdir()] == ["m"]


def test_a_path_needs_no_ending_and_a_link_stays_a_link(tmp_path):
    NETWORK.save(str(tmp_path / "plain"))
    assert [p.name for p in tmp_path.iterdir()] == ["plain"]
    assert_equal(NETWORK, load(str(tmp_path / "plain")))
    (tmp_path / "link").symlink_to(tmp_path / "plain")
    NETWORK.save(tmp_path / "link", extra={"new": 1})
    assert (tmp_path / "link").is_symlink() and load(tmp_path / "plain").extra == {"new": 1}


def test_a_new_file_has_the_permissions_of_any_other(tmp_path):
    (tmp_path / "other").touch()
    NETWORK.save(tmp_path / "m")
    assert (tmp_path / "m").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_other_readers_of_safetensors_find_the_parameters(tmp_path):
    NETWORK.save(tmp_path / "m")
    arrays = load_file(tmp_path / "m")
    assert set(arrays) == {*NETWORK.parameters, *NETWORK.statistics}
    np.testing.assert_array_equal(arrays["W1"], NETWORK.parameters["W1"])


@dataclass(frozen=True, repr=False, eq=False)
class Scaled(Layer):
    """A layer of a single number, which has no axes."""

    name: str = ""

    def build(self, scope, x):
        return x * scope.parameter("gamma", (), "ones")


def test_a_parameter_without_axes_comes_back_as_one(tmp_path):
    Network([Dense(1), Scaled()], input_shape=2, seed=0).save(tmp_path / "scaled.safetensors")
    again = load(tmp_path / "scaled.safetensors", custom={"Scaled": Scaled})
    assert again.parameters["gamma_1"].shape == ()
