"""What networks learn from, how sounds become pictures, and which filters answer edges."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.kinds import BANDS, FRAMES, RATE, Split, log_mel, mel_bands, stratified
from benchmarks.learning import RECIPES, directed, learn

import chainrule as cr

SHAPES = {"clothes": (28, 28, 1), "few_signs": (48, 48, 3), "spoken_by_a_stranger": (FRAMES, BANDS, 1)}


@pytest.mark.parametrize("name", SHAPES)
def test_a_recipe_trains_and_is_asked(name):
    recipe = next(r for r in RECIPES if r.name == name)
    X = np.random.default_rng(0).normal(size=(20, *SHAPES[name])).astype(np.float32)
    y = np.repeat(np.arange(10), 2)
    found = learn(replace(recipe, epochs=2, batch_size=10), Split(X, y, X[:5], y[:5]), recipe.changes, seed=0)
    assert found.right in {0, 0.2, 0.4, 0.6, 0.8, 1} and found.seconds > 0
    before, after = found.filters
    assert before.ndim == 4 and np.all(before != after)


def test_every_layer_that_changes_pictures_is_in_a_recipe():
    used = {type(layer) for recipe in RECIPES for layer in recipe.changes}
    assert used >= {cr.RandomFlip, cr.RandomTranslation, cr.RandomRotation, cr.RandomZoom, cr.RandomContrast}


def test_filters_that_find_edges_are_told_from_others():
    step, places = np.array([-1.0, -1.0, 0.0, 1.0, 1.0]), np.arange(5.0) - 2
    upright = np.tile(step, (5, 1))
    slanted = np.sign(np.add.outer(places, places))
    spot = np.exp(-np.add.outer(places**2, places**2) / 2)
    crossing = np.outer(step, step)
    even = np.ones((5, 5))
    filters = np.stack([upright, upright.T, slanted, upright + 7, spot, crossing], axis=-1)
    assert directed(filters[:, :, np.newaxis]) == 4 / 6
    assert directed(even[:, :, np.newaxis, np.newaxis]) == 0
    noise = np.random.default_rng(0).normal(size=(5, 5, 1, 1000))
    assert 0.6 < directed(noise) < 0.9  # so this alone shows no learning


def test_a_tone_is_loud_in_the_band_of_its_pitch():
    seconds = np.arange(RATE) / RATE
    for pitch in (300, 1000, 3000):
        picture = log_mel(np.int16(10_000 * np.sin(2 * np.pi * pitch * seconds)))
        assert picture.shape == (FRAMES, BANDS)
        loudest = picture.mean(axis=0).argmax()
        pitches = np.fft.rfftfreq(256, 1 / RATE)[mel_bands()[:, loudest] > 0]
        assert pitches.min() - 32 <= pitch <= pitches.max() + 32
    tone = 100 * np.sin(2 * np.pi * 300 * seconds)
    np.testing.assert_allclose(log_mel(tone), log_mel(tone * 16), atol=1e-4)  # however loud it is


def test_each_class_is_asked_its_share():
    y = np.repeat(np.arange(3), [10, 20, 30])
    split = stratified(np.arange(60.0)[:, np.newaxis], y, share=0.2)
    assert np.bincount(split.y_test).tolist() == [2, 4, 6]
    assert sorted([*split.X[:, 0], *split.X_test[:, 0]]) == list(range(60))
    assert np.array_equal(y[split.X[:, 0].astype(int)], split.y)
