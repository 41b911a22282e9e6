"""A network is a function

Numbers go in, numbers come out; the weights say which function it is. Here is one: drawn, written out, saved.

Needs: one_neuron
Minutes: 12
"""

import tempfile

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## From two numbers to two
#
# Three layers of two sigmoid neurons; column `j` of `W1` leads to neuron `j`. (The lecture's weights are lost; these
# give its numbers.) *Forward propagation* takes an input through layer after layer, each fed by the one before.

network = cr.Network([cr.Dense(2, "sigmoid") for _ in range(3)], input_shape=2, dtype="float64")
network.parameters.update(W1=[[1, -1], [-2, 1]], b1=[1, 0])
network.parameters.update(W2=[[2, -2], [-1, -1]], b2=[0, 0], W3=[[3, -1], [-1, 4]], b3=[-2, 2])
X = np.array([[1.0, -1.0], [0.0, 0.0]])
Y = network.predict(X)
number("f([1, -1]), first", Y[0, 0])
number("f([1, -1]), second", Y[0, 1])
number("f([0, 0]), first", Y[1, 0])
number("f([0, 0]), second", Y[1, 1])

# %%
# `activations` keeps what each layer made on the way: `Z` before its activation and `A` after it. With its
# weights fixed the network *is* one function. The layers alone say less: they name a whole *set* of
# functions, one for each choice of the weights.

inside = network.activations(X)
number("A1, a row for each input", inside["A1"])
number("A2", inside["A2"])
picture(network.draw(X, labels="values"))
other = cr.Network(network.layers, input_shape=2, dtype="float64", seed=0)
holds("the same layers with other weights are another function", not np.allclose(other.predict(X), Y))

# %%
# ## The names of the parts
#
# The *input layer* is only the data and is not counted: this is a 3-layer network. The last layer is the
# *output layer*, those between are *hidden layers*. More layers make a network *deeper*; hence *deep
# learning*. Where every neuron is connected to every neuron of the layer before, the layer is *fully
# connected* (`Dense`). A network of such layers is a *multi-layer perceptron* (MLP).

network.summary()
number("hidden layers", len(network.layers[:-1]))
more = cr.Network([*network.layers, cr.Dense(2)])
holds("with one layer more it is a 4-layer network", "4-layer network" in more.summary_text())

# %%
# Fully connected layers of `p` and `q` neurons have `p·q` edges between them, each with a weight. Weight
# `w₁₂` of layer `[l]` leads from neuron 1 of layer `l - 1` to neuron 2 of layer `l`.

named = cr.Network([cr.Dense(3, "sigmoid"), cr.Dense(2, "sigmoid")], input_shape=2, seed=0)
number("edges of 2-3-2: 2·3 + 3·2", sum(named.parameters[w].size for w in ("W1", "W2")))
picture(named.draw(labels="names"))

# %%
# ## The same function as a formula
#
# One layer without bias is `ŷ = g(Wᵀx)`: `W` has a row for each input and a column for each neuron. Two
# layers are one formula inside another, `ŷ = g₂(W₂ᵀ g₁(W₁ᵀx))`, and each layer may have its own `g`.

x = np.array([1.0, 2.0, 3.0])
one = cr.Network([cr.Dense(2, bias=False)], input_shape=3, dtype="float64", seed=1)
(W,) = one.parameters.values()
number("weights from 3 to 2", W.size)
holds("ŷ = Wᵀx, where g changes nothing", np.allclose(one.predict([x])[0], W.T @ x))
layers = [cr.Dense(3, "tanh", bias=False), cr.Dense(2, "sigmoid", bias=False)]
two = cr.Network(layers, input_shape=3, dtype="float64", seed=1)
W1, W2 = two.parameters.values()
biased = cr.Network([cr.Dense(3), cr.Dense(2)], input_shape=3).parameters.values()
number("weights from 3 to 3 to 2, and with biases", [W1.size + W2.size, sum(p.size for p in biased)])
holds("ŷ = σ(W₂ᵀ tanh(W₁ᵀx))", np.allclose(two.predict([x]), cr.sigmoid(W2.T @ np.tanh(W1.T @ x))))

# %%
# The network above, with its biases, is `σ(W₃σ(W₂σ(W₁x + b₁) + b₂) + b₃)`. The library has examples in rows,
# hence `x @ W1`; with columns it is `W₁X + b₁`, all turned over. (One slide writes a₁ for the whole vector a.)

print(network.output)
A, *P = X.T, *network.parameters.values()
for W, b in zip(P[::2], P[1::2], strict=True):
    A = cr.sigmoid(W.T @ A + b[:, None])
holds("the nested formula is the network, to 12 digits", np.allclose(A.T, Y, rtol=1e-12, atol=0))

# %%
# ## Any number of layers and neurons
#
# Nothing changes with more of them. Five examples through 3, 2 and 1 neurons, and then through others.

for widths in [3, 2, 1], [1], [5, 4], [7, 2, 6, 1], [4, 1, 6, 3, 5]:
    some = cr.Network([cr.Dense(n, "sigmoid") for n in widths], input_shape=4, seed=0)
    shapes = [Z.shape for name, Z in some.activations(np.ones((5, 4))).items() if "Z" in name]
    holds(f"layers of {widths} neurons make Z of {shapes}", shapes == [(5, n) for n in widths])

# %%
# ## A model is its architecture and its parameters
#
# A neuron is a linear step and an activation. The *architecture* says how many there are and how they
# connect; the *parameters* are the weights and biases. A file with both is the same function again.

with tempfile.TemporaryDirectory() as folder:
    network.save(f"{folder}/f.safetensors")
    again = cr.load(f"{folder}/f.safetensors")
holds("after save and load: the same bits", np.array_equal(again.predict(X), Y))


@exercise("What is the first output for x = [0, 0], to 3 decimals?", hint="Layer 1 makes σ(1) and σ(0).")
def first_output(answer, x=(0.0, 0.0)):
    return abs(network.predict([x])[0, 0] - answer) < 1e-3


remember("Layers name a set of functions; the weights choose one of them.")
