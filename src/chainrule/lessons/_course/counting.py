"""Counting parameters

How many numbers does a network have to learn? We count: one neuron that looks at a photo, then layers.

Needs: one_neuron function
Minutes: 10
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## A photo is 12,288 numbers
#
# Is there a cat in the photo? A small photo has 64 rows of 64 pixels of 3 numbers each: red, green, blue.
# (The lecture writes RGB(64 64 64) and means 64·64·3.) *Flattening* puts them into one row of features. Ours
# are random numbers, enough for counting. Logistic regression is one neuron: a weight for each feature, and
# a bias. It puts out `σ(Wx + b)`, the probability of a cat, and says 1 where that is above ½, else 0.


def count(network):
    return sum(values.size for values in network.parameters.values())


photo = np.random.default_rng(0).random((64, 64, 3))
features = photo.reshape(-1)
number("features of a photo", features.size)
holds("nothing is lost: the photo can be put back", np.all(features.reshape(64, 64, 3) == photo))
cat = cr.Network([cr.Flatten(), cr.Dense(1, "sigmoid")], input_shape=(64, 64, 3), seed=0)
number("parameters of one neuron", count(cat))
W, b = cat.parameters.values()
y = cr.sigmoid(features @ W + b)
holds("it puts out σ(Wx + b)", np.isclose(cat.predict([photo]), y, atol=1e-6))
holds("and says 1 where that is above ½", cat.predict_classes([photo]) == (y > 0.5))

# %%
# ## Three neurons
#
# Cat, lion, iguana: a neuron for each, `ŷᵢ = σ(wᵢx + bᵢ)`. They share the photo and nothing else, so they are
# three logistic regressions, with three times the parameters. Each answers for itself. The lecture announces
# "multi-class"; three sigmoids are multi-label, as the lesson `tasks` shows.

zoo = cr.Network([cr.Flatten(), cr.Dense(3, "sigmoid")], input_shape=(64, 64, 3), seed=1)
number("parameters of three neurons", count(zoo))
cat.parameters.update(W1=zoo.parameters["W1"][:, :1], b1=zoo.parameters["b1"][:1])
same = np.isclose(cat.predict([photo]), zoo.predict([photo])[:, :1], atol=1e-6)
holds("its first neuron alone says the same", same)

# %%
# ## Edges and neurons
#
# Every edge has a weight, every neuron a bias. So **parameters = edges + neurons**. Layers are stacked like
# building blocks: 1-1-1-1 is a chain of 3 layers of a neuron, 3-4-1 has 4 hidden ones. One lecture ignores biases
# and counts 4·4 + 4 + 1 = 21. That fits 4-4-1-1, or 3-4-1 *with* biases, but not 4-4-1. Four friends who each
# talk to three friends have 12 talks: in a fully connected layer every input reaches every neuron, so no
# slope of 3 neurons by 4 inputs is 0.


def build(*sizes, bias=True):
    layers = [cr.Dense(size, "sigmoid", bias=bias) for size in sizes[1:]]
    return cr.Network(layers, input_shape=sizes[0], dtype="float64", seed=0)


for sizes in (1, 1, 1, 1), (2, 3, 1), (2, 4, 1), (2, 8, 1), (64, 32, 1), (3, 4, 1), (4, 4, 1):
    edges, neurons = np.dot(sizes[:-1], sizes[1:]), sum(sizes[1:])
    number(f"{sizes}: {edges} edges + {neurons} neurons", count(build(*sizes)))
for sizes in (4, 4, 1), (4, 4, 1, 1):
    number(f"{sizes} without biases", count(build(*sizes, bias=False)))
picture(build(1, 1, 1, 1).draw(names=["size"], classes=["price"]))
W, b = build(4, 3).parameters.values()
x = cr.variable(np.array([1.0, 2.0, 3.0, 4.0]), name="x")
slopes = [cr.grad(cr.sigmoid(x @ W + b)[j], x).value for j in range(3)]
number("slopes that are not 0", np.count_nonzero(slopes))

# %%
# ## Most of them sit in the first layer
#
# `n` inputs, then 3, 2 and 1 neurons: layer by layer `3n + 3`, `2·3 + 2` and `2·1 + 1`, together `3n + 14`.

values = build(4, 3, 2, 1).parameters
number("4-3-2-1, layer by layer", [values["W" + i].size + values["b" + i].size for i in "123"])
n = np.array([1, 2, 3, 4, 64, 12288])
totals = [count(build(each, 3, 2, 1)) for each in n]
number("n-3-2-1, for n = 1, 2, 3, 4, 64, 12288", totals)
share = (3 * n + 3) / totals
number("share of the first layer, n = 12288", share[-1])
holds("it is more than half where n is 3 or more", (share > 0.5) == (n >= 3))
P = cr.pictures
marks = [P.Bars(range(6), share, texts=[f"{s:.0%}" for s in share]), P.Rule(y=0.5)]
panel = P.Panel(marks, x=P.Axis("inputs", ticks=enumerate(n)), y=P.Axis("share", limits=(0, 1.1)))
picture(cr.Picture(panel, "Parameters in the first layer", "More than half from 3 inputs on."))

# %%
# "We'll fix this with layers", the lecture says. More dense layers do not: the first still grows with the
# photo. A *convolution* does. Its filters slide over the photo, the same at every place.

dense = [cr.Flatten(), cr.Dense(3, "relu"), cr.Dense(1, "sigmoid")]
sliding = [cr.Conv2D(3, 3, activation="relu"), cr.GlobalAveragePooling2D(), cr.Dense(1, "sigmoid")]
for name, layers in ("dense", dense), ("convolution", sliding):
    counts = [count(cr.Network(layers, input_shape=(side, side, 3))) for side in (16, 32, 64)]
    number(f"{name}, 16, 32, 64 pixels a side", counts)

# %%
# ## Knobs that change no count
#
# Activation, loss, initial values and optimizer are choices too, and you may write your own.

own = cr.Network([cr.Dense(4, lambda z: z**3, initializer="small"), cr.Dense(1)], input_shape=3, seed=0)
own.fit(np.eye(3), [1, 2, 3], loss=lambda y, p: np.abs(y - p), optimizer=cr.SGD(0.01), epochs=3)
number("3-4-1 with an activation and a loss of our own", count(own))


@exercise("64 inputs, 32 hidden neurons, 10 outputs: how many parameters?", hint="Edges + neurons.", digits=0)
def parameters(answer, sizes=(64, 32, 10)):
    return answer == count(build(*(int(size) for size in sizes)))


remember("Parameters = edges + neurons.")
