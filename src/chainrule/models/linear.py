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
from chainrule.nn.layers.dense import Dense
from chainrule.train.network import Network

STEPS, TOLERANCE = 200, 1e-6  # of the loss of a row, which a step is worth going for
CROSSED_STEPS, CROSSED_TOLERANCE = 80, 1e-5  # where linear models are many, and each judges a few rows
OUTPUTS = {"binary": "sigmoid", "multilabel": "sigmoid", "multiclass": "softmax"}
_DOUBLE = 2_000_000  # numbers, up to which a table is computed with in float64
_MOST_FOR_BOUND = 2_000  # rows that tell the curvature, where features are more than that squared could hold
_PAIRS = 10  # that L-BFGS remembers
_HALVINGS = 30
_TRIED, _CHEAP = (
    3,
    200_000,
)  # folds that say which price is best where a table holds more numbers; else all do
_ALONE = 2**18  # multiplications, for which no second core is woken

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
    layer = Dense(found.shape[1], OUTPUTS.get(target.task))
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

    def cross(numbers: Sequence[int], folds: Sequence[tuple[np.ndarray, np.ndarray]]) -> None:
        wanted = [prices[number] for number in numbers]
        for learn, judge in folds:
            some = None if weight is None else weight[learn]
            for number, found in zip(
                numbers, _along(target, X[learn], y[learn], some, wanted, crossing=True), strict=True
            ):
                said[number, judge] = outputs_of(target, X[judge], found)

    tried = range(len(prices))
    first = len(folds) if target.task == "regression" or X.size <= _CHEAP else _TRIED
    cross(tried, folds[:first])
    best = min(tried, key=lambda number: float(np.nanmean(losses(said[number]))))
    cross([best], folds[first:])
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
        found = share * ((X * counts.astype(X.dtype)).T @ X).astype(np.float64)
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
    z = _product(X, W)
    least, total = tolerance * float(counts.sum()), _total(z, wanted, counts, W, prices, softmax)
    pairs: list[tuple[np.ndarray, np.ndarray]] = []
    before = None
    for _ in range(steps):
        slope = counts * (_chances(z, softmax) - wanted)
        gradient = _transposed(X, slope) + prices * W
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
            after = _total(z + share * step_z, wanted, counts, W + share * towards, prices, softmax)
            if after <= total - 1e-4 * share * worth:
                break
            share /= 2
        else:
            break
        W, z, total = W + share * towards, z + share * step_z, after
        before = share * towards, gradient
    return W


def _divided(
    gradient: np.ndarray, pairs: Sequence[tuple[np.ndarray, np.ndarray]], solve: Solve
) -> np.ndarray:
    """Return the gradient over the curvature that pairs of a step and its change of the gradient show."""
    found, shares = gradient, []
    for step, change in reversed(pairs):
        shares.append(float((step * found).sum() / (step * change).sum()))
        found = found - shares[-1] * change
    found = solve(found)
    for step, change in pairs:
        found = found + (shares.pop() - float((change * found).sum() / (step * change).sum())) * step
    return found


def _blocks(X: np.ndarray, outputs: int) -> list[slice]:
    """Return pieces of the rows: small ones of a small table, which to wake other threads for takes longer."""
    rows, width = X.shape
    size = max(1, _ALONE // (width * outputs))
    size = size if rows <= 16 * size else rows
    return [slice(begin, begin + size) for begin in range(0, rows, size)]


def _product(X: np.ndarray, W: np.ndarray) -> np.ndarray:
    W = W.astype(X.dtype)
    return np.concatenate([X[part] @ W for part in _blocks(X, W.shape[1])]).astype(np.float64)


def _transposed(X: np.ndarray, slope: np.ndarray) -> np.ndarray:
    slope = slope.astype(X.dtype)
    parts = [X[part].T @ slope[part] for part in _blocks(X, slope.shape[1])]
    return np.sum(parts, axis=0).astype(np.float64)


def _chances(z: np.ndarray, softmax: bool) -> np.ndarray:
    if not softmax:
        return np.asarray(0.5 * (1 + np.tanh(z / 2)))
    z = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(z / z.sum(axis=1, keepdims=True))


def _total(
    z: np.ndarray, wanted: np.ndarray, counts: np.ndarray, W: np.ndarray, prices: np.ndarray, softmax: bool
) -> float:
    if softmax:
        most = z.max(axis=1, keepdims=True)
        each = most[:, 0] + np.log(np.exp(z - most).sum(axis=1)) - (wanted * z).sum(axis=1)
        loss = (counts[:, 0] * each).sum()
    else:
        loss = (counts * (np.logaddexp(0, z) - wanted * z)).sum()
    return float(loss + 0.5 * (prices * W * W).sum())
