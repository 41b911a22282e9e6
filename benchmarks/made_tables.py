"""Tables that are made, each with a trouble of its own, so that a default is judged by more than a few famous tables.

Each function takes a generator and a number of rows and returns a table whose targets are named as :data:`MADE` says.
Nothing in the library knows of them, and no rule of it was chosen by them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

TEST_ROWS = 4000  # what is made costs nothing: scores without luck


@dataclass(frozen=True)
class Made:
    """A table that can be made.

    Attributes:
        make: Of a generator and a number of rows, the table.
        rows: How many there are to learn from.
        task: "regression", "classification" or "multilabel".
        words: What is special to it.
        targets: The columns to predict.
        tested: How many rows judge.
    """

    make: Callable[[np.random.Generator, int], pd.DataFrame]
    rows: int
    task: str
    words: str
    targets: tuple[str, ...] = ("y",)
    tested: int = TEST_ROWS

    def split(self, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the rows to learn from and those that judge, of a seed."""
        whole = self.make(np.random.default_rng([seed, 15]), self.rows + self.tested)
        return whole[: self.rows].reset_index(drop=True), whole[self.rows :].reset_index(drop=True)


def named(X: np.ndarray, **others: object) -> pd.DataFrame:
    """Return columns x0, x1, ... and others."""
    return pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])]).assign(**others)


def yes(rng: np.random.Generator, logit: np.ndarray) -> np.ndarray:
    """Return "yes" or "no", drawn by the probability of a logit."""
    return np.where(rng.random(len(logit)) < 1 / (1 + np.exp(-logit)), "yes", "no")


def zero_inflated(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Three amounts that are 0 in nine of ten rows, and say most where they are not."""
    amounts = np.where(rng.random((n, 3)) < 0.92, 0.0, np.round(rng.lognormal(7, 1, (n, 3))))
    X = rng.standard_normal((n, 4))
    logit = (
        -1.2 + X[:, 0] + 3.5 * ((amounts[:, 0] > 900) & (amounts[:, 0] < 3000)) - 2.5 * (amounts[:, 1] > 0)
    )
    return named(X, gain=amounts[:, 0], loss=amounts[:, 1], fee=amounts[:, 2], y=yes(rng, logit))


def wide_numbers(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Three hundred inputs, ten of which count, and as many rows."""
    X = rng.standard_normal((n, 300))
    return named(X, y=X[:, :10] @ np.linspace(1, 0.3, 10) + rng.normal(0, 1, n))


def wide_classes(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Five hundred inputs that come from eight causes, and two hundred rows."""
    causes, mixing = rng.standard_normal((n, 8)), np.random.default_rng(1).standard_normal((8, 500))
    X = causes @ mixing + 2 * rng.standard_normal((n, 500))
    return named(X, y=yes(rng, 2 * causes[:, 0] - 1.5 * causes[:, 1]))


def five_outputs(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Five numbers to predict: straight, bent, folded, of an interaction, and of noise."""
    X = rng.uniform(-1, 1, (n, 8))
    a, b, c, d = X[:, 0], X[:, 1], X[:, 2], X[:, 3]
    targets = [2 * a - b, np.sin(4 * a) + c, np.abs(b) * 3, a * b * 4 + d, 0.5 * c + rng.normal(0, 0.5, n)]
    return named(X, **{f"y{i}": t + rng.normal(0, 0.2, n) for i, t in enumerate(targets)})


def rare(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Two rows in a hundred are of the class that is looked for."""
    X, shop = rng.standard_normal((n, 8)), rng.choice(list("abcdef"), n)
    risk = 1.6 * X[:, 0] + 1.2 * np.maximum(X[:, 1], 0) * X[:, 2] + 1.5 * (shop == "c")
    risk += rng.logistic(0, 0.7, n)
    return named(X, shop=shop, y=np.where(risk > np.quantile(risk, 0.98), "yes", "no"))


def categories(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """A column of three hundred names, some rare, each of which moves the number to predict."""
    effect = np.random.default_rng(2).normal(0, 2, 300)
    which = np.minimum(rng.exponential(60, n).astype(int), 299)
    X = rng.standard_normal((n, 4))
    y = effect[which] + X[:, 0] + np.where(which % 2, 1.0, -1.0) * X[:, 1] + rng.normal(0, 0.7, n)
    return named(X, town=[f"town {i}" for i in which], y=y)


def noise(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Twenty columns that have nothing to do with the number to predict."""
    return named(rng.standard_normal((n, 20)), kind=rng.choice(list("abc"), n), y=rng.standard_normal(n))


def noise_classes(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Twenty columns that have nothing to do with the class."""
    return named(
        rng.standard_normal((n, 20)), kind=rng.choice(list("abc"), n), y=rng.choice(["yes", "no"], n)
    )


def steps(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """A number that jumps where columns cross thresholds: what trees are made for."""
    X = rng.uniform(0, 10, (n, 6))
    y = 3.0 * (X[:, 0] > 3.3) - 2.0 * (X[:, 1] > 7.1) * (X[:, 0] < 5) + 1.5 * np.floor(X[:, 2] / 2)
    return named(X, y=y + rng.normal(0, 0.4, n))


def periodic(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """A number that goes up and down several times over the range of a column."""
    X = rng.uniform(0, 1, (n, 5))
    y = np.sin(2 * np.pi * 4 * X[:, 0]) + 0.5 * np.cos(2 * np.pi * 2 * X[:, 1]) + X[:, 2]
    return named(X, y=y + rng.normal(0, 0.2, n))


def interactions(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Nothing in a column alone, all in products of two and in which of two are alike."""
    X = rng.standard_normal((n, 10))
    same = rng.integers(0, 2, (n, 2))
    logit = 1.5 * X[:, 0] * X[:, 1] + 1.0 * X[:, 2] * X[:, 3] + np.where(same[:, 0] == same[:, 1], 1.2, -1.2)
    return named(
        X, a=np.where(same[:, 0], "left", "right"), b=np.where(same[:, 1], "up", "down"), y=yes(rng, logit)
    )


def heavy_tails(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Inputs with far outliers, and a price: positive and skewed."""
    X = rng.standard_t(1.5, (n, 6))
    worth = 0.8 * np.arctan(X[:, 0]) + 0.5 * np.sign(X[:, 1]) + 0.3 * np.arctan(X[:, 2]) ** 2
    return named(X, y=100 * np.exp(worth + rng.normal(0, 0.3, n)))


def tiny_numbers(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Thirty rows and a straight line."""
    X = rng.standard_normal((n, 4))
    return named(X, y=2 * X[:, 0] - X[:, 1] + rng.normal(0, 0.7, n))


def tiny_classes(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Thirty rows of three kinds."""
    which = rng.integers(0, 3, n)
    X = rng.standard_normal((n, 4)) + 1.5 * np.eye(3, 4)[which]
    return named(X, y=np.array(["red", "green", "blue"])[which])


def hardly_varied(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Columns of nearly one value, copies of a column, one constant: little says anything, and it is linear."""
    X = rng.standard_normal((n, 4))
    rarely = (rng.random((n, 6)) < 0.01).astype(float)
    table = named(np.column_stack([X, rarely]), copy=X[:, 0] * 2 + 1, twin=X[:, 0], always=7.0)
    return table.assign(y=yes(rng, 1.2 * X[:, 0] - 0.8 * X[:, 1] + 2 * rarely[:, 0]))


def ordinal(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """A questionnaire: twenty answers from 1 to 5, which come from three attitudes, and a mark from 1 to 10."""
    attitude, load = rng.standard_normal((n, 3)), np.random.default_rng(3).uniform(0.4, 1.2, (3, 20))
    mask = np.arange(20) % 3 == np.arange(3)[:, np.newaxis]
    X = np.clip(np.round(3 + attitude @ (load * mask) + 0.7 * rng.standard_normal((n, 20))), 1, 5).astype(int)
    mark = 5.5 + 1.5 * attitude[:, 0] + np.maximum(attitude[:, 1], 0) * 1.5 + rng.normal(0, 0.8, n)
    return named(X, y=np.clip(np.round(mark), 1, 10).astype(int))


def gaps(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Cells are missing, and that they are says something."""
    X = rng.standard_normal((n, 6))
    table = named(X, y=yes(rng, 1.3 * X[:, 0] - X[:, 1] + 0.8 * X[:, 2] * X[:, 3]))
    asked = rng.random(n) < np.where(table["y"] == "yes", 0.75, 0.35)
    table["x0"] = table["x0"].where(rng.random(n) < 0.8)
    return table.assign(x1=table["x1"].where(asked), x2=table["x2"].where(X[:, 2] < 1.0))


def many_classes(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Thirty kinds, some of them in two places."""
    places = np.random.default_rng(4).normal(0, 1.6, (45, 10))
    which = rng.integers(0, 45, n)
    X = places[which] + rng.standard_normal((n, 10))
    return named(X, y=[f"kind {i % 30}" for i in which])


def straight(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """A straight line under much noise: nothing to win, something to lose."""
    X, town = rng.standard_normal((n, 10)), rng.integers(0, 6, n)
    y = X @ np.linspace(1, -1, 10) + 0.5 * town + rng.normal(0, 2, n)
    return named(X, town=np.array(list("abcdef"))[town], y=y)


def friedman(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """The first function of Friedman (1991): five columns of ten count."""
    X = rng.uniform(0, 1, (n, 10))
    y = 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2 + 10 * X[:, 3] + 5 * X[:, 4]
    return named(X, y=y + rng.standard_normal(n))


def counts(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """How often something happens: whole numbers, many of them 0, whose spread grows with them."""
    X, day = rng.standard_normal((n, 5)), rng.integers(0, 7, n)
    rate = np.exp(0.6 * X[:, 0] - 0.4 * np.abs(X[:, 1]) + 0.7 * (day >= 5))
    return named(X, day=np.array(["mo", "tu", "we", "th", "fr", "sa", "su"])[day], y=rng.poisson(rate))


def spread(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """The noise is five times as wide at one end as at the other: intervals are to cover all the same."""
    X = rng.uniform(0, 1, (n, 5))
    return named(X, y=3 * X[:, 0] + np.sin(6 * X[:, 1]) + rng.normal(0, 1, n) * (0.2 + 0.8 * X[:, 2]))


def spiral(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Two spirals, and six columns that say nothing."""
    t, side = 3 * np.pi * np.sqrt(rng.random(n)), rng.integers(0, 2, n)
    turned = t + np.pi * side
    X = np.column_stack([t * np.cos(turned), t * np.sin(turned)]) + 0.4 * rng.standard_normal((n, 2))
    return named(np.column_stack([X, rng.standard_normal((n, 6))]), y=np.where(side, "in", "out"))


def labels(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Six labels at once, some of which come together, one of them rare."""
    X = rng.standard_normal((n, 12))
    first = X[:, 0] + 0.7 * X[:, 1] * X[:, 2] + rng.logistic(0, 0.5, n) > 0
    logits = [X[:, 3], 2 * first - 1 + X[:, 4], np.abs(X[:, 5]) * 2 - 2, X[:, 6] - X[:, 7], X[:, 8] - 3]
    others = {f"label{i + 1}": (rng.logistic(0, 0.5, n) < z).astype(int) for i, z in enumerate(logits)}
    return named(X, label0=first.astype(int), **others)


def outliers(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """One row in five hundred has a slip of the pen in one of its cells, a million times too large."""
    table = friedman(rng, n)
    for name in ("x0", "x3", "x4"):
        table.loc[rng.random(n) < 0.002, name] *= 1e6
    return table


def sparse_counts(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Sixty counts of words, mostly 0, of four subjects: what counts is which, and how often."""
    which = rng.integers(0, 4, n)
    rate = np.random.default_rng(5).gamma(0.3, 1.0, (4, 60))
    return named(
        rng.poisson(rate[which] * rng.uniform(0.1, 0.5, (n, 1))), y=np.array(["a", "b", "c", "d"])[which]
    )


def customers(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Ten visits of each customer, who has a taste of his own; what judges are other customers."""
    who = np.arange(n) // 10
    taste, age = rng.normal(0, 1, n)[who], rng.integers(18, 80, n)[who]
    X = rng.standard_normal((n, 4))
    y = 30 + 0.1 * age + 2 * X[:, 0] + np.abs(X[:, 1]) + 3 * taste + rng.normal(0, 0.7, n)
    return named(X, customer=[f"C{i * 7919 % 100_003:06d}" for i in who], age=age, y=y)


def sales(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """A number for each day, with a season, weekends and a trend; what judges are the last days."""
    days = pd.date_range("2019-01-01", periods=n, freq="D")
    X, t = rng.standard_normal((n, 3)), np.arange(n)
    season = 10 * np.sin(2 * np.pi * t / 365.25) + 6 * (days.day_of_week >= 5)
    y = 50 + 0.01 * t + season + 4 * X[:, 0] + 2 * np.abs(X[:, 1]) + rng.normal(0, 2, n)
    return named(X, day=days.strftime("%Y-%m-%d"), y=y)


def large(rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Fifty thousand rows of twenty columns: what time it takes."""
    X, kind = rng.standard_normal((n, 18)), rng.integers(0, 12, (n, 2))
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + np.abs(X[:, 3]) + 0.3 * kind[:, 0] * (X[:, 4] > 0)
    letters = np.array(list("abcdefghijkl"))
    return named(X, k0=letters[kind[:, 0]], k1=letters[kind[:, 1]], y=y + rng.normal(0, 0.5, n))


MADE = {
    "zero_inflated": Made(zero_inflated, 2000, "classification", "amounts that are mostly 0"),
    "wide_numbers": Made(wide_numbers, 300, "regression", "300 inputs, 300 rows"),
    "wide_classes": Made(wide_classes, 200, "classification", "500 inputs, 200 rows"),
    "five_outputs": Made(five_outputs, 1500, "regression", "5 outputs", tuple(f"y{i}" for i in range(5))),
    "rare": Made(rare, 3000, "classification", "a class of 2 %", tested=10_000),
    "categories": Made(categories, 2500, "regression", "300 categories"),
    "noise": Made(noise, 600, "regression", "all columns noise"),
    "noise_classes": Made(noise_classes, 600, "classification", "all columns noise"),
    "steps": Made(steps, 1500, "regression", "steps"),
    "periodic": Made(periodic, 1500, "regression", "waves"),
    "interactions": Made(interactions, 2500, "classification", "interactions alone"),
    "heavy_tails": Made(heavy_tails, 1500, "regression", "far outliers, a skewed target"),
    "tiny_numbers": Made(tiny_numbers, 30, "regression", "30 rows"),
    "tiny_classes": Made(tiny_classes, 30, "classification", "30 rows, 3 classes"),
    "hardly_varied": Made(hardly_varied, 800, "classification", "columns of nearly one value"),
    "ordinal": Made(ordinal, 1000, "regression", "a questionnaire"),
    "gaps": Made(gaps, 1500, "classification", "gaps that say something"),
    "many_classes": Made(many_classes, 3000, "classification", "30 classes"),
    "straight": Made(straight, 500, "regression", "a straight line in noise"),
    "friedman": Made(friedman, 1000, "regression", "Friedman's first function"),
    "counts": Made(counts, 1500, "regression", "counts"),
    "spread": Made(spread, 2000, "regression", "noise of unequal width"),
    "spiral": Made(spiral, 1000, "classification", "two spirals"),
    "labels": Made(labels, 1500, "multilabel", "6 labels", tuple(f"label{i}" for i in range(6))),
    "outliers": Made(outliers, 1000, "regression", "slips of the pen"),
    "sparse_counts": Made(sparse_counts, 800, "classification", "60 counts of words"),
    "customers": Made(customers, 2000, "regression", "other customers judge"),
    "sales": Made(sales, 1500, "regression", "later days judge", tested=400),
    "large": Made(large, 50_000, "regression", "50,000 rows", tested=10_000),
}
"""By name."""
