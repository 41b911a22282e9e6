"""Neurons make new features

Two neurons before the last one make other features of the inputs of XNOR, and those a line separates.

Needs: activations gates
Minutes: 15
"""

import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

X, XNOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([1, 0, 0, 1])

# %%
# ## Two new features
#
# A *hidden layer* of two neurons: `a₁ = σ(-6 + 4x₁ + 4x₂)` is large where both inputs are 1, an AND; `a₂ =
# σ(2 - 4x₁ - 4x₂)` where neither is, a NOR. For each of the four cases they are a new pair of features.

network = cr.Network([cr.Dense(2, "sigmoid"), cr.Dense(1, "sigmoid")], input_shape=2, dtype="float64", seed=0)
network.parameters.update(W1=[[4.0, -4.0], [4.0, -4.0]], b1=[-6.0, 2.0], W2=[[1.0], [1.0]], b2=[-0.5])
inside = network.activations(X)
for x, a in zip(X, inside["A1"], strict=True):
    number(f"a₁ of {x[0]}{x[1]}", a[0])
    number(f"a₂ of {x[0]}{x[1]}", a[1])
picture(cr.pictures.beside(*(network.draw(X, row=row) for row in range(4)), columns=2))

# %%
# ## A line between them
#
# Drawn by a₁ and a₂, the two cases that are 0 lie on each other, and one line separates them from the
# others: `-0.5 + a₁ + a₂ = 0`. (A lecture prints it with x₁ and x₂: that would be OR.)

number("z", inside["Z2"][:, 0])
number("ŷ", inside["A2"][:, 0])
holds("it is XNOR", network.predict_classes(X) == XNOR)
holds("with x₁ and x₂ it is OR", (-0.5 + X.sum(axis=1) > 0) == [0, 1, 1, 1])
picture(
    cr.pictures.beside(
        cr.pictures.boundary(network, X, XNOR), cr.pictures.hidden(network, X, XNOR), columns=2
    )
)

# %%
# ## Features that are learned
#
# Nobody has to think of AND and NOR: the weights of the hidden layer are learned, too. From ten random
# starts most networks find features of their own. Some are stuck in a valley of the cost: then start again.

layers = [cr.Dense(2, "sigmoid"), cr.Dense(1, "sigmoid")]
starts = [cr.Network(layers, input_shape=2, dtype="float64", seed=seed) for seed in range(10)]
before = starts[0].activations(X)["A1"]
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    cr.fit_many(starts, X, XNOR, optimizer=cr.SGD(3.0), batch_size=None, epochs=3000)
solved = [each for each in starts if np.all(each.predict_classes(X) == XNOR)]
print(f"{len(solved)} of 10 networks learned XNOR")
holds("more than half do, and not all", 5 < len(solved) < 10)
learned = starts[0].activations(X)["A1"]
line = LogisticRegression(C=1e6).fit(learned, XNOR)
number("right of four, by a line on what the first learned", np.sum(line.predict(learned) == XNOR))
holds("on x₁ and x₂ it has not all", LogisticRegression(C=1e6).fit(X, XNOR).score(X, XNOR) < 1)

# %%
# What two cases have in common is the product of their features, `K = A·Aᵀ`. Such a table is a *kernel*;
# here it is learned along with all else. Its eigenvalues are never below 0.

cases = cr.pictures.Axis(ticks=[(0, "00"), (1, "01"), (2, "10"), (3, "11")])
panels = []
for when, A in (("before training", before), ("after training", learned)):
    holds(f"{when} no eigenvalue is below 0", np.linalg.eigvalsh(A @ A.T) > -1e-12)
    panels.append(cr.pictures.Panel([cr.pictures.Heat(A @ A.T)], title=when, x=cases, y=cases))
between = (learned @ learned.T)[[0, 3]][:, [1, 2]]
holds("then 00 and 11 have next to nothing in common with 01 and 10", between < 0.1)
words = "After training 00 and 11 have little in common with 01 and 10."
picture(cr.Picture(panels, "What the four cases have in common", words, columns=2))

# %%
# ## The last layer is logistic regression
#
# Each hidden neuron makes something non-linear of its inputs; the last layer is linear in what they made,
# and squashes it. It is logistic regression, on features that are learned, not on x. The same for two moons
# of points:

table, _ = cr.load_table("moons")
M, moon = table[["x1", "x2"]].to_numpy(), table["target"].to_numpy(int)
costs = {}
for name in ("identity", "relu"):
    network = cr.Network([cr.Dense(4, name), cr.Dense(1, "sigmoid")], dtype="float64", seed=0)
    network.fit(M, moon, optimizer="lbfgs", epochs=300)
    costs[name] = network.evaluate(M, moon)["cost"]
for name, features in (("regression on x", M), ("regression on a", network.activations(M)["A1"])):
    line = LogisticRegression(C=np.inf, solver="newton-cholesky").fit(features, moon)
    costs[name] = log_loss(moon, line.predict_proba(features))
print(*(f"cost of {name}: {cost:.6f}" for name, cost in costs.items()), sep="\n")
identity, relu, on_x, on_a = costs.values()
holds("with the identity it is no better than logistic regression on x", abs(identity - on_x) < 1e-4)
holds("with ReLU it is", relu < 0.9 * on_x)
holds("and that is logistic regression on a", abs(relu - on_a) < 1e-4)

# %%
# ## Exercise


@exercise(
    "a₂ = σ(2 + w·x₁ + w·x₂). Which w makes it a NOR, with its line as far from (0, 0) as from (0, 1)?",
    hint="z of (0, 0) is 2, so z of (0, 1) must be -2.",
)
def nor(answer, b=2.0):
    z = b + answer * X.sum(axis=1)
    return bool(np.all((z > 0) == np.array([1, 0, 0, 0]))) and abs(z[0] + z[1]) < 1e-3


remember("Hidden neurons are features: with .881, .119 and .002 a line solves XNOR.")
