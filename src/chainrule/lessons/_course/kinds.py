"""Which network for which data

A table, a picture and a sound ask for different networks: what one knows beforehand has to suit the data.

Needs: table images sequences
Minutes: 8
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, holds, number, picture, remember

# %%
# ## A form, and a work of art
#
# A table is like forms in a filing cabinet, where each thing has its field: it is *structured*. A sound, a
# picture or a text is more like a work of art in a studio: there are no fields, and what it says lies in the
# whole. All of them become numbers, in arrays.

house = np.array([[3.0, 120.0, 0.7, 1.5]])  # bedrooms, size, quality of schools, wealth of the neighbourhood
user = np.array([[41.0, 0, 0, 1, 0]])  # age, and one of four advertisements
sound = np.sin(2 * np.pi * 440 * np.arange(8000) / 8000).reshape(1, 100, 80)  # a second, in frames of 10 ms
photo = np.hypot(*np.mgrid[-16:16, -16:16]).reshape(1, 32, 32, 1) < 9  # height, width, one channel
words = ["four", "score", "and", "seven", "years", "ago"]  # a lecture writes "scores"; Lincoln said "score"
text = np.array([[sorted(words).index(word) for word in words]])
wave = cr.pictures.Line(np.arange(80) / 8, sound[0, 0])
disk = cr.pictures.Heat(photo[0, :, :, 0], palette="grey", bar=False)
panels = [cr.pictures.Panel([wave], "a sound", x=cr.pictures.Axis("milliseconds"))]
panels += [cr.pictures.Panel([disk], "a picture", equal=True)]
picture(cr.Picture(panels, "No columns", "A wave of 440 swings a second, and a disk of 32×32 pixels."))
print(*words, "→", *text[0])
number("numbers in a row of the table", house.size)
number("in a second of sound", sound.size)
number("in the picture", photo.size)

# %%
# ## The kind of data decides
#
# Three families, each like something that you know:
#
# | | standard | convolutional | recurrent |
# |---|---|---|---|
# | best for | tables: prices, loans | pictures: photos, scans | sequences: speech, translation, series |
# | key strength | relations between features | nearby pixels belong together | remembers what came before |
# | is like | a calculator | eyes | a brain that remembers the conversation |
#
# Of six applications in a lecture five need one family. The sixth, a car with camera and radar, is the next
# lesson.

eyes = [cr.Conv2D(8, 3, activation="relu"), cr.GlobalMaxPooling2D(), cr.Dense(1000, "softmax")]
reads = cr.LSTM(16, return_sequences=True)
applications = {
    "the price of a house": (house, [cr.Dense(8, "relu"), cr.Dense(1)]),
    "a click on an advertisement": (user, [cr.Dense(8, "relu"), cr.Dense(1, "sigmoid")]),
    "what is in a photo": (photo, eyes),
    "speech to text": (sound, [reads, cr.Dense(27, "softmax")]),
    "a translation": (text, [cr.Embedding(6, 8), reads, cr.Dense(300, "softmax")]),
}
answers = {}
for name, (given, layers) in applications.items():
    answers[name] = cr.Network(layers, input_shape=given.shape[1:], seed=0).predict(given)[0]
    print(f"{name}: {given.shape[1:]} → {answers[name].shape}")
holds("a photo has one answer, of 1000", answers["what is in a photo"].shape == (1000,))
holds("speech has a letter for each of 100 frames, of 27", answers["speech to text"].shape == (100, 27))
holds("a translation has a word for each of 6, of 300", answers["a translation"].shape == (6, 300))

# %%
# A convolution cannot even be asked about a row of a table: columns have no neighbours to slide over.

try:
    cr.Network(eyes, input_shape=house.shape[1:])
except cr.ShapeError as error:
    print(str(error).split(";")[0])


@exercise(
    "Of 3 seconds, 100 frames each, how many numbers come out, 27 at each frame?",
    hint="At each frame.",
    digits=0,
)
def numbers_out(answer, seconds=3, frames=100, letters=27):
    reads = [cr.LSTM(16, return_sequences=True), cr.Dense(int(letters), "softmax")]
    network = cr.Network(reads, input_shape=(int(seconds * frames), 80), seed=0)
    return answer == network.predict(np.zeros((1, int(seconds * frames), 80))).size


remember(
    "Tables: standard. Pictures: convolutional. Sequences: recurrent. Several at once: a branch for each."
)
