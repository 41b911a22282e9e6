"""Which network for which data; and two inputs, one answer

A table, a picture and a sound ask for different networks. Where two kinds come together, each gets a branch of its own.

Needs: table shapes sequences
Minutes: 15
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## Forms, and art
#
# A table is like a form: each thing has its place, and so it is called *structured*. A sound, a picture and a text are
# unstructured, more like works of art. For a computer all are numbers, in arrays of different shapes.

rng = np.random.default_rng(0)
row = np.array([[3.0, 120.0, 8005.0, 1.5]])  # bedrooms, size, zip code, wealth of the neighbourhood
sound = np.sin(2 * np.pi * 440 * np.arange(8000) / 8000).reshape(1, 100, 80)  # a second, in frames of 10 ms
photo = rng.random((1, 32, 32, 3))  # height, width, red-green-blue
words = "four score and seven years ago".split()
text = np.array([[sorted(words).index(word) for word in words]])
print("table:", row.shape, " sound:", sound.shape, " picture:", photo.shape, " text:", text.shape, text[0])

# %%
# ## The kind of data decides
#
# | | standard network | convolutional | recurrent |
# |---|---|---|---|
# | best for | tables, clear features | pictures | sequences: speech, text, prices |
# | key strength | relations between features | nearby pixels belong together | remembers what came before |
# | is like | a calculator | eyes | a brain that remembers the conversation |
#
# So the same sizes of answers come from different layers. Six applications, one network each:


def hybrid(image, radar):
    seen = cr.Flatten()(cr.MaxPooling2D()(cr.Conv2D(4, 3, activation="relu")(image)))
    seen, heard = cr.Dense(8, "relu")(seen), cr.Dense(8, "relu")(radar)
    return cr.Dense(2)(cr.Dense(16, "relu")(cr.Concatenate()(seen, heard)))


sees = [cr.Conv2D(8, 3, activation="relu"), cr.GlobalMaxPooling2D(), cr.Dense(1000, "softmax")]
reads = cr.LSTM(16, return_sequences=True)
applications = {
    "price of a house": (row, cr.Network([cr.Dense(8, "relu"), cr.Dense(1)])),
    "click on an ad": (row[:, :2], cr.Network([cr.Dense(8, "relu"), cr.Dense(1, "sigmoid")])),
    "tags of a photo": (photo, cr.Network(sees)),
    "speech": (sound, cr.Network([reads, cr.Dense(27, "softmax")])),
    "translation": (text, cr.Network([cr.Embedding(6, 8), reads, cr.Dense(6, "softmax")])),
}
"""
"""
