"""Augmentation: what each layer may make of a picture, each picture by itself, and nothing at prediction."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

import chainrule as cr
from chainrule.nn.architecture import chain
from chainrule.nn.layers.base import SEED, STEP
from chainrule.nn.reading import at

RNG = np.random.default_rng(0)
PICTURES = RNG.uniform(size=(40, 6, 8, 2))
SQUARES = RNG.uniform(size=(3, 7, 7, 2))
ENGINES = [pytest.param("native", marks=pytest.mark.native), "numpy"]
MODES = {
    "reflect": "reflect",
    "nearest": "nearest",
    "wrap": "grid-wrap",
    "constant": "grid-constant",
}  # SciPy's names
EACH = [
    cr.RandomFlip(),
    cr.RandomFlip("horizontal"),
    cr.RandomTranslation(0.2, 0.3),
    cr.RandomTranslation((0.0, 0.4), (-0.5, 0.0), "wrap"),
    cr.RandomTranslation(0.2, 0.3, "constant", fill_value=0.5),
    cr.RandomRotation(0.1),
    cr.RandomRotation((0.0, 0.2), "constant", fill_value=0.5),
    cr.RandomZoom(0.3),
    cr.RandomZoom((-0.5, -0.1), 0.2, "nearest"),
    cr.RandomContrast(0.5),
    cr.RandomContrast((0.1, 0.9)),
    cr.RandomBrightness(0.4),
    cr.RandomBrightness((-0.4, 0.0), value_range=(-1, 1)),
]


def in_training(layer, x=PICTURES, step=0, seed=0, engine="numpy", dtype="float64"):
    made = chain([layer], x.shape[1:], dtype)
    (output,) = at([made.output], training=True)
    return cr.compile(output, inputs=[made.inputs["x"], STEP, SEED], engine=engine)(
        x.astype(dtype), step, seed
    )


def shifted(x, down, right, mode, value=0.0):
    places = np.mgrid[: x.shape[0], : x.shape[1]] - np.array([[[down]], [[right]]])
    return by_scipy(x, places, mode, value)


def by_scipy(x, places, mode="reflect", value=0.0):
    each = np.moveaxis(x, -1, 0)
    found = [map_coordinates(channel, places, order=1, mode=MODES[mode], cval=value) for channel in each]
    return np.stack(found, axis=-1)


@pytest.mark.parametrize("layer", EACH, ids=repr)
def test_a_prediction_sees_pictures_as_they_are(layer):
    for engine in ("numpy", "auto"):
        network = cr.Network([layer], input_shape=(6, 8, 2), dtype="float64", seed=0, engine=engine)
        np.testing.assert_array_equal(network.predict(PICTURES), PICTURES)


@pytest.mark.native
@pytest.mark.parametrize("layer", EACH, ids=repr)
def test_seed_and_step_decide_on_every_engine(layer):
    found = in_training(layer)
    assert not np.array_equal(found, PICTURES)
    np.testing.assert_array_equal(in_training(layer), found)
    assert not np.array_equal(in_training(layer, step=1), found)
    assert not np.array_equal(in_training(layer, seed=1), found)
    np.testing.assert_allclose(in_training(layer, engine="native"), found, rtol=1e-12, atol=1e-12)
    single = in_training(layer, dtype="float32")
    np.testing.assert_allclose(
        in_training(layer, engine="native", dtype="float32"), single, rtol=1e-4, atol=1e-4
    )
    assert in_training(layer, PICTURES[:0]).shape == (0, 6, 8, 2)
    assert in_training(layer, PICTURES[:1]).shape == (1, 6, 8, 2)


@pytest.mark.parametrize("layer", EACH, ids=repr)
def test_each_picture_is_changed_in_its_own_way(layer):
    same = np.repeat(PICTURES[:1], 40, axis=0)
    found = in_training(layer, same)
    different = {picture.tobytes() for picture in found}
    ways = {"RandomFlip()": 4, "RandomFlip('horizontal')": 2}.get(repr(layer))
    assert len(different) == ways if ways else len(different) > 5


@pytest.mark.parametrize("layer", EACH, ids=repr)
def test_gradients_go_through_it(layer):
    units = [cr.Dense(2, "tanh"), layer, cr.Flatten(), cr.Dense(1)]
    network = cr.Network(units, input_shape=(6, 8, 2), dtype="float64", seed=0)
    report = network.check_gradients(PICTURES[:3], [1.0, 2.0, 3.0])
    assert report.passed, str(report)


@pytest.mark.native
@pytest.mark.parametrize("layer", EACH, ids=repr)
def test_a_fit_is_the_same_in_any_parts(layer, monkeypatch, tmp_path):
    costs, y = [], RNG.normal(size=40)
    for engine, threads, share, checked in (
        ("numpy", 1, "1", ""),
        ("native", 1, "1", ""),
        ("native", 2, "3", "1"),
        ("native", 1, "5", ""),
    ):
        monkeypatch.setenv("CHAINRULE_CHECK", checked)
        monkeypatch.setenv("CHAINRULE_THREADS", str(threads))
        monkeypatch.setenv("CHAINRULE_SHARE", share)
        units = [cr.Dense(2, "tanh"), layer, cr.Flatten(), cr.Dense(1)]
        network = cr.Network(units, input_shape=(6, 8, 2), dtype="float64", seed=0, engine=engine)
        costs.append(network.fit(PICTURES, y, epochs=2, batch_size=16, optimizer="sgd")["cost"])
    np.testing.assert_allclose(costs[1], costs[0], rtol=1e-9)
    assert costs[1] == costs[2] == costs[3]
    network.save(tmp_path / "m.safetensors")
    again = cr.load(tmp_path / "m.safetensors")
    assert repr(again.layers) == repr(network.layers)
    again.engine = "native"
    more = network.fit(PICTURES, y, epochs=1, optimizer="sgd")["cost"]
    assert again.fit(PICTURES, y, epochs=1, optimizer="sgd")["cost"] == more


def test_flips():
    found = in_training(cr.RandomFlip())
    for x, y in zip(PICTURES, found, strict=True):
        assert any(np.array_equal(y, w) for w in (x, x[::-1], x[:, ::-1], x[::-1, ::-1]))
    across = in_training(cr.RandomFlip("horizontal"), np.repeat(PICTURES, 20, axis=0))
    mirrored = [
        np.array_equal(y, x[:, ::-1]) for x, y in zip(np.repeat(PICTURES, 20, axis=0), across, strict=True)
    ]
    assert np.mean(mirrored) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("mode", MODES)
def test_shifts_by_whole_pixels(mode):
    found = in_training(cr.RandomTranslation((-0.4, 0.4), 0.25, mode, fill_value=0.3))
    seen = set()
    for x, y in zip(PICTURES, found, strict=True):
        fitting = [
            (down, right)
            for down in range(-2, 3)
            for right in range(-2, 3)
            if np.allclose(y, shifted(x, down, right, mode, 0.3), atol=1e-12)
        ]
        assert len(fitting) == 1
        seen.update(fitting)
    assert {down for down, _ in seen} == set(range(-2, 3)) and {right for _, right in seen} == set(
        range(-2, 3)
    )


@pytest.mark.parametrize(
    ("factors", "side", "least"),
    [((0.1, 0.5), "height", 0.167), ((0.5, 0.1), "width", 0.125), (((0.01, 0.02), 0), "height", 0.167)],
)
def test_a_shift_that_moves_nothing_says_so(factors, side, least):
    """It moves whole pixels: of 6 rows a tenth is none, and the picture stays where it is."""
    with pytest.warns(
        cr.LearningWarning, match=rf"moves nothing .* {side} \d: .* Write {side}_factor={least} or more"
    ):
        found = in_training(cr.RandomTranslation(*factors))
    told = cr.RandomTranslation(**{"height_factor": 0, "width_factor": 0, f"{side}_factor": least})
    assert not np.array_equal(in_training(told), PICTURES)
    if 0 in factors:
        np.testing.assert_array_equal(found, PICTURES)


def test_a_shift_of_no_whole_number_of_pixels_is_the_nearest():
    np.testing.assert_array_equal(in_training(cr.RandomTranslation(0, 0)), PICTURES)
    down = in_training(cr.RandomTranslation((0.15, 0.16), 0, "constant"))
    np.testing.assert_allclose(down[:, 1:], PICTURES[:, :-1])
    np.testing.assert_array_equal(down[:, 0], 0)


@pytest.mark.parametrize("quarter", [-2, -1, 0, 1, 2])
def test_quarter_turns_are_those_of_numpy(quarter):
    found = in_training(cr.RandomRotation((quarter / 4, quarter / 4)), SQUARES)
    np.testing.assert_allclose(found, np.rot90(SQUARES, quarter, axes=(1, 2)), atol=1e-9)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("turn", [0.03, -0.2])
def test_turns_are_those_of_scipy(turn, mode):
    """At any angle, with each of the ways to fill corners, on pictures that are no squares."""
    found = in_training(cr.RandomRotation((turn, turn), mode, fill_value=0.3))
    angle, (rows, columns) = 2 * np.pi * turn, np.mgrid[:6, :8] - np.array([[[2.5]], [[3.5]]])
    cosine, sine = np.cos(angle), np.sin(angle)
    places = np.stack([columns * sine + rows * cosine + 2.5, columns * cosine - rows * sine + 3.5])
    for x, y in zip(PICTURES, found, strict=True):
        np.testing.assert_allclose(y, by_scipy(x, places, mode, 0.3), atol=1e-9)


@pytest.mark.parametrize(("high", "wide"), [(0.5, 0.5), (-0.4, None), (0.2, -0.3)])
def test_zooms_are_those_of_scipy(high, wide):
    found = in_training(cr.RandomZoom((high, high), None if wide is None else (wide, wide)))
    rows = (np.arange(6) - 2.5) * (1 + high) + 2.5
    columns = (np.arange(8) - 3.5) * (1 + (high if wide is None else wide)) + 3.5
    for x, y in zip(PICTURES, found, strict=True):
        np.testing.assert_allclose(y, by_scipy(x, np.meshgrid(rows, columns, indexing="ij")), atol=1e-9)


def test_contrast_and_brightness():
    means = PICTURES.mean(axis=(1, 2), keepdims=True)
    share = (in_training(cr.RandomContrast((0.1, 0.9))) - means) / (PICTURES - means)
    assert np.ptp(share, axis=(1, 2, 3)).max() < 1e-9  # one number for a picture
    assert 0.9 <= share.min() < 1.2 and 1.6 < share.max() <= 1.9
    more = in_training(cr.RandomBrightness((0.1, 0.3)), PICTURES * 0.5) - PICTURES * 0.5
    assert np.ptp(more, axis=(1, 2, 3)).max() < 1e-9 and more.min() >= 0.1 and more.max() <= 0.3
    assert (
        in_training(cr.RandomBrightness(1.0)).max() == 1 and in_training(cr.RandomBrightness(1.0)).min() == 0
    )
    far = in_training(cr.RandomBrightness((0.5, 0.5), value_range=(0, 255)), PICTURES * 100)
    np.testing.assert_allclose(far, PICTURES * 100 + 127.5)


def test_a_frozen_layer_changes_pictures_all_the_same():
    assert not np.array_equal(in_training(cr.RandomFlip(trainable=False)), PICTURES)


@pytest.mark.parametrize(
    "make",
    [
        lambda: cr.RandomFlip("both"), lambda: cr.RandomTranslation(1.5, 0), lambda: cr.RandomTranslation(-0.1, 0),
        lambda: cr.RandomTranslation((0.2, 0.1), 0), lambda: cr.RandomTranslation(0.1, 0.1, "mirror"),
        lambda: cr.RandomRotation((0.1, 0.2, 0.3)), lambda: cr.RandomZoom(1.0), lambda: cr.RandomZoom((-1, 0)),
        lambda: cr.RandomContrast(-0.1), lambda: cr.RandomContrast(2), lambda: cr.RandomBrightness(0.1, (1, 0)),
        lambda: cr.RandomBrightness(0.1, 255), lambda: cr.RandomRotation("30"), lambda: cr.RandomTranslation(0.1, None),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense(make):
    with pytest.raises(cr.GraphError) as error:
        make()
    assert len(str(error.value)) < 200


def test_what_is_no_picture():
    for layer in EACH:
        with pytest.raises(
            cr.ShapeError, match=r"takes pictures of shape \(height, width, channels\); found \(6, 8\)"
        ):
            layer(cr.input("x", ("batch", 6, 8)))
