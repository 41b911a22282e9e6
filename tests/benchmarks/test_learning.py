"""What networks learn from, how sounds become pictures, and which filters answer edges."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.kinds import BANDS, FOLDS, FRAMES, RATE, Split, log_mel, mel_bands, stratified
from benchmarks.learning import RECIPES, asked, directed, elsewhere, learn

import chainrule as cr

SHAPES = {"clothes": (28, 28, 1), "few_signs": (48, 48, 3), "spoken_by_a_stranger": (FRAMES, BANDS, 1)}
SHAPES["spoken_step_by_step"] = (FRAMES, BANDS)


@pytest.mark.parametrize("name", SHAPES)
def test_a_recipe_trains_and_is_asked(name):
    recipe = next(r for r in RECIPES if r.name == name)
    X = np.random.default_rng(0).normal(size=(20, *SHAPES[name])).astype(np.float32)
    y = np.repeat(np.arange(10), 2)
    found = learn(replace(recipe, epochs=2, batch_size=10), Split(X, y, X[:5], y[:5]), recipe.changes, seed=0)
    assert found.right in {0, 0.2, 0.4, 0.6, 0.8, 1} and found.seconds > 0
    before, after = found.filters
    assert before.ndim == (2 if len(X.shape) == 3 else 4) and np.all(before != after)


def test_only_what_was_learned_mirrored_is_asked_mirrored():
    """A network that knows one side alone is no better for being asked about the other."""
    one_sided = cr.Network(
        [cr.Cropping2D(((0, 0), (0, 1))), cr.Flatten(), cr.Dense(2, "softmax")],
        input_shape=(1, 2, 1), seed=0,
    )  # fmt: skip
    one_sided.parameters["W1"] = np.array([[9.0, -9.0]])
    X, y = np.array([[1.0, 3.0], [-1.0, -3.0]]).reshape(2, 1, 2, 1), np.array([0, 1])
    split = Split(X, y, X * [[[1], [-1]]], y)
    assert asked(split, one_sided, (cr.RandomContrast(0.1),)) == 1
    assert asked(split, one_sided, (cr.RandomFlip("horizontal"),)) < 1


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


def test_each_class_is_asked_its_share_and_each_example_in_one_fold():
    y, asked = np.repeat(np.arange(3), [10, 22, 30]), []
    for fold in range(FOLDS):
        split = stratified(np.arange(62.0)[:, np.newaxis], y, fold)
        counts = np.bincount(split.y_test)
        assert counts[0] == 2 and counts[1] in (4, 5) and counts[2] == 6
        assert sorted([*split.X[:, 0], *split.X_test[:, 0]]) == list(range(62))
        assert np.array_equal(y[split.X[:, 0].astype(int)], split.y)
        asked.extend(split.X_test[:, 0])
    assert sorted(asked) == list(range(62))


def test_splits_that_chose_nothing_are_told_by_their_mean_and_range():
    recipe, splits = next(r for r in RECIPES if r.name == "spoken"), []
    for seed in range(2):
        X, y = (
            np.random.default_rng(seed).normal(size=(20, *SHAPES["spoken_by_a_stranger"])),
            np.arange(20) % 10,
        )
        splits.append(Split(np.float32(X), y, np.float32(X[:5]), y[:5]))
    recipe = replace(recipe, epochs=1, batch_size=10)
    right = [learn(recipe, split, (), seed=0).right for split in splits]
    line = elsewhere(recipe, splits, seed=0)
    assert line.endswith(f"| {np.mean(right):.4f} | {min(right):.4f} to {max(right):.4f} | 2 | 0.985 |")
