"""J = 3(a + bc): a formula is a graph

A formula is computed in small steps. As a graph they tell what comes out, and what each input does to it.

Needs: one_neuron
Minutes: 12
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## Forward
#
# Take `J = 3(a + bc)` at `a = 5`, `b = 3`, `c = 2`. It has three steps: `u = bc`, `v = a + u`, `J = 3v`. In a
# *computation graph* each input and each step is a node, and an edge leads from it to each step that uses it.
# The edges say in which order to compute. None leads back: a step only uses what is there already.
#
# It is like a recipe, an assembly line or a puzzle: each step takes what is ready and hands on something new.
# *Forward propagation* is cooking by it: begin with the inputs, do each step once, and the last is the dish.

a, b, c = cr.variable(5.0, "a"), cr.variable(3.0, "b"), cr.variable(2.0, "c")
u = (b * c).named("u")
v = (a + u).named("v")
J = (3 * v).named("J")
for node in (u, v, J):
    number(node.name, node)
print("in order:", *[node.name for node in cr.trace(J)])
edges = [given.name + node.name for node in cr.trace(J) for given in node.inputs if given.name]
holds("the edges are b → u, c → u, a → v, u → v, v → J", sorted(edges) == ["av", "bu", "cu", "uv", "vJ"])
picture(cr.draw(J, gradients=False))

# %%
# ## Backward
#
# How much does J change where an input changes a little, and in which direction? That is the *partial
# derivative*, or gradient: `dJ/da`, `dJ/db`, `dJ/dc`. *Backward propagation* goes from J back to the inputs,
# as one asks of a salty dish which step is to blame. At each step it multiplies by the step's own derivative.
# In programs `dJ/dv` is written `dv`, and so on.

print(*cr.explain(J).backward, sep="\n")
holds("v first, b and c last", [str(step.wrt) for step in cr.explain(J).backward] == list("vuabc"))
dv, da, du, db, dc = cr.grad(J, [v, a, u, b, c])
for name, gradient in {"dv": dv, "da": da, "du": du, "db": db, "dc": dc}.items():
    number(name, gradient)
picture(cr.draw(J))

# %%
# The same with the arrows turned round. Each bears the factor it multiplies by; on the way to c: 3, 1 and 3.
# (For slides, `cr.draw(J, step=6)` shows the first 6 numbers only.) A gradient cannot come before the values:
# `du/dc` is b, and without a value of b there is nothing to multiply by.

(to_c,) = cr.explain(J, wrt=c).derivatives
print(to_c)
holds("dJ/dc is the product of the factors", np.prod([f.value for f in to_c.paths[0].factors]) == dc.value)
picture(cr.draw(J, direction="backward", width=640))
x = cr.input("x", ())
try:
    print(cr.grad(x**2, x).value)
except cr.GraphError as error:
    print(error)

# %%
# ## Nudges
#
# What does `dJ/dv = 3` mean? Move v by 0.1, compute J again: it has moved by 3 × 0.1. Then go further
# back: move a by 0.1, and v moves by 1 × 0.1. Multiply, 3 × 1, and you have `dJ/da`: the *chain rule*.

print(cr.nudge(J, v, 0.1))
number("a + 0.1 moves v by", cr.nudge(v, a, 0.1).nudges[0].change)
for each in (v, a, u, b, c):
    number(f"{each.name} + 0.1 moves J by", cr.nudge(J, each, 0.1).nudges[0].change)
holds("c has the most influence, then b, then a", dc.value > db.value > da.value)

# %%
# ## One step down
#
# Say J is an error. A gradient points uphill, so each input goes the other way: `new = old - α × gradient`,
# here with a *learning rate* of `α = 0.1`. By the gradient J should fall by `0.1 × (3² + 6² + 9²)`. It falls
# less: b and c moved together, which adds `3 × (-0.6) × (-0.9)`.
#
# Step on, and J falls below 0, ever further: as an error it has no minimum. A real error stays above 0, such
# as that of a prediction `ŷ = 0.8` where 1 is right: `-log ŷ`.


def stepped(alpha, *at):
    a, b, c = inputs = [cr.variable(value) for value in at]
    slopes = [slope.value for slope in cr.grad(3 * (a + b * c), inputs)]
    a, b, c = np.subtract(at, np.multiply(alpha, slopes))
    return a, b, c, 3 * (a + b * c)


number("a, b, c and J after it", stepped(0.1, 5.0, 3.0, 2.0))
number("the forecast", 33 - 0.1 * sum(slope.value**2 for slope in (da, db, dc)))
number("left out", 3 * (0.1 * db.value) * (0.1 * dc.value))
holds("with + in place of -, J rises", stepped(-0.1, 5.0, 3.0, 2.0)[-1] > J.value)
states = [(5.0, 3.0, 2.0, 33.0)]
for _ in range(7):
    states.append(stepped(0.1, *states[-1][:3]))
number("J, step by step", [state[-1] for state in states[:6]])
holds("then J is below 0, and falls on", 0 > states[6][-1] > states[7][-1])
number("-log 0.8", -np.log(cr.constant(0.8)))

# %%


@exercise("What is dJ/db if c is 4 (a = 5, b = 3)?", hint="The factors from J back to b are 3, 1 and c.")
def slope(answer, a=5.0, b=3.0, c=4.0):
    b = cr.variable(b)
    return abs(cr.grad(3 * (a + b * c), b).value - answer) < 5e-4


@exercise("And J after a step of α = 0.05 from (5, 3, 2)?", hint="Move a, b and c, then compute J.")
def after(answer, alpha=0.05, a=5.0, b=3.0, c=2.0):
    return abs(stepped(alpha, a, b, c)[-1] - answer) < 5e-3


remember("Forward the values, backward the gradients. One step: 33 → 22.02; the forecast was 20.4.")
