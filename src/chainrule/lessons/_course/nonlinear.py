"""Why not straight?

What would a network be without activations? And what can it be with them?

Needs: function counting
Minutes: 15
"""

import numpy as np
from sklearn.datasets import make_circles

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## Straight layers collapse into one
#
# Without activation a layer is `Wᵀx + b`, and three of them are one: `W = W1·W2·W3`, `b = (b1·W2 + b2)·W3 +
# b3`. So nothing is gained: a line gets at most 3 of the 4 rows of XOR right.

straight = cr.Network([cr.Dense(4), cr.Dense(3), cr.Dense(2)], input_shape=2, dtype="float64", seed=0)
straight.parameters.update(b1=[1, 2, 3, 4], b2=[5, 6, 7], b3=[8, 9])
W1, b1, W2, b2, W3, b3 = straight.parameters.values()
W, b = W1 @ W2 @ W3, (b1 @ W2 + b2) @ W3 + b3
xor, answers = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
holds("three straight layers are one", np.allclose(straight.predict(xor), xor @ W + b, rtol=1e-12))
random = np.random.default_rng(0)
lines = xor @ random.normal(size=(2, 10_000)) + random.normal(size=10_000) > 0
number("XOR: best accuracy of 10,000 lines", (lines == answers).mean(axis=0).max())

# %%
# ## Straight and bent boundaries
#
# Two rings of points. Without an activation the boundary is straight. With ReLU each hidden neuron is a
# *constraint*, active on one side of its own line (the arrow points there). Together they close it.

X, y = make_circles(300, noise=0.1, factor=0.3, random_state=42)
drawn = []
for activation, neurons in (None, 8), ("relu", 1), ("relu", 2), ("relu", 8):
    net = cr.Network([cr.Dense(neurons, activation), cr.Dense(1, "sigmoid")], dtype="float64", seed=1)
    net.fit(X, y, optimizer="lbfgs", epochs=60)
    number(f"accuracy, {neurons} {activation or 'straight'}", net.evaluate(X, y)["accuracy"])
    drawn.append(cr.pictures.boundary(net, X, y, units=activation == "relu"))
picture(cr.pictures.beside(drawn[0], drawn[-1], columns=2))

# %%
# ## Bumps
#
# A steep sigmoid is a step: one up and one down are a bump, and bumps of the right heights any curve.


def one_layer(activation, W1, b1, W2):
    net = cr.Network([cr.Dense(len(W1), activation), cr.Dense(1)], input_shape=1, dtype="float64", seed=0)
    net.parameters.update(W1=[W1], b1=b1, W2=np.reshape(W2, (-1, 1)), b2=[0])
    return net


bump = one_layer("sigmoid", [200, 200], [200, -200], [1, -1])
number("one bump, at x = -2, 0 and 2", bump.predict([[-2], [0], [2]])[:, 0])
at = np.linspace(-np.pi, np.pi, 11)
high = np.sin((at[:-1] + at[1:]) / 2)
ten = one_layer("sigmoid", [200] * 20, [*(-200 * at[:-1]), *(-200 * at[1:])], [*high, *-high])
x = np.linspace(-np.pi, np.pi, 1001)
one, many = (cr.pictures.Line(x, net.predict(x[:, None])[:, 0]) for net in (bump, ten))
holds("ten bumps are off by a third at most", np.abs(ten.predict(x[:, None])[:, 0] - np.sin(x)) < 1 / 3)
panels = [cr.pictures.Panel(one), cr.pictures.Panel([many, cr.pictures.Line(x, np.sin(x))])]
picture(cr.Picture(panels, "Bumps", "Two steep sigmoids make a bump; ten bumps follow the sine."))

# %%
# ## Twice the neurons, a quarter of the error
#
# ReLUs follow a curve with straight pieces, one for each neuron; ours are laid evenly. (The lecture says "any
# function", without numbers. True is: any continuous function on a closed interval.)

errors = []
for h in (4, 8, 16, 32, 64):
    at = np.linspace(-np.pi, np.pi, h + 1)
    slopes = np.diff(np.sin(at)) / np.diff(at)
    net = one_layer("relu", np.ones(h), -at[:-1], np.diff(slopes, prepend=0))
    errors.append(np.abs(net.predict(x[:, None])[:, 0] - np.sin(x)).max())
number("largest error for 4, 8, 16, 32, 64 neurons", errors)
number("the last two, divided", errors[3] / errors[4])

# %%
# ## What training makes of it
#
# Training finds such *features* by itself: here 4 neurons learn the sine from noisy points, the more the
# better. The picture has the curve of each neuron; the output weighs and adds them.

errors = []
for m in (20, 200, 2000):
    seen = random.uniform(-np.pi, np.pi, (m, 1))
    targets = np.sin(seen) + random.normal(scale=0.3, size=(m, 1))
    net = cr.Network([cr.Dense(4, "tanh"), cr.Dense(1)], dtype="float64", seed=1)
    net.fit(seen, targets, optimizer="lbfgs", epochs=60)
    errors.append(net.evaluate(x[:, None], np.sin(x))["cost"])
holds("of 20, 200 and 2000 points, more give a smaller error", np.diff(errors) < 0)
picture(cr.pictures.boundary(net, seen[:200], targets[:200, 0], neurons=True))

# %%
# ## Deeper instead of wider
#
# Each layer of two ReLUs folds [0, 1] on itself: five make 32 pieces. A wide layer has a neuron for each.

layers = [cr.Dense(2, "relu", initializer=[[2, 2], [-4, -4]]) for _ in range(4)]
layers = [cr.Dense(2, "relu", initializer=1.0), *layers, cr.Dense(1, initializer=[[2], [-4]])]
folds = cr.Network(layers, input_shape=1, dtype="float64")
folds.parameters.update({f"b{k}": [0, -0.5] for k in range(1, 6)})
wide = one_layer("relu", np.ones(32), -np.arange(32) / 32, [32, *[-64, 64] * 15, -64])
x = np.linspace(0, 1, 1001)[:, None]
holds("both draw the same 32 pieces", np.allclose(folds.predict(x), wide.predict(x), atol=1e-9))
number("parameters, deep and wide", [sum(p.size for p in net.parameters.values()) for net in (folds, wide)])


@exercise("The layers x + 2 and 3x - 4 collapse into one. Its bias?", hint="Put x + 2 into 3x - 4.")
def bias(answer, weights=(1.0, 3.0), biases=(2.0, -4.0)):
    return abs(weights[1] * biases[0] + biases[1] - answer) < 1e-3


remember("The error falls as 1/h²: twice the neurons, a quarter of the error.")
