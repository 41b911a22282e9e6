"""A price is a line with a kink

The smallest network has one input and one output: the size of a house goes in, its price comes out.

Needs: one_neuron
Minutes: 15
"""

import tempfile
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## A neuron draws a line
#
# We make up 60 houses: sizes in 100 m², prices in 100,000 dollars; what is too small is worth nothing. The
# neuron takes a size, applies a function, and puts out a price. With the *identity*, `g(z) = z`, that is a
# line, `ŷ = w·x + b`, with two parameters.
#
# The *loss* says how good the predictions are: better ones have a lower loss. To train is to make it small.
# Gradient descent does that step by step, and ends at the line of least squares, known by a formula.

rng = np.random.default_rng(0)
size = rng.uniform(0.2, 3.0, size=(60, 1))
price = np.maximum(0, 1.5 * size[:, 0] - 1.2 + rng.normal(scale=0.15, size=60))
line = cr.Network([cr.Dense(1, "identity")], input_shape=1, dtype="float64", seed=0)
number("parameters of the smallest network", sum(p.size for p in line.parameters.values()))
z = cr.variable(3.0, name="z")
number("slope of the identity", cr.grad(cr.identity(z), z))
for guess in (3.0, 2.0):
    number(f"loss of the guess {guess:g} where 1 is right", cr.mse(1.0, guess))
history = line.fit(size, price, optimizer=cr.SGD(0.2), batch_size=None, epochs=1000)
holds("the loss falls with each step", np.diff(history["cost"][:100]) < 0)
w, b = np.linalg.lstsq(np.column_stack([size, np.ones(60)]), price, rcond=None)[0]
found = np.array([line.parameters["W1"][0, 0] - w, line.parameters["b1"][0] - b])
holds("its w and b are those of least squares, to a millionth", np.abs(found) < 1e-6)
holds("what it says is w·x + b", np.isclose(line.predict(size), w * size + b))

# %%
# ## A kink at 0
#
# The line sells small houses for less than nothing. *ReLU*, the rectified linear unit, is `max(0, z)`:
# below 0 it gives 0, above it changes nothing. To rectify is to correct. The kink is where `w·size + b` is
# 0, at `-b/w`.

number("ReLU of -2, -0.5, 0, 0.5 and 3", cr.relu([-2.0, -0.5, 0.0, 0.5, 3.0]))
hinge = cr.Network([cr.Dense(1, "relu", initializer=[[1.0]])], dtype="float64", seed=0)
hinge.fit(size, price, optimizer=cr.SGD(0.2), batch_size=None, epochs=300)
holds("the line says less than 0 for 50 m²", line.predict([[0.5]]) < 0)
holds("with ReLU the loss is lower", hinge.evaluate(size, price)["cost"] < history["cost"][-1])
wild = [cr.Network([cr.Dense(1, "relu")], input_shape=1, seed=n).predict(size - 1) for n in range(9)]
holds("whatever the weights, a ReLU never says less than 0", np.array(wild) >= 0)
w, b = hinge.parameters["W1"][0, 0], hinge.parameters["b1"][0]
kink = -b / w
x = cr.variable([kink - 0.1, kink + 0.1], name="x")
slopes = cr.grad(cr.relu(w * x + b).sum(), x).value
holds("left of the kink it is flat, right of it the slope is w", slopes == [0, w])
P, x = cr.pictures, np.array([0.2, kink, 3.0])
marks = [P.Points(size[:, 0], price, "houses"), P.Rule(x=kink, name="kink")]
for name, network, dash in (("line", line, "dashed"), ("ReLU", hinge, "")):
    marks.append(P.Line(x, network.predict(x[:, None])[:, 0], name, dash=dash))
panel = P.Panel(marks, x=P.Axis("size in 100 m²"), y=P.Axis("price in 100,000 dollars"))
picture(P.Picture([panel], "Price by size", f"The line goes below 0. ReLU has a kink, at {kink:.2f}."))

# %%
# ## Four columns, and houses it has not seen
#
# A neural network is a model, inspired by the neurons of brains, that learns from data what to put out for
# what goes in. In *supervised learning* it is shown inputs x with the right outputs y, and predicts y for
# new x. Tables say "$400,000", and are read as they are. Ours has four inputs, scaled to mean 0 and
# standard deviation 1, and a hidden layer of three neurons before the price. (Zip codes are names; ours
# grow with the way to the city, so they may be numbers.)

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder, "houses.csv")
    file.write_text('size,bedrooms,price\n2104,3,"$400,000"\n1600,3,"$330,000"\n', encoding="utf-8")
    number("size, bedrooms and price of the first house", cr.read_table(file).to_numpy(float)[0])
X = rng.normal(size=(400, 4))
prices = np.maximum(X[:, 0], 0) * (2 + np.tanh(X[:, 3])) + 0.3 * X[:, 1] - 0.5 * X[:, 2]
net = cr.Network([cr.Dense(3, "relu"), cr.Dense(1)], input_shape=4, dtype="float64", seed=0)
before = cr.mse(prices[300:], net.predict(X[300:])[:, 0]).mean()
net.fit(X[:300], prices[:300], optimizer=cr.Adam(0.03), epochs=50)
after = net.evaluate(X[300:], prices[300:], metrics="r2")
print(f"loss on 100 other houses: {before:.3f} before, {after['cost']:.3f} after, R² = {after['r2']:.3f}")
holds("they are predicted far better than before", after["cost"] < before / 10)
picture(net.draw(names=["size", "bedrooms", "zip code", "wealth"]))

# %%
# ## An old acquaintance
#
# A neuron with the identity is *linear regression*, as above; one with the sigmoid is *logistic
# regression*. Networks stack such neurons in layers, each of which makes new features for the next: more
# parameters, more flexible, for patterns that are more complex.

dear = prices + rng.normal(size=400) > 1
neuron = cr.Network([cr.Dense(1, "sigmoid")], dtype="float64", seed=0)
neuron.fit(X, dear, optimizer="lbfgs", epochs=100)
theirs = LogisticRegression(C=np.inf).fit(X, dear).predict_proba(X)[:, 1]
holds("the neuron says what scikit-learn's says", np.isclose(neuron.predict(X)[:, 0], theirs, atol=1e-3))
for units in ([1], [3, 1], [3, 3, 1]):
    stack = cr.Network([cr.Dense(n) for n in units], input_shape=4)
    number(f"parameters of {[4, *units]}", sum(p.size for p in stack.parameters.values()))

# %%
# ## Exercise


@exercise("At which x has max(0, 2x - 3) its kink?", hint="There the sum inside is 0.")
def kink(answer, w=2.0, b=-3.0):
    x = cr.variable([answer - 1e-3, answer + 1e-3], name="x")
    left, right = cr.grad(cr.relu(w * x + b).sum(), x).value
    return left != right


remember("Two parameters draw any line, and ReLU gives it a kink at -b/w.")
