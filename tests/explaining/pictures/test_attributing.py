"""Pictures of attributions and of importance hold the numbers that these have."""

import numpy as np
import pytest

import chainrule as cr

rng = np.random.default_rng(0)


def wide(columns):
    return cr.Network([cr.Dense(1, initializer=np.linspace(-2, 3, columns)[:, None])], input_shape=columns)


def test_bars_are_the_parts_the_largest_first_and_the_others_together():
    x = rng.normal(size=(2, 20))
    found = cr.attributions(wide(20), x)
    picture = cr.pictures.attributions(found, row=1)
    (bars, _), y = picture.panels[0].marks, picture.panels[0].y
    order = np.argsort(-np.abs(found.values[1]), kind="stable")
    assert np.allclose(bars.heights[:12], found.values[1][order[:12]])
    assert np.isclose(bars.heights[12], found.values[1][order[12:]].sum()) and y.ticks[12][1] == "8 others"
    assert y.ticks[0][1] == f"x[{order[0]}]" and np.isclose(bars.heights.sum(), found.values[1].sum())
    assert "they add up" in picture.words


def test_a_map_lies_beside_the_picture_it_is_of_and_adds_up_channels():
    network = cr.Network(
        [cr.Conv2D(2, 3, activation="tanh"), cr.Flatten(), cr.Dense(1)], input_shape=(5, 5, 3), seed=0
    )
    x = rng.normal(size=(1, 5, 5, 3))
    found = cr.attributions(network, x)
    seen, added = cr.pictures.attributions(found, image=x[0]).panels
    assert np.allclose(added.marks[0].values, found.values[0].sum(axis=-1))
    assert np.allclose(seen.marks[0].values, x[0].mean(axis=-1)) and added.marks[0].palette == "diverging"
    assert len(cr.pictures.attributions(found).panels) == 1


def test_importance_has_its_spread():
    network, x = wide(3), rng.normal(size=(50, 3))
    found = cr.permutation_importance(network, x, network.predict(x)[:, 0])
    bars, spans, _ = cr.pictures.importance(found).panels[0].marks
    assert np.allclose(bars.heights, sorted(found.mean, reverse=True))
    assert np.allclose(spans.high - spans.low, [2 * std for _, _, std in found.rows])


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: cr.pictures.attributions(cr.attributions(wide(2), [[1.0, 2.0]]), row=1), "rows 0 to 0"),
        (
            lambda: cr.pictures.attributions(cr.attributions(wide(2), [[1.0, 2.0]]), image=np.ones((2, 2))),
            "no map",
        ),
        (lambda: cr.pictures.attributions([1.0, 2.0]), r"cr.attributions\(network, X\)"),
        (lambda: cr.pictures.importance([1.0, 2.0]), "permutation_importance"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(draw, words):
    with pytest.raises(cr.ChainruleError, match=words):
        draw()
