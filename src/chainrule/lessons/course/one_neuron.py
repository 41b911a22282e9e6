"""One neuron: weigh, add, squash

A neuron takes numbers in, multiplies each by a weight, adds a bias, and squashes the sum. Three steps, one output.

Needs: nothing
Minutes: 10
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## Three steps
#
# Weights `w = [0, 1]`, bias `b = 4`, input `x = [2, 3]`. Passing the input forward, step by step, is called
# *feedforward*. Each step here has a name, and `cr.explain` reads them back.

w1, w2, b = cr.variable(0.0, name="w1"), cr.variable(1.0, name="w2"), cr.variable(4.0, name="b")
x1, x2 = cr.variable(2.0, name="x1"), cr.variable(3.0, name="x2")
z = (w1 * x1 + w2 * x2 + b).named("z")
y = cr.sigmoid(z).named("y")
print(cr.explain(y, wrt=b))

# %%

number("z", z)
number("y = σ(z)", y)
number("w·x + b", np.dot([0.0, 1.0], [2.0, 3.0]) + 4.0)

# %%
# ## What squashes
#
# An *activation* turns a sum without bounds into an output of a form that is known. The sigmoid,
# `σ(z) = 1 / (1 + e⁻ᶻ)`, takes any number into (0, 1): very negative ones near 0, 0 into ½, large ones near 1.

number("σ(0)", cr.sigmoid(0.0))
number("σ(10)", cr.sigmoid(10.0))
number("σ(-7)", cr.sigmoid(-7.0))
z = np.array([-1e6, -1000.0, -7.0, 7.0, 1000.0, 1e6])
holds("σ stays in [0, 1], and σ(-z) = 1 - σ(z)", np.allclose(cr.sigmoid(-z), 1 - cr.sigmoid(z), atol=1e-16))
picture(cr.pictures.activation("sigmoid"))

# %%
# ## The same neuron with another activation
#
# `y = g(w·x)` with any `g`. Weights `(1, -2, 3, -4)`, every input 1, no bias: the sum is -2. ReLU, `max(0, z)`, cuts
# it off at 0; the sigmoid leaves a little.

for g in ("relu", "sigmoid"):
    neuron = cr.Network([cr.Dense(1, g, bias=False)], input_shape=4, dtype="float64")
    neuron.parameters.update({"W1": np.array([[1.0], [-2.0], [3.0], [-4.0]])})
    number(f"{g}(w·x)", neuron.predict(np.ones((1, 4)))[0, 0])

# %%
# ## The bias is a weight too
#
# Give every example a first input of 1, and the bias becomes the weight `w₀` of that input: `θ = [b, w]`.

number("θ·[1, x]", cr.sigmoid(np.dot([4.0, 0.0, 1.0], [1.0, 2.0, 3.0])))
number("θ = (1, 2, 3, 4), x = (1, 1, 1)", np.dot([1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 1.0, 1.0]))

# %%
# ## Logistic regression is a network of one neuron
#
# `w = (0.5, -0.25, 0.1)`, `b = 1`, `x = (1, 2, 3)`. One example is a pair (x, y): its features, and the target.

w, b, x = np.array([0.5, -0.25, 0.1]), 1.0, np.array([1.0, 2.0, 3.0])
number("z, by hand", w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + b)
network = cr.Network([cr.Dense(1, "sigmoid")], input_shape=3, dtype="float64")
network.parameters.update({"W1": w[:, None], "b1": np.array([b])})
number("ŷ of the network", network.predict(x[None])[0, 0])
number("its parameters", sum(p.size for p in network.parameters.values()))
holds(
    "the network says what 1 / (1 + e^-z) says",
    np.isclose(network.predict(x[None]), 1 / (1 + np.exp(-(w @ x + b)))),
)
picture(network.draw())

# %%


@exercise("Which bias b makes y = ½, with w = [0, 1] and x = [2, 3]?", hint="σ(z) is ½ where z is 0.")
def bias(answer, w=(0.0, 1.0), x=(2.0, 3.0)):
    return abs(cr.sigmoid(np.dot(w, x) + answer) - 0.5) < 5e-4


# %%

remember("A neuron is three steps: weigh, add, squash. σ(7) = 0.9991.")
