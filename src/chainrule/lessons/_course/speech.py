"""From sequence to sequence: sound, translation, a writer

A recurrent network may answer at every step: a note for each sound, a word for each word, the next letter.

Needs: sequences tasks
Minutes: 12
"""

import numpy as np

import chainrule as cr
from chainrule.lessons import exercise, number, picture, remember

# %%
# ## A sound becomes a text
#
# Sound is a wave: a number for each moment, here 8000 a second. Cut it into frames of 10 ms. Each frame holds
# one of three tones, in noise, and the network is to write down which. It answers at each frame.

rng = np.random.default_rng(0)
NOTES = "A4", "C5", "E5"
said = rng.integers(0, 3, (400, 6))
pitch, moments = np.array([440.0, 523.25, 659.26])[said][..., np.newaxis], np.arange(80) / 8000
waves = np.sin(2 * np.pi * (pitch * moments + rng.random((400, 6, 1)))) + rng.normal(0, 0.3, (400, 6, 80))
learn, test = slice(300), slice(300, None)
adam = {"optimizer": cr.Adam(0.02), "epochs": 25}
hears = cr.Network(
    [cr.SimpleRNN(32, return_sequences=True), cr.Dense(3, "softmax")], input_shape=(6, 80), seed=0
)
hears.fit(waves[learn], said[learn], **adam)
print("said: ", *(NOTES[note] for note in said[300]))
print("heard:", *(NOTES[note] for note in hears.predict_classes(waves[test])[0]))
number("frames written down right", np.mean(hears.predict_classes(waves[test]) == said[test]))
wave = cr.pictures.Line(np.arange(480) / 8, waves[300].ravel())
axes = {"x": cr.pictures.Axis("milliseconds"), "y": cr.pictures.Axis("sound")}
picture(
    cr.Picture([cr.pictures.Panel([wave], **axes)], "Six tones", "A wave in noise, 60 milliseconds long.")
)

# %%
# ## A sentence becomes another
#
# Words are numbers in a vocabulary, and an *embedding* gives each a vector that is learned. A sentence of
# four English digits is to be written in Chinese, from the last to the first, for languages order things in
# different ways. Each output has to know words that come later. So one layer reads from the left, another
# from the right: *bidirectional*.

ENGLISH = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
CHINESE = "零一二三四五六七八九"
words = rng.integers(0, 10, (1000, 4))
both = cr.Bidirectional(cr.LSTM(24, return_sequences=True))
layers = [cr.Embedding(10, 8), both, cr.Dense(10, "softmax")]
translates = cr.Network(layers, input_shape=(4,), seed=0)
translates.fit(words[:800], words[:800, ::-1], **adam)
written = translates.predict_classes(words[800:])
for sentence, spoken in zip(words[800:803], written[:3], strict=True):
    print(*(ENGLISH[word] for word in sentence), "→", *(CHINESE[word] for word in spoken))
number("whole sentences translated right", np.mean(np.all(written == words[800:, ::-1], axis=1)))

# %%
# ## A text that writes itself
#
# Ask for the next letter, append it, and ask again: so texts are generated, by large networks too. A small
# one learns a tongue twister.

TEXT = "she sells sea shells by the sea shore. " * 8
LETTERS = sorted(set(TEXT))
letters = np.array([LETTERS.index(letter) for letter in TEXT])
pieces = np.lib.stride_tricks.sliding_window_view(letters, 9)
layers = [cr.Embedding(len(LETTERS), 8), cr.LSTM(32), cr.Dense(len(LETTERS), "softmax")]
writer = cr.Network(layers, input_shape=(8,), seed=0)
writer.fit(pieces[:, :8], pieces[:, 8], **adam)
story = TEXT[:8]
for _ in range(60):
    last = [LETTERS.index(letter) for letter in story[-8:]]
    story += LETTERS[writer.predict_classes([last])[0]]
print(story)
number("letters as in the tongue twister", np.mean([a == b for a, b in zip(story, TEXT, strict=False)]))

# %%


@exercise(
    "An LSTM of 24 units reads 4 words both ways. How many numbers are there for each word?",
    hint="Two readers.",
    digits=0,
)
def width(answer, units=24, words=4):
    both = cr.Bidirectional(cr.LSTM(int(units), return_sequences=True))
    return answer == cr.Network([cr.Embedding(10, 8), both], input_shape=(int(words),)).output.shape[-1]


remember("Read step by step, answer step by step: speech, translation and a writer are one kind of network.")
