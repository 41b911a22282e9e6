"""The bowl: squared error against log loss

Both losses say how wrong a probability is. With one of them gradient descent can get stuck.

Needs: losses
Minutes: 15
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## Why squared error stops pulling
#
# A neuron is sure and wrong: z = 10, so ŷ is almost 1, but y = 0. How hard does the loss pull its weight
# back? Ask the chain rule: `∂L/∂w = ∂L/∂ŷ · ∂ŷ/∂z · ∂z/∂w`. For ½(ŷ - y)² it says `(ŷ - y) · ŷ(1 - ŷ) · x`.
# The middle factor is nearly 0 wherever a neuron is sure, right or wrong. It is the bottleneck. The log loss
# begins with a factor of 1 / (1 - ŷ), which cancels it: `∂L/∂w = (ŷ - y)x`. Its ŷ - y comes from loss and
# sigmoid, its x from the sum. (A lecture leaves out the bias here: its slopes are the same without x.)

w, x = cr.variable(10.0, name="w"), cr.constant(1.0, name="x")
z = (w * x).named("z")
p = cr.sigmoid(z).named("ŷ")
squared, log_loss = (0.5 * (p - 0) ** 2).named("L"), (-np.log(1 - p)).named("L")
for loss in (squared, log_loss):
    print(cr.explain(loss, wrt=w).derivatives[0])
slow, fast = cr.grad(squared, w).value, cr.grad(log_loss, w).value
number("squared error pulls with", slow)
number("the log loss with", fast)
number("times as hard", fast / slow)
holds("nudging w gives the same slopes", [cr.check_gradients(L, w).passed for L in (squared, log_loss)])
holds("that of the log loss is (ŷ - y)x", np.isclose(fast, (p.value - 0) * x.value))

# %%
# ## A larger error should pull harder
#
# y = 0, and ŷ is more and more wrong. With the log loss the pull on z is the error itself. With squared error
# the pull fades: at ŷ = 0.999 it is weaker than at ½.

wrong = np.array([0.5, 0.9, 0.99, 0.999])
z = cr.variable(np.log(wrong / (1 - wrong)), name="z")
p = cr.sigmoid(z)
number("log loss: dL/dz", cr.grad(cr.binary_crossentropy(np.zeros(4), p).sum(), z))
number("squared error: dL/dz", cr.grad(cr.half_mse(np.zeros(4), p).sum(), z))

# %%
# ## How many steps to change one's mind
#
# From w = 6 with x = 1 and y = 0, until ŷ < ½. (A lecture says that the log loss pulls alike at any confidence, and
# that no gradient vanishes. But where a neuron is sure and right it pulls gently, as it should. And it frees the
# output neuron only: hidden layers have bottlenecks of their own.)


def steps(loss):
    w = cr.variable(6.0, name="w")
    p = cr.sigmoid(w * 1.0)
    step = cr.compile(p, updates={w: w - cr.grad(loss(0.0, p), w)})
    return np.sum(np.array([step() for _ in range(500)]) > 0.5)


number("steps with squared error", steps(cr.half_mse))
number("steps with the log loss", steps(cr.binary_crossentropy))

# %%
# ## Not a bowl
#
# A bowl always bends upward, `J'' ≥ 0`, and lies below each line between two of its points. The squared error of one
# example x = 1, y = 1 does not: `J'' = σ(1 - σ)²(3σ - 1)` is negative where σ < ⅓, left of w = -ln 2, and J(-4) lies
# above the line from J(-8) to J(0). It has no valleys, though, of which a lecture speaks. Those take examples that
# disagree, such as five: from 3 and -3 squared error ends in two valleys, with a hump between; the log loss in one.

w = cr.variable(-2.0, name="w")
number("J''(-2)", cr.grad(cr.grad(cr.half_mse(1.0, cr.sigmoid(w)), w), w))
number("J(-8), J(-4), J(0)", [cr.half_mse(1.0, cr.sigmoid(at)) for at in (-8.0, -4.0, 0.0)])
x, y = np.array([20.0, 1.0, 2.0, 2.0, 2.0]), np.array([1.0, 1.0, 0.0, 0.0, 0.0])
wavy = cr.half_mse(y, cr.sigmoid(w * x)).mean().named("squared error")
smooth = cr.binary_crossentropy(y, cr.sigmoid(w * x)).mean().named("log loss")
for J, rate, starts in ((wavy, 0.5, (3.0, -3.0)), (smooth, 0.1, (3.0, -3.0)), (wavy, -0.5, (-0.2,))):
    step = cr.compile(J, updates={w: w - rate * cr.grad(J, w)})
    for w.value in starts:
        label = f"{J.name} {'down' if rate > 0 else 'up'} from {w.value:g}: w, J"
        cost = [step() for _ in range(1000)][-1]
        number(label, [w.value, cost])
both = [cr.pictures.bowl(J, wrt=w, limits=[(-2, 1)]) for J in (smooth, wavy)]
picture(cr.pictures.beside(*both, columns=2))

# %%
# ## The bowl over two parameters
#
# Six examples, a weight and a bias. The log loss bends upward in every direction: its matrix of second
# derivatives, `(1/m) X diag(ŷ(1 - ŷ)) Xᵀ`, has no negative eigenvalue. So whoever goes down comes to the
# lowest point, if there is one. (Where a threshold separates the classes there is none: larger weights always
# cost less.)

x, y = np.array([0.5, 1.5, 2.5, 3.5, 1.0, 3.0]), np.array([0.0, 0.0, 1.0, 1.0, 1.0, 0.0])
w, b = cr.variable(5.0, name="w"), cr.variable(-5.0, name="b")
J = cr.binary_crossentropy(y, cr.sigmoid(w * x + b)).mean().named("J")
bends = cr.compile([cr.grad(slope, v) for slope in cr.grad(J, [w, b]) for v in (w, b)])
lowest = 1.0
for w.value, b.value in np.random.default_rng(0).normal(0, 3, (20, 2)):
    lowest = min(lowest, *np.linalg.eigvalsh(np.reshape(bends(), (2, 2))))
holds("at 20 random places no eigenvalue is negative", lowest > -1e-12)
network = cr.Network([cr.Dense(1, "sigmoid")], input_shape=1, dtype="float64", seed=0)
network.fit(x[:, None], y, optimizer="lbfgs", epochs=100)
number("w and b after training", [network.parameters[name].item() for name in ("W1", "b1")])
picture(cr.pictures.bowl(J, wrt=(w, b), start=(5, -5), learning_rate=0.67, descent=200))

# %%


@exercise("½(σ(wx) - y)², x = 1, y = 1: for which w is J'' = 0?", hint="There σ(w) = ⅓: solve 1 + e⁻ʷ = 3.")
def bend_ends(answer, x=1.0, y=1.0):
    w = cr.input("w", ())
    bend = cr.compile(cr.grad(cr.grad(cr.half_mse(y, cr.sigmoid(w * x)), w), w), inputs=[w])
    return bend(answer - 0.001) * bend(answer + 0.001) < 0


remember("Confidently wrong at z = 10, the log loss pulls 22,000 times as hard as squared error.")
