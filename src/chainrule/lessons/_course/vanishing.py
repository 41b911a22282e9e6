"""Ten layers

The gradient of the first layer is a product over all layers behind it. Factors below 1 make it vanish, and then the
first layers hardly learn. Here it is measured, and mended in three ways. (Other seeds give other numbers, alike.)

Needs: digits activations
Minutes: 15
"""

import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## The gradient of each layer
#
# Ten layers, nine of 32 neurons and a softmax, see 300 digits. For n inputs the weights begin with variance `1/n`
# (the lecture's "Xavier"), before ReLU with `2/n` (He). How large is the gradient of each layer, `‖dW‖`?

X, y = load_digits(return_X_y=True)
X, y = StandardScaler().fit_transform(X)[:300], y[:300]


def deep(activation, start="lecun_normal", normed=False, layers=10):
    parts = []
    for _ in range(layers - 1):
        norm = [cr.BatchNormalization()] if normed else []
        parts += [cr.Dense(32, initializer=start), *norm, cr.Activation(activation)]
    parts += [cr.Dense(10, "softmax", initializer=start)]
    return cr.Network(parts, input_shape=64, dtype="float64", seed=0)


def norms(network, layers=10):
    gradients = network.gradients(X, y)
    return np.array([np.linalg.norm(gradients[f"W{layer}"]) for layer in range(1, layers + 1)])


networks = {"sigmoid": deep("sigmoid"), "tanh": deep("tanh"), "ReLU": deep("relu", "he_normal")}
found = {name: norms(network) for name, network in networks.items()}
number("sigmoid: log₁₀ ‖dW‖ of the ten layers", np.log10(found["sigmoid"]))
holds("sigmoid: each layer has more than the one before it", np.diff(found["sigmoid"]) > 0)
for name in networks:
    number(f"{name}: last to first", found[name][-1] / found[name][0])

# %%
# Going back, each sigmoid multiplies by its slope, which is ¼ at most. Tanh has slope 1 at 0, ReLU wherever it is
# active. (A ReLU that no picture activates has slope 0, and is *dead*: ReLU does not solve everything.)
#
# ## Batch normalization
#
# Before each activation, the sums of a batch are brought to mean 0 and deviation 1, and then stretched and shifted by
# two numbers that are learned. So no sigmoid stays where it is flat. (After training the means that it kept serve, so
# that an answer depends on its row alone.)

networks["sigmoid, batch norm"] = deep("sigmoid", normed=True)
found["sigmoid, batch norm"] = norms(networks["sigmoid, batch norm"])
number("sigmoid, batch norm: ‖dW‖ of the first layer", found["sigmoid, batch norm"][0])
lines = [cr.pictures.Line(range(1, 11), values, name, marker="o") for name, values in found.items()]
panel = cr.pictures.Panel(lines, x=cr.pictures.Axis("layer"), y=cr.pictures.Axis("‖dW‖", "log"))
picture(cr.Picture(panel, words="Of four networks of ten layers only the gradient of the sigmoids vanishes."))
small = cr.Network([cr.Dense(3), cr.BatchNormalization(), cr.Dense(10, "softmax")], seed=0)
small.fit(X[:8], y[:8], epochs=5)
holds("its gradients are those of differences", small.check_gradients(X[:8], y[:8]).passed)
holds("it kept means", small.statistics["mean_1"] != 0)

# %%
# ## Does it learn?
#
# 300 steps with the rate 0.1. To say 1/10 for each digit costs `ln 10 = 2.303`. `fit` warns of a network that does
# no better; why it does not, the picture has shown.

with warnings.catch_warnings(record=True, action="always") as said:
    for network in networks.values():
        network.fit(X, y, optimizer=cr.SGD(0.1), batch_size=None, epochs=300)
print(said[0].message)
for name, network in networks.items():
    cost, right = network.evaluate(X, y).values()
    print(f"{name}: cost {cost:.4f}, right {right:.1%}")
    holds(
        "it is stuck" if right < 0.2 else "it learned", (cost > 2.3) if name == "sigmoid" else (right > 0.98)
    )

# %%
# ## Fifty layers, a million parameters
#
# One pass back gives all derivatives, nobody writes one by hand, and nothing but time limits their number. A test of
# all at once: of a small step along the gradient `g`, the cost must rise by `‖g‖²` times the step.


def rise(network, far=1e-6):
    g, start = network.gradients(X[:20], y[:20]), dict(network.parameters)
    costs = []
    for step in (far, -far):
        network.parameters.update({name: start[name] + step * g[name] for name in g})
        costs.append(network.evaluate(X[:20], y[:20])["cost"])
    return (costs[0] - costs[1]) / (2 * far) / sum(np.sum(part**2) for part in g.values())


wide = [cr.Dense(1000, "relu"), cr.Dense(1000, "relu"), cr.Dense(10, "softmax")]
million = cr.Network(wide, input_shape=64, dtype="float64", seed=0)
number("parameters", sum(part.size for part in million.parameters.values()))
number("a million parameters: the rise", rise(million))
number("50 layers of ReLU: the rise", rise(deep("relu", "he_normal", layers=50)))


@exercise("Ten sigmoids in a row, from x = 0: log₁₀ of dy/dx?", hint="Multiply their slopes.", digits=2)
def chain(answer, layers=10, w=1.0):
    x = cr.variable(0.0, name="x")
    y = x
    for _ in range(int(layers)):
        y = cr.sigmoid(w * y)
    return abs(answer - np.log10(cr.grad(y, x).value)) < 0.01


remember("Ten sigmoid layers: the last gradient is 250,000 times the first. ReLU keeps them alike.")
