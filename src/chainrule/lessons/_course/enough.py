"""How big a network?

Too small a network cannot learn what is there, too large a one learns the noise as well. How large it should be,
nobody knows beforehand: one tries, and judges by data that were not learned from.

Needs: digits steps
Minutes: 15
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## A sweet spot
#
# 25 noisy points of a wave, and 500 others to judge by. A narrow network draws little more than a line. A wide one
# goes through the noise. Each width learns from five draws of the points, of which the middle error counts.


def wave(count, seed):
    draw = np.random.default_rng(seed)
    x = draw.uniform(-1, 1, (count, 1))
    return x, np.sin(6 * x[:, 0]) + draw.normal(0, 0.5, count)


def errors(width, seed):
    hidden = cr.Dense(width, "tanh", initializer=cr.Normal(2.0))
    network = cr.Network([hidden, cr.Dense(1)], seed=0, dtype="float64")
    network.fit(*wave(25, seed), optimizer=cr.Adam(0.03), batch_size=None, epochs=3000)
    return [network.evaluate(*data)["cost"] for data in (wave(25, seed), wave(500, 100))]


widths = [1, 2, 4, 8, 16]
each = [[errors(width, seed) for width in widths] for seed in range(5)]
learned, others = np.median(each, axis=0).T
number("error of what was learned", learned)
number("error of others", others)
holds("the wider, the better the learned points are met", np.diff(learned) < 0)
holds("the others are met best by two neurons", widths[np.argmin(others)] == 2)
P = cr.pictures
lines = [
    P.Line(widths, learned, "learned", marker="o"),
    P.Line(widths, others, "others", marker="o"),
]
x = P.Axis("hidden neurons", "log", ticks=[(width, str(width)) for width in widths])
panel = P.Panel(lines, x=x, y=P.Axis("squared error", limits=(0, 0.8)))
picture(cr.Picture(panel, words="The learned points are met ever better, the others best by two neurons."))

# %%
# ## Ten candidates
#
# The usual way: start simple, try some ten, and compare them on a part that was held back. What is complex may want
# more layers, more data bear more neurons. Here are ten for the digits, the best first.

X, y = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(X / 8 - 1, y, test_size=0.2, random_state=42, stratify=y)


def reader(*hidden, activation="relu"):
    layers = [cr.Dense(width, activation) for width in hidden]
    return cr.Network([*layers, cr.Dense(10, "softmax")], seed=0)


tried = [(2,), (4,), (8,), (16,), (32,), (64,), (128,), (32, 32), (64, 32), (32, 32, 32)]
readers = [reader(*hidden) for hidden in tried]
fits = cr.fit_many(readers, X, y, epochs=12, validation_split=0.25, metrics="accuracy")
shares = np.array([fit["val_accuracy"][-1] for fit in fits])
for place in np.argsort(-shares):
    print(f"{tried[place]!s:14} {shares[place]:.3f}")
number("held back: right with 2, 16 and 128 neurons", shares[[0, 3, 6]])
holds("the two smallest are last", set(np.argsort(shares)[:2]) == {0, 1})

# %%
# ## Which activation, how many layers?
#
# 32 neurons of each kind, then two and three layers of ReLUs, 300 steps each. Sigmoids learn slowest. Each layer more
# lowers the cost, yet the test gains nothing. (Other seeds give other digits, and the same answer.)

kinds = [((32,), "sigmoid"), ((32,), "tanh"), ((32,), "relu"), ((32, 32), "relu"), ((32, 32, 32), "relu")]
readers = [reader(*hidden, activation=name) for hidden, name in kinds]
fits = cr.fit_many(readers, X, y, optimizer=cr.SGD(0.1), batch_size=None, epochs=300)
costs = [fit["cost"][-1] for fit in fits]
right = np.array([network.evaluate(X_test, y_test)["accuracy"] for network in readers])
number("cost", costs)
number("right in the test", right)
holds("each has a lower cost than the one before it", np.diff(costs) < 0)
holds("more layers are not a point better in the test", right[3:] < right[2] + 0.01)
picture(cr.pictures.costs(fits, names=["sigmoid", "tanh", "ReLU", "2 layers", "3 layers"]))

# %%
# ## Small enough
#
# The best of a search is often best by luck. A share `p` of n examples is known to `√(p(1 - p)/n)`, its *standard
# error*. Within that of the best, the smallest is taken.


@exercise(
    "Of 360 digits widths 4, 8, 16, 32 and 64 read .55, .87, .955, .964 and .969. Which width is taken?",
    hint="The standard error of .969 is .0091.",
    digits=0,
)
def taken(answer, widths=(4, 8, 16, 32, 64), right=(0.55, 0.87, 0.955, 0.964, 0.969), n=360):
    best = max(right)
    near = np.array(right) >= best - np.sqrt(best * (1 - best) / n)
    return answer == np.array(widths)[near].min()


remember(
    "Wider meets what was learned ever better, and others only up to a point. Deeper was not better here."
)
