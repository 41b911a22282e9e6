"""What is said of a fit that ends unlearned, or while its cost still falls: one sentence, and what to try first.

A fit is held against the best guess that needs no inputs, the mean of the targets. The cost of that guess takes a few
array operations; whatever takes longer is asked only where a fit did no better.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import Node
from chainrule.graph.ranges import range_of
from chainrule.nn import losses
from chainrule.nn.activations import ACTIVATIONS, activation_name, relu
from chainrule.nn.architecture import Architecture
from chainrule.nn.layers.base import SEED, STEP
from chainrule.nn.reading import at, output_kind
from chainrule.shown import counted
from chainrule.train.fit.fitting import Fitting, Judged
from chainrule.train.objective import lasting
from chainrule.train.schedules import schedule

FEWEST_EPOCHS, FEWEST_UPDATES = 30, 300  # a fit of fewer of both is a look, and not warned of
MOST_ROWS, MOST_NUMBERS, FEWEST_ROWS = 10_000, 1_000_000, 100  # that are looked at
LEARNED = 0.1  # of the best guess's cost: with less left, a cost that still falls is no news
FALLING = 0.1  # by so much of itself, from one fifth of the epochs to the last
UNLEARNED = 0.95  # of the best guess's cost
NO_BETTER = 0.997  # likewise, where nothing but the data explains it
FLAT = 0.002  # a cost that falls by less has come to rest, or the learning rate is much too low
UNMOVED = 0.03  # of the first epoch's cost
FEW_UPDATES = 2_000
LARGE, SMALL = 10.0, 0.01  # root mean squares of a column that is not scaled
ALIKE = 10.0  # channels whose root mean squares differ by a smaller factor are scaled as one
POINTS = 50  # of a fifth of the epochs
AT_ONCE = 50_000  # numbers, that layers' answers are computed for
A_FIFTH = 5  # epochs that have one


def still_falling(run: Fitting) -> str:
    """Return what to say where a fit that ran all its epochs ends early: while the cost still falls, or ""."""
    run.judged = judged = _judged(run)
    if _is_a_look(run):
        steps = counted(run.steps * run.history.epochs, "step")
        says = f"; after {steps} it predicts {_no_better(run, judged)} would: try more epochs"
        return says if judged.left >= UNLEARNED else ""
    if (
        run.history.epochs < A_FIFTH
        or not LEARNED < judged.left < UNLEARNED
        or _fall(run, judged.floor) < FALLING
    ):
        return ""
    if _unscaled(_inputs(run)):
        return "; the cost was still falling: inputs scaled to mean 0 and deviation 1 learn faster"
    or_faster = " or a higher learning rate" * run.method.by_steps
    return f"; the cost was still falling: more epochs{or_faster} may help"


def unlearned(run: Fitting, names: Mapping[str, tuple[Any, ...]], first: bool) -> str:
    """Return what to say of a fit that cannot reach its targets, or predicts no better than the best guess, or "".

    Args:
        run: The fit, ended.
        names: What the columns of an input are called, where that is known.
        first: Whether it is the network's first fit.
    """
    beyond = "" if _is_a_look(run) else _beyond_reach(run)
    if beyond:
        return beyond
    judged = run.judged or _judged(run)
    left = judged.left
    costs = run.history["cost"]
    unmoved = first and left > 0.5 and abs(costs[-1] - costs[0]) < UNMOVED * abs(costs[0])
    if _is_a_look(run) or (left < UNLEARNED and not unmoved):
        return ""
    remedy = _remedy(run, names, judged, unmoved)
    if not remedy:
        return ""
    return (
        f"After {run.history.epochs:,} epochs the network predicts {_no_better(run, judged)} alone would: its cost is "
        f"{costs[-1]:.4g}, that of the guess {judged.guess:.4g}. {remedy}"
    )


def _is_a_look(run: Fitting) -> bool:
    epochs = run.history.epochs
    return epochs < FEWEST_EPOCHS and epochs * run.steps < FEWEST_UPDATES


def _no_better(run: Fitting, judged: Judged) -> str:
    guess = "the shares of the classes" if _is_of_classes(run) else "the mean of y"
    return f"{'no' if judged.left >= 1 else 'hardly'} better than {guess}"


def _judged(run: Fitting) -> Judged:
    """Hold a fit against the best guess; one that cannot be judged counts as learned."""
    history = run.history
    if history.epochs < 2 or (history.epochs < A_FIFTH and history.epochs * run.steps < FEWEST_UPDATES):
        return Judged(0.0, 0.0, 0.0)  # the cost is that of a time when hardly anything was learned
    if history.diverged or not lasting(run.goal.loss):
        return Judged(0.0, 0.0, 0.0)
    floor, guess = run.guess = run.guess or _guess(run)
    cost = min(history["cost"][-3:]) - _price(run)
    scale = guess - floor
    left = (cost - floor) / scale if math.isfinite(scale) and scale > 1e-12 * abs(guess) else 0.0
    return Judged(left, floor, guess)


def _price(run: Fitting) -> float:
    """Return what the weights cost now."""
    priced = run.goal.price
    return 0.0 if priced is None else float(evaluate([priced], _weights(run, run.goal.architecture))[priced])


def _weights(run: Fitting, of: Architecture) -> dict[Node, Any]:
    """Return what the variables of a graph are now. It may be one that networks share, which holds no values itself."""
    named = run.programs.values.named()
    return {w: named[name] for name, w in {**of.parameters, **of.statistics}.items()}


def _guess(run: Fitting) -> tuple[float, float]:
    """Return what the targets themselves would cost as predictions, and what their mean would."""
    output, y = run.programs.architecture.output, run.table[len(run.programs.architecture.inputs)]
    are_labels = y.dtype.kind in "iu" and y.ndim == output.ndim - 1
    smoothing = getattr(
        run.goal.loss, "label_smoothing", 0.0
    )  # with it the best prediction is no row of 0 and 1
    of_labels = losses.targets_of(losses.describe_loss(run.goal.loss)) == "labels" and not smoothing
    numbers = y.size * (int(output.shape[-1]) if are_labels else 1)
    step = max(-(-run.rows // MOST_ROWS), 1 if of_labels else -(-numbers // MOST_NUMBERS))
    y = y[::step]
    weights = run.table[-1][::step] if run.goal.weight is not None else None
    if weights is not None and not weights.any():
        return 0.0, 0.0
    if weights is not None and weights.ndim == 2:  # of each step by itself, of those that count
        y, weights = y[weights > 0], weights[weights > 0]
    if of_labels and (are_labels or _is_one_hot(y)):
        return 0.0, _entropy(y if are_labels else y.argmax(axis=-1), weights)
    if are_labels:
        y = np.arange(output.shape[-1]) == y[..., None]
    y = np.asarray(y, np.float64)
    best = (1 - smoothing) * y + smoothing / y.shape[-1] if smoothing else y
    with np.errstate(all="ignore"):
        mean = np.broadcast_to(np.average(best, axis=0, weights=weights), y.shape)
        costs = _by_example(run.goal.loss(np.concatenate([y, y]), np.concatenate([best, mean])))
        floor, guess = (float(np.average(part, weights=weights)) for part in np.split(costs, 2))
    return floor, guess


def _is_one_hot(y: np.ndarray) -> bool:
    return bool(((y == 0) | (y == 1)).all() and (y.sum(axis=-1) == 1).all())


def _entropy(labels: np.ndarray, weights: np.ndarray | None) -> float:
    """Return what the shares of the classes cost as predictions, without a number for each row and class."""
    found = []
    for column in labels.reshape(len(labels), -1).T:
        counts = np.bincount(column, weights)
        shares = counts[counts > 0] / counts.sum()
        found.append(-float(shares @ np.log(shares)))
    return float(np.mean(found))


def _by_example(costs: np.ndarray) -> np.ndarray:
    return costs.reshape(len(costs), -1).mean(axis=1)


def _fall(run: Fitting, floor: float) -> float:
    """Return by which share of itself the cost fell from the last fifth but one of the epochs to the last."""
    costs = run.history["val_cost" if run.validation else "cost"]
    fifth = max(1, len(costs) // 5)
    step = max(1, fifth // POINTS)
    parts = costs[-2 * fifth : -fifth : step], costs[-fifth::step]
    before, after = (sum(part) / len(part) for part in parts)
    return (before - after) / (before - floor) if before > floor else 0.0


# --- what to try ----------------------------------------------------------------------------------------


def _remedy(run: Fitting, names: Mapping[str, tuple[Any, ...]], judged: Judged, unmoved: bool) -> str:
    """Return what to try first."""
    inputs = _inputs(run)
    found = [_scaling(name, array, names.get(name, ())) for name, array in inputs.items()]
    found = [each for each in [*found, _scaling_of_targets(run)] if each]
    if found:
        a_table = all(array.ndim == 2 for array in inputs.values())
        return " ".join([*found, *["Or let cr.TableModel.train(table, target) prepare a table."] * a_table])
    rate, costs = _learning_rate(run), run.history["cost"]
    dead = _dead_layer(run)
    if dead:
        return (
            f"All units of the layer '{dead}' put out 0 for every example, so nothing before it learns (dead ReLUs). "
            f"Begin again with other initial weights, with a lower learning rate{f' than {rate:g}' * bool(rate)}, or "
            "with the activation 'leaky_relu'."
        )
    if len(costs) > 1 and costs[-1] > 1.5 * costs[0] and rate:
        return f"The cost has risen, from {costs[0]:.4g}: try a learning rate of {rate / 10:g}."
    updates = run.steps * run.history.epochs
    falls = _fall(run, judged.floor) > FLAT
    higher = f"a learning rate of {max(10 * rate, 0.01):g}" if 0 < rate < 0.03 else ""
    if unmoved and updates >= FEWEST_UPDATES and not falls and higher:
        return f"In {updates:,} steps it hardly changed: try {higher}."
    if falls and updates < FEW_UPDATES:
        wanted = run.history.epochs * max(2, -(-FEW_UPDATES // updates))
        wanted = wanted if run.history.epochs < A_FIFTH else -(-wanted // 100) * 100
        return f"It took only {updates:,} steps: try {wanted:,} epochs{higher and f' and {higher}'}."
    if judged.left < NO_BETTER or falls or not rate or run.history.stopped.startswith("Stopped"):
        return ""
    is_line = sum(call.layer.counts for call in run.programs.architecture.calls.values()) == 1
    return (
        "The inputs are scaled, and the cost no longer falls: X may say little about y, "
        + "what it says may take a hidden layer (cr.Dense(16, 'relu') before the last), " * is_line
        + "or another learning rate is needed (cr.find_learning_rate(network, X, y) looks for one)."
    )


def _inputs(run: Fitting) -> dict[str, np.ndarray]:
    """Return the inputs that hold quantities which no layer scales, a sample of their rows."""
    architecture = run.programs.architecture
    calls = architecture.calls.values()
    choosy = {x for call in calls if call.layer.is_choosy or call.layer.sets_scale for x in call.inputs}
    pads = {x: call.layer.pads for call in calls if call.layer.pads is not None for x in call.inputs}
    given = zip(architecture.inputs.items(), run.table, strict=False)
    return {
        name: _real(_sample(array), pads.get(node)) for (name, node), array in given if node not in choosy
    }


def _real(array: np.ndarray, pads: float | None) -> np.ndarray:
    """Return what is no padding of sequences, as one."""
    if pads is None:
        return array
    return array[(array != pads).any(axis=tuple(range(2, array.ndim)))][np.newaxis]


def _sample(array: np.ndarray) -> np.ndarray:
    """Return rows that tell the scale of all, evenly apart."""
    step = max(-(-len(array) // MOST_ROWS), -(-array.size // MOST_NUMBERS))
    return array[:: min(step, max(1, len(array) // FEWEST_ROWS))]


def _unscaled(inputs: Mapping[str, np.ndarray]) -> bool:
    return any(_worst(array) is not None for array in inputs.values())


def _sizes(array: np.ndarray) -> np.ndarray:
    """Return the root mean square of each column; of pictures and sequences of each channel, in whatever place."""
    others = tuple(range(max(array.ndim - 1, 1)))
    found: np.ndarray = np.sqrt(np.mean(np.square(array, dtype=np.float64), axis=others))
    return found


def _worst(array: np.ndarray) -> int | None:
    """Return the column (or channel) that is furthest from being scaled, or None if all are near enough."""
    size = _sizes(array)
    return int(size.argmax()) if size.size and (size.max() > LARGE or 0 < size.max() < SMALL) else None


def _scaling(name: str, array: np.ndarray, names: tuple[Any, ...]) -> str:
    """Return what is wrong with the scale of an input, and the line that mends it, or ""."""
    worst = _worst(array)
    if worst is None:
        return ""
    X, high, of_places = "X" if name == "x" else name, array.max(), array.ndim > 2
    if array.min() >= 0 and (high == 255 or (of_places and high < 255 and (array == np.floor(array)).all())):
        return f"{X} goes from 0 to {high:.0f}: scale it first, {X} = {X} / 255."
    size = _sizes(array)
    as_one = of_places and size.max() < ALIKE * size[size > 0].min()
    column = (array if as_one else array[..., worst] if array.ndim > 1 else array).astype(np.float64)
    which = (
        f"column {names[worst]!r}"
        if len(names) > worst
        else f"{'channel' if of_places else 'column'} {worst}"
    )
    axis = "" if as_one else f"axis={tuple(range(array.ndim - 1)) if of_places else 0}"
    flat = not as_one and (array.reshape(-1, array.shape[-1]).std(axis=0) == 0).any()
    divisor = f"({X}.std({axis}) + 1e-9)" if flat else f"{X}.std({axis})"
    return (
        f"{X} is not scaled ({'' if as_one else f'{which} has '}mean {column.mean():.4g}{',' if as_one else ' and'} "
        f"deviation {column.std():.4g}): scale it first, {X} = ({X} - {X}.mean({axis})) / {divisor}."
    )


def _beyond_reach(run: Fitting) -> str:
    """Return what to say of targets that the output can never come near, or ""."""
    output, kind = run.programs.architecture.output, output_kind(run.programs.architecture)
    low, high, *_ = range_of(output)
    if not np.isfinite(low + high) or not lasting(run.goal.loss) or _is_of_classes(run):
        return ""
    y = _targets(run)
    if not y.size or (low <= y.min() and y.max() <= high):
        return ""
    units = output.shape[-1]
    network = "this network" if kind in ("", "identity", "<lambda>") else f"a network that ends with {kind!r}"
    return (
        f"y goes from {y.min():.4g} to {y.max():.4g}, and {network} puts out numbers from "
        f"{low:.4g} to {high:.4g} alone. End it without an activation (cr.Dense({units})), or bring y there first."
    )


def _targets(run: Fitting) -> np.ndarray:
    """Return targets that are no padding, a sample of their rows."""
    y = _sample(run.table[len(run.programs.architecture.inputs)]).astype(np.float64)
    if run.goal.weight is not None and run.goal.weight.ndim > 1:  # of steps, of which some may be padding
        y = y[_sample(run.table[-1]) > 0]
    return y


def _scaling_of_targets(run: Fitting) -> str:
    if _is_of_classes(run) or losses.targets_of(losses.describe_loss(run.goal.loss)) == "counts":
        return ""
    y = _targets(run)
    if _worst(y) is None:
        return ""
    mean, deviation = ("y.mean()", "y.std()") if y.size == len(y) else ("y.mean(axis=0)", "y.std(axis=0)")
    return (
        f"y is not scaled (mean {y.mean():.4g}, deviation {y.std():.4g}): y = (y - {mean}) / {deviation}, and "
        "predictions are turned back alike."
    )


def _is_of_classes(run: Fitting) -> bool:
    return losses.of_classes(losses.describe_loss(run.goal.loss))


def _learning_rate(run: Fitting) -> float:
    """Return the learning rate of the first step, 0 where there is none."""
    given = getattr(run.method, "learning_rate", None)
    if given is None or not run.method.by_steps:
        return 0.0
    total = float(run.steps * run.settings.epochs)
    return float(schedule(given).at(0.0, total, float(run.steps)))


def _dead_layer(run: Fitting) -> str:
    """Return the label of a layer of relu units of which none answers to any example, or ""."""
    architecture = run.programs.architecture
    labels = [label for label, call in architecture.calls.items() if _ends_in_relu(call.layer)]
    if not labels:
        return ""
    inputs = list(architecture.inputs.values())
    step = -(-run.rows // 1000)
    table = [t[::step] for t in run.table[: len(inputs)]]
    # A few rows at a time, for all windows of a picture lie in memory at once, and until each layer has answered.
    size = max(1, AT_ONCE // max([1, *[t[0].size for t in table]]))
    nodes = at([architecture.outputs[label] for label in labels], training=False)
    silent, now = dict(zip(labels, nodes, strict=True)), _weights(run, architecture)
    for start in range(0, len(table[0]), size):
        feed: dict[Node, Any] = {x: t[start : start + size] for x, t in zip(inputs, table, strict=True)}
        found = evaluate(list(silent.values()), now | feed | {STEP: 0, SEED: run.seed})
        silent = {label: n for label, n in silent.items() if not found[n].any()}
        if not silent:
            break
    return next(iter(silent), "")


def _ends_in_relu(layer: Any) -> bool:
    kind = layer.ends_in()
    return kind is not None and ACTIVATIONS.get(activation_name(kind)) is relu
