"""Loss of one, cost of all

A loss says how wrong one prediction is. The cost is the mean of all losses, and training lowers it.

Needs: one_neuron
Minutes: 12
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## The loss of one example
#
# A neuron says ŷ = 0.8: "yes, with a probability of 80 %". The truth is y = 1. The *loss* `L(ŷ, y)` is the
# error of this one example. For probabilities it is the *log loss*, also called *cross-entropy*:
#
# `L = -[y log ŷ + (1 - y) log(1 - ŷ)]`, with the natural logarithm. Some books write `L(y, ŷ)`. Whoever names
# y and ŷ need not keep an order in mind.

number("L(0.8, 1)", cr.binary_crossentropy(p=[0.8], y=[1.0])[0])
losses = cr.binary_crossentropy(p=[0.8, 0.3, 0.6], y=[1.0, 0.0, 0.0])
print("One loss for each example:", losses.round(3))

# %%
# ## When the truth is 1, and when it is 0
#
# At y = 1 only `L = -log ŷ` is left. It falls from ∞ at ŷ = 0 to 0 at ŷ = 1. At y = 0 it is `L = -log(1 -
# ŷ)`, the same curve in a mirror.

number("L(0.99, 1), L(0.01, 1)", cr.binary_crossentropy(p=[0.99, 0.01], y=[1.0, 1.0]))
p = np.linspace(0.001, 0.999, 999)
yes, no = (cr.binary_crossentropy(p=p, y=np.full(999, y)) for y in (1.0, 0.0))
holds("at y = 1 the loss falls all the way", np.diff(yes) < 0)
holds("L(ŷ, 0) = L(1 - ŷ, 1)", np.allclose(no, yes[::-1]))

# %%
# ## Confident and wrong is expensive
#
# Two neurons are equally sure. One is right, the other is wrong, and pays 22 times as much.

right, wrong = cr.binary_crossentropy(p=[0.9, 0.1], y=[1.0, 1.0])
number("right, wrong", [right, wrong])
number("times as much", wrong / right)
P = cr.pictures
marks = [P.Line(p, yes, "-log ŷ (y = 1)"), P.Line(p, no, "-log(1 - ŷ) (y = 0)"), P.Rule(x=0.5)]
words = "-log ŷ falls from ∞ to 0, -log(1 - ŷ) rises from 0 to ∞. At ŷ = ½ both are 0.693."
picture(cr.Picture(P.Panel(marks, x=P.Axis("ŷ"), y=P.Axis("loss", limits=(0, 5))), "The log loss", words))

# %%
# ## Too sure to be computed
#
# At z = -1000 the sigmoid rounds to exactly 0. If the truth is 1, the formula asks for `log 0`. Lectures
# *clip* ŷ to at least 10⁻¹⁰, so that no loss gets above 23.03. A compiled graph is simplified first, and
# starts from z.

z = cr.variable(-1000.0, name="z")
loss = cr.compile(cr.binary_crossentropy(p=cr.sigmoid(z), y=1.0))
print("-log σ(z) becomes", cr.simplify(-np.log(cr.sigmoid(z))))
number("clipped", -np.log(np.clip(0.0, 1e-10, 1.0)))
number("from z", loss())
z.value = 3.0
holds("at z = 3 the formula says the same", np.isclose(loss(), -np.log(cr.sigmoid(3.0))))

# %%
# ## The cost of all examples
#
# The *cost* J (or C) is the mean of the losses of all m examples: `J(w, b) = (1/m) Σ L(ŷ⁽ⁱ⁾, y⁽ⁱ⁾)`. A loss is
# like the mistakes in one test, the cost like those of a year. (A lecture says grades; of them more is better.)
# Some books take the sum. It is m times the mean, so it is lowest at the same place, the one training looks for.

number("ŷ of the losses 0.22, 0.15 and 0.31 at y = 1", p := np.exp([-0.22, -0.15, -0.31]))
number("mean of these losses", cr.binary_crossentropy(p=p, y=np.ones(3)).mean())
x, y = np.array([[0.5], [1.5], [2.5], [3.5]]), np.array([[0.0], [1.0], [0.0], [1.0]])
w = cr.variable(1.0, name="w")
each = cr.binary_crossentropy(y, cr.sigmoid(w * x - 2))
slopes = [cr.grad(J, w).value for J in (each.sum(), each.mean())]
holds("the sum has m times the slope of the mean", np.isclose(slopes[0], 4 * slopes[1]))
network = cr.Network([cr.Dense(1, "sigmoid")], input_shape=1, dtype="float64", seed=0)
before = cr.binary_crossentropy(y, network.predict(x))
cost = network.fit(x, y, epochs=100, batch_size=None, optimizer=cr.SGD(0.1))["cost"]
holds("what fit minimises is the mean of the losses", np.isclose(cost[0], before.mean()))
holds("training lowers it", cost[-1] < cost[0])

# %%
# ## The log loss is maximum likelihood
#
# How likely are the answers y = 1, 0, 0 for ŷ = 0.8, 0.3, 0.6? Multiply ŷ for a 1 and 1 - ŷ for a 0. This
# product, the *likelihood*, is `e⁻ᵐᴶ`. So the lowest cost means the highest likelihood.

number("0.8 · 0.7 · 0.4", 0.8 * 0.7 * 0.4)
number("exp(-m·J)", np.exp(-3 * losses.mean()))

# %%
# ## Squared error
#
# The other loss is the squared distance `(ŷ - y)²`. Its mean is the *MSE*. With a ½ in front, its slope has
# no 2. Below, two of four people have y = 1, and a model says 0 to all of them.

y, p = np.array([1.0, 0.0, 0.0, 1.0]), cr.variable([0.0, 0.0, 0.0, 0.0], name="ŷ")
number("squared errors", cr.mse(y, p))
number("MSE of ŷ = 0", cr.mse(y, p).mean())
number("MSE of ŷ = ½", cr.mse(y, np.full(4, 0.5)).mean())
number("½(ŷ - y)² at ŷ = 0.9, y = 1", cr.half_mse([1.0], [0.9])[0])
slopes = cr.grad(cr.mse(y, p).mean(), p), cr.grad(cr.half_mse(y, p).sum(), p)
holds("the MSE has the slopes 2(ŷ - y)/n", np.allclose(slopes[0].value, 2 * (0 - y) / 4))
holds("with a ½, each loss has the slope ŷ - y", np.allclose(slopes[1].value, 0 - y))

# %%


@exercise("Which ŷ has the loss 0.6931 when the truth is 1?", hint="-log ŷ = 0.6931, so ŷ = e^-0.6931.")
def prediction(answer, loss=0.6931, y=1.0):
    near = cr.binary_crossentropy(p=np.clip([answer - 0.001, answer + 0.001], 0.001, 0.999), y=[y, y])
    return min(near) < loss < max(near)


remember("The loss is of one example, the cost is the mean of all. L(0.8, 1) = 0.2231.")
