"""Two inputs, one answer: eyes and radar

Where two kinds of data come together, each gets a branch of its own. They meet, and one cost trains both.

Needs: kinds shapes
Minutes: 10
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## Two inputs, one answer
#
# A car that drives by itself has to know where others are. Its camera sees where one is from left to right.
# Its radar hears how far away: each of its 8 numbers is the echo from one distance. Both are made here, with
# noise.

rng = np.random.default_rng(0)
places = rng.random((800, 2))  # from left to right, and how far
image = rng.normal(0, 0.3, (800, 12, 12, 1))
for each, left in zip(image, np.round(9 * places[:, 0]).astype(int), strict=True):
    each[5:8, left : left + 3] += 1
radar = np.exp(-(((places[:, 1:] - np.linspace(0, 1, 8)) / 0.1) ** 2)) + rng.normal(0, 0.1, (800, 8))
learn, test = slice(600), slice(600, None)

# %%
# Each kind of data has a branch that suits it, and the branches meet. The answer is two numbers, and one cost
# tells both branches what was wrong.


def hybrid(image, radar):
    seen = cr.Flatten()(cr.MaxPooling2D()(cr.Conv2D(4, 3, activation="relu")(image)))
    seen = cr.Dense(8, "relu")(seen)
    heard = cr.Dense(8, "relu")(radar)
    together = cr.Concatenate()(seen, heard)
    return cr.Dense(2)(cr.Dense(16, "relu")(together))


network = cr.Network(hybrid, inputs={"image": (12, 12, 1), "radar": (8,)}, seed=0)
picture(network.draw())
both = {"image": image[learn], "radar": radar[learn]}
slopes = network.gradients(both, places[learn], loss="mse")
holds("the camera's branch gets its gradient", np.any(slopes["W1"] != 0) and np.any(slopes["W2"] != 0))
holds("so does that of the radar", np.any(slopes["W3"] != 0))

# %%


def beside(given, truth=places[test]):
    return np.hypot(*(given - truth).T).mean()


adam = {"loss": "mse", "optimizer": cr.Adam(cr.OneCycle(0.02)), "epochs": 25}
network.fit(both, places[learn], **adam)
found = network.predict({"image": image[test], "radar": radar[test]})
number("how far beside, with both", beside(found))

# %%
# ## Each alone is worse
#
# Without radar the car knows only the direction, without its camera only the distance.

sees = [cr.Conv2D(4, 3, activation="relu"), cr.MaxPooling2D(), cr.Flatten(), cr.Dense(8, "relu")]
eyes = cr.Network([*sees, cr.Dense(16, "relu"), cr.Dense(2)], input_shape=(12, 12, 1), seed=0)
ears = cr.Network([cr.Dense(8, "relu"), cr.Dense(16, "relu"), cr.Dense(2)], input_shape=8, seed=0)
eyes.fit(image[learn], places[learn], **adam)
ears.fit(radar[learn], places[learn], **adam)
number("camera alone", beside(eyes.predict(image[test])))
number("radar alone", beside(ears.predict(radar[test])))
number("the same answer for all", beside(places[learn].mean(axis=0)))
P = cr.pictures
axes = {
    "x": P.Axis("how far, truly", limits=(-0.1, 1.2)),
    "y": P.Axis("how far, found", limits=(-0.1, 1.2)),
    "equal": True,
}
panels = []
for name, each in {"camera and radar": found, "camera alone": eyes.predict(image[test])}.items():
    right, cars = P.Line([0, 1], [0, 1], colour="faint"), P.Points(places[test, 1], each[:, 1], colour="c1")
    panels.append(P.Panel([right, cars], title=name, **axes))
picture(
    cr.Picture(panels, "The distance of 200 cars", "With radar it is found; the camera alone cannot tell it.")
)

# %%
# ## What comes next
#
# Convolutions, recurrence and branches make deep networks, and depth has troubles of its own. The first: what
# goes back fades from layer to layer. Here is how long the gradient of the first of ten sigmoid layers is,
# over that of the last. `cr.diagnose` looks for this and other troubles of a training, and says what to do.

layers = [*(cr.Dense(8, "sigmoid") for _ in range(10)), cr.Dense(2)]
deep = cr.Network(layers, input_shape=8, dtype="float64", seed=0)
slopes = deep.gradients(radar[learn], places[learn], loss="mse")
number("first over last", np.linalg.norm(slopes["W1"]) / np.linalg.norm(slopes["W10"]))
holds("less than a millionth is left", np.linalg.norm(slopes["W1"]) < 1e-6 * np.linalg.norm(slopes["W10"]))


@exercise(
    "How many numbers meet where both branches end, with 8 from the eyes and 8 from the radar?",
    hint="Side by side.",
    digits=0,
)
def meeting(answer, eyes=8, radar=8):
    joined = cr.Concatenate()(
        cr.input("eyes", ("batch", int(eyes))), cr.input("radar", ("batch", int(radar)))
    )
    return answer == joined.shape[-1]


remember("Two branches, one cost: together they err a third as much as the better one alone.")
