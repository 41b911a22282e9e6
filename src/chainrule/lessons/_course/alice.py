"""Alice: the gradient of one weight, by hand

A network guesses whether Alice is a woman. We take each of its nine parameters through the chain rule.

Needs: two_paths
Minutes: 15
"""

import numpy as np
import pandas as pd

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## Neurons that feed a neuron
#
# Two inputs, a hidden layer of two neurons h₁ and h₂, and an output neuron o₁, whose inputs are h₁ and h₂:
# that makes it a network. All three have the weights [0, 1] and the bias 0; the input is [2, 3].

network = cr.Network([cr.Dense(2, "sigmoid"), cr.Dense(1, "sigmoid")], input_shape=2, dtype="float64", seed=0)
network.parameters.update(W1=[[0.0, 0.0], [1.0, 1.0]], W2=[[0.0], [1.0]])
passed = network.activations([[2.0, 3.0]])
number("h₁ = h₂ = σ(3)", passed["A1"][0, 0])
number("o₁ = σ(h₂)", passed["A2"][0, 0])
number("parameters", sum(p.size for p in network.parameters.values()))
picture(network.draw([[2.0, 3.0]], row=0))

# %%
# ## How wrong it is
#
# Four people, by their weight above 135 pounds and height above 66 inches. `y_true` is 1 for a woman,
# `y_pred` is what the network says. The *mean squared error* is the average of `(y_true - y_pred)²`. (The
# lesson `bowl` shows why log loss suits a sigmoid better. The lecture trains by squares.) All weights are 1 now.

names = ["Alice", "Bob", "Charlie", "Diana"]
people = pd.DataFrame({"weight": [-2.0, 25, 17, -15], "height": [-1.0, 6, 4, -6]}, index=names)
women = np.array([1.0, 0, 0, 1])
network.parameters.update(W1=np.ones((2, 2)), W2=np.ones((2, 1)))
said = network.predict(people)[:, 0]
print(people.assign(y_true=women, y_pred=said, squared_error=(women - said) ** 2).round(3))
number("MSE", np.mean((women - said) ** 2))

# %%
# ## Alice alone
#
# For Alice alone it is `L = (1 - y_pred)²`, a function of nine parameters: w₁, w₂, b₁ lead to h₁, w₃, w₄, b₂
# to h₂, and w₅, w₆, b₃ to o₁, the `y_pred`. With weight and height for x₁ and x₂ the formulas speak of them.

letters = ["w1", "w2", "w3", "w4", "w5", "w6", "b1", "b2", "b3"]


def loss(values, weight=-2.0, height=-1.0):
    p = {name: cr.variable(value, name) for name, value in zip(letters, values, strict=True)}
    weight, height = cr.constant(weight, "weight"), cr.constant(height, "height")
    h1 = cr.sigmoid(p["w1"] * weight + p["w2"] * height + p["b1"]).named("h1")
    h2 = cr.sigmoid(p["w3"] * weight + p["w4"] * height + p["b2"]).named("h2")
    o1 = cr.sigmoid(p["w5"] * h1 + p["w6"] * h2 + p["b3"]).named("o1")
    return p, h1, h2, o1, ((1 - o1) ** 2).named("L")


ones = [1.0] * 6 + [0.0] * 3
p, h1, h2, o1, L = loss(ones)
print(*cr.explain(L).forward, sep="\n")
holds("h₁ is made of weight and height", "w1 · weight + w2 · height" in str(cr.explain(L).forward[0]))
number("h₁ = σ(-3)", h1)
number("h₁ + h₂", h1.value + h2.value)
number("y_pred", o1)
number("L", L)
holds("0.524 is next to ½: it favours neither", abs(o1.value - 0.5) < 0.05)
picture(cr.draw(L, width=860))

# %%
# ## One weight
#
# How does L change with w₁? On one path only, for w₁ has to do with h₁ alone: `∂L/∂w₁ = ∂L/∂y · ∂y/∂h₁ ·
# ∂h₁/∂w₁`. The slope of the sigmoid is `f(1 - f)`, so the factors are `-2(1 - y)`, `w₅ · y(1 - y)` and
# `weight · h₁(1 - h₁)`. To find them from L back is *backpropagation*. (The lecture writes δ for ∂.)

(of_w1,) = cr.explain(L, wrt=p["w1"]).derivatives
print(of_w1)
for factor in of_w1.paths[0].factors:
    number(str(factor.symbol), factor.value)
number("∂L/∂w1", of_w1.value)

# %%
# ## The other eight
#
# Each has one path, and they share factors: w₂ has height where w₁ has weight, half as much; h₂ does what h₁
# does. A bias has 1 there. For it the lecture writes h₁ where it means the sum inside its sigmoid, rounds h₁
# to 0.047, and stops before the last product.

number("dh1/db1", cr.grad(h1, p["b1"]))
told = cr.explain(L, wrt=list(p.values())).derivatives
for each in told[1:]:
    number(f"∂L/∂{each.wrt}", each.value)
products = [np.prod([factor.value for factor in path.factors]) for each in told for path in each.paths]
holds("nine parameters, nine paths, nine products", np.allclose(products, [each.value for each in told]))

# %%
# ## What it is good for
#
# `∂L/∂w₁` is positive: more of w₁ makes L larger. One step of all nine the other way, with α = 0.1, makes it
# smaller. Other lectures take `½(1 - y)²`: then each gradient is half as large.

print(cr.nudge(L, p["w1"], 0.01))
holds("more of w₁, more loss", cr.nudge(L, p["w1"], 0.01).nudges[0].change > 0)
*_, o1_after, L_after = loss([value - 0.1 * each.value for value, each in zip(ones, told, strict=True)])
number("y_pred after a step", o1_after)
number("L after a step", L_after)
number("∂L/∂w1 of ½(1 - y)²", cr.grad(L / 2, p["w1"]))


@exercise("What is ∂L/∂w₄ for Alice?", hint="w₄ meets her height, -1, on the way through h₂.", digits=4)
def w4(answer, weight=-2.0, height=-1.0):
    p, *_, L = loss(ones, weight, height)
    return abs(cr.grad(L, p["w4"]).value - answer) < 6e-5


remember("∂L/∂w₁ = 0.0215, three factors along one path. The lecture's 0.0214 comes from rounded ones.")
