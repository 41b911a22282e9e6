"""A training before it is run: rows, layers and settings, into which faults are put one by one."""

import contextlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import chainrule as cr
from benchmarks.faults.planted import Planted, Run


@dataclass
class Setting:
    """What a user is about to run, all of it open to be spoiled.

    Attributes:
        layers: A list, or a function that draws the network.
        X: The rows to learn from; a dict where there are several inputs, a list where they are ragged.
        y: Their targets.
        Xv: The rows to validate on.
        yv: Their targets.
        Xt: Rows that nobody sees but the check that a fault harms.
        yt: Their targets.
        kind: "classes", "labels" or "numbers".
        job: The arguments of ``fit``.
        scale: "standard" by the rows to learn from, a number to divide by, or None.
        scale_y: Whether targets are standardised.
        validation: "data", "split" or "none".
        network: Other arguments of the network.
        begin: What each parameter begins with.
        before: What is done with the network before it is fitted.
        after: What is done with the rows once they are scaled.
        told: What becomes of the run that the doctor is given.
    """

    layers: Any
    X: Any
    y: Any
    Xv: Any
    yv: Any
    Xt: Any
    yt: Any
    kind: str
    job: dict[str, Any]
    scale: Any = None
    scale_y: bool = False
    validation: str = "data"
    network: dict[str, Any] = field(default_factory=dict)
    begin: Callable[[str, np.ndarray], np.ndarray] | None = None
    before: Callable[[cr.Network], None] | None = None
    after: list[Callable[["Setting"], None]] = field(default_factory=list)
    told: Callable[[Run], Run] | None = None

    @property
    def parts(self) -> tuple[Any, Any, Any]:
        """The three X."""
        return self.X, self.Xv, self.Xt


Fault = Callable[[Setting, np.random.Generator], None]
Scene = Callable[[int], Setting]


def rows_of(X: Any, which: Any) -> Any:
    """Return some rows, of whatever X is."""
    if isinstance(X, dict):
        return {name: values[which] for name, values in X.items()}
    if isinstance(X, list):
        return [X[i] for i in which]
    if hasattr(X, "iloc"):
        return X.iloc[which]
    return X[which]


def divided(X: Any, y: np.ndarray, seed: int, learn: float = 0.6, validate: float = 0.2) -> tuple[Any, ...]:
    """Return X and y of shuffled rows: to learn from, to validate, to test."""
    order = np.random.default_rng(seed + 1000).permutation(len(y))
    cuts = np.split(order, [int(learn * len(y)), int((learn + validate) * len(y))])
    return tuple(part for rows in cuts for part in (rows_of(X, rows), y[rows]))


def _scaled(s: Setting) -> None:
    if isinstance(s.scale, str):
        X = np.asarray(s.X, dtype=float)
        mean, deviation = X.mean(axis=0), X.std(axis=0)
        deviation = np.where(deviation > 0, deviation, 1)
        s.X, s.Xv, s.Xt = ((part - mean) / deviation for part in s.parts)
    elif s.scale is not None:
        s.X, s.Xv, s.Xt = (part / s.scale for part in s.parts)
    if s.scale_y:
        mean, deviation = s.y.mean(axis=0), s.y.std(axis=0)
        deviation = np.where(deviation > 0, deviation, 1)
        s.y, s.yv, s.yt = ((part - mean) / deviation for part in (s.y, s.yv, s.yt))


def _joined(a: Any, b: Any) -> Any:
    if isinstance(a, dict):
        return {name: np.concatenate([a[name], b[name]]) for name in a}
    if isinstance(a, list):
        return a + b
    if hasattr(a, "iloc"):
        import pandas as pd

        return pd.concat([a, b], ignore_index=True)
    return np.concatenate([a, b])


def run(s: Setting, seed: int) -> Run:
    """Train as it is set, and keep what there is even where training broke off."""
    _scaled(s)
    for change in s.after:
        change(s)
    job = dict(s.job)
    X, y = s.X, s.y
    if s.validation == "data":
        job["validation_data"] = (s.Xv, s.yv)
    elif s.validation == "split":
        X, y = _joined(s.X, s.Xv), np.concatenate([s.y, s.yv])
        job["validation_split"] = 0.25
    extra = dict(s.network)
    if (s.begin or s.before) and "inputs" not in extra:
        extra.setdefault("input_shape", np.shape(X)[1:])
    network = cr.Network(s.layers, seed=seed, **extra)
    if s.begin is not None:
        for name in list(network.parameters):
            network.parameters[name] = s.begin(name, np.array(network.parameters[name]))
    history = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if s.before is not None:
            s.before(network)
        with contextlib.suppress(cr.ChainruleError):
            history = network.fit(X, y, **job)
    made = Run(network, X, y, history, job)
    return made if s.told is None else s.told(made)


def score(s: Setting, made: Run) -> float:
    """Return how good the network is on rows that it never saw: balanced accuracy, or R²."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            p = np.asarray(made.network.predict(s.Xt))
        except cr.ChainruleError:
            return -1.0
    y = np.asarray(s.yt)
    if not np.isfinite(p).all():
        return -1.0
    if s.kind == "numbers":
        p = p.reshape(y.shape)
        return float(max(-1.0, 1 - np.sum((p - y) ** 2) / np.sum((y - y.mean(axis=0)) ** 2)))
    if s.kind == "labels":
        recalls = [((p > 0.5) == y)[y == value].mean() for value in (0, 1)]
        return float(np.mean(recalls))
    if y.ndim > 1:
        y = y.argmax(axis=1)
    said = p.argmax(axis=1) if p.ndim > 1 and p.shape[1] > 1 else np.rint(p.reshape(-1)).astype(int)
    return float(np.mean([(said[y == value] == value).mean() for value in np.unique(y)]))


@dataclass(frozen=True)
class Made:
    """How a run of this set is made; called with a seed it is run."""

    scene: Scene
    faults: tuple[Fault, ...]

    def setting(self, seed: int, broken: bool = True) -> Setting:
        """Return the setting, with its faults or without."""
        s = self.scene(seed)
        if broken:
            for number, fault in enumerate(self.faults):
                fault(s, np.random.default_rng([seed, number]))
        return s

    def __call__(self, seed: int) -> Run:
        """Return the run."""
        return run(self.setting(seed), seed)


def plant(name: str, causes: str, scene: Scene, *faults: Fault) -> Planted:
    """Return a run of the bench; causes by blanks, none where it is healthy."""
    return Planted(name, tuple(causes.split()), Made(scene, faults))


def job(**settings: Any) -> Fault:
    """Return the fault that sets these arguments of ``fit``."""

    def put(s: Setting, rng: np.random.Generator) -> None:
        s.job.update(settings)

    return put


def layers(*new: Any) -> Fault:
    """Return the fault that takes these layers."""

    def put(s: Setting, rng: np.random.Generator) -> None:
        s.layers = list(new)

    return put


def set_to(**values: Any) -> Fault:
    """Return the fault that sets attributes of the setting."""

    def put(s: Setting, rng: np.random.Generator) -> None:
        for name, value in values.items():
            setattr(s, name, value)

    return put


def without_history(r: Run) -> Run:
    """Return the run of one who did not keep what fit returned."""
    return Run(r.network, r.X, r.y, None, r.job)


def without_job(r: Run) -> Run:
    """Return the run of one who does not say how it was trained."""
    return Run(r.network, r.X, r.y, r.history, None)  # type: ignore[arg-type]
