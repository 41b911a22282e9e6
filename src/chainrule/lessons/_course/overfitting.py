"""Learned by heart

A network that is large enough learns its examples whatever they say, the wrong ones too. Two ways to hold it back, a
price on weights and dropout, are tried on the same network.

Needs: digits enough
Minutes: 10
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## Labels by lot
#
# 300 digits, their labels drawn by lot: there is nothing to know. In full-batch descent each example has a vote, and
# the step is their average. The lecture hopes that this prevents overfitting to single examples. It does not.

X, y = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(X / 8 - 1, y, test_size=0.2, random_state=42, stratify=y)
X, y = X[:300], y[:300]


def reader(seed=0, price=0.0, drop=0.0):
    hidden = cr.Dense(128, "relu", regularizer=cr.L2(price))
    last = cr.Dense(10, "softmax", regularizer=cr.L2(price))
    return cr.Network([hidden, cr.Dropout(drop), last], seed=seed)


lots = np.random.default_rng(0).integers(0, 10, 300)
network = reader()
network.fit(X, lots, optimizer=cr.Adam(0.01), batch_size=None, epochs=200)
number("right of what was learned", network.evaluate(X, lots)["accuracy"])
holds("in the test less than a fifth is right", network.evaluate(X_test, y_test)["accuracy"] < 0.2)

# %%
# ## None, L2, dropout
#
# Now one label in five is by lot, four are right. *L2* adds the squares of all weights to the cost, so that only what
# pays stays large. *Dropout* leaves half of the neurons out, other ones in each step, so that none relies on another;
# the rest counts double meanwhile. In a prediction all take part. (Other seeds give other digits, the same answer.)


def trained(labels, **settings):
    networks = [reader(seed, **settings) for seed in range(3)]
    job = {"optimizer": cr.Adam(0.01), "batch_size": None, "epochs": 100, "metrics": "log_loss"}
    fits = cr.fit_many(networks, X, labels, validation_data=(X_test, y_test), **job)
    scores = ["log_loss", "accuracy"]
    train = [network.evaluate(X, labels, metrics=scores) for network in networks]
    test = [network.evaluate(X_test, y_test, metrics=scores) for network in networks]
    return fits, [np.mean([each[s] for each in part]) for part in (train, test) for s in scores]


kinds = {"none": {}, "L2": {"price": 0.01}, "dropout": {"drop": 0.5}}
wrong = np.where(np.arange(300) % 5 == 0, lots, y)
found = {name: trained(wrong, **settings) for name, settings in kinds.items()}
for name, (_, scores) in found.items():
    number(f"{name}: cost, right; in the test cost, right", scores)
none, l2, dropout = (np.array(scores) for _, scores in found.values())
holds("both cost more in training", min(l2[0], dropout[0]) > none[0])
holds(
    "both cost less in the test, and read more of it",
    [x[2] < none[2] and x[3] > none[3] for x in (l2, dropout)],
)
fits = {name: fits for name, (fits, _) in found.items()}
picture(cr.pictures.costs(fits, "val_log_loss", title="Cost of the test"))

# %%
# ## And where no label is wrong?
#
# Then there is little to hold back, and little to gain. Does dropout read the test better, asks the lecture? As much
# as there is to unlearn.

clean = {name: trained(y, **kinds[name])[1][3] for name in ("none", "dropout")}
number("right in the test, labels right: none, dropout", list(clean.values()))
holds("it changes less than two points", abs(clean["dropout"] - clean["none"]) < 0.02)

# %%
# ## What a price does
#
# The gradient of `λw²` pulls each weight toward 0, the harder the larger it is.


@exercise(
    "L2 adds 0.01 · w² to the cost. What does it add to the gradient, where w is 3?",
    hint="The derivative of w² is 2w.",
)
def pull(answer, factor=0.01, w=3.0):
    weight = cr.variable(w, name="w")
    return abs(answer - cr.grad(factor * weight**2, weight).value) < 5e-4


remember("A large network learns 300 labels drawn by lot. What it learned says nothing: judge by others.")
