"""How big a step?

Gradient descent walks downhill, one step after the other. The learning rate says how long each step is.

Needs: bowl
Minutes: 15
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## One step
#
# The gradient points uphill, so a step goes against it: `w := w - α · ∂J/∂w`. (Once a lecture says that it
# points to the steepest descent; elsewhere it has it right.) Where the slope is positive w gets smaller, where
# it is negative w gets larger. α is the *learning rate* (γ or lr in other books). Take `J = ½w²`.

w = cr.variable(1.0, name="w")
J = 0.5 * w**2
number("w after a step with α = 0.1", w - 0.1 * cr.grad(J, w))
for w.value in (1.0, -1.0):
    after = w.value - 0.1 * cr.grad(J, w).value
    holds(f"from {w.value:g} the step leads to a lower cost", 0.5 * after**2 < J.value)
climb = cr.compile(J, updates={w: w + 0.1 * cr.grad(J, w)})
holds("with a plus in place of the minus the cost rises", np.diff([climb() for _ in range(10)]) > 0)

# %%
# ## Start, descend, predict
#
# Six examples and one neuron: a weight for each input, and a bias. One *iteration* has three parts. *Forward*
# gives the probabilities and the loss, *backward* gives the gradients, the *update* moves w and b. `fit` does
# this again and again, and returns the costs. The fitted neuron predicts.

X, y = np.array([[0.5], [1.5], [2.5], [3.5], [1.0], [3.0]]), np.array([0.0, 0.0, 1.0, 1.0, 1.0, 0.0])
neuron = cr.Network([cr.Dense(1, "sigmoid", initializer=5.0)], input_shape=1, dtype="float64")
history = neuron.fit(X, y, optimizer=cr.SGD(0.1), batch_size=None, epochs=100)
holds("each of 100 iterations lowers the cost", np.diff(history["cost"]) < 0)
print("Predicted:", neuron.predict(X).ravel().round(2))
photo = cr.Network([cr.Dense(1, "sigmoid")], input_shape=12288)
number("parameters, for a photo of 64 × 64 × 3", sum(p.size for p in photo.parameters.values()))

# %%
# ## Every parameter at once
#
# A network of layers starts at random places, and all `W` and `b` take such a step, each by its own gradient.
# The cost is a mean over the examples, so with each example twice it is the same.

deep = cr.Network([cr.Dense(3, "tanh"), cr.Dense(1, "sigmoid")], input_shape=1, dtype="float64", seed=0)
start, slopes = {name: np.array(values) for name, values in deep.parameters.items()}, deep.gradients(X, y)
twice = np.vstack([X, X]), np.append(y, y)
same = [np.allclose(slope, slopes[name]) for name, slope in deep.gradients(*twice).items()]
deep.fit(X, y, optimizer=cr.SGD(0.1), batch_size=None, epochs=1)
steps = [np.allclose(deep.parameters[name], start[name] - 0.1 * slopes[name]) for name in start]
holds("each of W1, b1, W2, b2 has moved by -α times its gradient", steps)
holds("with each example twice the gradients are the same", same)
holds("and so is the cost", np.isclose(deep.evaluate(*twice)["cost"], deep.evaluate(X, y)["cost"]))

# %%
# ## When to stop
#
# After so many steps, or once ten in a row lower the cost by less than `tol`. The history says which it was.

print(history.stopped)
history = neuron.fit(X, y, optimizer=cr.SGD(0.67), batch_size=None, epochs=5000, tol=1e-10)
print(history.stopped)
holds("the second one stopped early", len(history["cost"]) < 5000)

# %%
# ## Four learning rates
#
# One start, 200 steps. Too small, and hardly any way is made. Too large, and it jumps over the valley and
# never settles. 1 / L is safe, where L is how strongly the cost bends at most.

w, b = cr.variable(5.0, name="w"), cr.variable(-5.0, name="b")
J = cr.binary_crossentropy(y, cr.sigmoid(w * X[:, 0] + b)).mean().named("J")


def descend(rate, start=(5.0, -5.0), steps=200):
    w.value, b.value = start
    step = cr.compile([J, w, b], updates={v: v - rate * cr.grad(J, v) for v in (w, b)})
    return np.array([step() for _ in range(steps + 1)])


inputs = np.column_stack([X, np.ones(6)])
rate = 1 / np.linalg.eigvalsh(inputs.T @ inputs / (4 * 6)).max()
number("1 / L", rate)
walks = {f"α = {rate:.3g}": descend(rate) for rate in (0.001, 0.1, rate, 20)}
for name, walk in walks.items():
    number(f"J after 200 steps, {name}", walk[-1, 0])
number("J before and after the first step of α = 20", walk[:2, 0])
P = cr.pictures
chart = P.bowl(J, wrt=(w, b), limits=((-2, 7), (-8, 3)), surface=False).panels[0]
paths = [P.Line(walk[:, 1], walk[:, 2], name, dash="") for name, walk in walks.items()]
costs = [P.Line(np.arange(61), walk[:61, 0], name, dash="") for name, walk in walks.items()]
where = P.Panel([*chart.marks, *paths], "Where they went", chart.x, chart.y)
cost = P.Panel(costs, "What it cost", P.Axis("step"), P.Axis("J", scale="log"))
words = "α = 0.001 hardly moves, 0.1 and 0.67 come down the valley, 20 jumps from side to side."
picture(cr.Picture([where, cost], "Four learning rates", words, columns=2))

# %%
# ## Three starts, one minimum
#
# The log loss is a bowl, so a good learning rate leads to its lowest point from anywhere.

for start in ((0.0, 0.0), (5.0, -5.0), (-3.0, 2.0)):
    number(f"from {start}: J, w, b", descend(rate, start, 1000)[-1])

# %%


@exercise("From w = 5, b = -5: largest α (1 decimal) that never lifts J?", hint="Try 1.2, 1.4, ...", digits=1)
def largest(answer, w=5.0, b=-5.0):
    rises = [np.any(np.diff(descend(rate, (w, b))[:, 0]) > 1e-12) for rate in (answer, answer + 0.1)]
    return rises == [False, True]


remember("The step is -α times the gradient; here α = 1 / L = 0.67 is just right.")
