"""Small data, large data

How good can a model become with few examples, and with many? Four sizes of models learn from ever more rows.

Needs: enough tumour many
Minutes: 12
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.svm import LinearSVC

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## A task with a ceiling
#
# The rule is bent, so a line cannot follow it. And of ten labels one is wrong, by chance: even the rule
# itself is right only nine times out of ten.


def examples(rows, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 4))
    truth = X[:, 0] + 1.5 * np.sin(2 * X[:, 1]) * np.cos(1.5 * X[:, 2]) > 0
    return X, truth, (truth ^ (rng.random(rows) < 0.1)).astype(int)


X, truth, y = examples(5600)
number("the rule itself is right", np.mean(truth == y))

# %%
# ## Together on the left, fanned out on the right
#
# `cr.pictures.scale` trains a linear model and networks of 4, 32 and 256 units on samples of 50, 200, 1000
# and 4000 rows, and judges all on the same other rows. (The lecture draws such curves by hand, without data or
# numbers. So ours can only bear out their direction.)

sizes = [50, 200, 1000, 4000]
shown = cr.pictures.scale(X, y, sizes=sizes, seeds=2)
picture(shown)
linear, small, medium, large = curves = [line.y for line in shown.panels[0].marks if line.name]
spread = np.ptp(curves, axis=0)
number("50 rows: from the worst model to the best", spread[0])
number("4000 rows: from the worst model to the best", spread[-1])
number("linear model, gain from 200 to 4000 rows", linear[-1] - linear[1])
number("256 units, gain from 200 to 4000 rows", large[-1] - large[1])
holds("200 rows or fewer: together; 1000 or more: apart", spread[:2].max() < spread[2:].min())
holds(
    "with many rows large networks are ahead", min(medium[-1], large[-1]) > max(linear[-1], small[-1]) + 0.02
)
holds("more rows are worth more to the large network", large[-1] - large[1] > linear[-1] - linear[1] + 0.02)

# %%
# ## Little data tells little
#
# With 50 rows every model is far from the ceiling. What limits them is the information in the rows, not the
# method. A large network with few rows is like somebody who learns a language from 10 sentences, or like a
# Ferrari in a parking lot. Networks, the large ones above all, are hungry for data.

holds("with 50 rows all models are 10 points or more below the ceiling", np.array(curves)[:, 0] < 0.9 - 0.1)

# %%
# ## Traditional methods do well with little
#
# Logistic regression and the linear support vector machine (SVM) have few parameters. Few rows are enough for
# them, and more hardly help. "With a small data set take a simple method", advises a lecture. Ask the data
# themselves: each model is tried five times, with another fifth of 100 rows held back. If the simple one lies
# within one standard error of the large one, take the simple one. It is not that the large one were bad; it
# is no better.

few = X[:100], y[:100]
network = cr.MLPClassifier((256,), solver="lbfgs", max_iter=500, tol=1e-3, random_state=0)
models = {"logistic regression": LogisticRegression(), "SVM": LinearSVC(), "256 units": network}
scores = {name: cross_val_score(model, *few, cv=5) for name, model in models.items()}
for name, score in scores.items():
    print(f"{name}: {score.mean():.2f} ± {score.std(ddof=1) / 5**0.5:.2f}")
best = scores["256 units"]
enough = best.mean() - best.std(ddof=1) / 5**0.5
simple = [scores["logistic regression"].mean(), scores["SVM"].mean()]
holds("100 rows: both simple models lie within one standard error", np.array(simple) > enough)

# %%
# ## All rows agree on a direction
#
# Each step of *batch* descent asks all rows, and takes the one direction on which they agree. A step on a
# single row follows that row alone, and these point here and there: their spread is half, that of the batch
# is none. So the cost of batch descent falls in every epoch, and the other goes up and down.

start = cr.Network([cr.Dense(1, "sigmoid")], input_shape=4, seed=0)
alone = [start.gradients(X[[i]], y[[i]])["W1"].ravel() for i in range(50)]
number("single rows: spread of the direction", np.std(alone, axis=0).mean())
costs = {}
for name, rows in (("batch", None), ("single rows", 1)):
    network = cr.Network([cr.Dense(1, "sigmoid")], input_shape=4, seed=0)
    costs[name] = network.fit(*few, optimizer=cr.SGD(0.5), batch_size=rows, epochs=30)["cost"]
holds(
    "batch descent never rises, single rows do",
    np.all(np.diff(costs["batch"]) < 0) and np.any(np.diff(costs["single rows"]) > 0),
)

# %%


@exercise("What accuracy do 256 units gain between 50 and 4000 rows?", hint="Its curve, both ends.", digits=2)
def gain(answer, few=50, many=4000):
    if not {few, many} <= set(sizes):
        return "Tried were 50, 200, 1000 and 4000 rows."
    return abs(answer - (large[sizes.index(many)] - large[sizes.index(few)])) < 0.05


remember("Little data: take the simple model. Much data: large networks go on learning, small ones stop.")
