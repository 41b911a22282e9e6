"""A spam filter of one neuron learns from its mistake

One neuron takes a friend's mail for spam. What does it learn from that, and which weight is to blame?

Needs: graph
Minutes: 15
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## From text to a yes or no
#
# *Logistic regression* is one sigmoid neuron: it answers with the probability of a yes. Is this mail spam?
# Will this visitor buy? Of a text we count capitals and exclamation marks. Above ½ the answer is yes, else
# no. (The lecture's 95 % for "Buy now!" is made up.)


def features(text):
    return [sum(letter.isupper() for letter in text), text.count("!")]


mails = ["BUY now!!!!!", "WIN a prize!!!", "FREE!!!!", "See you at 8", "Thanks, Anna!", "Lunch on Monday?"]
spam = [features(mail) for mail in mails], [1, 1, 1, 0, 0, 0]
buyers = [[1, 1], [2, 0], [3, 2], [8, 3], [9, 1], [12, 4]], [0, 0, 0, 1, 1, 1]  # minutes on the page, visits
for question, (X, y) in {"is it spam": spam, "will they buy": buyers}.items():
    neuron = cr.Network([cr.Dense(1, "sigmoid")], dtype="float64", seed=0)
    neuron.fit(X, y, optimizer="lbfgs", epochs=5)
    print(question, neuron.predict(X)[:, 0].round(2))
    holds(f"{question}? 6 of 6 are right", neuron.predict_classes(X) == y)
number("capitals and ! of 'BUY now!!!!!'", features(mails[0]))
number("capitals and ! of 'Buy now!'", features("Buy now!"))
neuron.parameters.update(W1=[[0.0], [0.0]], b1=[0.0])
holds("at ½ the answer is no", neuron.predict([[3, 5]]) == 0.5 and neuron.predict_classes([[3, 5]]) == 0)

# %%
# ## Forward
#
# A mail with 3 capitals and 5 exclamation marks, but from a friend: it is *not* spam, `y = 0`. The neuron has
# `w₁ = 0.2`, `w₂ = 0.4`, `b = 0.1`. It goes `x → z = w₁x₁ + w₂x₂ + b → a = σ(z) = ŷ → L(ŷ, y)`.

x1, x2, y = cr.constant(3.0, "x1"), cr.constant(5.0, "x2"), cr.constant(0.0, "y")
w1, w2, b = cr.variable(0.2, "w1"), cr.variable(0.4, "w2"), cr.variable(0.1, "b")
z = (w1 * x1 + w2 * x2 + b).named("z")
a = cr.sigmoid(z).named("a")
L = (-y * np.log(a) - (1 - y) * np.log(1 - a)).named("L")
for name, node in {"z": z, "ŷ": a, "L": L}.items():
    number(name, node)
picture(cr.draw(L, width=860))

# %%
# ## Backward
#
# Not spam? Then the error is large, and it goes back, from `∂L/∂L = 1`. Each gradient is a product of three:
#
# | factor | comes from | tells |
# |---|---|---|
# | `∂L/∂a = -y/a + (1 - y)/(1 - a)` | the loss | how wrong the answer is |
# | `∂a/∂z = a(1 - a)` | the sigmoid | how much the neuron can still move |
# | `∂z/∂w₁ = x₁`, `∂z/∂b = 1` | the input | who took part, and how much |

number("∂L/∂L", cr.grad(L, L))
number("∂L/∂a", cr.grad(L, a))
number("∂a/∂z", cr.grad(a, z))
number("∂z/∂w1, ∂z/∂w2, ∂z/∂b", [slope.value for slope in cr.grad(z, [w1, w2, b])])
print(*cr.explain(L, wrt=[w1, w2, b]).derivatives, sep="\n")
number("∂L/∂z", cr.grad(L, z))
number("∂L/∂w1, ∂L/∂w2, ∂L/∂b", [slope.value for slope in cr.grad(L, [w1, w2, b])])
picture(cr.draw(L, wrt=[w1, w2, b], direction="backward", width=860))

# %%
# The first two factors make `ŷ - y`, always. So `∂L/∂w = (ŷ - y)x`: an input of 0 leaves its weight alone.
#
# The lecture does not say which loss it means. With `½(ŷ - y)²` the slope stays in the product: this neuron,
# so sure of its mistake, then learns 17 times less. And an error of -0.1, ŷ = 0.9 where y is 1, gives only
# -0.009.

Z, Y = cr.variable(np.linspace(-5, 5, 11)), np.arange(11) % 2
A = cr.sigmoid(Z)
slopes = cr.grad(np.sum(cr.binary_crossentropy(Y, A)), Z).value
holds("∂L/∂z = ŷ - y for other mails too", np.isclose(slopes, A.value - Y))
holds("an input of 0 leaves its weight alone", cr.grad(cr.sigmoid(0.0 * w1 + 5.0 * w2 + b), w1).value == 0)
of_half = cr.grad(cr.half_mse(0.0, a), [z, w1, w2])
number("by z, w1 and w2 with ½(ŷ - y)²", [slope.value for slope in of_half])
at = cr.variable(np.log(9.0))
number("error of ŷ = 0.9, y = 1", cr.sigmoid(at.value) - 1)
number("that times the slope", cr.grad(cr.half_mse(1.0, cr.sigmoid(at)), at))

# %%
# ## One step
#
# `w := w - α · ∂L/∂w`, and b likewise. Learning is: predict, compute the error, find who is to blame, fix,
# repeat.


def learned(alpha, steps=1):
    w1.value, w2.value, b.value = 0.2, 0.4, 0.1
    for _ in range(steps):
        slopes = [slope.value for slope in cr.grad(L, [w1, w2, b])]
        for each, slope in zip((w1, w2, b), slopes, strict=True):
            each.value = each.value - alpha * slope
    return float(a.value)


number("ŷ after a step of 0.01", learned(0.01))
number("ŷ after a step of 0.1", learned(0.1))
number("w1, w2, b and z then", [w1.value, w2.value, b.value, z.value])
number("w₂ moved further than w₁ by a factor", (w2.value - 0.4) / (w1.value - 0.2))
holds("repeat, and ŷ falls on", np.diff([learned(0.1, steps) for steps in range(6)]) < 0)


@exercise("What is ŷ after one step of α = 0.05?", hint="z falls by α · 0.937 · (3² + 5² + 1).")
def after(answer, alpha=0.05):
    return abs(learned(alpha) - answer) < 5e-4


remember("One step with α = 0.1: ŷ falls from 0.937 to 0.359. Who took part most, moves most.")
