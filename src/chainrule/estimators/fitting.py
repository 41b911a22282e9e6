"""A fit of an estimator around a network: what it was given is checked, the network is made, and learns."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import is_regressor
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from chainrule.doors import late
from chainrule.errors import DataError, short
from chainrule.estimators.base import check_given, checked, refuse_foreign
from chainrule.estimators.endings import loss_for, network_for, targets_for
from chainrule.estimators.wanted import Wanted
from chainrule.estimators.written import blocks
from chainrule.train import frames
from chainrule.train.callbacks import EarlyStopping
from chainrule.train.fit.asking import Asking, fitted
from chainrule.train.history import History
from chainrule.train.network import Network, float_name

if TYPE_CHECKING:
    from chainrule.estimators.weighing import weights_of_classes
else:  # what most fits do without
    weights_of_classes = late("chainrule.estimators.weighing:weights_of_classes")

# Of y and the classes there may be: those, and y as numbers.
Read = Callable[[Any, Any], tuple[Wanted, np.ndarray]]
TAKES: dict[str, Any] = {"accept_sparse": "csr", "allow_nd": True, "dtype": [np.float64, np.float32]}


@dataclass(frozen=True)
class Held:
    """What a fit is to validate on, where that was given: what ``fit`` calls ``X_val`` and so on."""

    X: Any = None
    y: Any = None
    sample_weight: Any = None


def fit(estimator: Any, X: Any, y: Any, read: Read, sample_weight: Any, held: Held) -> None:
    """Let an estimator learn: anew, or with ``warm_start`` from where it is."""
    goes_on = bool(estimator.warm_start) and hasattr(estimator, "network_")
    X, wanted, numbers = _read(estimator, X, y, read, reset=not goes_on)
    if goes_on:
        _check_the_same(estimator._wanted, wanted)
    else:
        _begin(estimator, X, wanted)
    asked = replace(
        _asked(estimator, X, numbers, sample_weight),
        epochs=estimator.epochs,
        shuffle=estimator.shuffle,
        time_budget=estimator.time_budget,
        **_stopping(estimator, held, read),
    )
    _learn(estimator, asked)


def fit_further(estimator: Any, X: Any, y: Any, read: Read, sample_weight: Any, classes: Any = None) -> None:
    """Let an estimator go once through some rows more; the first time, it begins."""
    begins = not hasattr(estimator, "network_")
    classes = classes if begins else estimator._wanted.classes
    X, wanted, numbers = _read(estimator, X, y, read, reset=begins, classes=classes)
    if getattr(estimator, "class_weight", None) == "balanced":
        raise DataError(
            "class_weight='balanced' needs all rows, and partial_fit sees some of them. Give a weight for each class: "
            "class_weight={'yes': 5, 'no': 1}."
        )
    if begins:
        _begin(estimator, X, wanted)
    elif estimator._wanted.count != wanted.count:
        raise DataError(f"y has {wanted}, and had {estimator._wanted} before.")
    _learn(estimator, replace(_asked(estimator, X, numbers, sample_weight), epochs=1))


def outputs_of(estimator: Any, X: Any) -> np.ndarray:
    """Return what the network puts out, for a sparse matrix part by part."""
    check_is_fitted(estimator)
    network: Network = estimator.network_
    if are_inputs(X):
        return network.predict(X)
    X = checked(estimator, X, reset=False, **TAKES)
    if not hasattr(X, "toarray"):
        return network.predict(X)
    return np.concatenate([network.predict(X[rows].toarray()) for rows in blocks(X)])


def are_inputs(X: Any) -> bool:
    """Say whether X is a dict of several inputs by name, each of which can be read."""
    found = frames.are_inputs(X)
    if found:
        refuse_foreign(**{f"X[{name!r}]": part for name, part in X.items()})
    return found


def _read(
    estimator: Any, X: Any, y: Any, read: Read, reset: bool, classes: Any = None
) -> tuple[Any, Wanted, np.ndarray]:
    """Return X as the network takes it, and what is to be predicted."""
    numeric = {"multi_output": True, "y_numeric": is_regressor(estimator)}
    if are_inputs(X):  # which the network checks
        y = checked(estimator, y=y, **numeric)
    else:
        X, y = checked(estimator, X, y, reset=reset, **TAKES, **numeric)
        X = X.toarray() if hasattr(X, "toarray") else X
    wanted, numbers = read(y, classes)
    return X, wanted, numbers


def _begin(estimator: Any, X: Any, wanted: Wanted) -> None:
    """Make the network that is to learn."""
    given, seed = estimator.network, None
    dtype = None if estimator.dtype is None else float_name(estimator.dtype)
    if estimator.random_state is not None or not isinstance(given, Network):
        seed = int(check_random_state(estimator.random_state).randint(np.iinfo(np.int32).max))
    if are_inputs(X) and not isinstance(given, Network):
        raise DataError(
            "X is a dict, which goes with a network of several inputs that is given ready: "
            f"network=cr.Network(draw, inputs=...); found {short(given)}."
        )
    shape, usual = ((), "float64") if are_inputs(X) else (X.shape[1:], X.dtype.name)
    estimator.network_ = network_for(given, shape, wanted, dtype, estimator.engine, seed, usual)
    estimator._wanted, estimator._left = wanted, None
    estimator.n_outputs_ = wanted.count
    estimator.history_ = History()


def _check_the_same(before: Wanted, wanted: Wanted) -> None:
    if (
        before.kind == wanted.kind
        and np.array_equal(before.classes, wanted.classes)
        and before.count == wanted.count
    ):
        return
    raise DataError(
        f"With warm_start=True a fit goes on with the same classes or columns of y: it had {before}, and has {wanted}. "
        "Set warm_start=False to begin anew."
    )


def _asked(estimator: Any, X: Any, numbers: np.ndarray, sample_weight: Any) -> Asking:
    """Return what each kind of fit asks of the network."""
    network, wanted = estimator.network_, estimator._wanted
    refuse_foreign(sample_weight=sample_weight)
    weight = None if sample_weight is None else np.asarray(sample_weight)
    if weight is not None and weight.ndim == 0:
        weight = np.full(len(numbers), weight)
    loss = loss_for(network, estimator.loss, wanted)
    return Asking(
        X,
        targets_for(network, loss, wanted, numbers),
        loss=loss,
        optimizer=estimator.optimizer,
        batch_size=estimator.batch_size,
        metrics=estimator.metrics,
        class_weight=_class_weight(estimator, wanted, numbers),
        sample_weight=weight,
        callbacks=estimator.callbacks,
        verbose=int(estimator.verbose),
    )


def _class_weight(estimator: Any, wanted: Wanted, numbers: np.ndarray) -> Any:
    """Return what each class weighs, by its number; of labels the network says that it cannot."""
    asked = getattr(estimator, "class_weight", None)
    if asked is None or wanted.kind != "classes":
        return asked
    return dict(enumerate(weights_of_classes(asked, numbers, wanted.classes).tolist()))


def _stopping(estimator: Any, held: Held, read: Read) -> dict[str, Any]:
    """Return what a fit validates on, and what ends it early."""
    asked: dict[str, Any] = {}
    early = estimator.early_stopping
    if not isinstance(early, bool | np.bool_ | EarlyStopping):
        raise DataError(f"early_stopping is True, False or a cr.EarlyStopping; found {short(early)}.")
    if early:
        if not isinstance(early, EarlyStopping):
            early = EarlyStopping(patience=estimator.n_iter_no_change)
        others = estimator.callbacks
        others = list(others) if isinstance(others, list | tuple) else [others] * (others is not None)
        asked["callbacks"] = [*others, early]
    if check_given(held.X, held.y, held.sample_weight):
        X, wanted, numbers = _read(
            estimator, held.X, held.y, read, reset=False, classes=estimator._wanted.classes
        )
        network = estimator.network_
        y = targets_for(network, loss_for(network, estimator.loss, wanted), wanted, numbers)
        asked["validation_data"] = (X, y, held.sample_weight)
    elif early:
        asked["validation_split"] = estimator.validation_fraction
    return asked


def _learn(estimator: Any, asked: Asking) -> None:
    run = fitted(estimator.network_, asked, estimator._left)
    estimator._left = run.leaves
    estimator.history_ = joined(estimator.history_, run.history)
    estimator.n_iter_ = estimator.history_.epochs
    if hasattr(estimator, "feature_names_in_"):
        names = estimator.network_.architecture.inputs
        estimator.network_.columns = dict.fromkeys(names, tuple(estimator.feature_names_in_))


def joined(before: History, more: History) -> History:
    """Return the history of a fit and of one that went on after it.

    >>> first, second = History({"cost": [0.5]}, times=[0.1]), History({"cost": [0.25]}, times=[0.1])
    >>> joined(first, second)["cost"], joined(first, second).times
    ([0.5, 0.25], [0.1, 0.2])
    """
    if not before.epochs:
        return more
    numbers = {name: [*before.get(name, [float("nan")] * before.epochs), *more[name]] for name in more}
    best = None if more.best_epoch is None else before.epochs + more.best_epoch
    times = [*before.times, *(before.seconds + t for t in more.times)]
    found = History(numbers, times, more.stopped, best, more.diverged, more.signal, more.engine)
    found.last_share = more.last_share
    return found
