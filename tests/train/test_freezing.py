"""Frozen layers: what a fit leaves alone, on every engine, with every optimizer, in files and copies."""

import copy
import pickle
from dataclasses import KW_ONLY, dataclass, replace

import numpy as np
import pytest

import chainrule as cr
from chainrule.graph.walk import order
from chainrule.train.objective import slots_in, training_program

ENGINES = ["numpy", "native"]
METHODS = {
    "sgd": cr.SGD(0.1),
    "momentum": cr.SGD(0.1, momentum=0.9, weight_decay=0.1),
    "adam": cr.Adam(0.05),
    "adamw": cr.AdamW(0.05, weight_decay=0.1, clip_norm=0.5),
    "adagrad": cr.Adagrad(0.1),
    "rmsprop": cr.RMSprop(0.01),
    "lbfgs": cr.LBFGS(),
}
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
Y = X[:, 0] - X[:, 1] ** 2


def numbers(network):
    every = {**network.parameters, **network.statistics}
    return {name: value.copy() for name, value in every.items()}


def moved(network, before):
    """Return the names of what is not, bit for bit, what it was."""
    return {name for name, value in numbers(network).items() if value.tobytes() != before[name].tobytes()}


def fitted(network, **settings):
    before = numbers(network)
    history = network.fit(X, Y, **{"epochs": 3, "loss": "mse"} | settings)
    return moved(network, before), history


def three(**settings):
    layers = [cr.Dense(8, "tanh", regularizer="l2"), cr.Dense(4, "tanh"), cr.Dense(1)]
    return cr.Network(layers, input_shape=4, seed=0, **settings)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("method", METHODS)
def test_a_fit_leaves_what_is_frozen_alone_until_it_learns_again(engine, method):
    network = three(engine=engine)
    network.layers[0].trainable = False
    assert fitted(network, optimizer=METHODS[method])[0] == {"W2", "b2", "W3", "b3"}
    network.layers[0].trainable, network.layers[1].trainable = True, False
    assert fitted(network, optimizer=METHODS[method])[0] == {"W1", "b1", "W3", "b3"}
    network.layers[1].trainable = True
    assert fitted(network, optimizer=METHODS[method])[0] == set(network.parameters)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_network_whose_last_layer_alone_learns_is_a_network_of_that_layer(engine):
    whole = cr.Network(
        [cr.Dense(3, "tanh", trainable=False), cr.Dense(1)], input_shape=4, seed=0, engine=engine
    )
    last = cr.Network([cr.Dense(1)], input_shape=3, seed=0, engine=engine)
    for ours, theirs in (("W1", "W2"), ("b1", "b2")):
        last.parameters[ours] = whole.parameters[theirs]
    seen = whole.activations(X)["A1"]
    settings = {"epochs": 5, "optimizer": cr.AdamW(0.05, clip_norm=0.1), "shuffle": False}
    costs = [whole.fit(X, Y, **settings)["cost"], last.fit(seen, Y, **settings)["cost"]]
    assert costs[0] == pytest.approx(costs[1], rel=1e-5)  # clip_norm counts the same gradients
    assert whole.parameters["W2"] == pytest.approx(last.parameters["W1"], rel=1e-4)


@pytest.mark.parametrize("engine", ENGINES)
def test_frozen_batch_normalization_keeps_and_uses_its_statistics(engine):
    layers = [cr.Dense(4), cr.BatchNormalization(), cr.Dropout(0.5), cr.Dense(1)]
    network = cr.Network(layers, input_shape=4, seed=0, engine=engine)
    assert fitted(network)[0] == {*network.parameters, *network.statistics}
    layers[1].trainable = False
    changed, _ = fitted(network)
    assert changed == {"W1", "b1", "W2", "b2"}
    layers[1].trainable = True
    assert fitted(network)[0] == {*network.parameters, *network.statistics}


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_frozen_normalization_costs_in_training_is_what_it_costs_at_prediction(engine):
    network = cr.Network([cr.BatchNormalization(), cr.Dense(1)], input_shape=4, seed=0, engine=engine)
    network.fit(3 * X + 1, Y, epochs=2)

    def gap():
        goal, table = network._examples(network._read(X, Y, None), None)
        return float(network._programs.slopes(goal, table)[0]) - network.evaluate(X, Y)["cost"]

    assert abs(gap()) > 1e-3  # the batch's own statistics are others
    network.layers[0].trainable = False
    assert abs(gap()) < 1e-5
    assert set(network.gradients(X, Y)) == set(network.parameters)
    report = network.check_gradients(X, Y)
    assert report.passed and [p.name for p in report.parameters] == list(network.parameters)
    network.fit(X, Y, epochs=1, optimizer="lbfgs")  # whose cost no longer changes between two looks
    network.layers[0].trainable = True
    with pytest.raises(cr.GraphError, match="BatchNormalization"):
        network.fit(X, Y, epochs=1, optimizer="lbfgs")


def test_one_example_is_enough_for_frozen_statistics(recwarn):
    network = cr.Network([cr.BatchNormalization(trainable=False), cr.Dense(1)], input_shape=4, seed=0)
    network.fit(X, Y, epochs=1, batch_size=1)
    assert not [w for w in recwarn if "mean and the variance" in str(w.message)]


def test_dropout_drops_out_though_it_is_frozen():
    network = cr.Network([cr.Dropout(0.5, trainable=False), cr.Dense(1)], input_shape=4, seed=0)
    goal, table = network._examples(network._read(X, Y, None), None)
    assert float(network._programs.slopes(goal, table)[0]) != network.evaluate(X, Y)["cost"]


def test_nothing_is_computed_for_what_is_frozen():
    network = three()

    def step():
        goal, _ = network._examples(network._read(X, Y, None), None)
        program = training_program(goal, cr.Adam())
        return len(order(program.ends)), len(slots_in(goal, program))

    length, slots = step()
    network.layers[0].trainable = False
    assert step()[0] < length and step()[1] == slots - 4  # two moments each of W1 and b1


def test_frozen_weights_cost_nothing():
    network = three()
    size = float((network.parameters["W1"].astype(float) ** 2).sum())
    free = network.evaluate(X, Y)["cost"]
    network.layers[0].trainable = False
    assert free - network.evaluate(X, Y)["cost"] == pytest.approx(0.01 * size, rel=1e-4)


def test_where_nothing_learns_a_fit_says_so_and_what_to_write():
    network = cr.Network([cr.Dense(3, trainable=False), cr.Dense(1, trainable=False)], seed=0)
    for call in (network.fit, network.show, lambda X, y: cr.find_learning_rate(network, X, y)):
        with pytest.raises(cr.GraphError, match="All that this network could learn is frozen") as caught:
            call(X, Y)
    exec(str(caught.value).rpartition(": ")[2].rstrip("."))
    network.fit(X, Y, epochs=1)
    assert set(network.architecture.frozen) == {"W1", "b1"}


def test_a_layer_that_is_used_twice_is_frozen_in_both_places():
    shared = cr.Dense(4, "tanh", trainable=False)
    network = cr.Network([shared, shared, cr.Dense(1)], input_shape=4, seed=0)
    assert fitted(network)[0] == {"W2", "b2"}


def test_networks_that_share_a_layer_share_whether_it_learns():
    layer = cr.Dense(3, "tanh")
    one, two = (cr.Network([layer, cr.Dense(1)], input_shape=4, seed=0) for _ in range(2))
    one.layers[0].trainable = False
    assert fitted(one)[0] == fitted(two)[0] == {"W2", "b2"}
    apart = replace(layer, trainable=True)
    assert apart.trainable and not layer.trainable and apart.units == 3


@dataclass(frozen=True, eq=False)
class Scale(cr.Layer):
    """Learns a factor, and follows the mean of what it sees."""

    name: str = ""

    def build(self, scope, x):
        seen = scope.parameter("seen", (x.shape[-1],), "zeros", trainable=False)
        scope.update(seen, np.mean(x, axis=0))
        return x * scope.parameter("gamma", (x.shape[-1],), "ones") + 0 * seen


@dataclass(frozen=True, eq=False)
class Block(cr.Layer):
    """Is built of other layers."""

    width: int = 4

    def build(self, scope, x):
        return x + Scale()(cr.Dense(self.width, "tanh")(x))


@pytest.mark.parametrize("engine", ENGINES)
def test_layers_of_ones_own_are_frozen_with_what_they_are_built_of(engine):
    network = cr.Network([cr.Dense(4), Block(), Scale(), cr.Dense(1)], input_shape=4, seed=0, engine=engine)
    every = {*network.parameters, *network.statistics}
    network.layers[0].trainable = True
    assert fitted(network)[0] == every
    block = next(layer for layer in network.layers if isinstance(layer, Block))
    block.trainable = False
    inside = {"W2", "b2", "gamma_2", "seen_2"}
    assert network.architecture.frozen == inside
    assert fitted(network)[0] == every - inside


def test_only_this_setting_changes_and_only_to_true_or_false():
    layer = cr.Dense(3)
    for value in ("no", None, 2, 0.0):
        with pytest.raises(cr.GraphError, match="trainable must be True or False"):
            layer.trainable = value
        with pytest.raises(cr.GraphError, match="trainable must be True or False"):
            cr.Dense(3, trainable=value)
        with pytest.raises(cr.GraphError, match="trainable must be True or False"):
            Scale(trainable=value)
    layer.trainable = np.False_
    assert layer.trainable is False
    assert (
        repr(layer) == "Dense(3, trainable=False)"
        and repr(Scale(trainable=False)) == "Scale(name='', trainable=False)"
    )
    assert repr(cr.Flatten(trainable=False)) == "Flatten(trainable=False)" and repr(cr.Dense(3)) == "Dense(3)"
    with pytest.raises(AttributeError, match="units"):
        layer.units = 4
    with pytest.raises(AttributeError):
        layer.trainabel = False


def test_files_and_copies_know_what_is_frozen(tmp_path):
    network = cr.Network(
        [cr.Dense(3, trainable=False), Scale(trainable=False), cr.Dense(1)], input_shape=4, seed=0
    )
    network.save(tmp_path / "network.safetensors")
    loaded = cr.load(tmp_path / "network.safetensors", custom={"Scale": Scale})
    for again in (loaded, copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        assert [layer.trainable for layer in again.layers] == [False, False, True]
        assert fitted(again)[0] == {"W2", "b2"}
        again.layers[0].trainable = True
        assert not network.layers[0].trainable


def test_what_learns_is_written_as_older_versions_write_it(tmp_path):
    cr.Network([cr.Dense(3)], input_shape=4, seed=0).save(tmp_path / "network.safetensors")
    assert b"trainable" not in (tmp_path / "network.safetensors").read_bytes()


def test_an_older_pickle_of_a_layer_learns():
    old = cr.Dense(3)
    del vars(old)["trainable"]
    assert pickle.loads(pickle.dumps(old)).trainable


def test_the_summary_says_what_is_trained_and_what_is_kept():
    network = three()
    network.layers[0].trainable = False
    told = network.summary_text()
    assert "dense_1 (Dense, frozen)" in told and "81 parameters (41 trained, 40 kept)" in told


@pytest.mark.parametrize("engine", ENGINES)
def test_the_weights_of_the_best_epoch_and_a_fit_that_diverges_leave_frozen_weights(engine):
    network = three(engine=engine)
    network.layers[0].trainable = False
    early = cr.EarlyStopping(2)
    changed, _ = fitted(network, validation_split=0.2, callbacks=early, epochs=10, metrics=["mae"])
    assert changed == {"W2", "b2", "W3", "b3"}
    with pytest.warns(cr.DivergenceWarning, match="W"):
        changed, history = fitted(network, optimizer=cr.SGD(1e12), epochs=60)
    assert history.diverged and not changed & {"W1", "b1"}


def test_layers_of_ones_own_take_the_setting_wherever_their_fields_stand():
    @dataclass(frozen=True, eq=False)
    class Last(cr.Layer):
        factor: float
        _: KW_ONLY
        shift: float = 0.0

        def build(self, scope, x):
            return self.factor * x + self.shift + scope.parameter("beta", (x.shape[-1],), "zeros")

    @dataclass(frozen=True, eq=False)
    class Wider(cr.Dense):
        more: int = 3

    class Bare(cr.Layer):
        def build(self, scope, x):
            return x * scope.parameter("gamma", (x.shape[-1],), "ones")

    @dataclass(frozen=True, eq=False)
    class Own(cr.Layer):
        factor: float
        trainable: bool = True

        def build(self, scope, x):
            return self.factor * x + scope.parameter("beta", (x.shape[-1],), "zeros")

    for layer in (Last(2.0, shift=1.0), Wider(3, "tanh", True, None, None, "", 5), Bare(), Own(2.0)):
        assert layer.trainable
        network = cr.Network([layer, cr.Dense(1)], input_shape=4, seed=0)
        assert fitted(network)[0] == set(network.parameters)
        layer.trainable = False
        assert fitted(network)[0] == set(list(network.parameters)[-2:])
    assert not Own(2.0, False).trainable and not Last(2.0, trainable=False).trainable
