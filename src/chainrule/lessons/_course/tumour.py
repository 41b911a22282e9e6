"""Linear or logistic?

A line through zeros and ones can classify, until one large example pulls it away. A sigmoid holds still.

Needs: descent
Minutes: 15
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## A line through yes and no
#
# Eight tumours: four small ones are benign (y = 0), four larger ones malignant (y = 1). Linear regression
# fits a line h(x), and we say "malignant" where h(x) > ½. So all above one size, the *threshold*, are
# malignant. But h(x) is a raw number. It leaves [0, 1], and is no probability.


def fitted(activation, X, y):
    network = cr.Network([cr.Dense(1, activation, initializer=0.0)], dtype="float64")
    network.fit(X, y, optimizer="lbfgs", epochs=200)
    return network, network.parameters["W1"][:, 0], network.parameters["b1"][0]


size, malignant = np.array([[1.0], [2], [3], [4], [6], [7], [8], [9]]), np.array([0, 0, 0, 0, 1, 1, 1, 1])
line, w, b = fitted("identity", size, malignant)
number("threshold", (0.5 - b) / w[0])
number("h(1), h(9)", line.predict(size)[[0, -1], 0])

# %%
# ## One tumour more
#
# A ninth one is huge, and malignant. That is no surprise, but it pulls the line, and the threshold moves past
# a malignant tumour. *Logistic regression* puts the line into a sigmoid, and gets all nine right. (Where
# between 4 and 6 it says ½ depends on how long it is trained.)

sizes, labels = np.vstack([size, [[60.0]]]), np.append(malignant, 1)
line, w, b = fitted("identity", sizes, labels)
number("threshold of the line", (0.5 - b) / w[0])
number("its accuracy", np.mean((line.predict(sizes)[:, 0] > 0.5) == labels))
curve, w, b = fitted("sigmoid", sizes, labels)
holds("the sigmoid is ½ between the two classes", 4 < -b / w[0] < 6)
p = curve.predict(sizes)[:, 0]
holds("no ŷ is below 0 or above 1", (p >= 0) & (p <= 1))
holds("all nine are right", (p > 0.5) == labels)
holds("each ŷ is nearer to its y than at the start, where all were ½", np.abs(p - labels) < 0.5)
maps = [cr.pictures.boundary(model, sizes, labels, level=0.5) for model in (line, curve)]
picture(cr.pictures.beside(*maps, columns=2))

# %%
# ## A line can bend
#
# Linear regression is linear in its weights, not in x. Give it the columns x, x² and x³, and it fits a
# polynomial.

x = np.linspace(-2, 2, 25)
y = x**3 - 2 * x + np.random.default_rng(0).normal(0, 0.5, 25)
straight, *_ = fitted("identity", x[:, None], y)
powers = np.column_stack([x, x**2, x**3])
cubic, w, b = fitted("identity", powers, y)
holds("the weights are those of np.polyfit", np.allclose([*w[::-1], b], np.polyfit(x, y, 3), atol=1e-4))
P = cr.pictures
models = ((straight, x[:, None], "x"), (cubic, powers, "x, x², x³"))
lines = [P.Line(x, model.predict(X)[:, 0], name) for model, X, name in models]
words = "The line misses the bends of the points; the polynomial of degree 3 follows them."
picture(cr.Picture(P.Panel([P.Points(x, y, "data"), *lines]), "A line and a polynomial", words))

# %%
# ## A probability for each z
#
# `p(y = 1) = σ(z) = 1 / (1 + e⁻ᶻ) = eᶻ / (1 + eᶻ)` and `p(y = 0) = 1 - σ(z) = 1 / (1 + eᶻ)`, for any z = wᵀx.
# The forms are equal, but on a computer `eᶻ` overflows, and the second is NaN at z = 800.

z = np.linspace(-30, 30, 61)
holds("the forms agree", np.allclose(cr.sigmoid(z), np.exp(z) / (1 + np.exp(z)), rtol=1e-12))
holds("p(y = 1) + p(y = 0) is 1", np.allclose(cr.sigmoid(z) + 1 / (1 + np.exp(z)), 1))
with np.errstate(all="ignore"):
    holds("eᶻ / (1 + eᶻ) is NaN at 800", np.isnan(np.exp(800.0) / (1 + np.exp(800.0))))
number("σ(-1000), σ(1000)", cr.sigmoid(np.array([-1000.0, 1000.0])))
x = np.random.default_rng(0).normal(0, 2, 4000)
y = np.random.default_rng(1).random(4000) < cr.sigmoid(x)
p = fitted("sigmoid", x[:, None], y)[0].predict(x[:, None])[:, 0]
holds("where ŷ is around 0.7, about 70 % are yes", abs(np.mean(y[(p > 0.6) & (p < 0.8)]) - 0.7) < 0.05)

# %%
# ## Forward and backward
#
# Logistic regression with three features as a graph. From left to right comes the loss, from right to left
# come the derivatives. In short: `dz = a - y`, `db = dz`, `dw = dz · x`. (b is a parameter here, though a
# slide says b = 1.)

w = [cr.variable(value, f"w{i}") for i, value in enumerate((0.5, -0.25, 0.1), start=1)]
x = [cr.constant(value, f"x{i}") for i, value in enumerate((1.0, 2.0, 3.0), start=1)]
b, y = cr.variable(1.0, "b"), cr.variable(1.0, "y")
z = (w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + b).named("z")
a = cr.sigmoid(z).named("a")
L = (-(y * np.log(a) + (1 - y) * np.log(1 - a))).named("L")
picture(cr.draw(L, wrt=[*w, b]))
number("L", L)
print(*cr.explain(L, wrt=[a, z, b]).derivatives, sep="\n")
number("dL/da, dL/dz, dL/db", [node.value for node in cr.grad(L, [a, z, b])])
number("dL/dw", [node.value for node in cr.grad(L, w)])
holds("nudging b and each w gives the same", cr.check_gradients(L, [b, *w]).passed)
holds("dz = a - y", np.isclose(cr.grad(L, z).value, a.value - y.value))
y.value = 0.0
number("L if y is 0", L)

# %%


@exercise("The ninth has size 100: where is the line's threshold?", hint="Solve w · x + b = ½.")
def moved(answer, ninth=100.0):
    _, w, b = fitted("identity", np.vstack([size, [[ninth]]]), labels)
    return abs(w[0] * answer + b - 0.5) < 0.001 * w[0]


remember("One point moved the line's threshold from 5 to 6.68. The sigmoid did not care.")
