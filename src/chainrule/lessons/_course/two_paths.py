"""When x goes two ways

Along a path the chain rule multiplies. Where x reaches the result on several paths, their products are added.

Needs: graph
Minutes: 12
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## One path: multiply
#
# In `L = h(g(f(x)))` a change of x becomes one of `z = f(x)`, that becomes one of `y = g(z)`, and that one of
# L. Each step multiplies the change by its own derivative: `dL/dx = dL/dy · dy/dz · dz/dx`.

x = cr.variable(0.5, "x")
z = np.exp(x).named("z")
y = np.sin(z).named("y")
L = (y**2).named("L")
print(*cr.explain(L).derivatives)
factors = [cr.grad(L, y).value, cr.grad(y, z).value, cr.grad(z, x).value]
holds("dL/dx is the product of the three factors", np.isclose(np.prod(factors), cr.grad(L, x).value))

# %%
# ## Two paths: add
#
# In `L = h(f(x), g(x))` x goes two ways, and L changes by both: `dL/dx = ∂L/∂z₁ · dz₁/dx + ∂L/∂z₂ · dz₂/dx`.
# The smallest example is `x · x`. By its left factor it changes by x, by its right factor by x: 2x in all.

x = cr.variable(3.0, "x")
number("slope of x · x at 3", cr.grad(x * x, x))

# %%
# ## The lecture's example
#
# `J = cos(sin(x²) + 3x²)`. With `a = x²` there are two paths from a to J, one through `b = sin a` and one
# through `c = 3a`; they meet in `d = b + c`. A sum hands the gradient on to both. The steps' own derivatives
# are `dJ/dd = -sin d`, `dd/db = dd/dc = 1`, `db/da = cos a`, `dc/da = 3` and `da/dx = 2x`.


def example(at):
    x = cr.variable(at, "x")
    a = (x**2).named("a")
    b, c = np.sin(a).named("b"), (3 * a).named("c")
    d = (b + c).named("d")
    return x, a, b, c, d, np.cos(d).named("J")


x, a, b, c, d, J = example(1.0)
number("a, b, c, d, J at x = 1", [node.value for node in (a, b, c, d, J)])
number("a, b, c, d, J at x = 2", [node.value for node in example(2.0)[1:]])
for step in cr.explain(J).local:
    number(str(step.symbol), step.value)
print(*cr.explain(J).derivatives)
number("dJ/dx at x = 1", cr.grad(J, x))
picture(cr.draw(J, direction="backward", width=860))

# %%
# The lecture squares x a second time, `c = 3x²`: the paths part at x, not at a. It is another graph of the
# same formula, with the same slope. To better an *input* x, descend by it; networks go by slopes of weights.

again = (3 * x**2).named("c")
other = np.cos((b + again).named("d")).named("J")
print(*cr.explain(other).derivatives)
number("dc/dx = 6x", cr.grad(again, x))
number("dJ/dx at x = 1, the other graph", cr.grad(other, x))
ends = [example(at) for at in (-1.0, 0.0, 0.5, 2.0)]
number("dJ/dx at -1, 0, ½ and 2", [cr.grad(each[-1], each[0]).value for each in ends])
picture(cr.draw(other, width=860))

# %%
# ## Layers: many paths
#
# Four inputs, then 3, 2 and 1 neurons. Let all inputs and weights be 1. Then a path multiplies ones and adds
# 1: the gradient of a neuron *counts the paths* from it, and from each weight that leads into it, to the
# loss.

W1, W2, W3 = (cr.variable(np.ones(shape)) for shape in ((4, 3), (3, 2), (2, 1)))
Z1 = np.ones(4) @ W1
Z2 = Z1 @ W2
Z3 = Z2 @ W3
for name, Z in {"W3": Z3, "W2": Z2, "W1": Z1}.items():
    number(f"paths from a weight of {name}", cr.grad(np.sum(Z3), Z).value[0])
holds("Z1 comes before W2, so ∂Z1/∂W2 = 0: no path, no influence", cr.grad(np.sum(Z1), W2).value == 0)

# %%
# So one begins at the top, next to the loss, and keeps what was found: `dZ3` is used for `dW3` and again for
# `dZ2`, and that for `dW2` and `dZ1`. No product is computed twice.
#
# Forty doublings, `x → x + x`, have 2⁴⁰ paths; backward each node is visited once.

network = cr.Network([cr.Dense(n, "sigmoid") for n in (3, 2, 1)], input_shape=4, dtype="float64", seed=0)
x, y = np.array([[0.5, 0.0, -1.0, 2.0]]), np.array([[1.0]])
A, W, slopes = network.activations(x), network.parameters, network.gradients(x, y)
dZ3 = A["A3"] - y
dZ2 = dZ3 @ W["W3"].T * A["A2"] * (1 - A["A2"])
dZ1 = dZ2 @ W["W2"].T * A["A1"] * (1 - A["A1"])
chain = {"W3": A["A2"].T @ dZ3, "W2": A["A1"].T @ dZ2, "W1": x.T @ dZ1}
holds("the network finds the same", [np.allclose(found, slopes[name]) for name, found in chain.items()])
holds("the second input is 0, so its weights have no influence now, and stay", slopes["W1"][1] == 0)
picture(network.draw())
start = end = cr.variable(1.0)
for _ in range(40):
    end = end + end
number("paths of 40 doublings", cr.grad(end, start))
holds("the gradient takes fewer than 100 nodes", len(list(cr.trace(cr.grad(end, start)))) < 100)


@exercise("What is dJ/dx of the lecture's example at x = 2?", hint="Both paths: -sin d · (cos a + 3) · 2x.")
def slope(answer, x=2.0):
    x, *_, J = example(x)
    return abs(cr.grad(J, x).value - answer) < 5e-3


remember("Paths multiply along, and add across.")
