"""One neuron: weigh, add, squash

A neuron takes numbers in, multiplies each by a weight, adds a bias, and squashes the sum.

Needs: nothing
Minutes: 12
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## Three steps
#
# A neuron takes inputs, does some maths with them, and gives one output: `y = f(x₁·w₁ + x₂·w₂ + b)`. First
# each input is multiplied by its weight, then all of it and the bias b are added up, then f, the
# *activation*, makes the output of the sum. Here the weights are `w = [0, 1]`, the bias is `b = 4`, the
# input is `x = [2, 3]`.

w1, w2, b = cr.variable(0.0, name="w1"), cr.variable(1.0, name="w2"), cr.variable(4.0, name="b")
x1, x2 = cr.constant(2.0, name="x1"), cr.constant(3.0, name="x2")
z = (w1 * x1 + w2 * x2 + b).named("z")
y = cr.sigmoid(z).named("y")
print(cr.trace(y))
picture(cr.draw(y, fold="operations", gradients=False, width=620))

# %%
# To pass an input forward through all steps, to an output, is called *feedforward*. To weigh and to add is
# the *dot product* of weights and inputs, `w·x`.

number("z", z)
number("y = σ(z)", y)
number("w·x + b", np.dot([0.0, 1.0], [2.0, 3.0]) + 4.0)

# %%
# ## What squashes
#
# An activation turns a sum that may be any number into an output of a form that is known. The *sigmoid*,
# `σ(z) = 1 / (1 + e⁻ᶻ)`, makes a number between 0 and 1 of it: near 0 where z is far below 0, near 1 where
# it is far above, and ½ at 0.

number("σ(0)", cr.sigmoid(0.0))
number("σ(7)", cr.sigmoid(7.0))
number("σ(-7)", cr.sigmoid(-7.0))
number("σ(10)", cr.sigmoid(10.0))
number("σ(-10)", cr.sigmoid(-10.0))
z = np.linspace(-30, 30, 1001)
holds("σ rises all the way", np.diff(cr.sigmoid(z)) > 0)
holds("σ stays between 0 and 1", (cr.sigmoid(z) > 0) & (cr.sigmoid(z) < 1))
holds("σ(-z) = 1 - σ(z)", np.isclose(cr.sigmoid(-z), 1 - cr.sigmoid(z), rtol=0, atol=1e-15))

# %%
# A computer has about 16 digits, so that far out it rounds: from `z ≈ 36.74` on, σ(z) is 1.

holds("σ(36.7) is below 1, and σ(36.8) is 1", (cr.sigmoid(36.7) < 1, cr.sigmoid(36.8) == 1))
far = cr.sigmoid(np.array([-1e6, -1000.0, 1000.0, 1e6]))
holds("a thousand or a million is not too much for it", far == [0, 0, 1, 1])
curve = cr.pictures.activation("sigmoid", z=(-6, 8), derivative=False).panels[0]
ours = cr.pictures.Points([7], [y.value], "our neuron")
panel = cr.pictures.Panel([*curve.marks, ours], x=curve.x, y=curve.y)
picture(cr.Picture([panel], "The sigmoid", "It rises from 0 to 1, and is ½ at 0. Our neuron is at z = 7."))

# %%
# ## Other activations, and no bias
#
# A neuron is a computational unit, which exchanges messages with others: numbers. Its first part is linear,
# `z = w·x`, its second any activation g, `a = g(z)`. This one has four inputs, all 1, the weights `1, -2,
# 3, -4` and no bias. *ReLU*, `max(0, z)`, cuts the sum off at 0.

for g in ("relu", "sigmoid"):
    neuron = cr.Network([cr.Dense(1, g, bias=False)], input_shape=4, dtype="float64")
    neuron.parameters["W1"] = [[1.0], [-2.0], [3.0], [-4.0]]
    inside = neuron.activations([[1.0, 1.0, 1.0, 1.0]])
    number(f"z of the {g} neuron", inside["Z1"][0, 0])
    number(f"a of the {g} neuron", inside["A1"][0, 0])

# %%
# ## The bias is a weight too
#
# Give each example one more input, `x₀ = 1`, and the bias becomes its weight, `w₀ = b`. All parameters
# together are then called θ (theta): θ₀ is the bias, the others are w, and `θᵀx` is `w·x + b`.

theta = np.array([1.0, 2.0, 3.0, 4.0])
number("θᵀx of x = (1, 1, 1)", theta @ [1.0, 1.0, 1.0, 1.0])
X = np.random.default_rng(0).normal(size=(20, 3))
with_bias = cr.Network([cr.Dense(1, "sigmoid")], input_shape=3, dtype="float64")
with_bias.parameters.update(W1=theta[1:, None], b1=theta[:1])
with_ones = cr.Network([cr.Dense(1, "sigmoid", bias=False)], input_shape=4, dtype="float64")
with_ones.parameters["W1"] = theta[:, None]
ones = np.column_stack([np.ones(20), X])
holds("of 20 examples they say the same", np.isclose(with_bias.predict(X), with_ones.predict(ones)))

# %%
# ## Logistic regression is a network of one neuron
#
# One example is a pair (x, y): x has its *features*, y is its *target*, and ŷ, or `h_θ(x)`, is what the model says.
# Logistic regression says `ŷ = σ(wᵀx + b)`. Here `w = (0.5, -0.25, 0.1)`, `b = 1` and `x = (1, 2, 3)`.

w, b, x = np.array([0.5, -0.25, 0.1]), 1.0, np.array([1.0, 2.0, 3.0])
with_bias.parameters.update(W1=w[:, None], b1=[b])
number("z of logistic regression", with_bias.activations([x])["Z1"][0, 0])
number("ŷ", with_bias.predict([x])[0, 0])
number("its parameters", sum(p.size for p in with_bias.parameters.values()))
written_out = 1 / (1 + np.exp(-(w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + b)))
said = np.array([cr.sigmoid(w @ x + b), with_bias.predict([x])[0, 0]])
holds("vectors, a fraction written out and the network agree", np.abs(said - written_out) < 1e-15)
picture(with_bias.draw([x], labels="values"))

# %%
# ## Exercise


@exercise("Which bias b makes y = ½, with w = [0, 1], x = [2, 3]?", hint="σ(z) is ½ where z is 0.")
def bias(answer, w=(0.0, 1.0), x=(2.0, 3.0)):
    return abs(cr.sigmoid(np.dot(w, x) + answer) - 0.5) < 5e-4


remember("A neuron weighs, adds and squashes: σ(7) = 0.9991.")
