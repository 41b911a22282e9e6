"""``partial_fit`` once more: what is plainly right is not looked at again, and what is wrong is still refused alike."""

import re
import warnings

import numpy as np
import pytest
from sklearn import neural_network as theirs

import chainrule as cr

random = np.random.RandomState(0)
X = random.rand(30, 4)
LABELS = np.arange(30) % 3
NAN, LARGE = X.copy(), X.copy()
NAN[3, 1], LARGE[3, 1] = np.nan, np.inf
WRONG_X = {
    "NaN": NAN, "infinite": LARGE, "columns": X[:, :3], "flat": X[0], "none": X[:0], "rows": X[:20], "deep": X[None],
    "words": X.astype(str).astype(object) + "a", "complex": X + 1j,
}  # fmt: skip
WRONG_CLASSES = {
    "fewer": range(2), "more": [0, 1, 2, 3], "others": np.array([0, 1, 5]), "floats": [0.0, 1.0, 2.5],
    "words": ["0", "1", "2"], "mixed": [0, "1", 2], "deep": [[0, 1], [2, 3]],
}  # fmt: skip
WRONG_LABELS = {"new": LABELS + 1, "fewer": LABELS[:20], "NaN": np.where(LABELS, LABELS, np.nan)}


def refused(model, *given, **named):
    """Return what an estimator says of what it is to go on with."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises((ValueError, TypeError)) as caught:
            model.partial_fit(*given, **named)
    return str(caught.value)


def both(name, y, **named):
    """Return their estimator and ours, which have seen a part."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = [getattr(whose, name)(hidden_layer_sizes=4, random_state=0) for whose in (theirs, cr)]
        return [model.partial_fit(X, y, **named) for model in made]


def same(one, other):
    """Say whether two refusals say the same, but for whose class it is."""
    return re.sub(r"\s+", " ", one) == re.sub(r"\s+", " ", other)


@pytest.mark.parametrize("what", WRONG_X)
def test_a_wrong_X_is_refused_in_the_same_words(what):
    for name, y, named in (("MLPClassifier", LABELS, {"classes": range(3)}), ("MLPRegressor", X[:, 0], {})):
        one, other = both(name, y, **named)
        assert same(refused(one, WRONG_X[what], y, **named), refused(other, WRONG_X[what], y, **named))


@pytest.mark.parametrize("what", WRONG_LABELS)
def test_wrong_labels_are_refused_in_the_same_words(what):
    one, other = both("MLPClassifier", LABELS, classes=range(3))
    assert same(refused(one, X, WRONG_LABELS[what]), refused(other, X, WRONG_LABELS[what]))


@pytest.mark.parametrize("what", WRONG_CLASSES)
def test_other_classes_than_the_first_time_are_refused_in_the_same_words(what):
    one, other = both("MLPClassifier", LABELS, classes=range(3))
    found = [refused(model, X, LABELS, classes=WRONG_CLASSES[what]) for model in (one, other)]
    assert same(*found)


def test_targets_that_are_no_numbers_are_refused_in_the_same_words():
    one, other = both("MLPRegressor", X[:, 0])
    for y in (NAN[:, 1], LARGE[:, 1], X[:20, 0]):
        assert same(refused(one, X, y), refused(other, X, y))


@pytest.mark.parametrize(
    "classes", [None, [2, 0, 1], (0, 1, 2), np.arange(3), [0, 1, 2, 2], np.arange(3.0)], ids=str
)
def test_it_goes_on_however_the_same_classes_are_written(classes):
    one, other = both("MLPClassifier", LABELS, classes=range(3))
    for rows in (slice(0, 30), slice(0, 2), slice(3, 7)):
        for model in (one, other):
            model.partial_fit(X[rows], LABELS[rows], classes=classes)
    np.testing.assert_allclose(other.coefs_[0], one.coefs_[0], rtol=1e-10)
    assert other.loss_curve_ == pytest.approx(one.loss_curve_)
