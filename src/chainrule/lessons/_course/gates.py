"""OR, AND, and the gate that no line makes

A neuron can be a logic gate, with inputs and an output that are 0 or 1. Two gates are easy, the third is not.

Needs: one_neuron activations
Minutes: 10
"""

import warnings

import numpy as np
from scipy.optimize import linprog

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])

# %%
# ## OR is a line
#
# OR is 1 where one input is 1, or both: of the cases 00, 01, 10 and 11 in all but the first. A neuron says
# `ŷ = σ(w₀ + w₁·x₁ + w₂·x₂)`, and its class is 1 where ŷ is above the *threshold*, ½. Since `σ(0) = ½`,
# that is where the sum is above 0. Where the sum is 0 lies the *decision boundary*: a straight line. Here
# it is `-0.5 + x₁ + x₂ = 0`.

OR = [0, 1, 1, 1]
gate = cr.Network([cr.Dense(1, "sigmoid")], input_shape=2, dtype="float64", seed=0)
gate.parameters.update(W1=[[1.0], [1.0]], b1=[-0.5])
number("z of OR", gate.activations(X)["Z1"][:, 0])
number("ŷ of OR", gate.predict(X)[:, 0])
holds("it is OR", gate.predict_classes(X) == OR)
number("threshold, σ(0)", cr.sigmoid(0.0))
on_the_line = [[0.5, 0.0], [0.0, 0.5], [0.25, 0.25], [2.0, -1.5]]
number("ŷ on the line", gate.predict(on_the_line)[:, 0])
picture(cr.pictures.boundary(gate, X, OR))

# %%
# Nobody has to know the weights: trained on the four cases, from weights of 0, the neuron finds some of its
# own.

trained = cr.Network([cr.Dense(1, "sigmoid", initializer="zeros")], input_shape=2, dtype="float64", seed=0)
trained.fit(X, OR, optimizer=cr.SGD(0.5), batch_size=None, epochs=5000)
w1, w2 = trained.parameters["W1"][:, 0]
number("w₀, w₁ and w₂ after 5,000 steps", [trained.parameters["b1"][0], w1, w2])
holds("it is OR, too", trained.predict_classes(X) == OR)

# %%
# ## AND is another
#
# AND is 1 only where both inputs are 1. The line moves up: `-1.5 + x₁ + x₂ = 0`.

AND = [0, 0, 0, 1]
gate.parameters["b1"] = [-1.5]
number("z of AND", gate.activations(X)["Z1"][:, 0])
number("ŷ of AND", gate.predict(X)[:, 0])
holds("it is AND", gate.predict_classes(X) == AND)
picture(cr.pictures.boundary(gate, X, AND))

# %%
# ## XNOR is none
#
# XNOR is 1 where both inputs are the same. No line has (0, 0) and (1, 1) on one side, and the others on the
# other. For (0, 0) w₀ must be above 0; for (1, 0) and (0, 1) `w₀ + w₁` and `w₀ + w₂` must be below 0. Add
# these two, and take w₀ away: `w₀ + w₁ + w₂ < -w₀ < 0`. But for (1, 1) it must be above 0.

XNOR = [1, 0, 0, 1]
lines = np.random.default_rng(0).normal(size=(1000, 3))
says = np.column_stack([np.ones(4), X]) @ lines.T > 0
right = (says == np.array(XNOR)[:, None]).sum(axis=0)
number("cases of four that the best of 1,000 lines has right", right.max())
for name, y in (("OR", OR), ("AND", AND), ("XNOR", XNOR)):
    side = np.where(y, -1.0, 1.0)[:, None] * np.column_stack([np.ones(4), X])
    found = linprog(np.zeros(3), A_ub=side, b_ub=-np.ones(4), bounds=(None, None)).success
    holds(f"linear programming finds {'a' if found else 'no'} line for {name}", found == (name != "XNOR"))
best = cr.Network([cr.Dense(1, "sigmoid")], input_shape=2, dtype="float64", seed=0)
best.parameters.update(W1=[[1.0], [1.0]], b1=[-1.5])
picture(cr.pictures.beside(cr.pictures.boundary(best, X, XNOR), title="XNOR: the best line has 3 of 4"))

# %%
# Training does not help. It ends where all four outputs are ½, with a cost of ln 2, and the library says
# what is missing.

stuck = cr.Network([cr.Dense(1, "sigmoid")], input_shape=2, dtype="float64", seed=1)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    history = stuck.fit(X, XNOR, optimizer=cr.SGD(0.5), batch_size=None, epochs=5000)
number("ŷ of XNOR", stuck.predict(X)[:, 0])
number("cost", stuck.evaluate(X, XNOR)["cost"])
holds("it has 3 of 4 at the most", stuck.evaluate(X, XNOR)["accuracy"] <= 0.75)
number("ln 2", np.log(2.0))
print(said[0].message)

# %%
# ## Exercise


@exercise(
    "Which w₀ makes w₀ + x₁ + x₂ an AND whose line is as far from (1, 1) as from (0, 1)?",
    hint="With z = w₀ + x₁ + x₂, z of (1, 1) is then the opposite of z of (0, 1).",
)
def middle(answer, w=1.0):
    z = answer + w * X.sum(axis=1)
    return bool(np.all((z > 0) == np.array(AND))) and abs(z[3] + z[1]) < 1e-3


remember("One line makes OR and AND; of XNOR it has 3 of 4 at best.")
