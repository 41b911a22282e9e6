"""What the hidden layer sees

Between inputs and output a network makes features of its own. Nobody says which. One can look at them.

Needs: xnor function digits
Minutes: 12
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import silhouette_samples, silhouette_score

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## Any layer between input and output
#
# Such a layer is called *hidden*: its numbers are neither given nor asked for. A network of 4, 3, 2 and 1 has
# an input of 4, two hidden layers and an output of 1. `activations` shows what every layer computes.

network = cr.Network([cr.Dense(3, "relu"), cr.Dense(2, "relu"), cr.Dense(1)], input_shape=4, seed=0)
layers = [name for name in network.activations(np.ones((1, 4))) if name.startswith("A")]
number("hidden layers", len(layers) - 1)

# %%
# ## What a price is made of
#
# A house has bedrooms, a size, a score of its zip code and one of the wealth around. Suppose that buyers pay
# for three things behind these numbers, each of them only where it is above average: a good school (zip and
# wealth), shops that one can walk to (zip), and room for a family (size and bedrooms). The network is shown
# the four numbers and the price, and nothing of the three.

rng = np.random.default_rng(0)
houses = rng.normal(size=(600, 4))
bedrooms, size, zip_code, wealth = houses.T
behind = np.maximum(0, [zip_code + wealth, zip_code - 0.5, size + bedrooms])
price = np.array([2.0, 1.0, 2.0]) @ behind
network = cr.Network([cr.Dense(3, "relu"), cr.Dense(1)], input_shape=4, seed=0)
number("parameters", sum(weights.size for weights in network.parameters.values()))
network.fit(houses, price, loss="mse", optimizer=cr.Adam(cr.OneCycle(0.05)), epochs=60)

# %%
# Correlate each hidden neuron with each of the three things: 1 is the same up to scale. Three neurons have
# found them.

neurons = network.activations(houses)["A1"]
alike = np.abs(np.corrcoef(neurons.T, behind)[:3, 3:]).max(axis=0)
for thing, found in zip(("school", "shops", "family"), alike, strict=True):
    number(f"{thing}: the neuron most like it", found)
picture(network.draw(houses, row=0))

# %%
# ## It sees only what the layer before gives
#
# Three neurons cannot tell all houses of four numbers apart: along one direction `v` they stay as they are,
# `v·W = 0`. Move a house along it. The input changes, the hidden layer does not, and so no later layer can
# know.

along = np.linalg.svd(network.parameters["W1"].astype(float).T)[2][-1]
moved = houses[:5] + along
holds("the inputs differ", np.abs(moved - houses[:5]).max(axis=1) > 0.1)
holds("the hidden layer stays", np.allclose(network.activations(moved)["A1"], neurons[:5], atol=1e-5))
holds("and so does the price", np.allclose(network.predict(moved), network.predict(houses[:5]), atol=1e-4))

# %%
# ## Digits gather
#
# A network of 32 hidden neurons learns to read digits. Do pictures of the same digit lie together in its
# hidden layer? The *silhouette* of a point says it: with `a` its mean distance to its own class and `b` that
# to the nearest other class, it is `(b - a) / max(a, b)`. 1 is perfect, 0 is on the border. (The digits of ours
# depend on the seed; that they rise does not.)

X, digit = load_digits(return_X_y=True)
X, learn, test = X / 16, slice(1300), slice(1300, None)
reader = cr.Network([cr.Dense(32, "relu"), cr.Dense(10, "softmax")], input_shape=64, seed=0)
looks = {"method": "tsne", "rows": 150}
before = reader.activations(X[test])["A1"]
scattered = cr.pictures.hidden(reader, X[test], digit[test], **looks)
reader.fit(X[learn], digit[learn], optimizer=cr.Adam(0.005), epochs=20)
after = reader.activations(X[test])["A1"]
number("pixels", silhouette_score(X[test], digit[test]))
number("hidden layer before training", silhouette_score(before, digit[test]))
number("hidden layer after training", silhouette_score(after, digit[test]))

# %%
# To see it, 32 numbers have to become two. *PCA* takes the two directions in which most happens: fast, but
# here it leaves half out. *t-SNE* keeps neighbours together, and shows more. Its distances mean nothing.

gathered = cr.pictures.hidden(reader, X[test], digit[test], **looks)
picture(cr.pictures.beside(scattered, gathered, title="Before and after the training", columns=2))
picture(cr.pictures.hidden(reader, X[test], digit[test]))


def silhouette_of(shown):
    groups = [np.stack([mark.x, mark.y], axis=1) for mark in shown.panels[0].marks]
    return silhouette_score(np.concatenate(groups), np.repeat(range(10), [len(group) for group in groups]))


holds("t-SNE shows it too", silhouette_of(gathered) > silhouette_of(scattered) + 0.1)

# %%


@exercise(
    "Its own class lies 1 away, the nearest other one 4. What is the silhouette of a point?",
    hint="(b - a) / max(a, b)",
)
def silhouette(answer, own=1.0, other=4.0):
    points = np.array([[0.0], [own], [other]])
    return abs(answer - silhouette_samples(points, [0, 0, 1])[0]) < 5e-4


remember("A hidden layer makes its own features: the silhouette of digits rises from 0.10 to 0.29.")
