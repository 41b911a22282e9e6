"""Two layers by hand

A small network on paper: forward, neuron by neuron, and back, gradient by gradient. Then 3 and 4 layers.

Needs: function counting
Minutes: 15
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## Forward, neuron by neuron
#
# 3 inputs, 4 hidden neurons, 1 output. Weight `wᵢⱼ` leads from input `i` to neuron `j`, so `W1` has 3 rows
# and 4 columns; in lectures that turn it over it has 4 rows and 3 columns. Each neuron has its row of `z1 =
# W1ᵀx + b1`: `zⱼ = w₁ⱼx₁ + w₂ⱼx₂ + w₃ⱼx₃ + bⱼ`. The picture lights one of them.

i, j = np.arange(1, 4)[:, None], np.arange(1, 5)
network = cr.Network([cr.Dense(4, "sigmoid"), cr.Dense(1, "sigmoid")], input_shape=3, dtype="float64")
network.parameters.update(W1=0.1 * i - 0.05 * j, b1=0.01 * j)
network.parameters.update(W2=[[0.2], [0.1], [0.0], [-0.1]], b2=[0.05])
x = np.array([1.0, 2.0, 3.0])
inside = network.activations([x])
number("z1", inside["Z1"][0])
number("a1 = σ(z1)", inside["A1"][0])
w, b, *_ = network.parameters.values()
for n in range(4):
    terms = [*(w[:, n] * x), b[n]]
    row = " + ".join(f"{term:.2f}" for term in terms)
    holds(f"neuron {n + 1} adds {row}", np.isclose(sum(terms), inside["Z1"][0, n]))
picture(network.draw([x], neuron=(1, 2)))

# %%
# ## The graph of both layers
#
# `z1 = W1ᵀx + b1`, `a1 = σ(z1)`, `z2 = W2ᵀa1 + b2`, `a2 = σ(z2)`: with `a0` for `x` both layers are alike.
# (Layer 2 takes `a1`; one slide has `x` there.) The loss for `y = 1` ends the graph. Vectors are columns.

W1, W2 = (cr.variable(network.parameters[name], name) for name in ("W1", "W2"))
b1, b2 = (cr.variable(network.parameters[name][:, None], name) for name in ("b1", "b2"))
a0, y = cr.constant(x[:, None], "a0"), cr.constant(1.0, "y")
z1 = (W1.T @ a0 + b1).named("z1")
a1 = cr.sigmoid(z1).named("a1")
z2 = (W2.T @ a1 + b2).named("z2")
a2 = cr.sigmoid(z2).named("a2")
L = (-(y * np.log(a2) + (1 - y) * np.log(1 - a2))).sum().named("L")
for node in (z2, a2, L):
    number(node.name, node)
holds("the network puts out a2", np.isclose(network.predict([x]), a2.value))
picture(cr.draw(L))

# %%
# ## Back, gradient by gradient
#
# From the loss back through the graph, each gradient takes the one before it: `∂L/∂a2 = -y/a2 +
# (1-y)/(1-a2)`, then `∂L/∂z2 = a2 - y`, and so on. `cr.explain` writes them all out.

print(*cr.explain(L).backward, sep="\n")
for node in (a2, z2, b2, W2, a1, z1, b1, W1):
    number(f"∂L/∂{node.name}", cr.grad(L, node))

# %%
# A gradient has the shape of what it is for. But the lecture prints `∂L/∂z1 = (a2-y)W2ᵀ * a1(1-a1)`: a row
# times a column, of which NumPy makes a 4×4 matrix without a word. (Its ∂L/∂W2, ∂L/∂a1 and ∂L/∂W1 are turned
# over, too.) A network takes no array of a wrong shape.

wrong = (a2.value - 1) * W2.value.T * (a1.value * (1 - a1.value))
holds("the lecture's product is (4, 4), z1 is (4, 1)", (wrong.shape, z1.shape) == ((4, 4), (4, 1)))
holds("each gradient is as its node", [cr.grad(L, node).shape == node.shape for node in (W2, a1, z1, b1, W1)])
try:
    network.parameters["b1"] = wrong
except cr.ShapeError as error:
    print(error)
holds("b1 is as it was", network.parameters["b1"] == b)

# %%
# ## Many examples, and any number of layers
#
# Now `m` examples, a column each, and ReLU in the hidden layers, as in the lecture's class. Its `W` is ours
# turned over, hence `.T`. Forward: `Z = WA + b`, layer after layer, each kept. Back: `dW = dZ·Aᵀ/m`, `db` the
# mean of `dZ`, and into the layer before `dA = Wᵀ·dZ`, which ReLU lets through where `Z > 0`. At last each
# parameter moves against its gradient, `θ ← θ - α·dθ`: what one step of `fit` does.


def by_hand(P, X, Y):
    A, Z, last = {0: X}, {0: X}, len(P) // 2
    for k in range(1, last + 1):
        Z[k] = P[f"W{k}"].T @ A[k - 1] + P[f"b{k}"][:, None]
        A[k] = cr.sigmoid(Z[k]) if k == last else np.maximum(0, Z[k])
    found, dZ = {}, A[last] - Y
    for k in range(last, 0, -1):
        found[f"W{k}"] = (dZ @ A[k - 1].T / X.shape[1]).T
        found[f"b{k}"] = dZ.mean(axis=1)
        dZ = P[f"W{k}"] @ dZ * (Z[k - 1] > 0)
    return A, found


random = np.random.default_rng(0)
X, Y = random.normal(size=(20, 3)), random.integers(0, 2, 20)
for sizes in [4], [4, 3], [4, 3, 5]:
    layers = [*(cr.Dense(size, "relu") for size in sizes), cr.Dense(1, "sigmoid")]
    net = cr.Network(layers, input_shape=3, dtype="float64", seed=1)
    A, ours = by_hand(net.parameters, X.T, Y)
    print(f"{len(layers)} layers, A of", *(a.shape for a in A.values()))
    same = [np.allclose(ours[name], dP, rtol=1e-12, atol=1e-15) for name, dP in net.gradients(X, Y).items()]
    holds(f"all {len(same)} gradients are those of the network, to 12 digits", same)
moved = {name: value - 0.5 * ours[name] for name, value in net.parameters.items()}
net.fit(X, Y, optimizer=cr.SGD(0.5), batch_size=None, epochs=1)
holds("a step of fit is θ - 0.5·dθ", [np.allclose(net.parameters[name], moved[name]) for name in moved])


@exercise("What is the third entry of ∂L/∂W2, to 3 decimals?", hint="∂L/∂z2 times a of neuron 3.")
def third_entry(answer, x=(1.0, 2.0, 3.0), y=1.0):
    return abs(network.gradients([x], [y])["W2"][2, 0] - answer) < 1e-3


remember("A gradient has the shape of its parameter.")
