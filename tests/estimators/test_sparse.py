"""Sparse X: written out a block at a time, and the same numbers as of dense rows."""

import numpy as np
import pytest
import scipy.sparse
from sklearn import neural_network as theirs

import chainrule as cr
from chainrule.estimators import written
from versions import since

random = np.random.RandomState(0)
DENSE = np.where(random.rand(90, 7) > 0.6, random.rand(90, 7), 0)
KINDS = [scipy.sparse.csr_matrix, scipy.sparse.csc_matrix, scipy.sparse.csr_array]
LABELS = random.randint(0, 3, 90)
WEIGHTS = random.rand(90)


@pytest.fixture
def small_blocks(monkeypatch):
    """Let a block have few rows, and count what is written out."""
    monkeypatch.setattr(written, "BLOCK_BYTES", 40 * 7 * 8)
    rows = []
    for kind in (scipy.sparse.csr_matrix, scipy.sparse.csr_array):
        plain = kind.toarray
        monkeypatch.setattr(
            kind,
            "toarray",
            lambda self, *how, plain=plain, **named: rows.append(self.shape[0]) or plain(self, *how, **named),
        )
    write = written.Page.write
    monkeypatch.setattr(written.Page, "write", lambda self, some: rows.append(len(some)) or write(self, some))
    return rows


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(
    "way", [{"batch_size": 16}, {"solver": "lbfgs"}, {"early_stopping": True, "batch_size": 30}], ids=str
)
@pytest.mark.parametrize("weight", [[], pytest.param([WEIGHTS], marks=since(1, 7))], ids=["", "weighed"])
def test_blocks_have_the_numbers_of_the_whole(small_blocks, kind, way, weight):
    settings = {"hidden_layer_sizes": (5,), "max_iter": 6, "random_state": 0, **way}
    one = theirs.MLPClassifier(**settings).fit(DENSE, LABELS, *weight)
    small_blocks.clear()  # theirs writes out labels
    other = cr.MLPClassifier(**settings).fit(kind(DENSE), LABELS, *weight)
    for mine, its in zip([*other.coefs_, *other.intercepts_], [*one.coefs_, *one.intercepts_], strict=True):
        np.testing.assert_allclose(mine, its, rtol=0, atol=1e-6)
    assert other.loss_ == pytest.approx(one.loss_, abs=1e-8)
    np.testing.assert_allclose(other.predict_proba(kind(DENSE)), one.predict_proba(DENSE))
    assert small_blocks and max(small_blocks) <= 40


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("warm", [False, True])
def test_blocks_of_a_fit_have_the_bits_of_the_whole(monkeypatch, warm):
    settings = {
        "hidden_layer_sizes": (5,),
        "max_iter": 4,
        "random_state": 0,
        "batch_size": 16,
        "warm_start": warm,
    }
    whole = cr.MLPClassifier(**settings).fit(scipy.sparse.csr_array(DENSE), LABELS)
    monkeypatch.setattr(written, "BLOCK_BYTES", 40 * 7 * 8)
    blocks = cr.MLPClassifier(**settings).fit(scipy.sparse.csr_array(DENSE), LABELS)
    for _ in range(warm):
        before, kept = blocks.coefs_, [w.copy() for w in blocks.coefs_]
        whole.fit(scipy.sparse.csr_array(DENSE), LABELS)
        blocks.fit(scipy.sparse.csr_array(DENSE), LABELS)
        assert all(map(np.array_equal, before, kept))  # what was there before is not written into
    assert blocks.loss_curve_ == pytest.approx(whole.loss_curve_, rel=1e-14)  # summed up by blocks
    assert all(map(np.array_equal, whole.coefs_, blocks.coefs_))


@pytest.mark.parametrize("doubled", [False, True], ids=["", "entries of one place"])
def test_a_page_holds_the_rows_that_were_written_last_and_no_others(doubled):
    X = scipy.sparse.csr_array(DENSE)
    if doubled:
        at = np.repeat(np.arange(90), 7), np.tile(np.arange(7), 90)
        lines = np.arange(0, 1261, 14)
        X = scipy.sparse.csr_array(
            (np.repeat(DENSE.ravel() / 2, 2), np.repeat(at[1], 2), lines), shape=DENSE.shape
        )
    page = written.Page(X, 50)
    for rows in (random.permutation(90)[:50], random.permutation(90)[:20], random.permutation(90)[:50]):
        assert np.array_equal(page.write(rows), DENSE[rows])


def test_a_small_one_is_written_out_once(monkeypatch):
    calls = []
    plain = scipy.sparse.csr_matrix.toarray
    monkeypatch.setattr(
        scipy.sparse.csr_matrix, "toarray", lambda self, *how: calls.append(1) or plain(self, *how)
    )
    cr.MLPRegressor(hidden_layer_sizes=3, batch_size=9).partial_fit(scipy.sparse.csr_matrix(DENSE), LABELS)
    assert len(calls) == 1


def test_predictions_of_any_network_write_out_a_block_at_a_time(small_blocks):
    model = cr.NetworkClassifier([cr.Dense(5, "relu")], epochs=2, random_state=0).fit(DENSE, LABELS)
    found = model.predict_proba(scipy.sparse.csr_array(DENSE))
    assert sum(small_blocks) == 90 and max(small_blocks) == 40
    np.testing.assert_allclose(found, model.predict_proba(DENSE))
