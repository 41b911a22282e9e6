"""Pictures of activations hold the values of the functions, and derivatives that differences confirm."""

import numpy as np
import pytest

import chainrule as cr


def curves(panel):
    return [mark for mark in panel.marks if isinstance(mark, cr.pictures.Line)]


def check(panel, function):
    value, slope = curves(panel)
    assert len(value.x) == 200
    np.testing.assert_allclose(value.y, function(value.x), rtol=1e-12, atol=1e-12)
    smooth = np.abs(slope.x) > 0.01  # next to a kink differences say nothing
    step = 1e-6
    difference = (function(slope.x + step) - function(slope.x - step)) / (2 * step)
    kinks = panel.title in ("relu", "leaky_relu")
    assert np.isnan(slope.y).sum() == kinks and len(slope.x) == 200 + 3 * kinks
    np.testing.assert_allclose(slope.y[smooth], difference[smooth], atol=1e-8)
    assert (value.colour, value.dash) == ("c1", "") and (slope.colour, slope.dash) == ("c2", "dashed")


FUNCTIONS = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "identity": lambda z: z, "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0), "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
}  # fmt: skip


def test_four_activations_with_their_derivatives():
    """S4-25: 2x2 panels over [-5, 5], 200 points, solid and dashed, zero axes, a legend, titles, labels."""
    names = ["sigmoid", "tanh", "relu", "leaky_relu"]
    picture = cr.pictures.activation(names)
    assert picture.columns == 2 and [panel.title for panel in picture.panels] == names
    for panel in picture.panels:
        check(panel, FUNCTIONS[panel.title])
        rules = [mark for mark in panel.marks if isinstance(mark, cr.pictures.Rule)]
        assert [(rule.x, rule.y) for rule in rules] == [(0.0, None), (None, 0.0)]
        assert panel.legend and panel.x.label == "z" and panel.y.label == "activation"
        assert (curves(panel)[0].x[0], curves(panel)[0].x[-1]) == (-5, 5)


def test_one_panel_for_each_of_five():
    """S2-10: sigmoid, identity, tanh, ReLU, leaky ReLU."""
    for panel in cr.pictures.activation(list(FUNCTIONS)).panels:
        check(panel, FUNCTIONS[panel.title])


def test_the_sigmoid_with_where_it_crosses_a_half():
    """S0-61, S3-6: the sigmoid on [-6, 6], 0.5 at 0."""
    (panel,) = cr.pictures.activation("sigmoid", (-6, 6)).panels
    (point,) = [mark for mark in panel.marks if isinstance(mark, cr.pictures.Points)]
    assert (point.x[0], point.y[0], point.texts) == (0.0, 0.5, ("0.5",))
    value, slope = curves(panel)
    assert value.x[0] == -6 and slope.y.max() <= 0.25


@pytest.mark.parametrize("function", ["step", lambda z: np.where(z >= 0, 1.0, 0.0)], ids=["row", "where"])
def test_the_step_and_the_sigmoid(function):
    """S1-30: a step and a sigmoid."""
    which = {"step": function, "sigmoid": cr.sigmoid}
    _, slope = curves(cr.pictures.activation(which).panels[0])
    assert np.nanmin(slope.y) == np.nanmax(slope.y) == 0
    step, sigmoid = cr.pictures.activation(which, derivative=False).panels
    (line,) = curves(step)
    (gap,) = np.flatnonzero(np.isnan(line.y))  # no line leads up
    assert abs(line.x[gap]) < 1e-9 and line.y[gap - 1 : gap + 2 : 2].tolist() == [0, 1]
    rest = np.delete(np.arange(len(line.x)), gap)
    np.testing.assert_array_equal(line.y[rest], line.x[rest] >= 0)
    assert [line.name for line in curves(sigmoid)] == ["sigmoid"]


def test_what_is_steep_does_not_jump_and_several_jumps_are_several_gaps():
    (steep,) = cr.pictures.activation({"steep": lambda z: cr.sigmoid(1e4 * z)}, derivative=False).panels
    assert not np.isnan(curves(steep)[0].y).any()
    (stairs,) = cr.pictures.activation({"stairs": lambda z: np.floor(z) + 1e-9 * z}, (-2.5, 2.5)).panels
    line = curves(stairs)[0]
    np.testing.assert_allclose(line.x[np.isnan(line.y)], [-2, -1, 0, 1, 2], atol=1e-9)


def test_what_is_no_curve_is_refused():
    with pytest.raises(cr.DataError, match="'softmax' looks at several numbers at once"):
        cr.pictures.activation("softmax")
    with pytest.raises(cr.UnknownNameError, match="Did you mean 'relu'"):
        cr.pictures.activation("rellu")
    with pytest.raises(cr.DataError, match="z is a range"):
        cr.pictures.activation("relu", (5, -5))
    with pytest.raises(cr.GraphError, match="is a node of that shape"):
        cr.pictures.activation({"sum": lambda z: z.sum()})
    with pytest.raises(cr.DataError, match="There is no activation to draw"):
        cr.pictures.activation([])
