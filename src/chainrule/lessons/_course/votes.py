"""Each example has a vote

Each example pulls at the weights by its own error. The gradient is the mean of all pulls.

Needs: many
Minutes: 12
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## The pull of one example
#
# For one example the log loss has the slope `dz = a - y`, where a is the predicted probability. A small error
# pulls a little. A large one pulls a lot, here nine times as much.

z = cr.variable(np.log(9.0), name="z")  # a = σ(z) = 0.9
for y in (1.0, 0.0):
    number(f"dz at a = 0.9, y = {y:g}", cr.grad(cr.binary_crossentropy(y, cr.sigmoid(z)), z))

# %%
# ## Accumulate, then average
#
# Three messages, a column each: two words counted, and spam (1) or not (0). In every iteration the sums J, dw
# and db begin at 0 (one lecture's loop forgets that). Each example adds its part; at the end they are divided by m.
# (One line of a lecture has `z = w₁ᵀx + b`. It takes both weights: `z = wᵀx + b`.)

X, Y = np.array([[3.0, 1.0, -1.0], [5.0, 0.0, 2.0]]), np.array([0.0, 1.0, 1.0])
w, b, m = np.array([0.2, 0.4]), 0.1, 3


def loop(w, b):
    J, dw, db = 0.0, np.zeros(2), 0.0
    for i in range(m):
        a = cr.sigmoid(w @ X[:, i] + b)
        J += -(Y[i] * np.log(a) + (1 - Y[i]) * np.log(1 - a))
        dz = a - Y[i]
        dw += dz * X[:, i]
        db += dz
    return J / m, dw / m, db / m


J, dw, db = loop(w, b)
number("J", J)
number("dw", dw)
number("db", db)
holds("a second call does not add to the first", np.all(loop(w, b)[1] == dw))

# %%
# ## Without a loop
#
# `Z = wᵀX + b`, `A = σ(Z)`, `dZ = A - Y`, `dw = (1/m) X dZᵀ`, `db = (1/m) Σ dZ`. The chain rule comes to the
# same, with examples in columns or in rows. Then the update: `w := w - α dw`, `b := b - α db`, with α = 0.1.

Z = w @ X + b
A = cr.sigmoid(Z)
dZ = A - Y
number("Z", Z)
number("A", A)
holds("X dZᵀ / m is dw", np.allclose(X @ dZ / m, dw, rtol=1e-13))
weights, bias = cr.variable(w, name="w"), cr.variable(b, name="b")
for name, z in (("columns", weights @ X + bias), ("rows", X.T @ weights + bias)):
    cost = cr.binary_crossentropy(Y, cr.sigmoid(z)).mean()
    slopes = cr.grad(cost, [weights, bias])
    same = np.allclose([*slopes[0].value, slopes[1].value], [*dw, db], rtol=1e-12)
    holds(f"cr.grad finds the same, examples in {name}", same)
cr.compile(cost, updates={weights: weights - 0.1 * slopes[0], bias: bias - 0.1 * slopes[1]})()
number("w, b after the update", [*weights.value, bias.value])
number("J after the update", cost)

# %%
# ## Who pulls hardest
#
# Example i has the share `dz⁽ⁱ⁾ x⁽ⁱ⁾ / m` in dw, and `dz⁽ⁱ⁾ / m` in db. The first has by far the largest error.

shares = X * dZ / m
number("shares in dw", shares)
holds("who errs most pulls hardest, at w1, w2 and b", np.abs([*shares, dZ]).argmax(1) == np.abs(dZ).argmax())
holds("the shares add up to dw", np.allclose(shares.sum(axis=1), dw))
P = cr.pictures
bars = [P.Bars([1 + s, 2 + s, 3 + s], shares[k], f"w{k + 1}", width=0.35) for k, s in enumerate((-0.2, 0.2))]
panel = P.Panel(bars, x=P.Axis("example", ticks=[(i, f"{i}") for i in (1, 2, 3)]), y=P.Axis("share in dw"))
words = "Example 1 pulls w1 by 0.94 and w2 by 1.56, examples 2 and 3 by less than 0.3."
picture(cr.Picture(panel, "How hard each example pulls", words))

# %%
# ## A vote for each
#
# Examples disagree. Descent by one at a time goes to and fro. Their mean is one direction, and the cost falls
# at every step. (A lecture says that averaging prevents overfitting. It does not: a large network learns even
# random answers by heart, from all examples at once.)

rng = np.random.default_rng(0)
x = rng.normal(size=(60, 2))
y = (rng.random(60) < cr.sigmoid(2 * x[:, 0])).astype(float)
neurons = [cr.Network([cr.Dense(1, "sigmoid")], input_shape=2, dtype="float64", seed=0) for _ in range(2)]
alone = [neurons[0].gradients(x[[i]], y[[i]])["W1"] for i in range(60)]
holds("the pulls differ from example to example", np.std(alone, axis=0) > 0.1)
holds("their mean is the gradient", np.allclose(np.mean(alone, axis=0), neurons[0].gradients(x, y)["W1"]))
full, single = cr.fit_many(neurons, x, y, optimizer=cr.SGD(0.5), batch_size=[None, 1], epochs=30)
holds("with all examples the cost falls at every step", np.diff(full["cost"]) < 0)
holds("with one at a time it also rises", np.any(np.diff(single["cost"]) > 0))
large, answers = cr.Network([cr.Dense(32, "tanh"), cr.Dense(1, "sigmoid")], seed=0), rng.integers(0, 2, 40)
large.fit(x[:40], answers, optimizer="lbfgs", epochs=100)
number("share of random answers learned", large.evaluate(x[:40], answers)["accuracy"])

# %%


@exercise("The third message was no spam: y = 0, 1, 0. What is db now?", hint="The mean of A - Y.")
def flipped(answer, y=(0.0, 1.0, 0.0)):
    bias = cr.variable(b, name="b")
    cost = cr.binary_crossentropy(np.array(y), cr.sigmoid(w @ X + bias)).mean()
    return abs(cr.grad(cost, bias).value - answer) < 0.001


remember("The gradient is the mean of the pulls (a - y) x: every example has a vote, and large errors shout.")
