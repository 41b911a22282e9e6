"""The tables that the default for tables is judged by: files of a folder, samples of scikit-learn, and made ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

import chainrule as cr
from benchmarks.made_tables import MADE

Split = tuple[pd.DataFrame, pd.DataFrame]


@dataclass(frozen=True)
class TableSet:
    """A table, what is to be predicted of it, and what must come out.

    Attributes:
        name: What ``--sets`` calls it.
        task: "regression", "classification" or "multilabel".
        targets: The columns to predict.
        split: Of a folder of data and a seed, the rows to learn from and those that judge.
        words: What the table of results calls it.
        goals: What each score must reach, means over seeds.
        seconds: What a training may take; 0 for no limit.
    """

    name: str
    task: str
    targets: tuple[str, ...]
    split: Callable[[Path, int], Split]
    words: str
    goals: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0


def apart(table: pd.DataFrame, seed: int, stratum: str | None = None) -> Split:
    """Return four fifths of a table and the rest, with equal shares of what stands in a column."""
    rng, strata = np.random.default_rng(seed), table[stratum] if stratum else pd.Series(0, table.index)
    held = np.zeros(len(table), bool)
    for _, rows in strata.groupby(strata).groups.items():
        held[rng.permutation(np.asarray(rows))[: round(0.2 * len(rows))]] = True
    return table[~held].reset_index(drop=True), table[held].reset_index(drop=True)


@cache
def read(path: Path) -> pd.DataFrame:
    """Return the table of a file, as text of a question mark is none."""
    return pd.read_csv(path, na_values=["?"])


@cache
def sample(name: str) -> pd.DataFrame:
    """Return a sample of scikit-learn; classes are texts."""
    table, _ = cr.load_table(name)
    return table.assign(target="kind " + table["target"].astype(str)) if name == "digits" else table


def california(folder: Path, seed: int) -> Split:
    """Return a split of California's houses."""
    return apart(read(folder / "california_housing/housing.csv"), seed)


def adult(folder: Path, seed: int) -> Split:
    """Return the census as it was split by who published it; a seed changes the training alone."""
    return read(folder / "adult/adult_train.csv.gz"), read(folder / "adult/adult_test.csv.gz")


def shoppers(folder: Path, seed: int) -> Split:
    """Return a split of visits to a shop."""
    return apart(read(folder / "online_shoppers/online_shoppers_intention.csv"), seed, "Revenue")


def energy(folder: Path, seed: int) -> Split:
    """Return a split of the energy that buildings need."""
    return apart(read(folder / "energy_efficiency/ENB2012.csv"), seed)


def yeast(folder: Path, seed: int) -> Split:
    """Return the genes as they were split by who published them; a seed changes the training alone."""
    return tuple(read(folder / f"yeast_multilabel/yeast-{part}.csv.gz") for part in ("train", "test"))  # type: ignore[return-value]


def of_sample(name: str) -> Callable[[Path, int], Split]:
    """Return the splits of a sample of scikit-learn."""
    return lambda folder, seed: apart(sample(name), seed, None if name == "diabetes" else "target")


def of_made(name: str) -> Callable[[Path, int], Split]:
    """Return the draws of a made table."""
    return lambda folder, seed: MADE[name].split(seed)


REAL = (
    TableSet(
        "california", "regression", ("median_house_value",), california, "California housing", {"r2": 0.835}, 40
    ),
    TableSet(
        "adult", "classification", ("income",), adult, "adult", {"accuracy": 0.869, "auc": 0.923}, 20
    ),
    TableSet(
        "shoppers", "classification", ("Revenue",), shoppers, "online shoppers", {"auc": 0.930}, 5
    ),
    TableSet("energy", "regression", ("Y1", "Y2"), energy, "energy efficiency", {"r2": 0.994}, 10),
    TableSet(
        "yeast", "multilabel", tuple(f"Class{i}" for i in range(1, 15)), yeast, "yeast",
        {"f1 at 0.5": 0.655, "f1": 0.68}, 10,
    ),
    TableSet("digits", "classification", ("target",), of_sample("digits"), "digits", {"accuracy": 0.982}, 3),
    TableSet("diabetes", "regression", ("target",), of_sample("diabetes"), "diabetes", {}, 3),
    TableSet("iris", "classification", ("target",), of_sample("iris"), "iris", {}, 2),
    TableSet("wine", "classification", ("target",), of_sample("wine"), "wine", {}, 3),
    TableSet(
        "breast_cancer", "classification", ("target",), of_sample("breast_cancer"), "breast cancer",
        {"accuracy": 0.976}, 3,
    ),
)  # fmt: skip
SETS = {found.name: found for found in REAL} | {
    name: TableSet(
        name, made.task, made.targets, of_made(name), f"{name}: {made.words}", {},
        10 if made.rows <= 5000 else 60,
    )
    for name, made in MADE.items()
}  # fmt: skip
"""By name."""
