"""What a linear model makes of the same features and rows: a network that does no better learned nothing of its own.

Classes are told apart by logistic regression, at the price on its weights that scikit-learn has by default:
``Σ loss + ½ price Σ W²`` (price = 1/C = 1). Numbers come from ridge regression with the same price,
``Σ (xW + b - y)² + price Σ W²`` (price = alpha), which has a closed form. The price does next to nothing to a table of
many rows, and keeps columns that say the same, or outnumber the rows, from blowing up.

Logistic regression has none: it is descended to by L-BFGS (Nocedal & Wright 2006, ch. 7), which begins each direction
with the inverse of a bound on the curvature, ``XᵀX / 4``, or ``/ 2`` for a softmax (Böhning 1992). A step costs two
products with the features, and few are needed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.data.target import Target
from chainrule.models.plan import OUTPUTS
from chainrule.nn.layers.dense import Dense
from chainrule.train.network import Network

STEPS, TOLERANCE = 200, 1e-6  # of the loss of a row, which a step is worth going for
CROSSED_STEPS, CROSSED_TOLERANCE = 80, 1e-5  # where linear models are many, and each judges a few rows
_DOUBLE = 2_000_000  # numbers, up to which a table is computed with in float64
_MOST_FOR_BOUND = 2_000  # rows that tell the curvature, where features are more than that squared could hold
_PAIRS = 10  # that L-BFGS remembers
_HALVINGS = 30
# folds that say which price is best where numbers times outputs are more; else all do
_TRIED, _CHEAP = 3, 200_000
# multiplications, for which no second core is woken, which may take a hundred times as long to come; and how many such
# parts a product is done in at most
_ALONE, _PARTS = 2**18, 64

Solve = Callable[[np.ndarray], np.ndarray]


def fit_linear(
    target: Target, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None, price: float = 1.0
) -> Network | None:
    """Return a linear model of features, shape (rows, features), and encoded targets; None where it finds none.

    >>> from chainrule.data.target import Target
    >>> x = np.linspace(-1, 1, 50)[:, None]
    >>> network = fit_linear(Target("binary", ("kind",), ("low", "high"), (0.5, 0.5)), x, (x[:, 0] > 0).astype(int))
    >>> bool(network.predict([[0.9]])[0, 0] > 0.9)
    True
    """
    return network_of(target, coefficients(target, X, y, weight, price))


def network_of(target: Target, found: np.ndarray) -> Network | None:
    """Return coefficients, shape (features + 1, outputs), the last of them the biases, as a network."""
    if not np.isfinite(found.astype(np.float32)).all():
        return None
    layer = Dense(found.shape[1], OUTPUTS[target.task])
    network = Network([layer], input_shape=(len(found) - 1,), seed=0)
    network.parameters["W1"], network.parameters["b1"] = found[:-1], found[-1]
    return network


def outputs_of(target: Target, X: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return what coefficients say of features, shape (rows, target.width)."""
    z = X.astype(np.float64) @ found[:-1] + found[-1]
    return z if target.task == "regression" else _chances(z, target.task == "multiclass")


def coefficients(
    target: Target, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None, price: float = 1.0
) -> np.ndarray:
    """Return the best coefficients at a price, shape (features + 1, outputs)."""
    return next(iter(_along(target, X, y, weight, [price])))


@dataclass(frozen=True, eq=False)
class Crossed:
    """A linear model at the price that is best in rows that it did not learn from.

    Attributes:
        price: That price.
        outputs: What those models say that did not learn from a row, shape (rows, outputs); NaN where all did.
    """

    price: float
    outputs: np.ndarray


def crossed(
    target: Target,
    X: np.ndarray,
    y: np.ndarray,
    weight: np.ndarray | None,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    prices: Sequence[float],
    losses: Callable[[np.ndarray], np.ndarray],
) -> Crossed:
    """Return the model of the best price, judged by folds: of each the rows to learn from, and those that judge.

    ``losses`` says what outputs, shape (rows, outputs), cost in each row.
    """
    said = np.full((len(prices), len(X), target.width), np.nan)

    def begun(wanted: Sequence[float], learn: np.ndarray) -> Iterator[np.ndarray]:
        some = None if weight is None else weight[learn]
        return _along(target, X[learn], y[learn], some, wanted, crossing=True)

    def cost(number: int) -> float:
        for path, (_, judge) in zip(paths, folds, strict=False):
            said[number, judge] = outputs_of(target, X[judge], next(path))
        found = float(np.nanmean(losses(said[number])))
        return found if np.isfinite(found) else np.inf

    closed = target.task == "regression"  # has a closed form, which takes as long at any price
    first = len(folds) if closed or X.size * target.width <= _CHEAP else _TRIED
    paths = [begun(prices, learn) for learn, _ in folds[:first]]
    costs = [cost(0)]
    while len(costs) < len(prices) and (closed or costs[-1] == min(costs)):
        costs.append(cost(len(costs)))  # of lower prices, which take longer, until one does worse
    best = int(np.argmin(costs))
    for learn, judge in folds[first:]:
        said[best, judge] = outputs_of(target, X[judge], next(begun([prices[best]], learn)))
    return Crossed(float(prices[best]), said[best])


def _along(
    target: Target,
    X: np.ndarray,
    y: np.ndarray,
    weight: np.ndarray | None,
    prices: Sequence[float],
    crossing: bool = False,
) -> Iterator[np.ndarray]:
    """Yield the coefficients at each price."""
    ends = (CROSSED_STEPS, CROSSED_TOLERANCE) if crossing else (STEPS, TOLERANCE)
    if target.task == "regression":
        yield from _ridge(X.astype(np.float64), y.reshape(len(y), -1).astype(np.float64), prices)
        return
    classes = target.width if target.task == "multiclass" else 0
    wanted = np.eye(classes)[y.astype(np.intp)] if classes else y.reshape(len(y), -1).astype(np.float64)
    kind = np.float64 if X.size <= _DOUBLE else np.float32
    X = np.column_stack([X, np.ones(len(X))]).astype(kind)
    counts = np.ones((len(X), 1)) if weight is None else weight.reshape(-1, 1).astype(np.float64)
    found = np.zeros((X.shape[1], wanted.shape[1]))
    for price in prices:
        solve = _bound(X, counts, price, 0.5 if classes else 0.25)
        found = _descended(X, wanted, counts, price, bool(classes), solve, found, *ends)
        yield found


def _ridge(X: np.ndarray, y: np.ndarray, prices: Sequence[float]) -> Iterator[np.ndarray]:
    middle, mean = X.mean(axis=0), y.mean(axis=0)
    X, y = X - middle, y - mean
    wide = X.shape[1] > len(X)
    products, right = (X @ X.T, y) if wide else (X.T @ X, X.T @ y)
    for price in prices:
        W = np.linalg.solve(products + price * np.eye(len(products)), right)
        W = X.T @ W if wide else W
        yield np.vstack([W, mean - middle @ W])


def _bound(X: np.ndarray, counts: np.ndarray, price: float, share: float) -> Solve:
    """Return what divides by a bound on the curvature."""
    rows, width = X.shape
    if width <= _MOST_FOR_BOUND // 2 or width <= rows // 50:
        weighed = X * counts.astype(X.dtype)
        products = [weighed[part].T @ X[part] for part in _blocks(X, width)]
        found = np.asarray(share * np.sum(products, axis=0, dtype=np.float64))
        found[np.diag_indices(width)] += price + 1e-9 * np.trace(found) / width
        found[-1, -1] -= 0.999 * price  # biases cost nothing
        inverse = np.linalg.inv(found)
        return lambda g: inverse @ g
    some = X[:: -(-rows // _MOST_FOR_BOUND)].astype(np.float64)
    scale = share * float(counts.sum()) / len(some)
    inner = np.linalg.inv(some @ some.T + price / scale * np.eye(len(some)))  # Woodbury
    return lambda g: (g - some.T @ (inner @ (some @ g))) / price


def _descended(
    X: np.ndarray,
    wanted: np.ndarray,
    counts: np.ndarray,
    price: float,
    softmax: bool,
    solve: Solve,
    W: np.ndarray,
    steps: int,
    tolerance: float,
) -> np.ndarray:
    """Return the coefficients of the least loss, from some others on."""
    prices = np.full((len(W), 1), price)
    prices[-1] = 0.0
    wanted = np.asfortranarray(wanted)
    z = _product(X, W)
    total, chances = _weighed(z, wanted, counts, W, prices, softmax)
    least = tolerance * float(counts.sum())
    pairs: list[tuple[np.ndarray, np.ndarray]] = []
    before = None
    for _ in range(steps):
        gradient = _transposed(X, counts * (chances - wanted)) + prices * W
        if before is not None:
            change = gradient - before[1]
            if (change * before[0]).sum() > 0:
                pairs = [*pairs[1 - _PAIRS :], (before[0], change)]
        towards = -_divided(gradient, pairs, solve)
        worth = -float((towards * gradient).sum())
        if not worth > least:
            break
        step_z, share = _product(X, towards), 1.0
        for _ in range(_HALVINGS):
            after, there = _weighed(z + share * step_z, wanted, counts, W + share * towards, prices, softmax)
            if after <= total - 1e-4 * share * worth:
                break
            share /= 2
        else:
            break
        W, z, total, chances = W + share * towards, z + share * step_z, after, there
        before = share * towards, gradient
    return W


def _divided(
    gradient: np.ndarray, pairs: Sequence[tuple[np.ndarray, np.ndarray]], solve: Solve
) -> np.ndarray:
    """Return the gradient over the curvature that pairs of a step and its change of the gradient show."""
    found, shares = gradient, []
    for step, change in reversed(pairs):
        shares.append(float(np.vdot(step, found) / np.vdot(step, change)))
        found = found - shares[-1] * change
    found = solve(found)
    for step, change in pairs:
        found = found + (shares.pop() - float(np.vdot(change, found) / np.vdot(step, change))) * step
    return found


def _blocks(X: np.ndarray, outputs: int) -> list[slice]:
    """Return pieces of the rows, each of which one core does; all of them where they would be many."""
    rows, width = X.shape
    size = max(1, _ALONE // (width * outputs))
    size = size if rows <= _PARTS * size else rows
    return [slice(begin, begin + size) for begin in range(0, rows, size)]


def _product(X: np.ndarray, W: np.ndarray) -> np.ndarray:
    """Return what weights make of rows, output after output in memory: what is summed over outputs is so in one go."""
    W = W.astype(X.dtype)
    parts = [W.T @ X[part].T for part in _blocks(X, W.shape[1])]
    return np.concatenate(parts, axis=1).T.astype(np.float64)


def _transposed(X: np.ndarray, slope: np.ndarray) -> np.ndarray:
    slope = slope.astype(X.dtype)
    parts = [X[part].T @ slope[part] for part in _blocks(X, slope.shape[1])]
    return np.sum(parts, axis=0).astype(np.float64)


def _chances(z: np.ndarray, softmax: bool) -> np.ndarray:
    if not softmax:
        return np.asarray(0.5 * (1 + np.tanh(z / 2)))
    z = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(z / z.sum(axis=1, keepdims=True))


def _weighed(
    z: np.ndarray, wanted: np.ndarray, counts: np.ndarray, W: np.ndarray, prices: np.ndarray, softmax: bool
) -> tuple[float, np.ndarray]:
    """Return the loss of all rows with the price of the weights, and the chances."""
    if softmax:
        z = z - z.max(axis=1, keepdims=True)
        chances = np.exp(z)
        sums = chances.sum(axis=1, keepdims=True)
        loss = (counts[:, 0] * (np.log(sums[:, 0]) - (wanted * z).sum(axis=1))).sum()
        chances /= sums
    else:
        chances = _chances(z, softmax)
        loss = (counts * (np.logaddexp(0, z) - wanted * z)).sum()
    return float(loss + 0.5 * (prices * W * W).sum()), chances
