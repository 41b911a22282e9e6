"""Where to start

Descent begins somewhere. For one neuron it does not matter where; of hidden layers it decides what they
learn.

Needs: descent circles
Minutes: 12
"""

import warnings

import numpy as np
from sklearn.datasets import make_circles

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

X, y = make_circles(300, noise=0.1, factor=0.3, random_state=42)


def started(start, hidden=(8,)):
    layers = [cr.Dense(width, "relu", initializer=start) for width in hidden]
    layers.append(cr.Dense(1, "sigmoid", initializer=start))
    return cr.Network(layers, input_shape=2, dtype="float64", seed=0)


def costs(network, steps=1000, X=X, y=y):
    return network.fit(X, y, optimizer=cr.SGD(0.1), batch_size=None, epochs=steps)["cost"]


# %%
# ## One neuron: anywhere
#
# The cost of logistic regression is a bowl with one lowest point. "Start from any guess, commonly zeros, and
# repeat until it converges" is right for it. Here for points left and right of a wavy line:

half = X[:, 0] + 0.3 * np.sin(20 * X[:, 1]) > 0
ends = [costs(started(start, hidden=()), 3000, y=half)[-1] for start in ("zeros", "small", "large")]
print("zeros, small, large:", *ends)
holds("three starts come to the same cost", np.ptp(ends) < 1e-3)

# %%
# ## Hidden layers: never zeros
#
# With zeros every hidden neuron puts out 0, so no weight behind it gets a gradient, and none before it.
# Nothing ever moves: the cost stays at `ln 2`, that of saying ½ to everyone. The library warns.

xor = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
for name, (rows, targets) in {"circles": (X, y), "XOR": (xor, [0, 1, 1, 0])}.items():
    network = started("zeros")
    with warnings.catch_warnings(record=True, action="always") as said:
        number(f"cost of zeros after 1,000 steps, {name}", costs(network, X=rows, y=targets)[-1])
    number(f"accuracy, {name}", network.evaluate(rows, targets)["accuracy"])
    holds("all weights are 0 still", [not network.parameters[name].any() for name in ("W1", "W2")])
print(said[0].message)

# %%
# Any other number for all is hardly better. The neurons of the layer begin as twins, get the same gradients,
# and stay twins: three are as good as one.

twins = started(0.5, hidden=(3,))
print("cost", round(costs(twins)[-1], 3))
holds("the three neurons have the same weights to the end", np.ptp(twins.parameters["W1"], axis=1) < 1e-12)
picture(twins.draw(labels="values"))

# %%
# ## Random weights, of which size?
#
# So weights begin as random numbers; biases may be 0. How large? *Small*: 0.01. *Large*: 1. *He*: `√(2/n)`
# for a neuron of n inputs. What the lecture calls *Xavier*, `√(1/n)`, is LeCun's; Glorot's own is `√(2/(n +
# neurons))`.

for name in ("small", "large", "lecun", "xavier", "he"):
    layer = cr.Network([cr.Dense(300, initializer=name)], input_shape=200, dtype="float64", seed=0)
    number(f"{name}: standard deviation for 200 inputs, 300 neurons", layer.parameters["W1"].std())
holds("biases begin at 0", layer.parameters["b1"] == 0)

# %%
# The lecture's four, on circles, 1,000 steps. Its random numbers go on where those of three networks before
# ended.

rng = np.random.RandomState(42)
for inputs, hidden in ((2, 4), (2, 8), (64, 32)):
    rng.randn(hidden, inputs), rng.randn(1, hidden)
sizes = {
    "Small": (0.01, 0.01),
    "Large": (1, 1),
    "Xavier": np.sqrt([1 / 2, 1 / 8]),
    "He": np.sqrt([2 / 2, 2 / 8]),
}
fits = {}
for name, (first, second) in sizes.items():
    network = started("small")
    network.parameters.update(W1=rng.randn(8, 2).T * first, W2=rng.randn(1, 8).T * second)
    fits[name] = costs(network)
    number(f"first and final cost, {name}", [fits[name][0], fits[name][-1]])
picture(cr.pictures.costs(fits, title="Weight Initialization Comparison"))

# %%
# Small learns late. But large was meant to be the bad one, and is the best here! With 2 inputs `√(2/n)` is 1
# too: it *is* He's size. Depth makes the difference. Six hidden layers of 32, and 100 steps:

with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
    deep = {name: costs(started(name, (32,) * 6), 100) for name in ("small", "he")}
    deep["large"] = costs(started("large", (32,) * 6), 3)
for name, each in deep.items():
    print(f"{name}: from {each[0]:.4g} to {each[-1]:.4g}")
holds("small learns nothing", deep["small"][-1] > 0.69)
holds("he learns", deep["he"][-1] < 0.1)
holds("large begins and stays hundreds of times worse", min(deep["large"]) > 300)


@exercise("What is the cost after 1,000 steps from zeros?", hint="Every answer stays ½.", digits=4)
def zeros(answer, steps=1000):
    with warnings.catch_warnings(action="ignore"):
        return abs(costs(started("zeros"), int(steps))[-1] - answer) < 5e-4


remember("Never start hidden layers alike: from zeros the cost stays ln 2 = 0.6931.")
