"""Small steps, many steps

The gradient can be that of all examples, of a batch, or of one. And a step can remember the steps before it, or shrink
with time. What each is worth is measured here on the same digits. (Other seeds give other numbers, the same answers.)

Needs: descent digits
Minutes: 15
"""

from importlib.util import find_spec

import numpy as np
from sklearn.datasets import load_digits

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## All, some, one
#
# *Batch* gradient descent makes a step for all examples together: precise, and slow. *Stochastic* descent makes one for
# each example: noisy, and fast. Most take *mini-batches* of 32, 64 or 128. How far is their gradient from that of all?

X, y = load_digits(return_X_y=True)
X, y = X[:1280] / 8 - 1, y[:1280]
network = cr.Network([cr.Dense(32, "relu"), cr.Dense(10, "softmax")], input_shape=64, seed=0)
whole = network.gradients(X, y)["W1"]
far = []
for size in (1, 32, 128):
    parts = [network.gradients(X[i : i + size], y[i : i + size])["W1"] for i in range(0, 10 * size, size)]
    far.append(np.linalg.norm(np.array(parts) - whole, axis=(1, 2)).mean() / np.linalg.norm(whole))
number("distance of batches of 1, 32, 128, as a share", far)

# %%
# ## What it costs
#
# 1,280 digits are seen 20 times: in 20 steps with all of them, in 25,600 with one at a time (these a tenth as long,
# for they are noisy), all by one engine. A first round compiles, the second is timed.


def fit(optimizer, batch_size=None, epochs=100, rows=1280):
    network = cr.Network([cr.Dense(32, "relu"), cr.Dense(10, "softmax")], seed=0, engine=engine)
    history = network.fit(X[:rows], y[:rows], optimizer=optimizer, batch_size=batch_size, epochs=epochs)
    return history, network.evaluate(X, y)["cost"]


engine = "native" if find_spec("llvmlite") else "numpy"
rates = {1280: 0.1, 128: 0.1, 64: 0.1, 32: 0.1, 1: 0.01}
for epochs in (1, 20):
    found = {size: fit(cr.SGD(rate), size, epochs) for size, rate in rates.items()}
print("batch  updates  seconds    cost")
for size, (history, cost) in found.items():
    print(f"{size:5}  {20 * 1280 // size:7}  {history.times[-1]:7.4f}  {cost:6.4f}")
costs = [cost for _, cost in found.values()]
number("cost after 20 epochs", costs)
holds("the smaller the batch, the lower the cost", np.diff(costs) < 0)
picture(cr.pictures.costs({f"batch {size}": history for size, (history, _) in found.items()}))

# %%
# And after as many *updates*, 200 each? Then 32 at a time learn what all together do, at a fortieth of the work.

same = [fit(cr.SGD(0.1), size, epochs=200 * size // 1280)[1] for size in (1280, 128, 64, 32)]
number("cost after 200 updates", same)
number("cost after 200 examples", fit(cr.SGD(0.01), 1, epochs=1, rows=200)[1])
holds("batches of 32 to 1,280 differ by less than a tenth", max(same) < 1.1 * min(same))

# %%
# ## Momentum
#
# A step can follow an average of gradients: `v = βv + (1 - β)∇J`, then `w = w - αv`. Is it faster, asks the lecture?
# It is smoother, yet no longer than the gradient, so no. Classic momentum, `v = βv + ∇J`, adds up to ten gradients for
# `β = 0.9`, and is.

v, g = cr.variable(0.0, name="v"), cr.constant(1.0)
step = cr.compile(v, updates={v: 0.9 * v + 0.1 * g})
for _ in range(5):
    step()
number("v after 5 steps, g always 1: 1 - β⁵", v)
rules = [cr.SGD(0.1), cr.SGD(0.1, momentum=0.9, averaged=True), cr.SGD(0.1, momentum=0.9)]
plain, averaged, classic = [fit(rule)[1] for rule in rules]
number("plain, averaged, classic", [plain, averaged, classic])
holds("averaged is no faster, classic is", plain < averaged < 1.2 * plain and classic < plain / 2)

# %%
# ## A rate that decays
#
# `αₜ = α₀e⁻ᵏᵗ`. With all examples at once there is no noise to calm, so here decay only slows.

fits = {k: fit(cr.SGD(cr.ExponentialDecay(0.5, decay=k))) for k in (0.0, 0.005, 0.02, 0.1)}
number("α after 99 epochs, k = 0.02", fits[0.02][0].learning_rates[-1])
holds("the larger k, the higher the cost", np.diff([cost for _, cost in fits.values()]) > 0)
picture(cr.pictures.costs({f"k = {k:g}": history for k, (history, _) in fits.items()}))

# %%
# ## Each value once
#
# A step is fast because nothing is computed twice: what a node feeds many ways is reused, forward and backward. Here
# each sum takes the one before it twice, 30 times over: 2³⁰ paths lead back to x.

J = x = cr.variable(1.0, name="x")
for _ in range(30):
    J = J + J
slope = cr.grad(J, x)
number("paths", slope)
number("values computed, forward and backward", len(cr.trace([J, slope])))


@exercise("v = 0.9v + 0.1g begins at 0, and g is always 1. What is v after 3 steps?", hint="1 - β³.")
def averaging(answer, beta=0.9, g=1.0, steps=3):
    v = cr.variable(0.0)
    step = cr.compile(v, updates={v: beta * v + (1 - beta) * g})
    for _ in range(int(steps)):
        step()
    return abs(answer - v.value) < 5e-4


remember(
    "As many epochs: small batches win. As many updates: 32 learn as much as all, for a fortieth of the work."
)
