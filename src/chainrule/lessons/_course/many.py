"""m examples: the loop and the matrix

A network does not go through its examples one by one. They stand in a matrix, and one product does all.

Needs: tumour
Minutes: 12
"""

import time

import numpy as np
from sklearn.model_selection import train_test_split

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## Examples side by side
#
# A *training set* has m pairs (x⁽ⁱ⁾, y⁽ⁱ⁾): the n features of example i, and its target. (Lectures also write M or
# M_train for m, M_test for the number kept for the test, n_x for n.) Small letters are one example, capitals are
# all: each x⁽ⁱ⁾ is a column of X, of shape (n, m), each y⁽ⁱ⁾ a column of Y, (1, m). Here are 1000 houses by size,
# bedrooms and age. (The layers of chainrule, like those of most libraries, take examples in rows: that is `X.T`.)

rng = np.random.default_rng(0)
houses = [(rng.uniform(50, 250), rng.integers(1, 6), rng.uniform(0, 80)) for _ in range(1000)]
prices = [3000 * size + 5000 * rooms - 800 * age for size, rooms, age in houses]
X, Y = np.array(houses).T, np.array([prices])
number("shapes of X and Y", [X.shape, Y.shape])
pairs = [(*x, y) == (*house, price) for x, y, house, price in zip(X.T, Y[0], houses, prices, strict=True)]
holds("column i of X and of Y is example i", pairs)
train, test = train_test_split(X.T, test_size=200, random_state=0)
number("examples to train on, and to test on", [len(train), len(test)])

# %%
# ## The same four lines for one and for all
#
# Three inputs, four hidden neurons, one output. For one example, a column of shape (3, 1), we compute z¹, a¹,
# z² and a². Put X in its place, and the same lines compute all columns, or some: a *mini-batch*. There is no
# loop: `Z¹ = W¹X + b¹`, `A¹ = σ(Z¹)`, `Z² = W²A¹ + b²`, `A² = σ(Z²)`.

X = (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
W1, b1 = cr.variable(rng.normal(size=(4, 3)), name="W1"), cr.variable(rng.normal(size=(4, 1)), name="b1")
W2, b2 = cr.variable(rng.normal(size=(1, 4)), name="W2"), cr.variable(rng.normal(size=(1, 1)), name="b2")
A0 = cr.input("X", (3, "m"))
Z1 = (W1 @ A0 + b1).named("Z1")
A1 = cr.sigmoid(Z1).named("A1")
Z2 = (W2 @ A1 + b2).named("Z2")
A2 = cr.sigmoid(Z2).named("A2")
forward = cr.compile([Z1, A1, Z2, A2], inputs=[A0])
for m in (1, 7):
    number(f"shapes of Z1, A1, Z2, A2 for m = {m}", [found.shape for found in forward(X[:, :m])])
number("shape of all outputs", forward(X)[3].shape)
alone = zip(*[forward(X[:, [i]]) for i in range(1000)], strict=True)
pairs = zip(alone, forward(X), strict=True)
holds("one by one, all four are the same", [np.allclose(np.hstack(a), b, rtol=1e-13) for a, b in pairs])
picture(cr.draw(A2, feed={A0: X[:, :7]}))

# %%
# ## One product a layer
#
# A trace keeps each step of a computation. Each layer has one product, which the graph calls `contract`, for
# a single example as for a thousand. Nor are there more parameters: what a slide calls W⁽ⁱ⁾ is one W for all.

for m in (1, 1000):
    names = [node.primitive.name for node in cr.trace(A2, {A0: X[:, :m]}) if node.primitive]
    number(f"products for m = {m}", names.count("contract"))
number("parameters", W1.size + b1.size + W2.size + b2.size)

# %%
# ## How much faster
#
# `Σ dz⁽ⁱ⁾ x⁽ⁱ⁾` over 20,000 examples of 64 features, by a loop in Python, and by NumPy, all at once.

many, dz = rng.normal(size=(64, 20000)), rng.normal(size=20000)
start, dw = time.perf_counter(), np.zeros(64)
for i in range(20000):
    dw += dz[i] * many[:, i]
slow = time.perf_counter() - start
for _ in range(3):  # the first one warms up
    start = time.perf_counter()
    at_once = (many * dz).sum(axis=1)
    fast = time.perf_counter() - start
print(f"loop: {1000 * slow:.1f} ms, at once: {1000 * fast:.1f} ms")
holds("the sums are the same", np.allclose(dw, at_once, rtol=1e-9))

# %%
# ## One bias for all columns
#
# `W¹X` has the shape (4, m), b¹ has (4, 1). On paper they cannot be added. NumPy repeats b¹ for each column,
# which is called *broadcasting*. So b¹ need not grow with m. Its gradient is the sum over the columns.

repeated = W1.value @ X + np.tile(b1.value, (1, 1000))
holds("Z1 is W1 X plus b1 repeated", np.allclose(forward(X)[0], repeated))
dZ1, db1 = cr.compile(cr.grad(A2.sum(), [Z1, b1]), inputs=[A0])(X)
holds("db1 is the row sum of dZ1", np.allclose(db1, dZ1.sum(axis=1, keepdims=True)))

# %%
# ## A trap
#
# A shape of (5,) is neither a row nor a column. Less a column of shape (5, 1), it silently becomes a 5 × 5
# matrix. The graph refuses such a bias, and a loss refuses such a target.

number("NumPy: shape of (5,) - (5, 1)", (np.zeros(5) - np.zeros((5, 1))).shape)
for mistake in (lambda: W1 @ A0 + np.zeros(4), lambda: cr.mse(np.zeros(5), np.zeros((5, 1)))):
    try:
        mistake()
    except cr.ShapeError as error:
        print("Refused:", error)

# %%


@exercise("X is (3, 7), W is (4, 3): how many numbers has Z = WX + b?", hint="Z is (4, 7).", digits=0)
def numbers(answer, features=3, examples=7, neurons=4):
    W, X = np.zeros((int(neurons), int(features))), np.zeros((int(features), int(examples)))
    return answer == (W @ X).size


remember("One product of matrices does what a loop over m examples does: the same numbers, and faster.")
