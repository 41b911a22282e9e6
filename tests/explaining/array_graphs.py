"""Graphs of arrays as a student would write them, and what they are given."""

import numpy as np

import chainrule as cr
from chainrule.graph.node import with_inputs
from chainrule.graph.walk import rebuild
from chainrule.nn.losses import LOSSES
from chainrule.nn.reading import at


class Graph:
    """A graph with its parts by name: ``of.J``, ``of.W1`` ... and what its inputs are given."""

    def __init__(self, feed, **nodes):
        self.feed = feed
        self.nodes = nodes
        self.__dict__.update(nodes)

    def explain(self, *wrt, **settings):
        return cr.explain(self.J, [self.nodes[w] for w in wrt] or None, self.feed, **settings)


def numbers(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).round(2)


def layers(activation=np.tanh):
    X = cr.input("X", ("m", 2))
    W1, b1 = cr.variable(numbers(2, 4), "W1"), cr.variable(numbers(4), "b1")
    Z1 = (X @ W1 + b1).named("Z1")
    return {"X": X, "W1": W1, "b1": b1, "Z1": Z1, "A1": activation(Z1).named("A1")}


def xor(activation=np.tanh):
    """The lectures' first network: two layers, sigmoid and cross-entropy."""
    at, Y = layers(activation), cr.input("Y", ("m", 1))
    W2, b2 = cr.variable(numbers(4, 1), "W2"), cr.variable(numbers(1), "b2")
    Z2 = (at["A1"] @ W2 + b2).named("Z2")
    A2 = cr.sigmoid(Z2).named("A2")
    J = -np.mean(Y * np.log(A2) + (1 - Y) * np.log(1 - A2))
    feed = {at["X"]: [[0, 0], [0, 1], [1, 0], [1, 1]], Y: [[0], [1], [1], [0]]}
    return Graph(feed, **at, Y=Y, W2=W2, b2=b2, Z2=Z2, A2=A2, J=J.named("J"))


def classes(activation=cr.relu, penalty=0.0, named_loss=False, one_hot=True):
    """Softmax and cross-entropy over three classes."""
    at, Y = layers(activation), cr.input("Y", ("m", 3))
    W2, b2 = cr.variable(numbers(4, 3), "W2"), cr.variable(numbers(3), "b2")
    Z2 = (at["A1"] @ W2 + b2).named("Z2")
    A2 = cr.softmax(Z2).named("A2")
    L = -np.sum(Y * np.log(A2), axis=1)
    J = np.mean(L.named("L") if named_loss else L)
    if penalty:
        J = J + penalty * (np.sum(at["W1"] ** 2) + np.sum(W2**2))
    Y_given = np.eye(3)[[0, 1, 2, 1, 0]] if one_hot else np.full((5, 3), 0.25)
    feed = {at["X"]: numbers(5, 2, seed=7), Y: Y_given}
    return Graph(feed, **at, Y=Y, W2=W2, b2=b2, Z2=Z2, A2=A2, J=J.named("J"))


def named_cost():
    """The mean has a name of its own, and is a part of J."""
    graph = classes()
    cost = graph.J.named("cost")
    J = (2 * cost + 0.01 * np.sum(graph.W1**2)).named("J")
    return Graph(graph.feed, **{**graph.nodes, "cost": cost, "J": J})


def line():
    """Linear regression with a vector of weights."""
    X, y = cr.input("X", ("m", 3)), cr.input("y", ("m",))
    w, b = cr.variable([1.0, 2.0, 3.0], "w"), cr.variable(0.5, "b")
    p = (X @ w + b).named("p")
    J = np.mean((p - y) ** 2).named("J")
    return Graph({X: numbers(6, 3), y: numbers(6)}, X=X, y=y, w=w, b=b, p=p, J=J)


def normalized():
    """Batch normalization, of whose statistics each example's loss depends on all."""
    at, y = layers(), cr.input("y", ("m",))
    Z1, gamma, beta = at["Z1"], cr.variable(numbers(4), "gamma"), cr.variable(numbers(4), "beta")
    mu = np.mean(Z1, axis=0).named("mu")
    var = np.mean((Z1 - mu) ** 2, axis=0).named("var")
    N = ((Z1 - mu) / np.sqrt(var + 1e-5)).named("N")
    H = (gamma * N + beta).named("H")
    J = np.mean((np.sum(np.tanh(H), axis=1) - y) ** 2).named("J")
    feed = {at["X"]: numbers(5, 2, seed=3), y: numbers(5)}
    return Graph(
        feed, **{k: at[k] for k in ("X", "W1", "b1", "Z1")}, y=y, gamma=gamma, beta=beta, mu=mu, H=H, J=J
    )


def no_names():
    at, Y = layers(), cr.input("Y", ("m", 3))
    W1, W2 = cr.variable(numbers(2, 4), "W1"), cr.variable(numbers(4, 3), "W2")
    J = np.mean((np.tanh(at["X"] @ W1) @ W2 - Y) ** 2)
    return Graph({at["X"]: numbers(5, 2), Y: numbers(5, 3)}, X=at["X"], W1=W1, W2=W2, Y=Y, J=J)


def one_example():
    """No axis of examples: a vector in, and a sum."""
    x = cr.constant(numbers(5), "x")
    W, b = cr.variable(numbers(5, 4), "W"), cr.variable(numbers(4), "b")
    z = (x @ W + b).named("z")
    J = np.sum(cr.sigmoid(z).named("a") ** 2).named("J")
    return Graph({}, x=x, W=W, b=b, z=z, J=J)


def fixed():
    """A number of examples that is known when the graph is written."""
    x = cr.constant(numbers(4, 5), "X")
    W, b = cr.variable(numbers(5, 4), "W"), cr.variable(numbers(4), "b")
    A = cr.sigmoid((x @ W + b).named("Z")).named("A")
    return Graph({}, X=x, W=W, b=b, J=np.mean(A * A).named("J"))


def shared():
    """One matrix in two places, one of them transposed: an autoencoder with tied weights."""
    X, W = cr.input("X", ("m", 3)), cr.variable(numbers(3, 2), "W")
    H = np.tanh(X @ W).named("H")
    R = (H @ W.T).named("R")
    return Graph({X: numbers(4, 3)}, X=X, W=W, H=H, R=R, J=np.mean(np.sum((R - X) ** 2, axis=1)).named("J"))


def network(layers, *shape, loss="mse", whole=0):
    """The cost of a network on four examples, its parts under their names, as it is when it predicts."""
    made = cr.Network(layers, input_shape=shape, seed=0, dtype="float64").architecture
    (x,) = made.inputs.values()
    Y = cr.input("Y", ("batch", *made.output.shape[1:]))
    names = {n: name for name, n in made.parts.items()}
    J = np.mean(LOSSES[loss](Y, made.output))
    J = rebuild([J], lambda n, new: with_inputs(n, new).named(names.get(n, n.name)) if new else n)[J]
    (J,) = at([J], training=False)
    X = np.random.default_rng(0).integers(0, whole, (4, *shape)) if whole else numbers(4, *shape)
    trained = {name: w for name, w in made.parameters.items() if w.meaning.trainable}
    return Graph({x: X, Y: np.ones((4, *Y.shape[1:]))}, **trained, x=x, Y=Y, J=J.named("J"))


def recurrent():
    """A step of a recurrence that is named in it."""
    X, U, W = cr.input("X", (3, 5, 2)), cr.variable(numbers(4, 4), "U"), cr.variable(numbers(2, 4), "W")
    h, _ = cr.scan(lambda h, x: (np.tanh((x @ W + h @ U).named("z")), None), np.zeros((5, 4)), X)
    return Graph({X: numbers(3, 5, 2)}, X=X, W=W, U=U, J=np.mean(np.sum(h**2, axis=1)).named("J"))


GRAPHS = {
    "xor": xor,
    "xor, relu": lambda: xor(cr.relu),
    "xor, sigmoid": lambda: xor(cr.sigmoid),
    "classes": classes,
    "classes, penalty": lambda: classes(penalty=0.01),
    "classes, named loss": lambda: classes(named_loss=True),
    "classes, soft": lambda: classes(one_hot=False),
    "named cost": named_cost,
    "line": line,
    "normalized": normalized,
    "no names": no_names,
    "one example": one_example,
    "fixed": fixed,
    "shared": shared,
    "recurrent": recurrent,
    "convolution": lambda: network(
        [
            cr.Conv2D(2, 3, padding="same", strides=2, activation="relu"),
            cr.MaxPooling2D(2),
            cr.Flatten(),
            cr.Dense(1),
        ],
        8,
        8,
        2,
    ),
    "embedding": lambda: network(
        [cr.Embedding(10, 3), cr.GlobalAveragePooling1D(), cr.Dense(1, "sigmoid")],
        5,
        loss="binary_crossentropy",
        whole=10,
    ),
    "lstm": lambda: network([cr.LSTM(3), cr.Dense(1)], 3, 2),
    "layer norm": lambda: network(
        [cr.Dense(4), cr.LayerNormalization(), cr.Activation("gelu"), cr.Dense(2)], 3
    ),
    "softmax of time": lambda: network(
        [cr.Conv1D(3, 2), cr.Dense(2, "softmax")], 4, 2, loss="categorical_crossentropy"
    ),
}
