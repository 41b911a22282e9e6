"""How good predictions are, whatever the loss was: of classes, of labels or of numbers, against the best guess."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Task = Literal["classes", "labels", "numbers"]
LEAST = 1e-12
RARE = 0.4  # of an even share: with a class as rare as that each class counts the same


@dataclass(frozen=True)
class Score:
    """How good predictions are.

    Attributes:
        metric: What ``value`` is: "accuracy", "balanced accuracy" or "R²".
        value: The number that is told.
        skill: 1 where all is right, 0 for the best guess that needs no inputs, below 0 for worse: what is compared.
    """

    metric: str
    value: float
    skill: float

    def __str__(self) -> str:
        return f"R² {self.value:.2f}" if self.metric == "R²" else f"{self.value:.0%}"


def task_of(y: np.ndarray, units: int, ending: str, loss: str) -> Task:
    """Return what a network is to say of each example.

    Args:
        y: The targets, a row for each example.
        units: How many numbers the network puts out for each.
        ending: The name of its last activation.
        loss: The name of the loss.
    """
    values = np.unique(y[np.isfinite(y)] if y.dtype.kind == "f" else y)
    whole = bool(len(values)) and bool(np.all(values == np.floor(values)))
    flat = y.reshape(len(y), -1)
    if units > 1:
        if y.ndim == 1 or y.shape[1:] == (1,):
            return "classes" if whole else "numbers"
        binary = len(values) <= 2 and set(values.tolist()) <= {0.0, 1.0}
        one_hot = binary and bool(np.all(flat.sum(axis=1) == 1)) and y.ndim == 2
        shares = bool(flat.min() >= 0) and bool(np.allclose(flat.sum(axis=1), 1, atol=1e-3))
        if one_hot or (ending == "softmax" and shares):
            return "classes"
        return "labels" if binary or "crossentropy" in loss.lower() else "numbers"
    two = whole and len(values) <= 2 and set(values.tolist()) <= {-1.0, 0.0, 1.0}
    return "classes" if two else "numbers"


def score(task: Task, y: np.ndarray, said: np.ndarray) -> Score:
    """Return how good predictions are, on the scale that the user has.

    Args:
        task: What they are of.
        y: The targets: numbers, labels from 0, or rows of 0 and 1.
        said: The predictions, probabilities where there are such.
    """
    said = np.asarray(said, np.float64)
    if not np.isfinite(said).all():
        said = np.nan_to_num(said, nan=0.0, posinf=1e30, neginf=-1e30)
    if task == "numbers":
        return _of_numbers(np.asarray(y, np.float64), said)
    if task == "labels":
        truth = np.asarray(y, np.float64).reshape(-1, said.shape[-1])
        said = said.reshape(truth.shape)
        columns = [_of_two(t, p) for t, p in zip(truth.T, said.T, strict=True) if t.min() < t.max()]
        return _mean(columns) if columns else Score("accuracy", 0.0, 0.0)
    labels, chances = classes_of(np.asarray(y), said)
    return _of_classes(labels, chances)


def classes_of(y: np.ndarray, said: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return labels from 0, ``(rows,)``, and a row of chances for each, whatever they were written as."""
    units = said.shape[-1] if said.ndim > 1 else 1
    if units == 1:
        p = said.reshape(-1)
        truth = np.asarray(y, np.float64).reshape(-1)
        low, high = (-1.0, 1.0) if (truth < 0).any() else (0.0, 1.0)
        p = np.clip((p - low) / (high - low), 0, 1)
        labels = (truth > (low + high) / 2).astype(np.int64)
        return labels, np.column_stack([1 - p, p])
    said = said.reshape(-1, units)
    if y.ndim > 1 and y.shape[-1] == units:
        labels = y.reshape(-1, units).argmax(axis=1)
    else:
        labels = y.reshape(-1).astype(np.int64)
    sums = np.clip(said, 0, None).sum(axis=1, keepdims=True)
    probable = (said.min() >= 0) and bool(np.allclose(sums, 1, atol=1e-3))
    return labels, said if probable else _softened(said)


def _softened(said: np.ndarray) -> np.ndarray:
    """Return chances of numbers that are none: as they are from 0 to 1, whatever their sum; logits else."""
    if said.min() >= 0 and said.max() <= 1:
        return said / np.maximum(said.sum(axis=1, keepdims=True), LEAST)
    powers = np.exp(said - said.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _of_classes(labels: np.ndarray, chances: np.ndarray) -> Score:
    count = chances.shape[1]
    sizes = np.bincount(labels, minlength=count).astype(np.float64)
    there = sizes[sizes > 0]
    if len(there) < 2:
        return Score("accuracy", float(np.mean(chances.argmax(axis=1) == labels)), 0.0)
    shares = there / there.sum()
    right = chances.argmax(axis=1) == labels
    rare = shares.min() < RARE / len(there)
    if rare:
        each = [right[labels == c].mean() for c in np.flatnonzero(sizes)]
        value, guess, metric = float(np.mean(each)), 1 / len(there), "balanced accuracy"
        shares = np.full(len(there), guess)
    else:
        value, guess, metric = float(right.mean()), float(shares.max()), "accuracy"
    logs = -np.log(np.clip(chances[np.arange(len(labels)), labels], 1e-6, 1))
    by_class = [float(logs[labels == c].mean()) for c in np.flatnonzero(sizes)]
    by_cost = 1 + float(shares @ by_class) / float(shares @ np.log(shares))
    return Score(metric, value, (2 * (value - guess) / (1 - guess) + max(by_cost, -1.0)) / 3)


def _of_two(truth: np.ndarray, said: np.ndarray) -> Score:
    p = np.clip(said, 0, 1)
    return _of_classes((truth > 0.5).astype(np.int64), np.column_stack([1 - p, p]))


def _of_numbers(y: np.ndarray, said: np.ndarray) -> Score:
    y = y.reshape(len(y), -1)
    said = said.reshape(y.shape)
    spread = y.var(axis=0)
    varied = spread > 0
    if not varied.any():
        return Score("R²", 0.0, 0.0)
    left = np.mean((y - said) ** 2, axis=0)[varied] / spread[varied]
    value = float(np.mean(1 - np.minimum(left, 1e6)))
    return Score("R²", value, max(value, -1.0))


def _mean(scores: list[Score]) -> Score:
    names = {s.metric for s in scores}
    metric = names.pop() if len(names) == 1 else "balanced accuracy"
    return Score(metric, float(np.mean([s.value for s in scores])), float(np.mean([s.skill for s in scores])))
