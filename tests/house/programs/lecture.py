"""A graph by hand, as a lecture has it."""

import numpy as np

import chainrule as cr

a, b, c = cr.variable(5.0, name="a"), cr.variable(3.0, name="b"), cr.variable(2.0, name="c")
J = (3 * (a + b * c)).named("J")
gradients: list[cr.Node] = cr.grad(J, [a, b, c])
da: cr.Node = cr.grad(J, a)
print(J.value, [float(g.value) for g in gradients], da.value)
print(cr.explain(J, wrt=c).latex())

z, y = cr.variable(0.3, name="z"), cr.variable(1.0, name="y")
p = 1 / (1 + np.exp(-z))
loss = -(y * np.log(p) + (1 - y) * np.log(1 - p))
print(cr.simplify(cr.grad(loss, z)), cr.simplify([loss, loss]))

x, t = cr.input("x", ("n", 2)), cr.input("t", ("n",))
w, bias = cr.variable(np.zeros(2), name="w"), cr.variable(0.0, name="bias")
guess = np.tanh(x @ w + bias)
cost = np.mean((guess - t) ** 2)
dw, db = cr.grad(cost, [w, bias])
step = cr.compile(cost, inputs=[x, t], updates={w: w - 0.1 * dw, bias: bias - 0.1 * db})
costs = [step([[0.0, 1.0], [1.0, 0.0]], [0.5, -0.5]).item() for _ in range(3)]
both = cr.compile([cost, guess], inputs=[x, t], engine="numpy")
print(costs, [array.shape for array in both(np.eye(2), np.zeros(2))])
run = cr.trace(cost, {x: np.eye(2), t: [0.0, 0.0]})
print(run[cost], len(run))
w.value = [0.5, -0.5]

h = cr.variable([-1.0, 0.0, 2.0], name="h")
report = cr.check_gradients(np.sum(cr.relu(h) ** 2 + cr.relu(h)), h)
print(report.passed, report)
half: cr.Node = abs(h).mean().named("half") + (h.max() - h.min()).reshape(1)[0] + cr.logsumexp(h)
print(half.shape, half.T, half[()], h[1:], divmod(h, 2), -h >= 0)
print(cr.sigmoid([0.0, 1.0]).round(2), cr.softmax(np.eye(2)).sum(), cr.one_hot([0, 2], 3).shape)
print(cr.mse([[1.0]], [[0.5]]).item(), cr.huber(np.ones((2, 1)), np.zeros((2, 1)), delta=2.0))

cube = cr.primitive("cube of the lecture", lambda x: x * x * x, lambda y, x: [3 * x * x])
print(cr.grad(cube(z), z).value)
