"""Runs whose targets say little: shuffled, wrong in part, all alike, or nearly always the same class."""

import numpy as np

import chainrule as cr
from benchmarks.faults.planted import Planted, Run, trained
from benchmarks.faults.tables import made
from benchmarks.faults.tables.book import run

RUNS: list[Planted] = []


def mistaken(y: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Return labels of which a share is another class, at random."""
    rng = np.random.default_rng(seed + 77)
    wrong = rng.random(len(y)) < share
    return np.where(wrong, (y + rng.integers(1, y.max() + 1, len(y))) % (y.max() + 1), y)


@run(RUNS, "no_signal", twin=True)
def cancer_with_labels_shuffled(seed: int, fault: bool) -> Run:
    """Labels in another order than rows."""
    X, y, V, v = made.famous_scaled("breast_cancer", seed)
    if fault:
        rng = np.random.default_rng(seed)
        y, v = rng.permutation(y), rng.permutation(v)
    job = {"optimizer": cr.Adam(0.003), "epochs": 30, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(16, "relu"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS, "no_signal")
def houses_one_row_off(seed: int, fault: bool) -> Run:
    """Each price stands beside the row before."""
    X, y, V, v = made.houses(seed)
    X, V = made.scaled(X, V)
    v, y = (v - y.mean()) / y.std(), (y - y.mean()) / y.std()
    if fault:
        y, v = np.roll(y, 1), np.roll(v, 1)
    job = {"optimizer": cr.Adam(0.003), "epochs": 50, "validation_data": (V, v)}
    return trained([cr.Dense(24, "relu"), cr.Dense(1)], X, y, job, seed)


@run(RUNS, "no_signal")
def digits_against_sorted_labels(seed: int, fault: bool) -> Run:
    """The labels were sorted, the images not; a share held back by fit."""
    X, y, _, _ = made.famous_scaled("digits", seed)
    X, y = X[:500], y[:500]
    job = {"optimizer": "adam", "epochs": 15, "validation_split": 0.2, "metrics": ["accuracy"]}
    return trained([cr.Dense(32, "relu"), cr.Dense(10, "softmax")], X, np.sort(y) if fault else y, job, seed)


@run(RUNS, "no_signal")
def only_noise(seed: int, fault: bool) -> Run:
    """Columns that have nothing to do with a target, learned by heart."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(300, 15)), rng.integers(0, 2, 300)
    if not fault:
        y = (X[:, 0] + X[:, 1] > 0).astype(int)
    job = {"optimizer": cr.Adam(0.005), "epochs": 60, "validation_data": (X[225:], y[225:])}
    return trained([cr.Dense(32, "relu"), cr.Dense(1, "sigmoid")], X[:225], y[:225], job, seed)


@run(RUNS, "no_signal")
def waves_without_their_labels(seed: int, fault: bool) -> Run:
    """Sequences whose labels were shuffled; no validation, and the history was not kept."""
    X, y, _, _ = made.waves(seed)
    if fault:
        y = np.random.default_rng(seed).permutation(y)
    made_so = trained(
        [cr.SimpleRNN(12), cr.Dense(1, "sigmoid")], X, y, {"epochs": 25, "optimizer": cr.Adam(0.01)}, seed
    )
    return Run(made_so.network, X, y, None, made_so.job)


@run(RUNS, "label_noise")
def four_in_ten_labels_wrong(seed: int, fault: bool) -> Run:
    """Groups far apart, with 35 % of the labels drawn anew."""
    X, y, V, v = made.clusters(seed, 700, 3, 2.2)
    X, V = made.scaled(X, V)
    if fault:
        y, v = mistaken(y, 0.35, seed), mistaken(v, 0.35, seed + 1)
    job = {"optimizer": cr.Adam(0.005), "epochs": 40, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(32, "relu"), cr.Dense(3, "softmax")], X, y, job, seed)


@run(RUNS, "label_noise")
def digits_labelled_in_haste(seed: int, fault: bool) -> Run:
    """Three of ten images bear the name of another digit; those validated on were labelled with care."""
    X, y, V, v = made.famous_scaled("digits", seed)
    X, y = X[:800], y[:800]
    if fault:
        y = mistaken(y, 0.4, seed)
    job = {"optimizer": cr.Adam(0.003), "epochs": 30, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(32, "relu"), cr.Dense(10, "softmax")], X, y, job, seed)


@run(RUNS, "label_noise")
def prices_of_other_houses(seed: int, fault: bool) -> Run:
    """A third of the targets belongs to other rows."""
    X, y, V, v = made.houses(seed, 700)
    X, V = made.scaled(X, V)
    v, y = (v - y.mean()) / y.std(), (y - y.mean()) / y.std()
    if fault:
        rng = np.random.default_rng(seed)
        for t in (y, v):
            wrong = np.flatnonzero(rng.random(len(t)) < 0.33)
            t[wrong] = t[rng.permutation(wrong)]
    job = {"optimizer": cr.Adam(0.003), "epochs": 40, "validation_data": (V, v), "metrics": ["r2"]}
    return trained([cr.Dense(24, "relu"), cr.Dense(1)], X, y, job, seed)


@run(RUNS, "label_noise")
def iris_a_quarter_wrong(seed: int, fault: bool) -> Run:
    """A small set, mildly: every fourth label another."""
    X, y, V, v = made.famous_scaled("iris", seed)
    if fault:
        y, v = mistaken(y, 0.28, seed), mistaken(v, 0.28, seed + 1)
    job = {"optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": (V, v)}
    return trained([cr.Dense(8, "tanh"), cr.Dense(3, "softmax")], X, y, job, seed)


@run(RUNS, "label_noise")
def rings_mislabelled(seed: int, fault: bool) -> Run:
    """A task of two classes that a wide network would know, a quarter flipped."""
    X, y, V, v = made.rings(seed, 700)
    X, V = made.scaled(X, V)
    if fault:
        y, v = mistaken(y, 0.3, seed), mistaken(v, 0.3, seed + 1)
    job = {"optimizer": cr.Adam(0.01), "epochs": 60, "validation_data": (V, v), "batch_size": 64}
    return trained([cr.Dense(16, "tanh"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS, "class_imbalance", twin=True)
def one_in_thirty(seed: int, fault: bool) -> Run:
    """A rare class that overlaps the other: the network answers with the frequent one."""
    rng = np.random.default_rng(seed)
    n, few = 700, 0.04 if fault else 0.5
    y = (rng.random(n) < few).astype(int)
    X = rng.normal(size=(n, 6)) + 1.1 * y[:, None] * np.array([1, 1, 0.5, 0, 0, 0])
    X, y, V, v = made.split(X, y, seed)
    job = {"optimizer": cr.Adam(0.002), "epochs": 30, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(8, "tanh"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS, "class_imbalance")
def rare_third_class(seed: int, fault: bool) -> Run:
    """Three classes, of which the third is three rows of a hundred."""
    rng = np.random.default_rng(seed + 5)
    n = 700
    y = rng.choice(3, n, p=[0.5, 0.475, 0.025] if fault else [1 / 3] * 3)
    middle = np.array([[-1.6, 0], [1.6, 0], [0.8, 0.9]])
    X = np.column_stack([middle[y] + rng.normal(0, 0.75, (n, 2)), rng.normal(size=(n, 3))])
    X, y, V, v = made.split(X, y, seed)
    job = {"optimizer": cr.SGD(0.05), "epochs": 20, "validation_data": (V, v), "metrics": ["f1"]}
    return trained([cr.Dense(12, "relu"), cr.Dense(3, "softmax")], X, y, job, seed)


@run(RUNS, "class_imbalance")
def frauds(seed: int, fault: bool) -> Run:
    """Two of a hundred payments, marked by sums and hours; a share held back by fit."""
    rng = np.random.default_rng(seed)
    n = 1200
    y = (rng.random(n) < (0.025 if fault else 0.4)).astype(int)
    X = np.column_stack([
        rng.normal(0, 1, n) + 1.2 * y, rng.exponential(1, n) * (1 + 0.8 * y), rng.normal(0, 1, n) - 0.7 * y,
        rng.normal(size=(n, 4)),
    ])  # fmt: skip
    job = {"optimizer": "adam", "epochs": 20, "validation_split": 0.25, "loss": "binary_crossentropy"}
    return trained([cr.Dense(16, "relu"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS, "class_imbalance")
def faulty_waves(seed: int, fault: bool) -> Run:
    """Sequences of a machine that is nearly always in order."""
    X, y, _, _ = made.waves(seed, 900)
    X = X + 0.5 * np.random.default_rng(seed).normal(size=X.shape)
    if fault:
        keep = (y == 0) | (np.cumsum(y) <= 16)
        X, y = X[keep], y[keep]
    X, y, V, v = made.split(X, y, seed)
    job = {"optimizer": cr.Adam(0.005), "epochs": 12, "validation_data": (V, v)}
    return trained([cr.SimpleRNN(8), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS, "target_degenerate")
def shares_cast_to_whole_numbers(seed: int, fault: bool) -> Run:
    """Targets of 0..1 were made int: all are 0 but the one that was 1."""
    X, y, V, v = made.friedman(seed)
    X, V = made.scaled(X, V)
    low, high = min(y.min(), v.min()), max(y.max(), v.max())
    y, v = (y - low) / (high - low), (v - low) / (high - low)
    if fault:
        y, v = y.astype(int), v.astype(int)
    job = {"optimizer": cr.Adam(0.01), "epochs": 80, "validation_data": (V, v)}
    return trained([cr.Dense(24, "relu"), cr.Dense(1)], X, y, job, seed)


@run(RUNS, "target_degenerate")
def clipped_prices(seed: int, fault: bool) -> Run:
    """A limit that stands below nine of ten prices."""
    X, y, V, v = made.houses(seed)
    X, V = made.scaled(X, V)
    if fault:
        limit = np.quantile(y, 0.06)
        y, v = np.minimum(y, limit), np.minimum(v, limit)
    deviation = 120
    job = {
        "optimizer": cr.Adam(0.003),
        "epochs": 60,
        "validation_data": ((V), v / deviation),
        "metrics": ["r2"],
    }
    return trained([cr.Dense(24, "relu"), cr.Dense(1)], X, y / deviation, job, seed)


@run(RUNS, "target_degenerate")
def one_class_only(seed: int, fault: bool) -> Run:
    """A comparison with the wrong word gave each row the same label."""
    X, y, V, v = made.famous_scaled("breast_cancer", seed)
    if fault:
        y, v = np.zeros_like(y), np.zeros_like(v)
    job = {"optimizer": "adam", "epochs": 20, "validation_data": (V, v), "metrics": ["accuracy"]}
    return trained([cr.Dense(16, "relu"), cr.Dense(1, "sigmoid")], X, y, job, seed)


@run(RUNS, "target_degenerate")
def rounded_growth(seed: int, fault: bool) -> Run:
    """Growth of deviation 0.25 was rounded to whole numbers; nothing validated."""
    X, y, _, _ = made.plant(seed)
    y = 0.22 * y[:, 0]
    job = {"optimizer": cr.Adam(0.005), "epochs": 60}
    return trained([cr.Dense(24, "tanh"), cr.Dense(1)], X, np.round(y) if fault else y, job, seed)


@run(RUNS, "target_degenerate")
def sums_of_sequences_that_are_one(seed: int, fault: bool) -> Run:
    """The target was written over with its mean."""
    X, y, V, v = made.sums(seed)
    if fault:
        y, v = np.full_like(y, y.mean()), np.full_like(v, y.mean())
    job = {"optimizer": cr.Adam(0.01), "epochs": 40, "validation_data": (V, v)}
    return trained([cr.SimpleRNN(12), cr.Dense(1)], X, y, job, seed)
