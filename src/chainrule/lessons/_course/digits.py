"""Reading digits

A network reads handwritten digits from their pixels alone: first 0 against 1, then all ten. What it gets wrong is
shown, and counted.

Needs: tasks circles
Minutes: 15
"""

from functools import cache

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## The pictures
#
# 1,797 pictures of 8×8 pixels, each from 0 to 16, that come with scikit-learn. (The lecture calls them MNIST. That
# is another collection, of 70,000 pictures of 28×28.) A fifth is kept for the test, of each digit its share.

X, y = load_digits(return_X_y=True)
number("how many of each digit", np.bincount(y))
holds("there are 1,797 pictures, each of 64 pixels from 0 to 16", X.shape == (1797, 64) and np.ptp(X) == 16)
few = y < 2
number("zeros and ones", few.sum())
X_train, X_test, y_train, y_test = train_test_split(
    X[few], y[few], test_size=0.2, random_state=42, stratify=y[few]
)
number("zeros and ones to train on", np.bincount(y_train))
number("zeros and ones to test on", np.bincount(y_test))
shapes = X_train.T.shape, X_test.T.shape
holds(f"with an example in each column: {shapes}", shapes == ((64, len(y_train)), (64, len(y_test))))

# %%
# Pixels are brought to mean 0 and deviation 1, by what the *training* pictures say. A pixel that never changes is left
# as it is. Here this is the network's first layer, so that it takes pictures as they are.

scaler = StandardScaler().fit(X_train)
number("pixels that never change", np.sum(X_train.std(axis=0) == 0))
standardise = cr.Activation(lambda x: (x - scaler.mean_) / scaler.scale_)

# %%
# ## Zero or one
#
# 32 ReLU neurons and a sigmoid, as in the lecture, from the weights that its random numbers come to.

draws = np.random.RandomState(42)
draws.randn(36)  # those of the networks before it
network = cr.Network(
    [standardise, cr.Dense(32, "relu"), cr.Dense(1, "sigmoid")], input_shape=64, dtype="float64"
)
network.parameters["W1"] = draws.randn(32, 64).T * np.sqrt(2 / 64)
network.parameters["W2"] = draws.randn(1, 32).T * np.sqrt(2 / 32)
history = network.fit(X_train, y_train, optimizer=cr.SGD(0.1), batch_size=None, epochs=2000)
for step in (0, 100, 200, 300, 400, 500, 1000, 1999):
    number(f"cost at step {step}", history["cost"][step])
holds("all training pictures are read", network.evaluate(X_train, y_train)["accuracy"] == 1)
holds("all 72 test pictures are read", network.evaluate(X_test, y_test)["accuracy"] == 1)
picture(cr.pictures.predictions(network, X_test, y_test))

# %%
# ## Ten digits
#
# Ten neurons and softmax. No feature is made by hand: every pixel is joined to every hidden neuron (the layers are
# *dense*), and training alone, end to end, decides what each neuron looks for.

X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42, stratify=y)
scaler = StandardScaler().fit(X_train)


@cache
def reader(hidden):
    network = cr.Network(
        [standardise, cr.Dense(hidden, "relu"), cr.Dense(10, "softmax")], input_shape=64, seed=0
    )
    network.fit(X_train, y_train, optimizer=cr.SGD(0.1), batch_size=None, epochs=2000)
    return network


network = reader(32)
number("edges", network.parameters["W1"].size + network.parameters["W2"].size)
found = network.predict_classes(X_test)
number("right of 360", np.sum(found == y_test))
table = cr.pictures.confusion(y_test, found)
rows = np.array(table.panels[0].marks[0].texts, int).sum(axis=1)
holds("each row of the confusion matrix counts its digit", rows == np.bincount(y_test))
picture(table)
picture(cr.pictures.predictions(network, X_test, y_test, worst=True))

# %%
# ## Case study: 256 to 10
#
# A lecture's case: pictures of 16×16 points of ink, 1, or none, 0. So f: ℝ²⁵⁶ → ℝ¹⁰, with several hidden layers
# between. For a picture of digit k, output k is to be the largest.

ink_train, ink_test = (
    (part.reshape(-1, 8, 8) > 7).repeat(2, 1).repeat(2, 2).reshape(-1, 256) for part in (X_train, X_test)
)
holds("a point is ink or none", np.isin(ink_train.astype(int), [0, 1]))
deep = cr.Network([*(cr.Dense(32, "relu") for _ in range(2)), cr.Dense(10, "softmax")], seed=0)
deep.fit(ink_train, y_train, epochs=15)
outputs = deep.predict(ink_test)
picture(deep.draw(ink_test, most=10))
number("inputs", ink_test[0].size)
number("outputs", outputs[0].size)
holds("output k is the largest for 9 of 10 pictures of k", np.mean(outputs.argmax(axis=1) == y_test) > 0.9)


@exercise("Which digit is missed most often?", hint="Which row has most beside the diagonal?", digits=0)
def missed(answer, hidden=32):
    wrong = reader(int(hidden)).predict_classes(X_test) != y_test
    return answer == np.argmax(np.bincount(y_test[wrong], minlength=10))


remember("64 pixels, 32 neurons, 10 answers: about 349 of 360 digits are read. Look at those that are not.")
