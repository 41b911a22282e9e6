"""Memory: networks that read one piece after another

Speech, text and prices come in order. A recurrent network reads them piece by piece, and remembers.

Needs: two_paths digits
Minutes: 15
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## The same neuron at every step
#
# A recurrent neuron has two inputs: what comes now, and what it put out a step ago, its memory `h`. Each step
# is `hₜ = tanh(W·xₜ + U·hₜ₋₁)`. Written out for three steps, or *unrolled*, the weights `W` and `U` still
# stand there once.

W, U = cr.variable(0.5, "W"), cr.variable(0.8, "U")
x, start = cr.constant([1.0, 2.0, 3.0], "x"), cr.constant(0.0, "h0")
last, _ = cr.scan(lambda h, x: (np.tanh(W * x + U * h), None), start, x)
picture(cr.draw(last.named("h3"), unroll=True))
sizes = [cr.Network([cr.SimpleRNN(5)], input_shape=(steps, 3)).parameters for steps in (3, 30, 300)]
number("parameters at 3, 30, 300 steps", [sum(each.size for each in found.values()) for found in sizes])

# %%
# So the same last input means another thing after another history. A dense neuron sees the input alone.

first, second = np.array([[0.0], [0.0], [1.0]]), np.array([[2.0], [-1.0], [1.0]])
memory = cr.Network([cr.SimpleRNN(4), cr.Dense(1)], input_shape=(3, 1), seed=0)
dense = cr.Network([cr.Dense(4, "tanh"), cr.Dense(1)], input_shape=1, seed=0)
one, other = memory.predict(np.stack([first, second]))
holds("after another history the recurrent network says another thing", abs(one - other) > 0.1)
holds("the dense network says the same", dense.predict(first[-1:]) == dense.predict(second[-1:]))

# %%
# ## What was the first?
#
# Six tokens come, one after another, and at the end the first is asked for. An *LSTM* is a recurrent layer
# with gates that say what to keep.

rng = np.random.default_rng(0)
tokens, learn, test = rng.integers(0, 4, (800, 6)), slice(600), slice(600, None)
adam = {"optimizer": cr.Adam(0.02), "epochs": 15}
recalls = cr.Network([cr.Embedding(4, 8), cr.LSTM(16), cr.Dense(4, "softmax")], input_shape=(6,), seed=0)
recalls.fit(tokens[learn], tokens[learn, 0], **adam)
number("recalled, of 4 possible", np.mean(recalls.predict_classes(tokens[test]) == tokens[test, 0]))

# %%
# ## Tomorrow's price
#
# Prices → LSTM → dense → tomorrow. The prices are made: a wave, and noise. The simplest forecast says "as
# today". (Real prices are hardly more than noise: there "as today" is hard to beat.)

prices = np.sin(np.arange(600) * 2 * np.pi / 20) + rng.normal(0, 0.05, 600)
days = np.lib.stride_tricks.sliding_window_view(prices, 11)
past, tomorrow = days[:, :10, np.newaxis], days[:, 10]
network = cr.Network([cr.LSTM(16), cr.Dense(1)], input_shape=(10, 1), seed=0)
small = cr.Network([cr.LSTM(3), cr.Dense(1)], input_shape=(10, 1), seed=0)
holds(
    "every derivative is right, back through 10 steps", small.check_gradients(past[:3], tomorrow[:3]).passed
)
network.fit(past[:400], tomorrow[:400], loss="mse", **adam)
forecast = network.predict(past[400:])[:, 0]
number("its squared error", np.mean((forecast - tomorrow[400:]) ** 2))
number("that of 'as today'", np.mean((past[400:, -1, 0] - tomorrow[400:]) ** 2))
lines = [
    cr.pictures.Line(range(60), y[-60:], name) for y, name in ((tomorrow, "price"), (forecast, "forecast"))
]
picture(
    cr.Picture(
        [cr.pictures.Panel(lines, x=cr.pictures.Axis("day"))],
        "Tomorrow, said today",
        "The forecast runs along with the price.",
    )
)

# %%
# ## How far back the blame reaches
#
# Backpropagation goes back *through time*: what a step is blamed for is multiplied once for each step
# between. In a plain recurrent layer that is a factor below 1, again and again, until little is left. An LSTM
# keeps its memory by adding to it, and its gates begin open. Here is the part that the first of 50 steps
# gets, over that of the last.


def blame(layer):
    network = cr.Network([layer, cr.Dense(1)], input_shape=(50, 1), dtype="float64", seed=0)
    x = network.inputs["x"]
    slopes = cr.compile(cr.grad(network.output.sum(), x), inputs=[x], engine="numpy")
    return np.abs(slopes(np.sin(np.arange(50.0)).reshape(1, 50, 1))).ravel()


plain, gated = blame(cr.SimpleRNN(8)), blame(cr.LSTM(8))
number("plain recurrent layer: what is left", plain[0] / plain[-1])
number("LSTM: what is left", gated[0] / gated[-1])
lines = [cr.pictures.Line(np.arange(50), y / y[-1], name) for y, name in ((plain, "plain"), (gated, "LSTM"))]
axes = {"x": cr.pictures.Axis("step"), "y": cr.pictures.Axis("part of the blame", scale="log")}
picture(
    cr.Picture(
        [cr.pictures.Panel(lines, **axes)],
        "Blame, back through time",
        "That of the plain layer falls faster.",
    )
)

# %%


@exercise(
    "How many parameters has a plain recurrent layer of 5 units over 3 inputs?", hint="W, U and b.", digits=0
)
def parameters(answer, inputs=3, units=5):
    network = cr.Network([cr.SimpleRNN(int(units))], input_shape=(7, int(inputs)))
    return answer == sum(weights.size for weights in network.parameters.values())


remember("After 50 steps back an LSTM has 2 % of the blame left, a plain recurrent layer 6 millionths.")
