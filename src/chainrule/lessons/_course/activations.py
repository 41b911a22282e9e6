"""Five ways to squash, and their slopes

An activation decides what a neuron puts out, and its slope how fast the neuron learns.

Needs: one_neuron house_line
Minutes: 15
"""

from importlib.util import find_spec

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## Values and slopes
#
# Besides the identity there are the *sigmoid* σ; *tanh*, `(eᶻ - e⁻ᶻ) / (eᶻ + e⁻ᶻ)`; *ReLU*, `max(0, z)`;
# and *leaky ReLU*, `max(0.01·z, z)`. Their slopes, which the graph finds, are `σ(z)·(1 - σ(z))`, `1 -
# tanh²(z)`, 0 or 1, and 0.01 or 1. At 0, its kink, ReLU has no slope and takes 0; the leaky one 0.01.
#
# All but the identity bend: with it, layers make one line. How much leaks is yours to say. (With a above 1,
# `max(a·z, z)` bends to the other side; ours has the slope a below 0.)

z = cr.variable([-3.0, -1.0, 0.0, 1.0, 3.0], name="z")
for name, g in {"σ": cr.sigmoid, "tanh": np.tanh, "ReLU": cr.relu, "leaky ReLU": cr.leaky_relu}.items():
    number(f"{name} of -3, -1, 0, 1, 3", g(z))
    number(f"slope of {name} there", cr.grad(g(z).sum(), z))
picture(cr.pictures.activation(["sigmoid", "identity", "tanh", "relu", "leaky_relu"]))
number("leaky ReLU of -1 with slopes 0.2 and 2", [cr.leaky_relu(-1.0, slope=a) for a in (0.2, 2.0)])
number("max(2z, z) of -1 and 1", np.maximum([-2.0, 2.0], [-1.0, 1.0]))
for name in ("identity", "relu"):
    network = cr.Network([cr.Dense(8, name), cr.Dense(1)], input_shape=1, dtype="float64", seed=0)
    left, middle, right = network.predict([[-1.0], [0.0], [1.0]])[:, 0]
    number(f"bend at 0, with {name}", round(abs(left - 2 * middle + right), 9))

# %%
# ## The slope of the sigmoid
#
# It is also `e⁻ᶻ / (1 + e⁻ᶻ)²`. It is largest where σ is ½, and small where σ is near 0 or 1.

t = np.linspace(-30, 30, 2001)
s, h = cr.sigmoid(t), 1e-5
holds("both forms agree", np.abs(s * (1 - s) - np.exp(-t) / (1 + np.exp(-t)) ** 2) < 1e-15)
difference = (cr.sigmoid(t + h) - cr.sigmoid(t - h)) / (2 * h)
holds("differences agree", np.isclose(s * (1 - s), difference, atol=1e-9))
holds("it is largest where σ is ½", s[np.argmax(s * (1 - s))] == 0.5)
holds("tanh(z) = 2·σ(2z) - 1", np.isclose(np.tanh(t), 2 * cr.sigmoid(2 * t) - 1, atol=1e-15))
z = cr.variable(np.log([1.0, 9.0, 99.0]), name="z")
number("σ", cr.sigmoid(z))
number("its slope", cr.grad(cr.sigmoid(z).sum(), z))

# %%
# ## Far out
#
# Beyond 3, σ is flat; tanh, which is centred at 0, is flatter still. What is flat learns slowly: its
# gradient *vanishes*. Slopes multiply along a path, so ten sigmoids in a row let at most `¼¹⁰` through.
# ReLU's slope stays 1 above 0; below it is 0, of which one lecture says nothing. And e⁷¹⁰ is more than a
# computer can hold: a lecture cuts z off at ±500, ours need no care.

far = cr.variable(np.linspace(3.001, 1000, 500), name="far")
holds("beyond 3 the slope of σ is below 0.0452", cr.grad(cr.sigmoid(far).sum(), far).value < 0.0452)
holds("tanh is centred: tanh(-z) = -tanh(z)", np.tanh(-t) == -np.tanh(t))
number("σ(-500)", cr.sigmoid(-500.0))
holds("the largest number of a computer is between e⁷⁰⁹ and e⁷¹⁰", 709 < np.log(np.finfo(float).max) < 710)
number("σ and tanh of 1000", [cr.sigmoid(1000.0), np.tanh(1000.0)])
x = cr.variable(10.0, name="x")
number("slope of σ at 10", cr.grad(cr.sigmoid(x), x))
sigmoids = relus = x
for _ in range(10):
    sigmoids, relus = cr.sigmoid(sigmoids), cr.relu(relus)
number("¼¹⁰", 0.25**10)
holds("ten sigmoids let less than that through", cr.grad(sigmoids, x).value < 0.25**10)
number("slope of ten ReLUs in a row", cr.grad(relus, x))

# %%
# ## A dead neuron
#
# This network learns XOR, from weights that NumPy draws with seed 42. The third neuron never has a sum
# above 0, hence no slope: it is *dead* from the first step. Leaky ReLU always has a slope, and keeps it
# alive.

X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), [0, 1, 1, 0]
rng = np.random.RandomState(42)
W1, W2 = rng.randn(4, 2).T, rng.randn(1, 4).T * np.sqrt(1 / 2)
number("third neuron as drawn: w₁, w₂, and out", [*W1[:, 2], *W2[2]])
for name in ("leaky_relu", "relu"):
    network = cr.Network([cr.Dense(4, name), cr.Dense(1, "sigmoid")], input_shape=2, dtype="float64", seed=0)
    network.parameters.update(W1=W1, W2=W2)
    network.fit(X, y, optimizer=cr.SGD(0.5), batch_size=None, epochs=200)
    number(f"after 200 steps with {name}", [*network.parameters["W1"][:, 2], *network.parameters["W2"][2]])
picture(cr.pictures.dead_units(network, X))

# %%
# ## A step, and the price of an exponential
#
# The oldest activation is a *step*: 0 below 0, 1 from 0 on (at 0, lectures leave it open). It can predict, but
# its slope is 0, so that training it is refused. And an exponential costs more than a maximum: the machine's
# code of σ is longer. In time: on one machine NumPy took 6 ms for 4 million ReLUs, 12 for σ, 4 for tanh.

number("step of -1, 0, 1", cr.step([-1.0, 0.0, 1.0]))
picture(cr.pictures.activation(["step", "sigmoid"], derivative=False))
try:
    cr.Network([cr.Dense(1, "step")]).fit([[0.0], [1.0]], [0, 1], loss="mse")
except cr.ChainruleError as error:
    print(error)
x = cr.input("x", ("n",))
if find_spec("llvmlite"):  # which makes machine code
    code = [cr.compile(g(x), [x], engine="native").show("asm") for g in (cr.relu, cr.sigmoid)]
    holds("the machine's code of ReLU is shorter than that of σ", len(code[0]) < len(code[1]))


@exercise("How steep is σ(2z) at most?", hint="The chain rule: its slope is 2·σ'(2z).")
def steepest(answer, k=2.0):
    z = cr.variable(np.linspace(-5, 5, 1001), name="z")
    return abs(answer - cr.grad(cr.sigmoid(k * z).sum(), z).value.max()) < 5e-4


remember("The slope of σ is never above ¼: ten in a row let less than a millionth through.")
