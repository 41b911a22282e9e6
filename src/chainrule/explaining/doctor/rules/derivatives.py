"""Derivatives of the user's own, held to differences; and gradients that were stopped on their way."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.suspicions import Suspicion
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import Node
from chainrule.graph.primitives.primitive import Primitive
from chainrule.graph.walk import order
from chainrule.nn.layers.base import SEED, STEP
from chainrule.train.network import Network

ROWS, NUMBERS = 16, 64  # of the examples, and of what goes into a row that is checked
STEP_SIZE = 1e-5
ERROR, SMOOTH = (
    0.02,
    1e-2,
)  # of a slope: what it may be off, and what both sides may differ where there is no kink
WRONG = 0.05  # the share of numbers whose slope is off, from which a row is wrong
OURS = "chainrule."


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Say which primitives of the user's have a derivative that is not that of their value."""
    if all(o.history is None for o in case.outcomes):
        return  # there is no cost of which they could be derivatives
    network = case.fresh
    goal, table = network._examples(_read(case, network), case.job.loss)
    (cost,) = goal.learning([goal.cost])
    feed = dict(zip(goal.inputs, table, strict=True)) | {STEP: 0, SEED: network.seed}
    nodes = order([cost])
    own = [n for n in nodes if is_own(n.primitive)]
    values = evaluate([cost, *(x for n in own for x in n.inputs)], feed) if own else {}
    told: set[str] = set()
    for node in own:
        found = None
        if node.primitive.name not in told:
            found = wrong(node.primitive, [values[x] for x in node.inputs], node.attributes)
        if found is None:
            continue
        told.add(node.primitive.name)
        by_rule, by_difference, share = found
        yield Suspicion(
            "wrong_gradient",
            1.0,
            f"The derivative of your primitive '{node.primitive.name}' is not that of its value: at {share:.0%} of the "
            f"numbers that go into it its partials are off, {by_rule:.3g} where differences say {by_difference:.3g}. "
            "network.check_gradients(X[:8], y[:8]) shows where.",
            f"'{node.primitive.name}': {by_rule:.3g} for {by_difference:.3g}",
            certain=True,
        )
    if any(n.primitive.name == "stop_gradient" for n in nodes):
        yield from _stopped(case, network, cost, feed)


def _read(case: Case, network: Network) -> Any:
    rows = case.sample[:ROWS]
    given = case.given(rows), case.targets[rows], None
    network._own  # noqa: B018 -- variables of its own, which are moved
    return network._read(*given)


def is_own(row: Primitive) -> bool:
    """Say whether a row is the user's: its derivative was not written here."""
    for rule in (row.partials, row.vjp, row.adjoint):
        if rule is not None:
            return not str(getattr(rule, "__module__", OURS)).startswith(OURS)
    return False


def wrong(
    row: Primitive, inputs: Sequence[np.ndarray], attributes: Mapping[str, Any]
) -> tuple[float, float, float] | None:
    """Return where the partials of a row are most wrong: what they say, what differences say, and how often.

    Numbers on a kink are passed over, and so is a row that jumps from one constant to the next: that is given a slope
    on purpose. None where nothing is wrong, or the row does not work element by element.
    """
    if row.partials is None or not inputs:
        return None
    every = np.broadcast_arrays(*[np.asarray(x, np.float64) for x in inputs])
    chosen = np.random.default_rng(0).permutation(every[0].size)[:NUMBERS]
    xs = [x.reshape(-1)[chosen] for x in every]
    worst: tuple[float, float, float] | None = None
    with np.errstate(all="ignore"):
        y = np.asarray(row.forward(*xs, **attributes), np.float64)
        partials = row.partials(y, *xs, **attributes)
        for place, partial in enumerate(partials):
            said = np.broadcast_to(np.asarray(0.0 if partial is None else partial, np.float64), y.shape)
            step = STEP_SIZE * np.maximum(1, np.abs(xs[place]))
            ends = [[*xs[:place], xs[place] + sign * step, *xs[place + 1 :]] for sign in (1, -1)]
            above, below = (np.asarray(row.forward(*end, **attributes), np.float64) for end in ends)
            right, left = (above - y) / step, (y - below) / step
            slope = (right + left) / 2
            size = np.maximum(np.abs(right), np.abs(left))
            smooth = np.isfinite(size) & (np.abs(right - left) <= SMOOTH * (size + 1e-3))
            if not smooth.any() or np.mean(size[smooth] < 1e-9) > 1 - WRONG:
                continue
            scale = np.maximum(np.maximum(np.abs(said), size), 1e-3 * size[smooth].max() + 1e-6)
            off = np.where(smooth, np.abs(said - slope) / scale, 0.0)
            off = np.where(smooth & ~np.isfinite(said), np.inf, off)
            share = float(np.mean(off[smooth] > ERROR))
            if share > WRONG and (worst is None or share > worst[2]):
                at = int(np.argmax(off))
                worst = float(said[at]), float(slope[at]), share
    return worst


def _stopped(case: Case, network: Network, cost: Node, feed: Mapping[Any, Any]) -> Iterator[Suspicion]:
    """Say which weights move the cost and have no gradient, for it is stopped on its way."""
    gradients = case.gradients_at_begin
    architecture = network._programs.architecture
    cut = []
    for name, node in architecture.parameters.items():
        if name in architecture.frozen or name not in gradients or gradients[name].any():
            continue
        value = np.asarray(network.parameters[name], np.float64)
        moved = value + 0.1 * np.random.default_rng(0).normal(size=value.shape)
        costs = [evaluate([cost], {**feed, node: v.astype(node.dtype)})[cost] for v in (value, moved)]
        if np.isfinite(costs).all() and abs(costs[0] - costs[1]) > 1e-4 * abs(costs[0]):
            cut.append(name)
    if cut:
        yield Suspicion(
            "wrong_gradient",
            0.99,
            f"The cost depends on {', '.join(cut[:4])}, and its gradient there is 0: cr.stop_gradient lies between, in "
            "your loss or layer, and takes what is inside for a constant. Leave it out.",
            f"no gradient by {', '.join(cut[:4])}",
            certain=True,
        )
