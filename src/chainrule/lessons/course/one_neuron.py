"""One neuron: weigh, add, squash

A neuron takes numbers in, multiplies each by a weight, adds a bias, and squashes the sum. Three steps, one output.

Rows: S3-1..9 S2-2 S2-4 S4-9 S1-1..6 S1-28 S1-31 S1-33 S0-59..61 S0-50
Needs: nothing
Minutes: 10
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## Three steps
#
# Weights `w = [0, 1]`, bias `b = 4`, input `x = [2, 3]`. Each step gets a name, and `cr.explain` reads them back.

w1, w2, b = cr.variable(0.0, name="w1"), cr.variable(1.0, name="w2"), cr.variable(4.0, name="b")
x1, x2 = cr.variable(2.0, name="x1"), cr.variable(3.0, name="x2")
z = (w1 * x1 + w2 * x2 + b).named("z")
y = cr.sigmoid(z).named("y")
print(cr.explain(y, wrt=b))

# %%

number("z", z)
number("y = σ(z)", y)
number("w·x + b, as a dot product", np.dot([0.0, 1.0], [2.0, 3.0]) + 4.0)

# %%
# ## The bias is a weight too
#
# Give every example a first input of 1, and the bias becomes the weight `w0` of that input.

number("with x₀ = 1 and w₀ = b", cr.sigmoid(np.dot([4.0, 0.0, 1.0], [1.0, 2.0, 3.0])))

# %%
# ## The same neuron as a network
#
# A network of one layer with one unit is this neuron, to the last bit.

network = cr.Network([cr.Dense(1, "sigmoid")], input_shape=2, dtype="float64")
network.parameters.update({"W1": np.array([[0.0], [1.0]]), "b1": np.array([4.0])})
holds("the network says what the neuron says", float(network.predict([[2.0, 3.0]])[0, 0]) == float(y.value))
picture(network.draw())

# %%
# ## What squashes
#
# σ takes any number into (0, 1): 0 into ½, large ones near 1, very negative ones near 0. ReLU keeps what is above 0.

number("σ(0)", cr.sigmoid(0.0))
number("relu(z)", cr.relu(z.value))
holds("σ stays in (0, 1) and grows", bool(np.all(np.diff(cr.sigmoid(np.linspace(-8, 8, 99))) > 0)))
picture(cr.pictures.activation("sigmoid"))

# %%


@exercise("Which bias b makes y = ½, with w = [0, 1] and x = [2, 3]?", hint="σ(z) is ½ where z is 0.")
def bias(answer, w=(0.0, 1.0), x=(2.0, 3.0)):
    return abs(cr.sigmoid(np.dot(w, x) + answer) - 0.5) < 5e-4


# %%

remember("A neuron is three steps: weigh, add, squash. σ(7) = 0.9991.")
