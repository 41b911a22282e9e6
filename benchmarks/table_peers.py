"""Who is asked to predict a table: this library with no choices made, and others as they are usually set.

Each is a function of a table set, the rows to learn from, those that judge, and a seed; the time of all that it does
before it predicts counts. Others see numbers with their gaps filled and standardised, and categories one-hot; boosting
sees both as they are.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

import chainrule as cr
from benchmarks.table_scores import Predictions, classes_of, truth_of
from benchmarks.table_sets import TableSet

Model = Callable[[TableSet, pd.DataFrame, pd.DataFrame, int], Predictions]

MOST_LEVELS = 200  # that boosting takes of a category; rarer ones are one level
INTERVAL = 0.9


def ours(found: TableSet, train: pd.DataFrame, test: pd.DataFrame, seed: int, **choices: Any) -> Predictions:
    """Return what the library predicts; no rows are held back, since others judge."""
    began, targets = time.perf_counter(), list(found.targets)
    sentences: list[str] = []
    task = None if found.task == "classification" else found.task  # whole numbers would be classes
    model = cr.TableModel.train(
        train, targets, task=task, test_fraction=0, seed=seed, tell=sentences.append, **choices
    )
    seconds = time.perf_counter() - began
    inputs, notes = test.drop(columns=targets), "\n".join([*sentences, model.report.stopped])
    if found.task == "regression":
        try:
            said = model.predict(inputs, interval=INTERVAL)
        except cr.DataError:  # too few rows for one
            return Predictions(model.predict(inputs)[targets].to_numpy(float), seconds, notes=notes)
        low, high = (said[[f"{name}_{end}" for name in targets]].to_numpy(float) for end in ("low", "high"))
        return Predictions(said[targets].to_numpy(float), seconds, None, low, high, notes)
    said = model.predict(inputs)
    if found.task == "multilabel":
        p = said[[f"probability_{name}" for name in targets]].to_numpy(float)
        return Predictions(p, seconds, said[targets].to_numpy(float), notes=notes)
    names = [f"probability_{name}" for name in classes_of(found, train)]
    return Predictions(said[names].to_numpy(float), seconds, notes=notes)


def as_numbers(found: TableSet, *tables: pd.DataFrame) -> list[np.ndarray]:
    """Return tables as arrays, as the first one says: numbers standardised, gaps filled and flagged, texts one-hot."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    tables = tuple(with_dates(table.drop(columns=list(found.targets))) for table in tables)
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    texts = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=2, sparse_output=False)
    encoder = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (texts, make_column_selector(dtype_exclude="number")),
    )
    first, *others = tables
    return [encoder.fit_transform(first), *(encoder.transform(table) for table in others)]


def with_dates(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table in which what is written like 2024-05-01 is numbers: of days, of months and of weekdays."""
    made: dict[str, pd.Series] = {}
    for name in table:
        if pd.api.types.is_string_dtype(table[name]) and table[name].str.fullmatch(r"\d{4}-\d\d-\d\d").all():
            days = pd.to_datetime(table[name])
            made |= {f"{name} day": days.astype("int64") // 10**9 / 86_400}
            made |= {
                f"{name} {part}": getattr(days.dt, part) for part in ("month", "day_of_week", "day_of_year")
            }
        else:
            made[name] = table[name].astype(str) if table[name].dtype == bool else table[name]
    return pd.DataFrame(made, index=table.index)


def by_label(fit: Callable[[np.ndarray], Any], Z: Any, Y: np.ndarray) -> np.ndarray:
    """Return the probability of yes of each label, (rows, labels), of a model for each."""
    columns = []
    for y in Y.T:
        if y.min() == y.max():
            columns.append(np.full(len(Z), y[0]))
        else:
            columns.append(fit(y).predict_proba(Z)[:, 1])
    return np.column_stack(columns)


def linear(found: TableSet, train: pd.DataFrame, test: pd.DataFrame, seed: int) -> Predictions:
    """Return what ridge or logistic regression predicts, the strength of its penalty chosen by cross-validation."""
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    began = time.perf_counter()
    (X, Z), Y = as_numbers(found, train, test), truth_of(found, train, train)
    if found.task == "regression":
        ridge = RidgeCV(np.logspace(-2, 4, 13), alpha_per_target=Y.shape[1] > 1).fit(X, Y)
        return Predictions(ridge.predict(Z).reshape(len(Z), -1), time.perf_counter() - began)

    def logistic(y: np.ndarray) -> Any:
        usual = LogisticRegression(max_iter=500)
        if np.bincount(y.astype(int)).min() < 3:  # some fold would not see a class
            return usual.fit(X, y)
        folds = StratifiedKFold(3, shuffle=True, random_state=seed)
        return GridSearchCV(usual, {"C": [0.01, 0.1, 1.0, 10.0]}, cv=folds, scoring="neg_log_loss").fit(X, y)

    p = logistic(Y).predict_proba(Z) if Y.ndim == 1 else by_label(logistic, Z, Y)
    return Predictions(p, time.perf_counter() - began)


def mlp(found: TableSet, train: pd.DataFrame, test: pd.DataFrame, seed: int) -> Predictions:
    """Return what scikit-learn's network predicts with its defaults; above 5,000 rows it stops early."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    began = time.perf_counter()
    (X, Z), Y = as_numbers(found, train, test), truth_of(found, train, train)
    usual = {"random_state": seed, "early_stopping": len(X) > 5000}
    if found.task == "regression":
        mean, deviation = Y.mean(axis=0), Y.std(axis=0)
        network = MLPRegressor(**usual).fit(X, np.squeeze((Y - mean) / deviation))
        values = network.predict(Z).reshape(len(Z), -1) * deviation + mean
    else:
        values = MLPClassifier(**usual).fit(X, Y).predict_proba(Z)
    return Predictions(values, time.perf_counter() - began)


def boosting(found: TableSet, train: pd.DataFrame, test: pd.DataFrame, seed: int) -> Predictions:
    """Return what scikit-learn's histogram gradient boosting predicts with its defaults, categories as such."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    began, Y = time.perf_counter(), truth_of(found, train, train)
    X, Z = as_categories(found, train, test)
    usual: Any = {"random_state": seed, "categorical_features": "from_dtype"}
    if found.task == "regression":
        columns = [HistGradientBoostingRegressor(**usual).fit(X, y).predict(Z) for y in Y.T]
        values = np.column_stack(columns)
    elif Y.ndim == 1:
        values = HistGradientBoostingClassifier(**usual).fit(X, Y).predict_proba(Z)
    else:
        values = by_label(lambda y: HistGradientBoostingClassifier(**usual).fit(X, y), Z, Y)
    return Predictions(values, time.perf_counter() - began)


def as_categories(
    found: TableSet, train: pd.DataFrame, test: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return tables whose texts are categories, the most frequent ones of the first table; others are missing."""
    X, Z = (with_dates(table.drop(columns=list(found.targets))) for table in (train, test))
    for name in X:
        if not pd.api.types.is_numeric_dtype(X[name]):
            levels = X[name].value_counts().index[:MOST_LEVELS]
            X[name], Z[name] = (
                pd.Categorical(table[name].where(table[name].isin(levels)), categories=levels)
                for table in (X, Z)
            )
    return X, Z


def of_pytabkit(
    name: str, found: TableSet, train: pd.DataFrame, test: pd.DataFrame, seed: int
) -> Predictions:
    """Return what a model of pytabkit predicts with its tuned defaults, a label or an output at a time."""
    import pytabkit as known

    began, Y = time.perf_counter(), truth_of(found, train, train)
    X, Z = filled(*as_categories(found, train, test))
    regressor, classifier = (
        partial(getattr(known, f"{name}_{kind}"), random_state=seed, n_cv=1, n_threads=2)
        for kind in ("Regressor", "Classifier")
    )
    if found.task == "regression":
        values = np.column_stack([np.ravel(regressor().fit(X, y).predict(Z)) for y in Y.T])
    elif Y.ndim == 1:
        values = classifier().fit(X, Y).predict_proba(Z)
    else:
        values = by_label(lambda y: classifier().fit(X, y), Z, Y)
    return Predictions(values, time.perf_counter() - began)


def filled(X: pd.DataFrame, Z: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return tables whose gaps in numbers are the medians of the first, flagged by a column each."""
    gaps = [name for name in X if pd.api.types.is_numeric_dtype(X[name]) and X[name].isna().any()]
    flags = [{f"{name} missing": table[name].isna().astype(float) for name in gaps} for table in (X, Z)]
    medians = X.median(numeric_only=True).to_dict()
    first, other = (table.fillna(medians).assign(**flag) for table, flag in zip((X, Z), flags, strict=True))
    return first, other


MODELS: Mapping[str, Model] = {
    "chainrule": ours,
    "linear": linear,
    "mlp": mlp,
    "boosting": boosting,
    "realmlp": partial(of_pytabkit, "RealMLP_TD"),
    "tabm": partial(of_pytabkit, "TabM_D"),
}
"""By name; the last two need pytabkit."""

INSTALLED = [name for name in MODELS if name not in ("realmlp", "tabm") or find_spec("pytabkit")]
