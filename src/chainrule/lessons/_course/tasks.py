"""Which output for which question

Hidden layers learn features; the last layer is set by what is asked. Here two numbers of a flower, the length and
the width of its sepals, answer four questions.

Needs: function losses
Minutes: 15
"""

import warnings

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## Four questions
#
# The data are N points of d features, each with a target. Yes or no, 1 (positive) or 0 (negative), takes one sigmoid
# neuron. One of C classes takes C neurons and softmax. An amount takes one neuron that does not squash, K amounts K.

table, target = cr.load_table("iris")
_, kind = np.unique(table[target], return_inverse=True)
X, petals = table.iloc[:, :2].to_numpy(), table.iloc[:, 2:4].to_numpy()
X = (X - X.mean(axis=0)) / X.std(axis=0)
number("N and d", X.shape)
asked = {
    "Is it virginica?": (kind == 2, cr.Dense(1, "sigmoid"), "accuracy"),
    "Which kind is it?": (kind, cr.Dense(3, "softmax"), "accuracy"),
    "How long is a petal?": (petals[:, 0], cr.Dense(1), "r2"),
    "How long and wide?": (petals, cr.Dense(2), "r2"),
}
for question, (y, last, score) in asked.items():
    network = cr.Network([cr.Dense(6, "tanh"), last], seed=0)
    network.fit(X, y, epochs=80, optimizer=cr.Adam(0.02))
    found = network.evaluate(X, y, metrics=[score])
    holds(f"{question} {last}: {score} {found[score]:.2f}, above 0.7", found[score] > 0.7)

# %%
# The loss follows the output: log loss after sigmoid and softmax, else squared error. A *loss* is the error of
# one flower, the cost their mean. A table's model reads off the column that is asked for which output it takes.

losses = cr.mse(petals, network.predict(X))
holds("each flower has a loss, the cost is their mean", np.isclose(losses.mean(), found["cost"]))
for name, column in {"softmax": table[target], "sigmoid": kind == 2, "identity": petals[:, 0]}.items():
    model = cr.TableModel.train(table.assign(target=column), target, epochs=1)
    holds(f"{model.target.task}: {model.network.layers[-1]}", model.network.layers[-1].activation == name)

# %%
# Sigmoid puts out numbers in (0, 1), tanh in (-1, 1). Of amounts that are not in there, `fit` warns.

with warnings.catch_warnings(record=True, action="always") as said:
    cr.Network([cr.Dense(1, "tanh")], seed=0).fit(X, petals[:, 0], loss="mse", epochs=30)
print(said[-1].message)

# %%
# ## Classes as numbers
#
# *One-hot encoding*: a place for each class, 1 at its own. The place of the largest number leads back.

animals = ["Cat", "Dog", "Bird"]
number("Cat, Dog, Bird", cr.one_hot([animals.index(each) for each in ("Cat", "Dog", "Bird")], 3))
holds("(0.1, 0.2, 0.7) says Bird", animals[np.argmax([0.1, 0.2, 0.7])] == "Bird")

# %%
# ## Softmax
#
# The sums `z` of a last layer may be any numbers, which are hard to interpret. Softmax makes probabilities of
# them, `g(zᵢ) = e^zᵢ / Σ e^zⱼ`, between 0 and 1, together 1. Each depends on all sums.

number("softmax(1, 2, 3)", cr.softmax([1.0, 2.0, 3.0]))
number("softmax(3, 1, -3)", cr.softmax([3.0, 1.0, -3.0]))
number("softmax(5, 5, 5)", cr.softmax([5.0, 5.0, 5.0]))
number("softmax(1000, 1001, 1002)", cr.softmax([1000.0, 1001.0, 1002.0]))
holds("softmax of two is σ(z₁ - z₂)", np.isclose(cr.softmax([2.0, 0.5])[0], cr.sigmoid(2.0 - 0.5)))

# %%
# ## One of, or any of
#
# From one neuron networks grew to several outputs, and to several layers, which makes them *deep*. Three outputs for
# cat, lion, iguana: where a photo may show several, each neuron answers for itself, `ŷᵢ = σ(wᵢ·x + bᵢ)`. (One summary
# swaps the two. Softmax is for one of several, sigmoids are for any of several.)

z = cr.variable([2.0, 1.0, 0.1], name="z")
any_of, one_of = cr.sigmoid(z), cr.softmax(z)
number("sigmoids of (2, 1, 0.1)", any_of)
number("their sum", any_of.value.sum())
number("softmax of (2, 1, 0.1)", one_of)
P = cr.pictures
x, height = P.Axis(ticks=[(0, "cat"), (1, "lion"), (2, "iguana")]), P.Axis("output", limits=(0, 1))
heads = {"sigmoids: any of": any_of.value, "softmax: one of": one_of.value}
panels = [P.Panel(P.Bars(range(3), p, texts=np.round(p, 2)), name, x, height) for name, p in heads.items()]
picture(cr.Picture(panels, words="Of the sums 2, 1 and 0.1 sigmoids make 2.137 in all, softmax makes 1."))

# %%
# Sigmoid neurons do not communicate: three learn what each learns alone. Those of a softmax learn together, more for
# one is less for the others. That suits diseases, of which a patient usually has one.

number("slopes of the sigmoids", [cr.grad(any_of[i], z).value for i in range(3)])
number("slopes of softmax", [cr.grad(one_of[i], z).value for i in range(3)])


def learned(y, rate):
    network = cr.Network([cr.Dense(y[0].size, "sigmoid", initializer="zeros")], dtype="float64")
    network.fit(X, y, optimizer=cr.SGD(rate), batch_size=None, epochs=30)
    return network.parameters["W1"]


y = cr.one_hot(kind, 3)
alone = np.hstack([learned(y[:, i], 0.1) for i in range(3)])  # three share a mean cost: thrice the rate
holds("three neurons learn what each learns alone", np.allclose(learned(y, 0.3), alone))


@exercise("What is the third output of softmax for the sums 1, 2, 3?", hint="e³ over e¹ + e² + e³.")
def third(answer, z=(1.0, 2.0, 3.0)):
    return abs(answer - cr.softmax(z)[2]) < 5e-4


remember("Softmax: one of several, the outputs sum to 1. Sigmoids: any of several, each for itself.")
