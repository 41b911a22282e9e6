"""Masks: which steps count is found in the graph, whatever was built; what would count padding is refused."""

from dataclasses import dataclass

import numpy as np
import pytest

import chainrule as cr

VALUES = np.array([[[1.0, 2.0], [3.0, 0.0], [9.0, 9.0]], [[4.0, 1.0], [0.0, 0.0], [0.0, 0.0]]])
PADDED = np.array([[[1.0, 2.0], [3.0, 0.0], [0.0, 0.0]], [[4.0, 1.0], [0.0, 0.0], [0.0, 0.0]]])
COUNTS = np.array([[True, True, False], [True, False, False]])


def masked(shape=(3, 2), dtype="float64", value=0.0):
    x = cr.input("x", ("batch", *shape), dtype)
    return x, cr.Masking(value)(x)


def found(node, x, values):
    return cr.trace(node, {x: values})[node]


@pytest.mark.parametrize(
    "made_of",
    [
        lambda h: h,
        lambda h: np.tanh(h) + 1,
        lambda h: np.where(h > 0, h, 0) * np.ones((3, 2)),
        lambda h: cr.Dense(4, "relu")(h),
        lambda h: h @ np.ones((2, 5)),
        lambda h: np.concatenate([h, h], axis=-1),
        lambda h: h.transpose(1, 0, 2).transpose(1, 0, 2),
        lambda h: h.reshape(h.shape[0], 3, 2, 1),
        lambda h: h[:, :, 0],
        lambda h: h.sum(axis=-1, keepdims=True),
        lambda h: h.mean(axis=-1),
        lambda h: cr.LayerNormalization()(cr.BatchNormalization()(cr.Dropout(0.5)(h))),
        lambda h: cr.Add()(cr.Dense(2)(h), h),
        lambda h: cr.Activation("softmax")(h),
        lambda h: np.einsum("btf,fg->btg", h, np.ones((2, 3))),
        lambda h: np.einsum("btf,btg->btfg", h, h),
        lambda h: cr.Dense(3)(np.clip(h, 0, 1)),
        lambda h: cr.Conv1D(2, 1)(h),
        lambda h: np.pad(h, ((0, 0), (0, 0), (1, 1))),
    ],
)
def test_a_mask_passes_what_works_step_by_step(made_of):
    x, h = masked()
    np.testing.assert_array_equal(found(cr.mask_of(made_of(h)), x, PADDED), COUNTS)


@pytest.mark.parametrize(
    "made_of",
    [
        lambda h: h.sum(axis=1),
        lambda h: h[:, -1],
        lambda h: h[:, ::-1],
        lambda h: h[:, 1:],
        lambda h: np.cumsum(h, axis=1),
        lambda h: np.transpose(h, (0, 2, 1)),
        lambda h: h.reshape(h.shape[0], -1),
        lambda h: h.reshape(h.shape[0], 2, 3),
        lambda h: np.concatenate([h, h], axis=1),
        lambda h: np.einsum("btf,bsf->bts", h, h),
        lambda h: np.einsum("btf,bsf->bf", h, h),
        lambda h: np.pad(h, ((0, 0), (1, 0), (0, 0))),
        lambda h: cr.Flatten()(h),
        lambda h: cr.Conv1D(2, 2)(h),
        lambda h: cr.MaxPooling1D(3)(h),
        lambda h: cr.Permute((2, 1))(h),
        lambda h: cr.Dense(1)(cr.Dense(1)(cr.Flatten()(h))),
    ],
)
def test_what_would_count_padding_as_data_is_refused(made_of):
    _, h = masked()
    with pytest.raises(cr.ChainruleError, match="padding"):
        cr.mask_of(made_of(h))


def test_without_padding_nothing_has_a_mask():
    x = cr.input("x", ("batch", 3, 2))
    assert cr.mask_of(x) is None
    assert cr.mask_of(cr.Flatten()(cr.Dense(2)(x))) is None
    assert cr.mask_of(cr.Embedding(9, 2)(cr.input("w", ("batch", 3)))) is None


@pytest.mark.parametrize("merge", [cr.Add(), cr.Concatenate(), cr.Multiply()])
def test_of_several_inputs_a_step_counts_where_it_does_in_all(merge):
    a, b = (cr.input(name, ("batch", 3, 2), "float64") for name in "ab")
    mask = cr.mask_of(merge(cr.Masking()(a), cr.Masking(-1.0)(b)))
    values = {a: PADDED, b: np.where(np.arange(3)[:, None] < 1, -1.0, VALUES)}
    assert cr.trace(mask, values)[mask].tolist() == [[False, True, False], [False, False, False]]
    one = cr.mask_of(merge(cr.Masking()(a), b))
    assert cr.trace(one, {a: PADDED})[one].tolist() == COUNTS.tolist()


def test_padding_is_0_behind_masking_and_a_step_counts_if_any_of_its_numbers_differs():
    x, h = masked(value=9.0)
    np.testing.assert_array_equal(found(h, x, VALUES), PADDED)
    assert found(cr.mask_of(h), x, VALUES).tolist() == [[True, True, False], [True, True, True]]


def test_words_count_from_1():
    words = cr.input("words", ("batch", 4))
    embedded = cr.Embedding(5, 2, mask_zero=True)(words)
    mask = cr.mask_of(cr.Dense(1)(embedded))
    assert cr.trace(mask, {words: [[1, 4, 0, 0]]})[mask].tolist() == [[True, True, False, False]]


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pooling_over_time_leaves_padding_out(dtype, keepdims):
    x, h = masked(dtype=dtype)
    values = np.concatenate([PADDED - 5 * (PADDED != 0), np.zeros((1, 3, 2))]).astype(dtype)
    there = np.any(values != 0, axis=2)
    mean = found(cr.GlobalAveragePooling1D(keepdims)(h), x, values)
    largest = found(cr.GlobalMaxPooling1D(keepdims)(h), x, values)
    assert mean.shape == largest.shape == ((3, 1, 2) if keepdims else (3, 2))
    for row in range(2):
        np.testing.assert_array_equal(mean[row].ravel(), values[row][there[row]].mean(axis=0))
        np.testing.assert_array_equal(largest[row].ravel(), values[row][there[row]].max(axis=0))
    assert not mean[2].any() and not largest[2].any()  # of nothing
    assert cr.mask_of(cr.GlobalMaxPooling1D()(h)) is None


def test_batch_normalization_learns_the_mean_of_what_counts():
    layers = [cr.Masking(), cr.BatchNormalization(momentum=0.0), cr.GlobalAveragePooling1D()]
    network = cr.Network(layers, input_shape=(3, 2), dtype="float64", seed=0)
    network.fit(PADDED, np.zeros((2, 2)), epochs=1, batch_size=None, loss="mse")
    real = PADDED[COUNTS]
    np.testing.assert_allclose(network.statistics["mean_0"], real.mean(axis=0))
    np.testing.assert_allclose(network.statistics["variance_0"], real.var(axis=0))


@dataclass(frozen=True, eq=False)
class Attend(cr.Layer):
    """A layer of the user's that makes one thing of all steps, and asks which count."""

    def build(self, scope, x):
        scores = x.sum(axis=-1)
        mask = cr.mask_of(x)
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        weight = np.exp(scores - scores.max(axis=1, keepdims=True))
        weight = weight / weight.sum(axis=1, keepdims=True)
        return np.einsum("bt,btf->bf", weight, x)

    def mask_after(self, x):
        return None


def test_a_layer_of_ones_own_says_how_it_leaves_padding_out():
    x, h = masked()
    seen = found(Attend()(h), x, PADDED)
    alone = found(Attend()(x), x, np.repeat(PADDED[1:, :1], 3, axis=1))
    np.testing.assert_allclose(seen[1], alone[0])
    assert cr.mask_of(Attend()(h)) is None


def test_what_is_learned_has_no_say_in_which_steps_of_the_output_count():
    with pytest.raises(cr.GraphError, match=r"depends on W\. Put what finds the padding"):
        cr.Network([cr.Dense(2), cr.Masking(), cr.Dense(1)], input_shape=(3, 2))


def test_a_chain_says_which_layer_would_count_padding():
    layers = [cr.Embedding(9, 2, mask_zero=True), cr.Conv1D(2, 2), cr.Flatten(), cr.Dense(1)]
    with pytest.raises(cr.ShapeError, match=r"(?s)Layer 2 \(Conv1D.*some are padding.*✗ Conv1D fails here"):
        cr.Network(layers, input_shape=5)


def test_masks_come_through_files_and_copies(tmp_path):
    layers = [cr.Masking(-1.0), cr.Dense(3, "tanh"), cr.GlobalMaxPooling1D(), cr.Dense(1)]
    network = cr.Network(layers, input_shape=(3, 2), seed=0)
    network.save(tmp_path / "n.safetensors")
    again = cr.load(tmp_path / "n.safetensors")
    values = np.where(COUNTS[..., None], VALUES, -1.0)
    np.testing.assert_array_equal(again.predict(values), network.predict(values))
    assert again.layers[0].mask_value == -1.0
    words = cr.Network(
        [cr.Embedding(9, 2, mask_zero=True), cr.GlobalAveragePooling1D()], input_shape=4, seed=0
    )
    words.save(tmp_path / "w.safetensors")
    assert cr.load(tmp_path / "w.safetensors").layers[0].mask_zero is True


@pytest.mark.parametrize("layer", [cr.Masking(), cr.Masking(2.5)])
def test_engines_agree_on_masks(layer):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 6, 3)).astype(np.float32)
    X[np.arange(6) >= rng.integers(0, 7, size=40)[:, None]] = layer.mask_value
    y = rng.integers(0, 2, size=40)
    costs = []
    for engine in ("numpy", "native"):
        layers = [
            layer,
            cr.Dense(4, "tanh"),
            cr.BatchNormalization(),
            cr.GlobalAveragePooling1D(),
            cr.Dense(1, "sigmoid"),
        ]
        network = cr.Network(layers, seed=1, engine=engine)
        costs.append(network.fit(X, y, epochs=5)["cost"])
    np.testing.assert_allclose(*costs, rtol=1e-5)


RECURRENT = [
    cr.SimpleRNN(3),
    cr.LSTM(3),
    cr.GRU(3),
    cr.GRU(3, reset_after=False),
    cr.Bidirectional(cr.LSTM(3)),
]


@pytest.mark.parametrize("layer", RECURRENT, ids=repr)
def test_what_a_recurrent_layer_makes_of_a_padded_sequence_is_what_it_makes_of_it_alone(layer):
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(length, 2)) for length in (4, 1, 6, 0)]
    network = cr.Network([cr.Masking(), layer], input_shape=(None, 2), dtype="float64", seed=0)
    made = network.architecture

    def of(values):
        x = made.inputs["x"]
        return cr.trace(made.output, {x: values})[made.output]

    padded = np.zeros((4, 6, 2))
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    together = of(padded)
    for row, sequence in zip(together, sequences, strict=True):
        np.testing.assert_allclose(row, of(sequence[None])[0], rtol=1e-12, atol=1e-14)
    assert not together[3].any()  # of nothing
