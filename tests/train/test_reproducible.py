"""The same seed gives the same bits; another seed gives others."""

import hashlib
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from values_of import values_of

from chainrule.nn.layers import BatchNormalization, Dense, Dropout
from chainrule.train.fit.orders import shuffled
from chainrule.train.network import Network

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 4)), RNG.integers(0, 3, 60)


def train(seed, **options):
    network = Network([Dense(16, "relu"), BatchNormalization(), Dropout(0.3), Dense(3, "softmax")], seed=seed)
    history = network.fit(X, Y, epochs=5, batch_size=16, validation_split=0.2, **options)
    digest = hashlib.sha256(b"".join(v.tobytes() for v in values_of(network)))
    return digest.hexdigest(), history.history


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_the_same_seed_twice(optimizer):
    assert train(0, optimizer=optimizer) == train(0, optimizer=optimizer)


def test_other_seeds_differ_and_no_seed_draws_one():
    assert len({train(s)[0] for s in (0, 1, 2**40, None, None)}) == 5


def test_two_processes_agree(engine):
    code = f"""
        import hashlib, numpy as np
        from chainrule.nn.layers import BatchNormalization, Dense, Dropout
        from chainrule.train.network import Network
        rng = np.random.default_rng(0)
        X, Y = rng.normal(size=(60, 4)), rng.integers(0, 3, 60)
        layers = [Dense(16, "relu"), BatchNormalization(), Dropout(0.3), Dense(3, "softmax")]
        network = Network(layers, seed=7, engine="{engine}")
        network.fit(X, Y, epochs=5, batch_size=16, validation_split=0.2)
        found = [*network.parameters.values(), *network.statistics.values()]
        print(hashlib.sha256(b"".join(v.tobytes() for v in found)).hexdigest())
    """
    run = [sys.executable, "-c", textwrap.dedent(code)]
    found = {subprocess.run(run, capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert found == {train(7)[0] + "\n"}


def test_an_order_follows_from_seed_epoch_and_rows_alone():
    whole = shuffled(3, 50, epochs=400)(0, 400)
    assert np.array_equal(np.sort(whole), np.broadcast_to(np.arange(50), (400, 50)))
    for sizes in ([1] * 400, [1, 16, 256, 127], [399, 1], [170, 230]):
        orders, epoch = shuffled(3, 50, epochs=400), 0
        for count in sizes:
            assert np.array_equal(orders(epoch, count), whole[epoch : epoch + count])
            epoch += count
    assert np.array_equal(shuffled(3, 50, epochs=8)(5, 3), whole[5:8])
    assert not np.array_equal(shuffled(4, 50, epochs=400)(0, 400), whole)


def test_given_orders_are_those_of_the_epochs(engine):
    def seen(**options):
        network = Network([Dense(1)], input_shape=4, dtype="float64", seed=0, engine=engine)
        network.fit(X, Y, epochs=3, batch_size=7, optimizer="sgd", **options)
        return values_of(network)[0].tobytes()

    orders = shuffled(0, 60, epochs=3)(0, 3)
    assert seen(shuffle=orders) == seen() == seen(shuffle=orders.tolist())
    assert seen(shuffle=orders[::-1]) != seen()
    assert seen(shuffle=np.tile(np.arange(60), (3, 1))) == seen(shuffle=False)


def test_a_full_batch_is_taken_in_the_given_order(engine):
    network = Network([Dense(1)], input_shape=4, dtype="float64", seed=0, engine=engine)
    order = np.arange(60)[::-1]
    network.fit(X, Y, epochs=1, batch_size=None, shuffle=order[None])
    turned = Network([Dense(1)], input_shape=4, dtype="float64", seed=0, engine=engine)
    turned.fit(X[order], Y[order], epochs=1, batch_size=None, shuffle=False)
    assert values_of(network)[0].tobytes() == values_of(turned)[0].tobytes()


def test_each_run_and_what_is_held_back_have_orders_of_their_own():
    network = Network([Dense(1)], input_shape=4, seed=0)
    costs = []
    for _ in range(3):
        network.fit(X, Y, epochs=2, batch_size=7, optimizer="sgd", loss="mse")
        network.parameters["W1"], network.parameters["b1"] = np.ones((4, 1)), np.zeros(1)
        costs.append(network.fit(X, Y, epochs=2, batch_size=7, optimizer="sgd", loss="mse")["cost"])
    assert len({tuple(c) for c in costs}) == 3


def test_callbacks_and_verbosity_change_no_bit(capsys):
    quiet = train(3)
    assert train(3, callbacks=lambda *_: None) == quiet == train(3, verbose=2)
    assert capsys.readouterr().err


def test_initialize_rewinds():
    network = Network([Dense(8, "relu"), BatchNormalization(), Dense(3, "softmax")], input_shape=4, seed=4)
    start = values_of(network)
    first = network.fit(X, Y, epochs=3)["cost"]
    assert not np.array_equal(values_of(network)[0], start[0])
    network.initialize()
    for a, b in zip(values_of(network), start, strict=True):
        np.testing.assert_array_equal(a, b)
    assert network.fit(X, Y, epochs=3)["cost"] == first
    network.initialize(seed=5)
    other = Network([Dense(8, "relu"), BatchNormalization(), Dense(3, "softmax")], input_shape=4, seed=5)
    np.testing.assert_array_equal(values_of(network)[0], values_of(other)[0])
    assert network.fit(X, Y, epochs=3)["cost"] == other.fit(X, Y, epochs=3)["cost"] != first


def test_formulas_with_many_factors_come_to_the_same_bits_every_time():
    def odd(y, p):
        return (p * (1 - p) * (y + 2) / (p + 1)) ** 2 * np.exp(p) * p / (y + 3) / (p + 2)

    found, kept = set(), []
    for number in range(6):
        kept.append([object() for _ in range(997 * number)])  # other addresses for the next graph
        network = Network([Dense(4, lambda z: z / (1 + np.exp(-z))), Dense(1, "sigmoid")], seed=7)
        network.fit(X, Y > 0, epochs=2, loss=odd)
        kept.append(network)
        found.add(b"".join(v.tobytes() for v in values_of(network)))
    assert len(found) == 1
