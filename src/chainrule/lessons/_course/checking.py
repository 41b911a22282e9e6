"""Trust no derivative

A network with a wrong derivative still learns, only badly. Differences find it: they know of no derivative.

Needs: activations two_paths alice
Minutes: 15
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## A slope from two sides
#
# Move x a little to both sides, and see how the function changes: `(f(x + ε) - f(x - ε)) / 2ε`. The error
# falls with ε²: a tenth of the step, a hundredth of the error. From one side it falls with ε. Of tiny steps
# only few of 16 digits are left, so that it rises again. This checks formulas, such as that of the slope of
# σ: `σ·(1 - σ) = e⁻ˣ / (1 + e⁻ˣ)²`.


def error(step, x, back=1):
    difference = (cr.sigmoid(x + step) - cr.sigmoid(x - back * step)) / (step + back * step)
    return np.abs(difference - cr.sigmoid(x) * (1 - cr.sigmoid(x))).mean()


x, steps = np.linspace(0.5, 1.5, 101), 10.0 ** -np.arange(1, 14)
two, one = [error(step, x) for step in steps], [error(step, x, back=0) for step in steps]
number("error for ε = 0.1, over that for 0.01", two[0] / two[1])
number("the same, from one side", one[0] / one[1])
P = cr.pictures
lines = [P.Line(steps, two, "from two sides"), P.Line(steps, one, "from one side")]
panel = P.Panel(lines, x=P.Axis("ε", scale="log"), y=P.Axis("mean error", scale="log"))
picture(P.Picture([panel], "How small a step?", "With ε the error falls, then rises: a V."))
form = np.exp(-x) / (1 + np.exp(-x)) ** 2
holds("both forms of σ' agree", np.abs(form - cr.sigmoid(x) * (1 - cr.sigmoid(x))) < 1e-15)

# %%
# ## A check fails
#
# A lecture checks a network of two inputs, three ReLUs and a sigmoid like this: ε is 1e-7; ten numbers of
# each parameter are moved; where their difference n is 0 they are left out; and n must be close to the
# gradient a, `‖a - n‖ / (‖a‖ + ‖n‖) < 1e-5`. Its weights are drawn after those of seven networks before.


def cost(at):
    a = cr.relu(X @ at["W1"] + at["b1"])
    return cr.binary_crossentropy(y, cr.sigmoid(a @ at["W2"] + at["b2"])).mean()


def lecture(at, gradients, leave_out=True):
    found = []
    for name, value in at.items():
        moves = 1e-7 * np.eye(value.size)[:10].reshape(-1, *value.shape)
        n = np.array([cost(at | {name: value + e}) - cost(at | {name: value - e}) for e in moves]) / 2e-7
        a, seen = gradients[name].ravel()[:10], (n != 0) | (not leave_out)
        a, n = a[seen], n[seen]
        found.append(np.linalg.norm(a - n) / (np.linalg.norm(a) + np.linalg.norm(n)))
    return np.array(found)


X, y = np.array([[0.0, 0.0], [0.0, 1.0]]), np.array([[0.0], [1.0]])
rng = np.random.RandomState(42)
for inputs, hidden in [(2, 4), (2, 8), (64, 32), *4 * [(2, 8)], (2, 3)]:
    W1, W2 = rng.randn(hidden, inputs), rng.randn(1, hidden) * np.sqrt(2 / hidden)
at = {"W1": W1.T, "b1": np.zeros(3), "W2": W2.T, "b2": np.zeros(1)}
network = cr.Network([cr.Dense(3, "relu"), cr.Dense(1, "sigmoid")], input_shape=2, dtype="float64", seed=0)
network.parameters.update(at)
found = lecture(at, network.gradients(X, y))
print([f"{name} {'✓ PASS' if each < 1e-5 else '✗ FAIL'}" for name, each in zip(at, found, strict=True)])
holds("W1, W2 and b2 pass, and b1 fails", (found < 1e-5) == [True, False, True, True])
number("b1", found[1])

# %%
# ## A kink, not a bug
#
# It cannot pass. For x = (0, 0), with biases of 0, each ReLU stands on its kink: differences find half a
# slope, where there is none, and the graph takes 0. Our check looks at all numbers, and says so. Beside the
# kink both pass.

report = network.check_gradients(X, y)
print(report)
number("kinks in b1", len(report.parameters[1].kinks))
network.parameters["b1"] = at["b1"] = np.full(3, 0.1)
holds("beside the kink the lecture's check passes", lecture(at, network.gradients(X, y)) < 1e-5)
holds("so does ours, and finds no kink", not any(p.kinks for p in network.check_gradients(X, y).parameters))

# %%
# ## A bug, not a kink
#
# What is left out can hide a bug. These gradients are written by hand, and forget that ReLU's slope is 0
# below 0. The third neuron is below 0 for both rows: its differences are 0, and the check looks away. The
# graph makes no such mistake, whichever activation, initializer or regularizer you take in the next
# lessons.

network.parameters["b1"] = at["b1"] = np.array([3.0, 3.0, -3.0])
inside = network.activations(X)
dZ2 = (inside["A2"] - y) / len(X)
dZ1 = dZ2 @ at["W2"].T  # times (Z1 > 0), which is forgotten
by_hand = {"W1": X.T @ dZ1, "b1": dZ1.sum(axis=0), "W2": inside["A1"].T @ dZ2, "b2": dZ2.sum(axis=0)}
holds("the lecture's check lets it pass", lecture(at, by_hand) < 1e-5)
number("W1, with nothing left out", lecture(at, by_hand, leave_out=False)[0])
layers = [cr.Dense(3, "tanh", initializer="he", regularizer=cr.L2(0.01)), cr.Dense(1, "sigmoid")]
others = [network, cr.Network(layers, input_shape=2, seed=0)]
holds("by the graph all is right", [each.check_gradients(X, y).passed for each in others])

# %%
# ## Exercise


@exercise("For which k is ε = 10⁻ᵏ best, from two sides?", hint="The lowest point of the V.", digits=0)
def best(answer, near=1.0):
    errors = [error(10.0**-k, near + np.linspace(-0.5, 0.5, 101)) for k in range(1, 14)]
    return answer == 1 + np.argmin(errors)


remember("A difference of .808 was a kink, not a bug: look at every number, and say what it is.")
