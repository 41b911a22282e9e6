"""Ten training runs to the last bit: a change of bits is a decision, and no accident.

The same version, seed, data and dtype give the same bits for any number of threads, on any CPU of the same vector
width. A hash that no longer fits is replaced only by someone who can say in the changelog why the bits changed.
"""

import dataclasses
import hashlib
from functools import partial

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines import compiled
from chainrule.engines.native.run.build import host
from chainrule.engines.native.run.executable import compile_program
from chainrule.engines.recent import Recent
from chainrule.engines.registry import ENGINES

RNG = np.random.default_rng(20261125)
X = RNG.random((150, 6)) * 2 - 1
LABELS = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 0.3)
TARGET = X[:, :2] * X[:, 2:4] + X[:, 4:]
CODES = RNG.integers(0, 12, (150, 5))
XOR, XOR_TARGET = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])


def swish(z):
    return z / (1 + np.exp(-z))


def convolution(x):
    """Slide a window over six numbers, take the largest answers."""
    answer = cr.Dense(8, "relu")
    windows = [answer(x[:, i : i + 3]) for i in range(4)]
    return cr.Dense(2)(np.maximum(np.maximum(*windows[:2]), np.maximum(*windows[2:])))


RUNS = {
    "xor in registers": lambda: (
        [cr.Dense(4, "tanh"), cr.Dense(1, "sigmoid")],
        {"X": XOR, "y": XOR_TARGET, "optimizer": cr.SGD(0.5), "batch_size": None, "epochs": 40},
    ),
    "narrow": lambda: (
        [cr.Dense(8, "tanh"), cr.Dense(1, "sigmoid")],
        {"X": X[:, :2], "y": LABELS > 0, "optimizer": cr.SGD(0.3, momentum=0.9), "batch_size": None},
    ),
    "classes": lambda: ([cr.Dense(64, "relu"), cr.Dense(64, "relu"), cr.Dense(3, "softmax")], {}),
    "batch normalization and dropout": lambda: (
        [cr.Dense(32), cr.BatchNormalization(), cr.Activation("sigmoid"), cr.Dropout(0.3), cr.Dense(3, "softmax")],
        {"validation_split": 0.2, "optimizer": cr.RMSprop(0.01)},
    ),
    "two targets in float64": lambda: (
        [cr.Dense(33, "gelu", regularizer=cr.L2(1e-3)), cr.Dense(17, swish), cr.Dense(2)],
        {"y": TARGET, "dtype": "float64", "loss": "mse", "sample_weight": 1 + X[:, 0] ** 2},
    ),
    "embedding": lambda: (
        [cr.Embedding(12, 4), cr.Flatten(), cr.Dense(16, "elu"), cr.Dense(3, "softmax")],
        {"X": CODES, "optimizer": cr.Adagrad(0.05)},
    ),
    "counts": lambda: (
        [cr.Dense(16, "softplus"), cr.Dense(1, "softplus")],
        {"y": LABELS, "loss": "poisson", "optimizer": cr.Adam(cr.Cosine(0.01, 8), clip_norm=1.0)},
    ),
    "layer normalization": lambda: (
        [cr.Dense(24, "leaky_relu"), cr.LayerNormalization(), cr.Dense(3, "softmax")],
        {"optimizer": cr.AdamW(0.01, weight_decay=0.1), "class_weight": {0: 1, 1: 2, 2: 3}},
    ),
    "windows and maxima": lambda: (convolution, {"y": TARGET, "loss": "mae", "inputs": {"x": (6,)}}),
    "wide": lambda: (
        [cr.Dense(300, "tanh"), cr.Dense(257, "relu"), cr.Dense(2)],
        {"y": TARGET, "batch_size": 64, "epochs": 3},
    ),
}  # fmt: skip

# By the bytes of a vector; with 64 also with masks.
PINNED = {
    64: {
        "xor in registers": "00497a4eee5ffbe6",
        "narrow": "485d4b471d0fa73a",
        "classes": "dca0008c3ba8892d",
        "batch normalization and dropout": "7f54f2bc1d62c53b",
        "two targets in float64": "aa881c3930b4c8ec",
        "embedding": "14bd50763a22edcb",
        "counts": "4e7cf7e197243bf5",
        "layer normalization": "77cb0f7f772f04b5",
        "windows and maxima": "6801d62cb8457134",
        "wide": "4cdcd9889bc92c75",
    },
    32: {
        "xor in registers": "00497a4eee5ffbe6",
        "narrow": "0cf33fd5ed3c5324",
        "classes": "5f0ebca9ef3e8081",
        "batch normalization and dropout": "0caec36f7009ed1f",
        "two targets in float64": "4fb6891e1cf2ffcc",
        "embedding": "63851c4de6ea0f6f",
        "counts": "066e5c567ea3e040",
        "layer normalization": "abb4807eb2b7c6d5",
        "windows and maxima": "978dab1a10347b90",
        "wide": "4cdcd9889bc92c75",
    },
}


def digest(network, options):
    """Train, and hash every parameter, every cost and the predictions of some rows."""
    options = {"X": X, "y": LABELS, "epochs": 8, "batch_size": 32} | options
    made = {k: options.pop(k) for k in ("dtype", "inputs") if k in options}
    trained = cr.Network(network, seed=3, engine="native", **made)
    history = trained.fit(**options)
    found = [*trained.values(), np.array(history["cost"]), trained.predict(options["X"][:7])]
    return hashlib.sha256(b"".join(np.ascontiguousarray(v).tobytes() for v in found)).hexdigest()[:16]


@pytest.fixture(params=[64, 32])
def width(request, monkeypatch):
    """The width of a vector: what this CPU has, and narrower."""
    here = host()
    if not here.has_fma or here.vector_bytes < request.param or not here.triple.startswith("x86_64"):
        pytest.skip(f"vectors of {request.param} bytes are not known on this CPU")
    if here.vector_bytes > request.param:
        narrow = dataclasses.replace(here, vector_bytes=request.param, registers=16, has_masks=False)
        native = dataclasses.replace(ENGINES["native"], compile=partial(compile_program, machine=narrow))
        monkeypatch.setitem(ENGINES, "native", native)
        monkeypatch.setattr(compiled, "_compiled", Recent(64))
    return request.param


@pytest.mark.parametrize("name", RUNS)
def test_the_bits_are_as_they_were(name, width):
    assert digest(*RUNS[name]()) == PINNED[width][name]
