"""Labels that no class has are refused, wherever they come from, as NumPy's engine refuses them."""

import re

import numpy as np
import pytest

import chainrule as cr

X = cr.input("x", ("batch", 3), "float64")
K = cr.input("k", ("batch",), "int64")


def counts(h, _):
    return h + cr.one_hot(np.argmax(h, axis=1) + 1, 3), None


def scanned(k):
    return cr.scan(lambda h, k: (np.tanh(h) * cr.one_hot(k + 0 * h.sum().astype("int64"), 3), k), X, k)


# Computed ones: element by element, by a task, as whole numbers of a few bits, in a sum, in the steps of loops.
COMPUTED = {
    "above": lambda: [cr.one_hot(K + 1, 3)],
    "below": lambda: [cr.one_hot(-K, 3) * 2.0],
    "of few bits": lambda: [cr.one_hot((K + 252).astype("uint8"), 255)],
    "of few bits below": lambda: [cr.one_hot((-K).astype("int8"), 300)],
    "argmax": lambda: [cr.one_hot(np.argmax(X, axis=1) + K, 3) @ X.T],
    "in a sum": lambda: [(cr.one_hot(K + 1, 3) * X).sum()],
    "a step's own": lambda: [cr.scan(counts, X, length=3)[0]],
    "scanned": lambda: list(scanned(K + 1)),
    "given to a step that computes": lambda: list(scanned(K)),
}


@pytest.mark.parametrize("engine", ["numpy", "native"])
@pytest.mark.parametrize("name", COMPUTED)
@pytest.mark.parametrize("rows", [1, 5, 40])
def test_a_label_that_is_computed_and_no_class_is_refused(engine, name, rows):
    f = cr.compile(COMPUTED[name](), inputs=[X, K], engine=engine)
    given, wrong = np.eye(3)[np.full(rows, 2)], np.zeros(rows, int)
    wrong[-1] = 3
    with pytest.raises(cr.DataError, match=re.escape("A label is ")):
        f(given, wrong)


@pytest.mark.parametrize("name", COMPUTED)
def test_labels_that_are_computed_and_classes_are_taken_as_on_numpy(name):
    given, right = np.eye(3)[np.zeros(5, int)], np.zeros(5, int)
    want, found = (
        cr.compile(COMPUTED[name]()[:1], inputs=[X, K], engine=engine)(given, right)[0]
        for engine in ("numpy", "native")
    )
    np.testing.assert_allclose(found, want)


def test_labels_that_a_loss_computes_end_a_fit_in_words():
    def cost(y, p):
        return -(cr.one_hot(y.astype("int64")[:, 0] + 1, 3) * np.log(p)).sum(axis=1).mean()

    X, y = np.ones((40, 2)), np.stack(3 * [np.arange(40.0) % 2], axis=1)
    network = cr.Network([cr.Dense(3, "softmax")], seed=0, engine="native")
    network.fit(X, y, loss=cost, epochs=2)
    with pytest.raises(cr.DataError, match="A label is 3; labels for 3 classes"):
        network.fit(X, y * 2, loss=cost, epochs=2)
