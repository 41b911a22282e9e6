"""From a table to a decision

Rows and columns, numbers and categories: that is the data of most offices. A standard network suits it.

Needs: spam tasks
Minutes: 12
"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## Rows and columns
#
# *Structured data* stands in rows and columns, and each column is one kind of thing: numbers, or categories.
# Here are loans, made by a rule and some chance, as a file. Some incomes are missing, as in life.

rng = np.random.default_rng(0)
size = 1200
loans = pd.DataFrame(
    {"income": rng.lognormal(8.3, 0.4, size).round(-1), "debt": rng.uniform(0, 3, size).round(2)}
)
loans["job"] = rng.choice(["employed", "self-employed", "none"], size, p=[0.6, 0.25, 0.15])
z = (
    5.5 * (np.log(loans.income) - 8.3)
    - 1.2 * (loans.debt - 1.5)
    + loans.job.map({"employed": 0.8, "none": -2}).fillna(0)
)
loans["approved"] = np.where(rng.random(size) < cr.sigmoid(z.to_numpy()), "yes", "no")
loans.loc[::50, "income"] = np.nan
with tempfile.TemporaryDirectory() as folder:
    loans.to_csv(Path(folder) / "loans.csv", index=False)
    table = cr.read_table(Path(folder) / "loans.csv")
print(table.head(3))
plan = cr.TableModel.plan(table, "approved", hidden=(8,))
print(plan)

# %%
# A network takes numbers only. So numbers are scaled, a category of three values becomes three inputs of
# which one is 1, and a missing number gets an input that says so.

number("inputs of the network", plan.columns.width)
quick = {"hidden": (8,), "epochs": 30, "report": False, "doctor": False}
model = cr.TableModel.train(table, "approved", **quick)
scores = model.report.scores
number("loans decided right, of the test", scores.network["accuracy"])
number("with the same answer for all", scores.baseline["accuracy"])
picture(model.plot("roc"))
picture(model.plot("calibration"))

# %%
# ## An id is not an amount
#
# A user of age 41 sees advertisement 93242, and clicks: `(41, 93242) → 1`. Age is a quantity. The id only
# says which one: ad 93242 is not more than ad 90017. As a number it is scaled and weighed. As a category each
# ad gets an input, and a weight, of its own. There are 12 ads here, and users like every other one.

ids = np.array([93242, 90017, 99126, 95501, 98496, 92695, 91233, 97008, 96310, 94447, 93075, 90990])
appeal = np.tile([2.0, -2.0], 6)
which, age = rng.integers(0, 12, size), rng.integers(18, 80, size)
click = (rng.random(size) < cr.sigmoid(appeal[which] - 0.03 * (age - 45) - 0.5)).astype(int)
ads = pd.DataFrame({"age": age, "ad_id": ids[which], "click": click})
right = cr.TableModel.train(ads, "click", categories="ad_id", **quick)
wrong = cr.TableModel.train(ads, "click", numbers="ad_id", **quick)
number("AUC, id as a category", right.report.scores.network["auc"])
number("AUC, id as a number", wrong.report.scores.network["auc"])
number("AUC of the same answer for all", right.report.scores.baseline["auc"])
holds(
    "the category is better", right.report.scores.network["auc"] > wrong.report.scores.network["auc"] + 0.03
)
user = pd.DataFrame({"age": [41], "ad_id": [93242]})
holds("(41, 93242) → 1", right.predict(user)["click"] == 1)

# %%
# ## Inputs decide which weights move
#
# The spam neuron again, with its inputs 3 and 5: the gradient of each weight is the error times its input. A
# column of large numbers would get all of the attention, and that is why columns are scaled.

w, b, x = cr.variable([0.2, 0.4], "w"), cr.variable(0.1, "b"), np.array([3.0, 5.0])
loss = cr.binary_crossentropy(0.0, cr.sigmoid((w * x).sum() + b))
slopes = cr.grad(loss, w)
number("gradients of w1 and w2", slopes)
number("w2 moves so many times as far as w1", slopes.value[1] / slopes.value[0])

# %%


@exercise(
    "Ages, and ids of 7 advertisements: how many inputs has the network?",
    hint="An id is a category.",
    digits=0,
)
def inputs(answer, advertisements=7):
    ids = np.arange(300) % int(advertisements)
    ads = pd.DataFrame({"age": age[:300], "ad_id": [f"ad {i}" for i in ids], "click": click[:300]})
    return answer == cr.TableModel.plan(ads, "click").columns.width


remember("An id is not an amount: a category gets an input for each of its values.")
