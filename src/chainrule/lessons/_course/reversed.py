"""The reversed graph

Turn the arrows of a network round, and running it gives every gradient: one pass forward, one pass back.

Needs: two_paths
Minutes: 14
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## One neuron
#
# The lecture (CS2109S, number 9) goes from the neuron, activations and layers to four tasks (yes or no,
# several classes, one number, several numbers), and ends with backpropagation. The loss of a neuron is `L =
# ½(ŷ - y)²`, which it calls MSE. So `dL/dŷ = ŷ - y`, `dŷ/dz = g'(z)`, `∂z/∂wⱼ = xⱼ`, and `∂L/∂wⱼ` is their
# product, with any g.

prediction = cr.variable(0.9)
number("½(0.9 - 1)²", cr.half_mse(1.0, prediction))
number("its derivative by ŷ", cr.grad(cr.half_mse(1.0, prediction), prediction))
x = np.array([1.0, 2.0])
for g in (cr.sigmoid, cr.tanh, cr.relu, cr.leaky_relu, cr.identity):
    w = cr.variable([0.1, 0.3])
    z = w @ x
    L = (g(z) - 1) ** 2 / 2
    factors = (g(z).value - 1) * cr.grad(g(z), z).value * x
    report = cr.check_gradients(L, w)
    holds(
        f"of {g.__name__} the three factors make ∂L/∂w",
        report.passed and np.allclose(factors, cr.grad(L, w).value),
    )

# %%
# ## Forward
#
# Two inputs, two hidden neurons, one output, no biases, `g = σ`. Weights are numbered by where they come
# from: w₁ and w₂ leave x₁, w₃ and w₄ leave x₂. So `z₁ = w₁x₁ + w₃x₂`, where Alice's network had w₁ and w₂.
# Values fill in from the left.


def network(w, x1=1.0, x2=2.0, y=1.0):
    w = {f"w{i}": cr.variable(value, f"w{i}") for i, value in enumerate(w, start=1)}
    x = [cr.variable(x1, "x1"), cr.variable(x2, "x2")]
    z1 = (w["w1"] * x[0] + w["w3"] * x[1]).named("z1")
    z2 = (w["w2"] * x[0] + w["w4"] * x[1]).named("z2")
    a1, a2 = cr.sigmoid(z1).named("a1"), cr.sigmoid(z2).named("a2")
    z3 = (w["w5"] * a1 + w["w6"] * a2).named("z3")
    out = cr.sigmoid(z3).named("ŷ")
    return w, x, [z1, z2, a1, a2, z3, out], ((out - y) ** 2 / 2).named("L")


weights = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
w, x, between, L = network(weights)
for node in (*between, L):
    number(node.name, node)
order = [step.name for step in cr.explain(L).forward]
holds("they come from the left, layer by layer", order == [node.name for node in (*between, L)])
picture(cr.draw(L, step=6, width=860))

# %%
# ## Backward: a simple recipe
#
# (1) Take the gradient of the loss by ŷ. (2) Make of each `g(z)` its slope `g'(z)`: a number now, and the
# weight of an edge. (3) Turn the arrows round, and compute. x₁ is reached on two paths, which are added. (The
# last line that the slides have below `∂L/∂x₁` is `∂L/∂z₁`, and their `d/dz g(z₃)` is `d/dz₃ g(z₃)`.)

z1, z2, a1, a2, z3, out = between
slope1, slope2, slope3 = (float(a.value * (1 - a.value)) for a in (a1, a2, out))
dout = cr.constant(out.value - 1)
dz3 = slope3 * dout
da1, da2 = w["w5"] * dz3, w["w6"] * dz3
dz1, dz2 = slope1 * da1, slope2 * da2
dx1, dx2 = w["w1"] * dz1 + w["w2"] * dz2, w["w3"] * dz1 + w["w4"] * dz2
back = {"dL/dŷ": dout, "dL/dz3": dz3, "dL/da1": da1, "dL/da2": da2, "dL/dz1": dz1, "dL/dz2": dz2}
for name, gradient in (back | {"∂L/∂x1": dx1, "∂L/∂x2": dx2}).items():
    number(name, gradient)
slopes = [slope.value for slope in cr.grad(L, [out, z3, a1, a2, z1, z2, *x])]
holds(
    "backpropagation finds the same",
    np.allclose([*(g.value for g in back.values()), dx1.value, dx2.value], slopes),
)
picture(cr.draw(L, direction="backward", width=860))

# %%
# ## The edge rule
#
# The gradient of a weight is the gradient at the head of its edge times the value at its tail.

heads, tails = [dz1, dz2, dz1, dz2, dz3, dz3], [x[0], x[0], x[1], x[1], a1, a2]
rule = [head.value * tail.value for head, tail in zip(heads, tails, strict=True)]
for i, slope in enumerate(rule, start=1):
    number(f"∂L/∂w{i}", slope)

# %%
# One pass forward gave all 6 values, one pass back all 6 gradients. Differences would ask for two passes a
# weight.

steps = [step.wrt for step in cr.explain(L).backward]
holds("each node has one step back", len(steps) == len(set(steps)))
passes = np.array([[network(weights + h * one)[-1].value for h in (1e-5, -1e-5)] for one in np.eye(6)])
number("passes for differences", passes.size)
holds("they come to the same", np.allclose((passes[:, 0] - passes[:, 1]) / 2e-5, rule, atol=1e-9))


@exercise(
    "x₁ is 1, x₂ is 2. What is ∂L/∂w₃?", hint="w₃ leads from x₂ to z₁: which gradient, which value?", digits=4
)
def w3(answer, x1=1.0, x2=2.0):
    w, _, _, L = network(weights, x1, x2)
    return abs(cr.grad(L, w["w3"]).value - answer) < 6e-5


remember("One pass back, all gradients. Of a weight: the gradient at its head times the value at its tail.")
