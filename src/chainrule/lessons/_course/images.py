"""Convolution: one small filter, everywhere

In a picture neighbouring numbers belong together. A dense layer does not know that, a convolution does.

Needs: one_neuron counting digits
Minutes: 12
"""

import numpy as np
from scipy.signal import correlate2d
from sklearn.datasets import load_digits

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## A dense layer treats all inputs equally
#
# Take pictures of digits, 8×8 pixels. Number the pixels in another order, and let their weights move along:
# the outputs stay the same. A dense layer is good at relations between features, but it has no idea which
# pixels are neighbours.

rng = np.random.default_rng(0)
X, digit = load_digits(return_X_y=True)
X, order = X / 16, rng.permutation(64)
dense = cr.Network([cr.Dense(16, "relu"), cr.Dense(10, "softmax")], input_shape=64, dtype="float64", seed=0)
before = dense.predict(X[:5])
dense.parameters["W1"] = dense.parameters["W1"][order]
holds("in another order: the same outputs", np.allclose(dense.predict(X[:5, order]), before, atol=1e-12))

# %%
# ## A filter is a small window
#
# A *filter*, or *kernel*, slides over the picture. At each place its 9 weights multiply the 9 pixels that it
# covers, and the products are summed. This picture is dark to the left and light to the right. The filter is
# Sobel's: it subtracts what is left from what is right, so it finds edges that stand upright.

dark_light = np.array([[0.0, 0, 0, 1, 1]] * 5)
sobel = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
layer = cr.Conv2D(1, 3, bias=False, initializer=sobel.reshape(3, 3, 1, 1))
slides = cr.Network([layer], input_shape=(5, 5, 1), dtype="float64")
edges = slides.predict(dark_light.reshape(1, 5, 5, 1))[0, :, :, 0]

# %%
# Where the window covers the edge the sum is 4, and 0 where all is dark. Three places fit across, three down.
# On a digit the same filter finds upright edges, and turned round it finds level ones.

number("the map of the edge", edges)
holds("so says SciPy's correlate2d", np.array_equal(edges, correlate2d(dark_light, sobel, mode="valid")))
finds = cr.Network([cr.Conv2D(2, 3, bias=False)], input_shape=(8, 8, 1), dtype="float64")
finds.parameters["W1"] = np.stack([sobel, sobel.T], axis=-1).reshape(3, 3, 1, 2)
picture(cr.pictures.filters(finds))
picture(cr.pictures.feature_maps(finds, X[:1].reshape(1, 8, 8, 1)))

# %%
# ## Shared weights
#
# One filter serves every place of the picture. So 16 filters of 3×3 over 3 colours have `(3·3·3 + 1)·16`
# parameters, however large the picture is. A dense layer needs a weight for each pixel. A lecture says of
# that "we'll fix this with layers". More dense layers do not, for the first still sees every pixel.
# Convolutions do.


def parameters(*layers):
    networks = [cr.Network(list(layers), input_shape=(side, side, 3)) for side in (8, 16, 32, 64)]
    return [sum(weights.size for weights in network.parameters.values()) for network in networks]


number("16 filters, at 8, 16, 32, 64 pixels", parameters(cr.Conv2D(16, 3)))
number("16 dense neurons", parameters(cr.Flatten(), cr.Dense(16)))
number("16 dense neurons, then 16 more", parameters(cr.Flatten(), cr.Dense(16), cr.Dense(16)))

# %%
# And what one place has learned, all places know: if the picture moves, its map moves along.

scene = np.zeros((1, 12, 12, 1))
scene[0, 2:6, 2:6] = rng.random((4, 4, 1))
network = cr.Network([cr.Conv2D(4, 3)], input_shape=(12, 12, 1), dtype="float64", seed=0)
seen, moved = network.predict(scene), network.predict(np.roll(scene, (3, 4), axis=(1, 2)))
holds("moved picture, moved map", np.allclose(np.roll(seen, (3, 4), axis=(1, 2)), moved, atol=1e-12))

# %%
# ## What neighbours are worth
#
# Put each digit anywhere in a frame of 12×12, and shuffle the pixels of all frames in one and the same way.
# To a dense network that is the same task. A convolution finds strangers where neighbours were: in place it
# is right nine times out of ten, shuffled three times.

frames = np.zeros((len(X), 12, 12))
for i, (row, column) in enumerate(rng.integers(0, 5, (len(X), 2))):
    frames[i, row : row + 8, column : column + 8] = X[i].reshape(8, 8)
shuffled = frames.reshape(-1, 144)[:, rng.permutation(144)].reshape(-1, 12, 12)


def accuracy(pictures, *layers):
    layers = [cr.Reshape((12, 12, 1)), *layers, cr.Dense(10, "softmax")]
    network = cr.Network(layers, input_shape=(12, 12), seed=0)
    network.fit(pictures[:600], digit[:600], optimizer=cr.Adam(cr.OneCycle(0.02)), batch_size=64, epochs=12)
    return np.mean(network.predict_classes(pictures[900:]) == digit[900:])


same = {"padding": "same", "activation": "relu"}
filters = [cr.Conv2D(16, 3, **same), cr.MaxPooling2D(), cr.Conv2D(32, 3, **same), cr.GlobalMaxPooling2D()]
dense = [cr.Flatten(), cr.Dense(32, "relu")]
number("accuracy of the convolution", sharp := accuracy(frames, *filters))
number("with shuffled pixels", blind := accuracy(shuffled, *filters))
number("accuracy of the dense network", straight := accuracy(frames, *dense))
number("with shuffled pixels, likewise", crooked := accuracy(shuffled, *dense))
holds("only the convolution has lost by the shuffling", sharp - blind > 0.3 and abs(straight - crooked) < 0.1)

# %%


@exercise("How many parameters have 16 filters of 3×3 over 8 channels?", hint="And biases.", digits=0)
def parameters_of(answer, filters=16, size=3, channels=8):
    network = cr.Network([cr.Conv2D(int(filters), int(size))], input_shape=(20, 20, int(channels)))
    return answer == sum(weights.size for weights in network.parameters.values())


remember("16 filters of 3×3 on colours have 448 parameters, whatever the size of the picture.")
