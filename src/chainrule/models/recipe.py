"""The recipe: what suits a table of which nothing else is known. All its rules, as functions of rows, inputs and task.

It was found by trying and is explained, with what each part brings, in ``docs/recipe.md``:

- Bins beside each column of numbers (Gorishniy et al. 2022), more of them where rows are many: :func:`recipe_for`.
- Networks on folds of the rows, which decide together: each row teaches most of them, and what the others say of it
  is what it would be like to have never seen it. All that follows is chosen by such out-of-fold predictions.
- One best epoch for all folds where rows are few, since that of each fold would flatter it: :func:`best_epoch`.
- A logarithm of what is predicted, where networks that learn that are the better ones: :func:`has_logarithm`.
- A share for the linear model, and more of it the less sure it is that networks are better: :func:`share_of_networks`.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

MEMBERS, MOST_MEMBERS = 8, 32  # usually, and where there is time
FEWEST_EPOCHS = 5  # in which a network learns anything at all
DECAY = 0.02  # of AdamW
TRIED = 2  # folds that say which variant of networks is the best
TWICE = 4  # of so many folds a second network learns from one, where intervals ask how much nearer all of them are
FEW = 5_000  # rows, up to which all folds have one best epoch
FEWEST_FOR_MEMBERS = 4  # rows that each fold judges, at least
FEWEST_BINS, ROWS_A_BIN, MOST_INPUTS = 3, 8, 1024
FEWEST_FOR_LOGARITHM = 100  # rows; fewer cannot tell which is better
SKEWED = 0.75  # the third moment of what is predicted, from which on its logarithm is tried
TOGETHER = 2.0  # times as good as one network several are, beside which the linear model is weighed
SURE = 4.0  # standard errors by which networks are better, from which on they decide alone
ROWS_A_COLUMN = 10  # of a linear model; where they are fewer, a few rows more ask for another price by far
PRICES = {  # of the weights of a linear model
    "regression": tuple(np.logspace(-2, 4, 13).tolist()),
    "few": (1000.0, 100.0, 10.0, 1.0, 0.1),
    "many": (10.0, 1.0),
}
_TINY = 1e-7  # a probability that was given to what happened counts as no less
_ROUNDING = 1e-9  # of a cost
_SHARES = np.linspace(0, 1, 101)
_LEAST_SHARE = 0.03


@dataclass(frozen=True)
class Recipe:
    """What suits a table.

    Attributes:
        bins: How many each column of numbers has.
        hidden: The units of each hidden layer.
        dropout: The share of them left out in a step.
        batch_size: How many rows a step learns from.
        epochs: How often all rows are seen while the learning rate falls to 0, along half a cosine.
        learning_rate: The one to begin with.
    """

    bins: int
    hidden: tuple[int, ...]
    dropout: float
    batch_size: int
    epochs: int
    learning_rate: float = 2e-3


def members_for(rows: int, parts: int | None = None) -> int:
    """Return how many networks learn from folds of so many rows, which fall in so many parts that stay together.

    >>> members_for(1000), members_for(20), members_for(3), members_for(1000, parts=5)
    (8, 5, 1, 5)
    """
    return max(1, min(MEMBERS, rows // FEWEST_FOR_MEMBERS, rows if parts is None else parts))


def recipe_for(rows: int, columns: int, task: str) -> Recipe:
    """Return what suits so many rows to learn from, with so many columns of numbers.

    >>> recipe_for(150, 4, "multiclass")
    Recipe(bins=18, hidden=(64, 64), dropout=0.2, batch_size=16, epochs=80, learning_rate=0.002)
    >>> recipe_for(30_000, 6, "regression").bins
    48
    """
    bins = min(24 if rows <= 10_000 else 48, MOST_INPUTS // max(columns, 1), rows // ROWS_A_BIN)
    sizes = {300: 16, 2_000: 32, FEW: 64, 20_000: 128}
    batch = next((size for most, size in sizes.items() if rows <= most), 256)
    seen = (4_000 if rows <= 10_000 else 6_000) * batch / max(rows, 1)
    number = task == "regression"
    return Recipe(
        bins=bins if bins >= FEWEST_BINS else 0,
        hidden=(64, 64) if rows <= 1_000 else (128, 128),
        dropout=0.2 if not number else 0.1 if rows > FEW else 0.0,
        batch_size=batch,
        epochs=int(np.clip(seen, 20, 200) if number else np.clip(0.35 * seen, 12, 80)),
    )


def patience_for(epochs: int) -> int:
    """Return how many epochs without a better one are waited for: the rate falls, and the last are often the best.

    >>> patience_for(80), patience_for(12)
    (40, 8)
    """
    return max(8, epochs // 2)


def within(seconds: float, epoch: float, cores: int, epochs: int, members: int, most: int) -> tuple[int, int]:
    """Return how many networks, from ``members`` to ``most``, and how many epochs of each there is time for.

    ``epoch`` is how many seconds an epoch of one takes. Where time is short epochs are fewer, and then networks.

    >>> within(100.0, epoch=0.1, cores=2, epochs=50, members=8, most=32)
    (32, 50)
    >>> within(20.0, 0.1, 2, 50, 8, 8), within(10.0, 0.1, 2, 50, 8, 32), within(2.0, 0.1, 2, 50, 8, 32)
    ((8, 40), (8, 20), (6, 5))
    """
    many = 0.8 * seconds * cores / max(epoch, 1e-9)  # epochs of one network; a fifth is for the rest
    if many >= members * epochs:
        return max(members, min(most, int(many // epochs))), epochs
    if many < members * FEWEST_EPOCHS:
        members = max(1, min(members, int(many // FEWEST_EPOCHS)))
    return members, max(1, min(epochs, int(many // members)))


def variants_for(bins: int, few: bool, logarithm: bool) -> list[tuple[int, bool]]:
    """Return which networks are worth a trial, the usual ones first: how many bins, and whether they learn a logarithm.

    Where rows are few, some without bins are tried; and those that learn the logarithm, where there is one.

    >>> variants_for(24, few=True, logarithm=True), variants_for(48, few=False, logarithm=False)
    ([(24, False), (0, False), (24, True)], [(48, False)])
    """
    return [(bins, False), *[(0, False)] * (bins > 0 and few), *[(bins, True)] * logarithm]


def row_losses(task: str, truth: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Return what outputs cost in each row: squares of standardised numbers, or the log loss.

    Outputs may have axes in front of (rows, outputs), such as epochs; truth is what the network learns, for each row.

    >>> row_losses("binary", np.array([0, 1]), np.array([[0.5], [1.0]])).round(3).tolist()
    [0.693, -0.0]
    """
    if task == "regression":
        return np.asarray(((outputs - truth.reshape(len(truth), -1)) ** 2).mean(axis=-1))
    if task == "multiclass":
        chances = np.take_along_axis(outputs, np.broadcast_to(truth[:, None], (*outputs.shape[:-1], 1)), -1)
        return -np.log(np.clip(chances, _TINY, 1))[..., 0]
    yes = truth.reshape(len(truth), -1) > 0.5
    return -np.log(np.clip(np.where(yes, outputs, 1 - outputs), _TINY, 1)).mean(axis=-1)


def best_epoch(curve: np.ndarray) -> int:
    """Return the epoch, from 0, whose value is the least; NaN is none.

    >>> best_epoch(np.array([3.0, np.nan, 1.0, 2.0]))
    2
    """
    return int(np.nanargmin(curve)) if np.isfinite(curve).any() else 0


def has_logarithm(numbers: np.ndarray) -> bool:
    """Say whether the logarithm of numbers to be predicted, shape (rows, columns), is worth a trial.

    >>> incomes = np.exp(np.random.default_rng(0).normal(size=(100, 1)))
    >>> has_logarithm(incomes), has_logarithm(-incomes), has_logarithm(np.arange(1.0, 200)[:, None])
    (True, False, False)
    """
    if len(numbers) < FEWEST_FOR_LOGARITHM or not (numbers > 0).all():
        return False
    scaled = (numbers - numbers.mean(axis=0)) / np.maximum(numbers.std(axis=0), 1e-300)
    return bool(((scaled**3).mean(axis=0) > SKEWED).any())


def share_of_networks(
    task: str,
    truth: np.ndarray,
    networks: np.ndarray,
    linear: np.ndarray,
    weight: np.ndarray | None = None,
    blocks: np.ndarray | None = None,
) -> float:
    """Return how much networks say in a mixture with a linear model, from 0 to 1; the linear model says the rest.

    It is the share that is best in rows that neither had seen, at odds that are twice as large: of those rows each has
    what one network says, and of new ones all of them say something, which is less far off. That alone is luck where
    rows are few, and would leave the mixture worse than the linear model now and then: so it is all of that share only
    where the mixture is better by four standard errors of the difference, and in proportion below.

    Some rows cannot show what has not happened yet: networks that were right in each of a hundred may be wrong, and
    quite sure of it, in the next. So one more counts, in which they are the worst beside the linear model: of numbers
    that row once more; of classes the one in which another answer, which that model finds likelier than they do, would
    cost them the most.

    Args:
        task: What is predicted.
        truth: What the network learns, for each row.
        networks: What networks say of rows that they did not learn from.
        linear: What linear models say of them.
        weight: What each row counts for; None where all are equal.
        blocks: For each row the number of those that it is like, such as a patient's: what is gained in one of them is
            gained in all, so that they tell little more than one. None where each row is its own.
    """
    if not np.isfinite(row_losses(task, truth, linear)).all():
        return 1.0
    count = np.ones(len(truth)) if weight is None else weight / weight.mean()
    other = truth
    if task == "multiclass":
        other = (linear / np.maximum(networks, _TINY)).argmax(axis=1)
    elif task != "regression":
        other = (linear > networks).reshape(truth.shape)
    worst = np.argmax(row_losses(task, other, networks) - row_losses(task, other, linear))
    truth = np.concatenate([truth, other[[worst]]])
    networks, linear = (np.concatenate([each, each[[worst]]]) for each in (networks, linear))
    if blocks is not None:
        blocks = np.append(blocks, blocks.max() + 1)
    count = np.append(count, 1.0 if blocks is None else (len(truth) - 1) / (len(np.unique(blocks)) - 1))
    losses = partial(row_losses, task, truth)
    alone = losses(linear)
    costs = np.array([count @ losses(share * networks + (1 - share) * linear) for share in _SHARES])
    first = np.argmax(costs <= costs.min() + _ROUNDING * costs[0])  # of equal ones the simpler
    share = float(_SHARES[first])
    mean, error = mean_and_error(alone - losses(share * networks + (1 - share) * linear), count, blocks)
    sure = float(np.clip(mean / (SURE * error), 0, 1)) if error > 0 else 0.0
    share = TOGETHER * share / (1 + (TOGETHER - 1) * share) * sure
    return 0.0 if share < _LEAST_SHARE else 1.0 if share > 1 - _LEAST_SHARE else share


def is_better(
    usual: np.ndarray, other: np.ndarray, weight: np.ndarray | None, blocks: np.ndarray | None
) -> bool:
    """Say whether another kind of network is better by a standard error, of what both cost in the same rows.

    Rows that either does not know are NaN; ``weight`` and ``blocks`` are those of :func:`share_of_networks`.

    >>> costs = np.linspace(1, 2, 100)
    >>> is_better(costs, costs - 0.1, None, None), is_better(costs, costs[::-1] - 0.01, None, None)
    (True, False)
    """
    gain = usual - other
    known = np.isfinite(gain)
    if not known.any():
        return bool(np.isnan(usual).all() and not np.isnan(other).all())
    count = np.ones(len(gain)) if weight is None else weight
    mean, error = mean_and_error(gain[known], count[known], None if blocks is None else blocks[known])
    return mean > error


def mean_and_error(gain: np.ndarray, count: np.ndarray, blocks: np.ndarray | None) -> tuple[float, float]:
    """Return the mean of what is gained in each row, and its standard error; rows of a block tell it together."""
    mean = float(np.average(gain, weights=count))
    off = count * (gain - mean)
    sums = off if blocks is None else np.bincount(blocks, off)
    return mean, float(np.sqrt((sums**2).sum()) / count.sum())
