"""The lectures' worked numbers, in float64 to 1e-12; S0-100 and the like are rows of the lectures' table."""

import numpy as np
import pytest

from chainrule.graph.node import constant, variable
from chainrule.graph.primitives.exponentials import sigmoid
from chainrule.graph.trace import trace
from chainrule.transform.backprop import grad


def values(nodes):
    return [n.value.tolist() for n in nodes]


def close(nodes, *expected):
    for node, number in zip(nodes, expected, strict=True):
        np.testing.assert_allclose(node.value, number, rtol=1e-12, atol=1e-15)


# --- J = 3(a + bc): S0-100 to S0-111, S1-52 to S1-59 ------------------------------------------------------


def test_three_times_a_plus_b_times_c():
    a, b, c = variable(5.0, "a"), variable(3.0, "b"), variable(2.0, "c")
    u = (b * c).named("u")
    v = (a + u).named("v")
    J = (3 * v).named("J")
    assert values([u, v, J]) == [6, 11, 33]
    assert values(grad(J, [v, a, u, b, c])) == [3, 3, 3, 6, 9]
    assert [str(n) for n in trace(J) if n.inputs] == ["b · c", "a + u", "3 · v"]
    for leaf, step in zip((a, b, c), values(grad(J, [a, b, c])), strict=True):
        leaf.value = leaf.value - 0.1 * step
    close([a, b, c, J], 4.7, 2.4, 1.1, 22.02)


# --- the spam neuron: S0-116 to S0-119 --------------------------------------------------------------------


def spam(w=(0.2, 0.4), b=0.1):
    w, b = variable(list(w), "w"), variable(b, "b")
    z = np.dot(w, [3.0, 5.0]) + b
    a = sigmoid(z)
    return w, b, z, a


def test_spam_neuron_with_cross_entropy():
    w, b, z, a = spam()
    L = -(0 * np.log(a) + (1 - 0) * np.log(1 - a))
    close([z, a, L], 2.7, 0.9370266439430035, 2.7650435617765905)
    close(
        grad(L, [a, z, w, b]),
        15.879731724872832,
        0.9370266439430035,
        [2.8110799318290107, 4.685133219715017],
        0.9370266439430035,
    )
    close([grad(a, z)], 0.05900771248391524)
    dw, db = values(grad(L, [w, b]))
    w.value, b.value = w.value - 0.1 * np.array(dw), b.value - 0.1 * db
    close([w, b], [-0.08110799318290107, -0.06851332197150178], 0.006297335605699644)
    close([a], 0.3590261913295599)
    assert z.value == pytest.approx(-0.5795932538, abs=1e-10)


def test_spam_neuron_with_squared_error():
    w, _, z, a = spam()
    close(grad(0.5 * (a - 0) ** 2, [z, w]), 0.05529179879555677, [0.16587539638667032, 0.27645899397778384])


def test_loss_of_one_example():  # S0-82, S0-86
    p = variable([0.8, 0.9, 0.1])
    close([-np.log(p)], [0.2231435513142097, 0.10536051565782628, 2.302585092994046])


# --- batch of logistic regression: S0-145 to S0-148 -------------------------------------------------------


def test_batch_with_examples_in_columns():
    X = np.array([[3.0, 1, -1], [5, 0, 2]])
    Y = np.array([0.0, 1, 1])
    w, b = variable([0.2, 0.4], "w"), variable(0.1, "b")
    Z = w @ X + b
    A = 1 / (1 + np.exp(-Z))
    J = -(1 / 3) * np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    close(
        [Z, A, J],
        [2.7, 0.3, 0.7],
        [0.9370266439430035, 0.574442516811659, 0.6681877721681662],
        1.2408616183768584,
    )
    dw, db, dZ = grad(J, [w, b, Z])
    close([dw, db], [0.9057782254908343, 1.3405029213504498], 0.059885644307609565)
    np.testing.assert_allclose(3 * dZ.value, A.value - Y, rtol=1e-12)
    w.value, b.value = w.value - 0.1 * dw.value, b.value - 0.1 * db.value
    close([w, b, J], [0.10942217745091658, 0.26594970786495503], 0.09401143556923905, 0.9921430907256936)


# --- one example through 3-4-1: S1-3, S1-15 to S1-20, S1-61 to S1-85 --------------------------------------

W1 = np.array([[0.1 * i - 0.05 * j for j in range(1, 5)] for i in range(1, 4)])  # (inputs, units)
B1 = np.array([[0.01 * j] for j in range(1, 5)])
W2 = np.array([[0.2], [0.1], [0.0], [-0.1]])
X1 = np.array([[1.0], [2.0], [3.0]])


def test_logistic_neuron_with_three_inputs():
    w, b = variable([0.5, -0.25, 0.1]), variable(1.0)
    z = w @ X1[:, 0] + b
    a = sigmoid(z)
    positive, negative = -np.log(a), -np.log(1 - a)
    close([z, a, positive, negative], 1.3, 0.7858349830425586, 0.24100845383299221, 1.5410084538329922)
    close(
        grad(positive, [a, z, b, w]),
        -1.2725317930340125,
        -0.2141650169574414,
        -0.2141650169574414,
        [-0.2141650169574414, -0.4283300339148828, -0.6424950508723242],
    )


def test_two_layer_network_with_columns():
    w1, b1, w2, b2 = (variable(v) for v in (W1, B1, W2, [[0.05]]))
    z1 = w1.T @ X1 + b1
    a1 = sigmoid(z1)
    z2 = w2.T @ a1 + b2
    a2 = sigmoid(z2)
    L = np.sum(-np.log(a2))
    close([z1], [[1.11], [0.82], [0.53], [0.24]])
    close([a1], [[0.7521291114395702], [0.6942363401080306], [0.6294831119673949], [0.5597136492671929]])
    close([z2, a2, L], [[0.2138780913719978]], [[0.5532666258222259]], 0.5919152493100508)
    dz1 = [-0.016656981999128018, -0.009482909588746195, 0, 0.011009041745821012]
    d = dict(
        zip(
            ["a2", "z2", "b2", "w2", "a1", "z1", "b1", "w1"],
            grad(L, [a2, z2, b2, w2, a1, z1, b1, w1]),
            strict=True,
        )
    )
    close(
        [d["a2"], d["z2"], d["b2"]],
        [[-1.8074468137561532]],
        [[-0.44673337417777415]],
        [[-0.44673337417777415]],
    )
    close(
        [d["w2"], d["a1"]],
        [[-0.3360011757707303], [-0.3101385426932893], [-0.28121111459711995], [-0.25004276711048834]],
        [[-0.08934667483555483], [-0.04467333741777742], [0], [0.04467333741777743]],
    )
    close([d["z1"], d["b1"], d["w1"]], np.array([dz1]).T, np.array([dz1]).T, np.outer([1, 2, 3], dz1))


def test_a_network_from_two_to_two():  # S1-34
    weights = [([[1, -2], [-1, 1]], [1, 0]), ([[2, -1], [-2, -1]], [0, 0]), ([[3, -1], [-1, 4]], [-2, 2])]

    def f(x):
        for W, b in weights:
            x = sigmoid(constant(W) @ x + constant(b))
        return x

    close(
        [f(constant([1, -1])), f(constant([0, 0]))],
        [0.6177047777553412, 0.8291239841574399],
        [0.5118473769870672, 0.8543839009877142],
    )


# --- the 2-2-1 network without biases: S2-52 to S2-64 -----------------------------------------------------


def test_two_two_one():
    w1, w2, w3, w4, w5, w6 = w = [variable(0.1 * k, f"w{k}") for k in range(1, 7)]
    x1, x2 = variable(1.0, "x1"), variable(2.0, "x2")
    z1, z2 = w1 * x1 + w3 * x2, w2 * x1 + w4 * x2
    a1, a2 = sigmoid(z1), sigmoid(z2)
    z3 = w5 * a1 + w6 * a2
    y = sigmoid(z3)
    L = 0.5 * (y - 1) ** 2
    close([z1, z2, a1, a2], 0.7, 1.0, 0.6681877721681662, 0.7310585786300049)
    close([z3, y, L], 0.772729033262086, 0.6841109425510752, 0.04989294830798506)
    close(grad(L, [y, z3]), -0.31588905744892484, -0.06826462378725547)
    close(grad(L, [a1, a2]), -0.03413231189362773, -0.040958774272353275)
    close(grad(L, [z1, z2]), -0.007567572942072764, -0.008052983792888846)
    close(grad(L, [x1, x2]), -0.0023673540527850458, -0.005491465399777368)
    close(
        grad(L, w),
        -0.007567572942072764,
        -0.008052983792888846,
        -0.015135145884145529,
        -0.016105967585777693,
        -0.04561358688630423,
        -0.049905438836623,
    )


# --- Alice: S3-7, S3-12, S3-21, S3-32 to S3-47 ------------------------------------------------------------


def alice():
    p = {name: variable(1.0, name) for name in ("w1", "w2", "w3", "w4", "w5", "w6")}
    p |= {name: variable(0.0, name) for name in ("b1", "b2", "b3")}
    h1 = sigmoid(p["w1"] * -2 + p["w2"] * -1 + p["b1"])
    h2 = sigmoid(p["w3"] * -2 + p["w4"] * -1 + p["b2"])
    y = sigmoid(p["w5"] * h1 + p["w6"] * h2 + p["b3"])
    return p, h1, h2, y, np.mean((1 - y) ** 2)


def test_alice():
    p, h1, h2, y, L = alice()
    close([h1, h2, y, L], 0.04742587317756678, 0.04742587317756678, 0.5236951740839997, 0.22686628719087137)
    close(
        [grad(L, y), grad(y, h1), grad(h1, p["w1"])],
        -0.9526096518320006,
        0.24943853872512894,
        -0.09035331946182427,
    )
    close([grad(h1, p["b1"])], 0.04517665973091214)
    first, second = 0.02146953526581111, 0.010734767632905555
    close(grad(L, [p[k] for k in ("w1", "w2", "w3", "w4")]), first, second, first, second)
    close(grad(L, [p["w5"], p["w6"]]), -0.011269220242958155, -0.011269220242958155)
    close(grad(L, [p["b1"], p["b2"], p["b3"]]), -second, -second, -0.23761755952842809)


def test_one_step_for_alice():
    p, _, _, y, L = alice()
    steps = values(grad(L, list(p.values())))
    for leaf, step in zip(p.values(), steps, strict=True):
        leaf.value = leaf.value - 0.1 * step
    close([y, L], 0.529790848182593, 0.22109664645284527)


def test_feedforward_of_shared_weights():
    def neuron(x, b=0.0):
        return sigmoid(np.dot([0.0, 1.0], x) + b)

    close([neuron(constant([2.0, 3.0]), 4.0)], 0.9990889488055994)
    h = neuron(constant([2.0, 3.0]))
    close([h, neuron(np.stack([h, h]))], 0.9525741268224334, 0.7216325609518421)


# --- cos(sin x² + 3x²): S3-48 to S3-53 --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "slope"),
    [
        (0.5, -3.334146414144972),
        (1, 4.5607917906787785),
        (2, 9.099148544832385),
        (-1, -4.5607917906787785),
        (0, 0),
    ],
)
def test_cosine_of_sine_slopes(at, slope):
    x = variable(float(at))
    close([grad(np.cos(np.sin(x**2) + 3 * x**2), x)], slope)


def test_cosine_of_sine_steps():
    x = variable(1.0, "x")
    a = x**2
    b, c = np.sin(a), 3 * a
    d = b + c
    J = np.cos(d)
    close([a, b, c, d, J], 1, 0.8414709848078965, 3, 3.8414709848078967, -0.7649205628044862)
    close(
        [grad(J, d), grad(d, b), grad(b, a), grad(a, x), grad(c, x)],
        0.6441246250523792,
        1,
        0.5403023058681398,
        2,
        6,
    )
    assert grad(J, a).value == pytest.approx(grad(J, d).value * (grad(b, a).value + 3), rel=1e-14)


# --- the lecture's NeuralNetwork class, as it is written in NumPy -----------------------------------------


class NeuralNetwork:
    """Forward pass and cost of S4, with examples in columns; nothing in it knows of nodes."""

    def __init__(self, parameters):
        self.parameters = parameters

    def relu(self, Z):
        return np.maximum(0, Z)

    def sigmoid(self, Z):
        return 1 / (1 + np.exp(-np.clip(Z, -500, 500)))

    def forward(self, X):
        W1, b1, W2, b2 = self.parameters
        Z1 = np.dot(W1, X) + b1
        A1 = self.relu(Z1)
        Z2 = W2 @ A1 + b2
        return self.sigmoid(Z2)

    def compute_cost(self, A2, Y):
        m = Y.shape[1]
        A2 = np.clip(A2, 1e-10, 1 - 1e-10)
        return -(1 / m) * np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2))

    def gradients(self, X, Y):
        W1, b1, W2, b2 = self.parameters
        m = X.shape[1]
        Z1 = np.dot(W1, X) + b1
        A1 = self.relu(Z1)
        dZ2 = self.sigmoid(W2 @ A1 + b2) - Y
        dW2 = (1 / m) * np.dot(dZ2, A1.T)
        db2 = (1 / m) * np.sum(dZ2, axis=1, keepdims=True)
        dZ1 = np.dot(W2.T, dZ2) * (Z1 > 0)
        return [(1 / m) * np.dot(dZ1, X.T), (1 / m) * np.sum(dZ1, axis=1, keepdims=True), dW2, db2]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_lectures_class_runs_on_nodes_unchanged(dtype):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(2, 7)).astype(dtype), (rng.random((1, 7)) > 0.5).astype(dtype)
    arrays = [rng.normal(size=s).astype(dtype) for s in [(3, 2), (3, 1), (1, 3), (1, 1)]]
    by_hand, by_node = NeuralNetwork(arrays), NeuralNetwork([variable(a) for a in arrays])
    cost = by_node.compute_cost(by_node.forward(X), Y)
    assert cost.dtype == dtype
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(cost.value, by_hand.compute_cost(by_hand.forward(X), Y), rtol=tolerance)
    written_out = by_node.gradients(X, Y)  # the lecture's own backward pass runs on nodes too
    for g, theirs, node in zip(
        grad(cost, by_node.parameters), by_hand.gradients(X, Y), written_out, strict=True
    ):
        np.testing.assert_allclose(g.value, theirs, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(node.value, theirs, rtol=tolerance, atol=tolerance)
