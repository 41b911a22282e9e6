"""What an error tells a user to write is right when it is written; NumPy's functions: tests/graph/test_numpy_api.py."""

import numpy as np
import pandas as pd
import pytest

import chainrule as cr
from chainrule.errors import ChainruleError

X, Y = np.array([[0.0, 1.0], [1.0, 3.0], [2.0, -1.0]]), np.array([0, 1, 1])
a, b, x, n = cr.variable(3.0, "a"), cr.variable(2.0, "b"), cr.input("x"), cr.input("n", (2,), "int64")
product = a * x
pair, half = cr.variable([1.0, 2.0], "pair"), cr.input("half", (2,))


FRAME = pd.DataFrame(X, columns=["a", "b"])
IMAGES = np.arange(48.0).reshape(3, 4, 4)
SQUARE = cr.Network([cr.Flatten(), cr.Dense(1)], input_shape=(4, 4))


def fits(layers, X, y, **options):
    return cr.Network(layers, seed=0).fit(X, y, epochs=1, **options).epochs == 1


def own_loss(y, p):
    return np.mean((y - p) ** 2, axis=-1)


def trained(path):
    network = cr.Network([cr.Dense(1)], seed=0)
    network.fit(X, X[:, :1], epochs=1, loss=own_loss)
    network.save(path)
    return network.predict(X)


def predicts(network, **options):
    network.fit(X, Y, epochs=1, **options)
    return np.isfinite(network.predict(X)).all()


# What is refused, what the message tells, and that written: True where it does what it should.
REMEDIES = [
    (lambda: cr.grad(3.0, a), "cr.variable(value)", lambda: cr.grad(cr.variable(3.0) * a, a).value == 3),
    (lambda: cr.grad(pair * 2, pair), "np.sum", lambda: cr.grad(np.sum(pair * 2), pair).value.tolist() == [2, 2]),
    (lambda: cr.grad(pair * 2, pair), "np.mean", lambda: cr.grad(np.mean(pair * 2), pair).value.tolist() == [1, 1]),
    (lambda: cr.explain(3.0), "cr.variable(value)", lambda: "9" in str(cr.explain(cr.variable(3.0) * 3))),
    (lambda: cr.explain(a * x), "cr.explain(J, feed={x: 3.0})", lambda: "9" in str(cr.explain(a * x, feed={x: 3.0}))),
    (lambda: cr.explain(product, feed={product: 1.0}), "feed={x: 3.0}",
     lambda: "9" in str(cr.explain(product, feed={x: 3.0}))),
    (lambda: product.value, "cr.trace(outputs, {x: value})[outputs]",
     lambda: cr.trace(product, {x: 2.0})[product] == 6),
    (lambda: product.value, "cr.compile(outputs, inputs=[x])", lambda: cr.compile(a * x, inputs=[x])(2.0) == 6),
    (lambda: cr.compile(3.0, inputs=[]), "cr.constant(value)", lambda: cr.compile(cr.constant(3.0), inputs=[])() == 3),
    (lambda: cr.compile(a * 2, inputs=[a]), "cr.input(name, shape)",
     lambda: cr.compile(x * 2, inputs=[x])(1.0) == 2),
    (lambda: cr.compile(a * x, inputs=[]), "compile(..., inputs=[...])",
     lambda: cr.compile(a * x, inputs=[x])(1.0) == 3),
    (lambda: cr.one_hot(half, 3), "cr.input(name, shape, 'int64')",
     lambda: cr.compile(cr.one_hot(n, 3), inputs=[n])([0, 2]).tolist() == [[1, 0, 0], [0, 0, 1]]),
    (lambda: cr.check_gradients(np.log(a * 0), a), "cr.trace(J, feed)",
     lambda: np.isinf([v for v in cr.trace(np.log(a * 0)).values() if not np.isfinite(v)]).all()),
    (lambda: cr.Network([]), "cr.Dense(1)", lambda: predicts(cr.Network([cr.Dense(1)]))),
    (lambda: cr.Network(["relu"]), "cr.Activation('relu')",
     lambda: predicts(cr.Network([cr.Dense(2), cr.Activation("relu"), cr.Dense(1)]))),
    (lambda: cr.Network([3]), "cr.Dense(16, 'relu')",
     lambda: predicts(cr.Network([cr.Dense(16, "relu"), cr.Dense(1)]))),
    (lambda: cr.Dense(2)(X), "make a cr.Network of it and predict",
     lambda: predicts(cr.Network([cr.Dense(1)]))),
    (lambda: cr.Network([cr.Dense(1)]).fit(X, Y, callbacks=3), "cr.EarlyStopping()",
     lambda: predicts(cr.Network([cr.Dense(1)]), validation_split=0.34, callbacks=cr.EarlyStopping())),
    (lambda: cr.Network([cr.Dense(1)]).fit(X, Y, callbacks=3), "(network, epoch, logs)",
     lambda: predicts(cr.Network([cr.Dense(1)]), callbacks=lambda network, epoch, logs: None)),
    (lambda: cr.Network([cr.Dense(2, "softmax")]).fit(X, np.array([0, 1, 2])), "give the last layer 3 units",
     lambda: predicts(cr.Network([cr.Dense(3, "softmax")]))),
    (lambda: cr.Network([cr.Dense(2, "softmax")]).fit(X, np.ones((3, 2))), "end the network with 'sigmoid'",
     lambda: cr.Network([cr.Dense(2, "sigmoid")]).fit(X, np.ones((3, 2)), epochs=1) is not None),
    (lambda: cr.Network([cr.Dense(1)]).fit(IMAGES, Y), "Put cr.Flatten() before Dense(1)",
     lambda: fits([cr.Flatten(), cr.Dense(1)], IMAGES, Y)),
    (lambda: SQUARE.predict(IMAGES.reshape(3, 16)), "X.reshape(len(X), 4, 4)",
     lambda: SQUARE.predict(IMAGES.reshape(len(X), 4, 4)).shape == (3, 1)),
    (lambda: SQUARE.predict(IMAGES[..., None]), "X[..., 0]",
     lambda: SQUARE.predict(IMAGES[..., None][..., 0]).shape == (3, 1)),
    (lambda: cr.Network([cr.Dense(3, "softmax")]).fit(X, ["cat", "dog", "cat"]), "np.unique(y, return_inverse=True)",
     lambda: fits([cr.Dense(3, "softmax")], X, np.unique(["cat", "dog", "cat"], return_inverse=True)[1])),
    (lambda: cr.Network([cr.Dense(3, "softmax")]).fit(X, [0.5, 0, 1]), "with Dense(1, 'sigmoid')",
     lambda: fits([cr.Dense(1, "sigmoid")], X, [0.5, 0, 1])),
    (lambda: cr.Network([cr.Dense(1, "sigmoid")]).fit(X, [0, 1, 2]), "Dense(3, 'softmax')",
     lambda: fits([cr.Dense(3, "softmax")], X, [0, 1, 2])),
    (lambda: cr.Network([cr.Dense(1, "sigmoid")]).fit(X, [-1, 1, 1]), "np.unique(y, return_inverse=True)",
     lambda: fits([cr.Dense(1, "sigmoid")], X, np.unique([-1, 1, 1], return_inverse=True)[1])),
    (lambda: cr.Network([cr.Dense(1)]).fit(X, {"a": Y, "b": Y}), "np.column_stack(list(y.values()))",
     lambda: fits([cr.Dense(2)], X, np.column_stack(list({"a": Y, "b": Y}.values())))),
    (lambda: cr.Network([cr.Dense(1)]).fit(X, Y, loss=["mse", "mae"]), "lambda y, p: cr.mse(y, p) + 0.1 * cr.mae(y, p)",
     lambda: fits([cr.Dense(1)], X, Y, loss=lambda y, p: cr.mse(y, p) + 0.1 * cr.mae(y, p))),
    (lambda: cr.Network([cr.Dense(1)], input_shape=2).predict_classes(X), "network.predict(X) > 0",
     lambda: (cr.Network([cr.Dense(1)], input_shape=2).predict(X) > 0).shape == (3, 1)),
    (lambda: cr.Network([cr.Dense(1)]).fit(FRAME, "b"), "fit(X.drop(columns='b'), X['b'])",
     lambda: fits([cr.Dense(1)], FRAME.drop(columns="b"), FRAME["b"])),
    (lambda: cr.Network(lambda x: (cr.Dense(1)(x), cr.Dense(2)(x)), {"x": 2}), "np.concatenate([a, b], axis=1)",
     lambda: cr.Network(lambda x: np.concatenate([cr.Dense(1)(x), cr.Dense(2)(x)], axis=1), {"x": 2}) is not None),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(REMEDIES)))
def test_a_remedy_is_right_when_it_is_followed(number):
    refused, says, followed = REMEDIES[number]
    with pytest.raises(ChainruleError) as caught:
        refused()
    assert says in str(caught.value)
    assert followed()


def test_the_remedies_for_code_of_your_own(tmp_path):
    path = tmp_path / "own.safetensors"
    wanted = trained(path)
    network = cr.load(path)
    with pytest.raises(ChainruleError) as caught:
        network.fit(X, X[:, :1], epochs=1)
    assert "loss=own_loss" in str(caught.value) and "custom={'own_loss': own_loss}" in str(caught.value)
    assert network.fit(X, X[:, :1], epochs=1, loss=own_loss) is not None
    again = cr.load(path, custom={"own_loss": own_loss})
    np.testing.assert_array_equal(again.predict(X), wanted)
    assert again.fit(X, X[:, :1], epochs=1) is not None
