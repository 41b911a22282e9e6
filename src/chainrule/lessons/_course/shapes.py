"""Networks that see: from pixels to answers

Convolution, pooling, a dense layer at the end: the same eyes name a thing, tag a picture, or find a place.

Needs: images tasks
Minutes: 12
"""

import numpy as np
from sklearn.linear_model import RidgeClassifier

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## Pictures, made here
#
# Each is 14×14 and holds a square, a cross or a line, or several of them, anywhere, in noise.

rng = np.random.default_rng(0)
square, cross, line = np.ones((5, 5)), np.zeros((5, 5)), np.eye(5)
square[1:4, 1:4] = 0
cross[2], cross[:, 2] = 1, 1


def drawn(there, places):
    images = rng.normal(0, 0.2, (len(there), 14, 14, 1))
    for row, kind in np.argwhere(there):
        down, right = places[row, kind]
        images[row, down : down + 5, right : right + 5, 0] += (square, cross, line)[kind]
    return images


kind, places = rng.integers(0, 3, 800), rng.integers(0, 10, (800, 3, 2))
images = drawn(np.eye(3)[kind], places)
learn, test = slice(600), slice(600, None)

# %%
# ## Pixels → convolution → pooling → dense → answer
#
# A convolution finds patterns. *Pooling* keeps the largest of each 2×2 places, so the maps become smaller and
# it matters less where exactly something was. Another convolution looks at what the first has found. A dense
# layer decides.


def eyes(output, activation=None, filters=8):
    edges = [cr.Conv2D(filters, 3, activation="relu"), cr.MaxPooling2D()]
    wholes = [cr.Conv2D(2 * filters, 3, activation="relu"), cr.MaxPooling2D()]
    decides = [cr.Flatten(), cr.Dense(output, activation)]
    return cr.Network(edges + wholes + decides, input_shape=(14, 14, 1), seed=1)


network = eyes(3, "softmax")
picture(network.draw())

# %%
# Backward, the chain rule goes through all of it: each filter gets its part of the blame.

small = eyes(3, "softmax", filters=2)
holds("every derivative is right, through pooling too", small.check_gradients(images[:1], kind[:1]).passed)
before = small.parameters["W1"].copy()
small.fit(images[:50], kind[:50], optimizer="sgd", batch_size=None, epochs=1)
holds("one step changes every filter", np.any(small.parameters["W1"] != before, axis=(0, 1, 2)))

adam = {"optimizer": cr.Adam(cr.OneCycle(0.02)), "epochs": 15}
network.fit(images[learn], kind[learn], **adam)
number("which shape? right, of new pictures", np.mean(network.predict_classes(images[test]) == kind[test]))
picture(cr.pictures.predictions(network, images[test], kind[test], classes=["square", "cross", "line"]))

# %%
# ## Edges, parts, wholes
#
# Edges first, then parts such as ears and whiskers, then whole faces: so lectures tell it of cats. Here a
# filter of the first layer sees 3×3 pixels, room for an edge or a line. Through it, one of the second sees
# 8×8, room for a whole shape. Nobody tells the filters what to look for, and nothing guarantees edges. But a
# linear classifier on what a layer puts out can say how much that layer knows of the answer: the deeper, the
# more.

inside, known = network.activations(images), []
for found in (images, inside["max_pooling2d_1"], inside["max_pooling2d_2"]):
    found = found.reshape(800, -1)
    known.append(RidgeClassifier(10.0).fit(found[learn], kind[learn]).score(found[test], kind[test]))
number("a linear classifier on the pixels", known[0])
number("on the first layer", known[1])
number("on the second layer", known[2])
holds("the deeper the layer, the more it knows", np.diff(known) > 0)
picture(cr.pictures.filters(network))
picture(cr.pictures.feature_maps(network, images, row=601))

# %%
# ## Other questions, the same eyes
#
# - Cats or dogs: one of several, so softmax. That was the network above.
# - Photo tagging: an index "from 1 to 1000" is softmax too; "which objects", any number, is a sigmoid each.
# - Medical pictures, is there a spot: yes or no, one sigmoid.
# - Self-driving, where is the other car: two numbers, and no activation.

several = rng.random((800, 3)) < 0.5
scenes = drawn(several, places)
tags, spot, where = eyes(3, "sigmoid"), eyes(1, "sigmoid"), eyes(2)
tags.fit(scenes[learn], several[learn], **adam)
spot.fit(scenes[learn], several[learn, 1], **adam)
place = places[np.arange(800), kind]
where.fit(images[learn], place[learn], loss="mse", **adam)
number("which objects? right tags", np.mean(tags.predict_classes(scenes[test]) == several[test]))
number("is there a cross? right", np.mean(spot.predict_classes(scenes[test]) == several[test, 1]))
number("where? pixels beside it", np.abs(where.predict(images[test]) - place[test]).mean())
number("pixels beside it, if always in the middle", np.abs(place[test] - place[learn].mean(axis=0)).mean())
holds("a softmax of 1000 sums to 1", np.isclose(eyes(1000, "softmax").predict(images[:1]).sum(), 1))

# %%


@exercise("28×28 pixels, filters of 3×3, pooling of 2×2: how wide is a map?", hint="Count, halve.", digits=0)
def wide(answer, side=28, size=3, pool=2):
    layers = [cr.Conv2D(1, int(size)), cr.MaxPooling2D(int(pool))]
    return answer == cr.Network(layers, input_shape=(int(side), int(side), 1)).output.shape[1]


remember("One pair of eyes, many questions: what changes is the last layer and its loss.")
