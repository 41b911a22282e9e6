"""Where shapes clash, what fits is drawn, and where it breaks is said in words."""

import numpy as np
import pytest
from drawn_graphs import boxes, edges

import chainrule as cr


def caught(function):
    with pytest.raises(cr.ShapeError) as found:
        function()
    return found.value


def names(picture):
    return [b.lines[0] for b in boxes(picture)]


def test_a_chain_is_drawn_up_to_the_layer_that_does_not_fit():
    error = caught(lambda: cr.Network([cr.Dense(4, "relu"), cr.Conv1D(2, 3), cr.Dense(1)], input_shape=3))
    picture = cr.draw(error)
    assert names(picture) == ["x", "dense_1", "✗ Conv1D(2,"]
    broken = boxes(picture)[-1]
    assert broken.colour == "wrong" and broken.lines[-1] == "given (batch, 4)"
    assert "2 steps fit; Conv1D(2, kernel_size=3) fails, given (batch, 4)" in picture.words
    assert picture.notes[0].startswith("Layer 2 (Conv1D(2, kernel_size=3)) does not fit")


@pytest.mark.parametrize("join", [cr.Add(), lambda a, b: a + b], ids=["layer", "operator"])
def test_branches_are_drawn_up_to_where_they_meet(join):
    def draw(image, radar):
        seen, heard = cr.Dense(8)(cr.Flatten()(image)), cr.Dense(7)(radar)
        return cr.Dense(1)(join(seen, heard))

    picture = cr.draw(caught(lambda: cr.Network(draw, inputs={"image": (8, 8), "radar": 3})))
    assert set(names(picture)[:-1]) == {"image", "flatten_1", "radar", "dense_1", "dense_2"}
    assert " ".join(boxes(picture)[-1].lines).endswith("given (batch, 8) and (batch, 7)")


def test_a_graph_is_drawn_up_to_the_operation_that_does_not_fit():
    W, b = cr.variable(np.ones((4, 3)), "W"), cr.variable(np.ones(4), "b")
    X = cr.input("X", (3, "m"))
    error = caught(lambda: (W @ np.tanh(X)).named("Z") + b)
    picture = cr.draw(error)
    assert {("W", "Z"), ("Z", "✗ add"), ("b", "✗ add")} <= edges(picture)
    assert "4 and m" in picture.notes[0] or "(4, m)" in picture.notes[0]
    product = caught(lambda: W @ np.tanh(b[:, None]))
    assert names(cr.draw(product))[-1] == "✗ matmul"


def test_an_error_that_says_no_place_is_answered():
    with pytest.raises(cr.GraphError, match="does not say in which graph"):
        cr.draw(cr.ShapeError("nothing fits"))
