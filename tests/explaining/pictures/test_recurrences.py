"""The gates of recurrent layers over time: held to cells that are computed here by NumPy alone."""

import numpy as np
import pytest

import chainrule as cr


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm(x, W, U, b):
    """Return the values of an LSTM over time, (steps, units) each (Hochreiter & Schmidhuber 1997)."""
    units = len(U)
    h, c = np.zeros(units), np.zeros(units)
    found = {name: [] for name in "figoch"}
    for row in x:
        z = row @ W + h @ U + b
        i, f, g, o = (z[k * units : (k + 1) * units] for k in range(4))
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        for name, value in zip("figoch", (f, i, g, o, c, h), strict=True):
            found[name].append(value)
    return {name: np.array(values) for name, values in found.items()}


def gru(x, W, U, b):
    """Return the values of a GRU over time whose reset gate weighs h after its product (Cho et al. 2014)."""
    units = len(U)
    h, found = np.zeros(units), {name: [] for name in "urnh"}
    for row in x:
        z, behind = row @ W + b[0], h @ U + b[1]
        part = [slice(k * units, (k + 1) * units) for k in range(3)]
        u, r = sigmoid(z[part[0]] + behind[part[0]]), sigmoid(z[part[1]] + behind[part[1]])
        n = np.tanh(z[part[2]] + r * behind[part[2]])
        h = u * h + (1 - u) * n
        for name, value in zip("urnh", (u, r, n, h), strict=True):
            found[name].append(value)
    return {name: np.array(values) for name, values in found.items()}


def values(picture):
    """Return what a picture shows, by the last word of each panel's title: (steps, units)."""
    return {panel.title.partition(",")[0].split()[-1]: panel.marks[0].values.T for panel in picture.panels}


@pytest.fixture(scope="module")
def readers():
    """Return two networks that learned to read digits row by row, and the digits: eight steps of eight numbers."""
    table, target = cr.load_table("digits")
    X, y = table.drop(columns=target).to_numpy().reshape(-1, 8, 8) / 16, table[target].to_numpy().astype(int)
    made = {}
    for kind in (cr.LSTM, cr.GRU):
        net = cr.Network([kind(6), cr.Dense(10, "softmax")], input_shape=(None, 8), dtype="float64", seed=0)
        net.fit(X[:600], y[:600], epochs=4, optimizer=cr.Adam(0.01))
        made[kind.__name__] = net
    return made, X


@pytest.mark.parametrize(("kind", "cell"), [("LSTM", lstm), ("GRU", gru)])
def test_gates_are_those_of_a_cell_by_numpy(readers, kind, cell):
    made, X = readers
    net = made[kind]
    W, U, b = (net.parameters[name] for name in ("W1", "U1", "b1"))
    for row in (0, 17):
        found, expected = values(cr.pictures.gates(net, X, row=row)), cell(X[row], W, U, b)
        assert set(found) == {*expected, "x"}
        for name, value in expected.items():
            assert np.allclose(found[name], value, rtol=1e-9, atol=1e-12), name
        assert np.array_equal(found["x"], X[row])
    # what is drawn is what the network computes, bit for bit
    assert np.array_equal(found["h"][-1], net.activations(X)["A1"][17])


def test_padding_is_no_step(readers):
    net = cr.Network(
        [cr.Embedding(50, 4, mask_zero=True), cr.LSTM(3), cr.Dense(1)], input_shape=(None,), seed=0
    )
    sentences = [[1, 2, 3], [4, 5, 6, 7, 8]]
    short = cr.pictures.gates(net, sentences, row=0, steps=["a", "b", "c"])
    alone = cr.pictures.gates(net, [[1, 2, 3]])
    assert short.panels[-1].x.ticks == ((0, "a"), (1, "b"), (2, "c"))
    for name, value in values(alone).items():
        assert np.allclose(values(short)[name], value, atol=1e-6), name
    assert values(cr.pictures.gates(net, sentences, row=1))["h"].shape == (5, 3)


def test_layers_both_ways_and_units_are_chosen():
    net = cr.Network([cr.Bidirectional(cr.GRU(4)), cr.Dense(1)], input_shape=(6, 2), dtype="float64", seed=0)
    x = np.random.default_rng(0).normal(size=(2, 6, 2))
    back = values(cr.pictures.gates(net, x, "gru_2", units=[3, 0]))
    W, U, b = (net.parameters[name] for name in ("W2", "U2", "b2"))
    expected = gru(x[0, ::-1], W, U, b)
    for name in "urnh":
        assert np.allclose(back[name][::-1], expected[name][:, [3, 0]], rtol=1e-9), name
    with pytest.raises(cr.DataError, match="below 4"):
        cr.pictures.gates(net, x, units=[4])
    with pytest.raises(cr.DataError, match="6 steps"):
        cr.pictures.gates(net, x, steps=["a"])


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (cr.LSTM(3), {"c": "f · c₋₁ + i · g", "h": "o · tanh(c)"}),
        (cr.GRU(3), {"h": "u · h₋₁ + (1 - u) · n"}),
        (cr.LSTM(3, activation="relu", go_backwards=True), {"c": "f · c₋₁ + i · g", "h": "o · relu(c)"}),
    ],
)
def test_one_step_has_the_formulas_of_the_graph(layer, expected):
    net = cr.Network([cr.Masking(), layer, cr.Dense(1)], input_shape=(None, 2), seed=0)
    picture = cr.pictures.cell(net)
    boxes = {m.lines[0]: m for m in picture.panels[0].marks if type(m).__name__ == "Box"}
    assert {name: boxes[name].lines[1] for name in expected} == expected
    leaves = [box.lines[0] for box in boxes.values() if box.kind == "leaf"]
    assert sorted(leaves) == (["c₋₁", "h₋₁", "x"] if "c" in expected else ["h₋₁", "x"])
    candidate = boxes["candidate g" if "c" in expected else "candidate n"].lines[1]
    assert set(candidate.partition("(")[2].rstrip(")").split(", ")) == (
        {"x", "h₋₁"} | ({"r"} if "c" not in expected else set())
    )


def test_networks_without_gates_are_told_so():
    net = cr.Network([cr.SimpleRNN(3), cr.Dense(1)], input_shape=(5, 2), seed=0)
    for draw in (lambda: cr.pictures.gates(net, np.ones((1, 5, 2))), lambda: cr.pictures.cell(net)):
        with pytest.raises(cr.GraphError, match=r"LSTM and cr\.GRU"):
            draw()
