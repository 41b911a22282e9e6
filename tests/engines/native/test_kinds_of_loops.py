"""Loops of many kinds in machine code: what is carried, scanned, shared and emitted lies in every way that there is."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import chainrule as cr

RNG = np.random.default_rng(0)
W, TABLE, CUBE = (0.5 * RNG.normal(size=shape) for shape in ((4, 4), (7, 4), (4, 4, 4)))
BATCHES = (0, 1, 3, 18)


def sequences():
    """Return an input of sequences, and the same with the time first."""
    x = cr.input("x", ("batch", 5, 4))
    return x, np.transpose(x, (1, 0, 2))


def scanned(step, begin=lambda x: np.zeros_like(x[:, 0]), xs=lambda xt: xt, **settings):
    """Return what makes a loop over sequences."""

    def build():
        x, xt = sequences()
        carry, ys = cr.scan(step, begin(x), xs(xt), **settings)
        return [*many(carry), *many(ys)], [x]

    return build


def many(found):
    return list(found) if isinstance(found, tuple) else [] if found is None else [found]


def emits(y):
    return scanned(lambda c, x: (np.tanh(c @ W + x), y(c)))


def looks_at(q, c):
    weights = np.exp(np.einsum("bsf,bf->bs", q, c))
    weights = weights / weights.sum(axis=1, keepdims=True)
    return np.einsum("bs,bsf->bf", weights, q)


def slides(h):
    padded = np.pad(h, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = sliding_window_view(padded, (3, 3), axis=(1, 2))
    return np.einsum("bhwcij,ijco->bhwo", windows, np.resize(CUBE, (3, 3, 2, 2)))


def two(x):
    return (np.zeros_like(x[:, 0]), x[:, 1] + 1)


KINDS = {
    "nothing carried": scanned(lambda c, x: ((), np.tanh(x @ W)), lambda x: ()),
    "carries change places": scanned(lambda c, x: ((c[1], c[0] + x), c[1]), two),
    "and are emitted": scanned(lambda c, x: ((c[1], np.tanh(c[0] @ W + x)), (c[0], c[1], c[0])), two),
    "a carry that stays": scanned(lambda c, x: (c, x + c), lambda x: x[:, 0]),
    "emits what is the same": scanned(lambda c, x: (np.tanh(c @ W + x), (c @ W, np.ones((3, 4)), 1 * W[0]))),
    "steps backwards in memory": scanned(lambda c, x: (np.tanh(c @ W + x), c), xs=lambda xt: xt[::-1]),
    "features backwards": scanned(lambda c, x: (np.tanh(c @ W + x @ W), c), xs=lambda xt: xt[:, :, ::-1]),
    "begins with a view": scanned(lambda c, x: (np.tanh(c @ W.T + x @ W), c), lambda x: x[:, 0, ::-1], reverse=True),
    "counts": scanned(lambda c, x: (c + 1, (c, x)), lambda x: np.int64(0)),
    "truths": scanned(lambda c, x: (~c, c), lambda x: x[:, 0] > 0),
    "small counts": scanned(lambda c, x: (c + (x > 0).astype("int8"), c), lambda x: (x[:, 0] > 1).astype("int8")),
    "positions of maxima": emits(lambda c: np.argmax(c, axis=1)),
    "means that keep their axis": emits(lambda c: c.mean(axis=1, keepdims=True)),
    "means that do not": emits(lambda c: c.max(axis=1)),
    "running sums": emits(lambda c: np.cumsum(c, axis=1)),
    "padded": emits(lambda c: np.pad(c, ((0, 0), (1, 2)))),
    "joined": emits(lambda c: np.concatenate([c, np.tanh(c), c], axis=1)),
    "stacked": emits(lambda c: np.stack([c, c * 2], axis=1)),
    "other shapes": emits(lambda c: c.reshape(-1, 2, 2)),
    "sorts of numbers": emits(lambda c: (c.astype("float32"), (c * 9).astype("int32"), c > 0.1)),
    "a register that is shifted": scanned(lambda c, x: (np.concatenate([c[:, 1:], x[:, :1]], axis=1), None)),
    "chosen steps": scanned(lambda c, x: (np.where(x[:, :1] > 0, np.tanh(c @ W), c), c)),
    "bilinear": scanned(lambda c, x: (np.tanh(np.einsum("bi,ijk,bk->bj", c, CUBE, x)), c)),
    "one number of all rows": scanned(lambda c, x: (np.tanh(c + x.sum()), c), lambda x: 0.5),
    "attention": scanned(lambda c, x: (looks_at(np.stack([c, x], axis=1), c), c), lambda x: x[:, 0]),
    "a convolution": lambda: convolution(),
}  # fmt: skip


def convolution():
    x = cr.input("x", ("batch", 5, 4))
    pictures = np.transpose(x.reshape(x.shape[0], 5, 1, 2, 2), (1, 0, 2, 3, 4))
    last, ys = cr.scan(
        lambda c, x: (np.tanh(slides(c) + x), c.sum(axis=(1, 2))), np.zeros_like(pictures[0]), pictures
    )
    return [last, ys], [x]


@pytest.mark.parametrize(("share", "check"), [("", ""), ("3", "1")])
@pytest.mark.parametrize("kind", KINDS)
def test_loops_of_all_kinds_are_what_numpy_makes_of_them(monkeypatch, kind, share, check):
    monkeypatch.setenv("CHAINRULE_SHARE", share)
    monkeypatch.setenv("CHAINRULE_CHECK", check)
    outputs, inputs = KINDS[kind]()
    floats = [n for n in outputs if n.dtype == np.float64]
    if floats and not check:
        outputs = [*outputs, *cr.grad(sum(np.sum(n * n) for n in floats), inputs)]
    judge, native = (cr.compile(outputs, inputs=inputs, engine=engine) for engine in ("numpy", "native"))
    for batch in BATCHES:
        x = RNG.normal(size=(batch, 5, 4))
        for wanted, found in zip(judge(x), native(x), strict=True):
            assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
            tolerance = 1e-10 if wanted.dtype == np.float64 else 1e-5
            np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_steps_look_things_up_and_go_over_windows(engine):
    rows = cr.input("rows", ("batch", 5), "int64")
    begin = np.zeros((1, 4)) + 0.0 * rows[:, :1].astype("float64")
    table = cr.variable(TABLE, "table")
    last, seen = cr.scan(lambda c, k: (np.tanh(c @ W + table[k]), k), begin, np.transpose(rows))
    f = cr.compile([last, seen], inputs=[rows], engine=engine)
    chosen = RNG.integers(-7, 7, (18, 5))
    wanted = np.zeros((18, 4))
    for t in range(5):
        wanted = np.tanh(wanted @ W + TABLE[chosen[:, t]])
    np.testing.assert_allclose(f(chosen)[0], wanted, rtol=1e-10)
    with pytest.raises(cr.DataError, match="out of range"):
        f(chosen + 14)
    line = cr.input("line", (12,))
    last, _ = cr.scan(lambda c, x: (np.tanh(W @ c + x), c * x), np.zeros(4), sliding_window_view(line, 4))
    numbers = RNG.normal(size=12)
    wanted = np.zeros(4)
    for t in range(9):
        wanted = np.tanh(W @ wanted + numbers[t : t + 4])
    np.testing.assert_allclose(cr.compile(last, inputs=[line], engine=engine)(numbers), wanted, rtol=1e-10)
