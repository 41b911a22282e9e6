"""Checking each step of a graph by itself: which row's derivative is wrong, which sits on its kink or is infinite."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from chainrule.graph import show
from chainrule.graph.closed import resolved
from chainrule.graph.evaluate import each_step, evaluate
from chainrule.graph.node import Node, constant, input, leaf_key, record
from chainrule.graph.primitives.identities import mark, stop_gradient
from chainrule.graph.shapes import Extent, resolve
from chainrule.graph.siblings import siblings
from chainrule.graph.walk import descendants
from chainrule.random import Draws
from chainrule.transform.backprop import pullback
from chainrule.transform.differences import At, Element, Index, Rules, Verdict, compare
from chainrule.transform.report import SAMPLED, Culprit

FEWEST = 10  # elements of each input that are tried at each time step of a loop, however many steps there are


@dataclass
class Blame:
    """What checking each step by itself found: wrong ones, conventions met, slopes that are infinite or NaN."""

    culprits: list[Culprit] = field(default_factory=list)
    conventions: dict[str, str] = field(default_factory=dict)
    steep: list[Culprit] = field(default_factory=list)

    def verdict(self, e: Element) -> Verdict:
        """Return the verdict on an element of a parameter, now that the steps are known."""
        if math.isinf(e.analytic) and not (
            self.steep and all(step.row in self.conventions for step in self.steep)
        ):
            return "undefined"
        # Where every step is right by itself, conventions at several kinks need not add up to a slope.
        return "kink" if e.verdict == "wrong" and self.conventions and not self.culprits else e.verdict


def blame(
    troubled: set[Node],
    steps: Sequence[Node],
    values: Mapping[Node, np.ndarray],
    origin: Mapping[Node, Node],
    rules: Rules,
) -> Blame:
    """Check by itself each step that ``troubled`` reach."""
    lengths = {
        extent: length
        for n in steps
        if n in values
        for extent, length in zip(n.shape, values[n].shape, strict=True)
        if isinstance(extent, Extent)
    }
    found = Blame()
    _Look(found, origin, lengths, replace(rules, elements=SAMPLED)).along(
        steps, values, reached(troubled, steps)
    )
    return found


@dataclass(frozen=True)
class _Look:
    """Where one looks: in a graph, or at one time step in the body of a loop, which may stand in another."""

    found: Blame
    origin: Mapping[Node, Node]
    lengths: dict[Extent, int]
    rules: Rules
    times: tuple[int, ...] = ()
    layer: str = ""

    def along(self, steps: Sequence[Node], values: Mapping[Node, np.ndarray], moving: set[Node]) -> None:
        """Check each step that moves."""
        seen: set[Node] = set()
        families = siblings(steps)
        for step in steps:
            if step not in moving or not step.inputs or step.dtype.kind != "f" or step.primitive is mark:
                continue
            if step not in families:
                self._at(step, steps, values, moving)
            elif step not in seen:
                seen.update(families[step])
                self._within(step, _layer(step, steps), values, moving)

    def _at(
        self, step: Node, steps: Sequence[Node], values: Mapping[Node, np.ndarray], moving: set[Node]
    ) -> None:
        elements, finite = _check_step(step, values, moving, self.lengths, self.rules)
        found, row, node = self.found, step.primitive, self.origin[step]
        if row.kink and any(e.verdict == "kink" for e in elements):
            found.conventions[row.name] = row.kink
        error = max((e.error for e in elements if e.verdict == "wrong"), default=0.0)
        layer = _layer(step, steps) or self.layer
        named = Culprit(row.name, node.name or show.text(node), layer, error, node, self.times)
        if error and all(c.node is not node for c in found.culprits):
            found.culprits.append(named)
        if not finite:
            found.steep.append(named)

    def _within(self, loop: Node, layer: str, values: Mapping[Node, np.ndarray], moving: set[Node]) -> None:
        """Look at the steps of a loop, at :data:`SAMPLED` of them at the most."""
        body, carried, length, reverse = (
            loop.attributes[k] for k in ("body", "carried", "length", "reverse")
        )
        length = resolve(length, self.lengths)
        pairs = zip(body.inputs, body.outputs[:carried], strict=False)
        after = {leaf_key(leaf): new for leaf, new in pairs}
        leaves = {leaf_key(n) for n, x in zip(body.given, loop.inputs, strict=True) if x in moving}
        while True:  # what moves in one step moves what is carried to others
            inside = reached([n for n in body.nodes if leaf_key(n) in leaves], body.nodes)
            more = {leaf for leaf, new in after.items() if new in inside} - leaves
            if not more:
                break
            leaves |= more
        rules = replace(self.rules, elements=max(FEWEST, SAMPLED // max(1, length)))
        chosen = set(np.linspace(0, length - 1, min(length, SAMPLED)).astype(int).tolist())
        arrays = [values[x] for x in loop.inputs]
        for t, found in each_step(arrays, body, carried, length, reverse):
            if t in chosen:
                look = replace(self, rules=rules, times=(*self.times, t), layer=layer or self.layer)
                look.along(body.nodes, found, inside)


def _check_step(
    step: Node,
    values: Mapping[Node, np.ndarray],
    moving: set[Node],
    lengths: dict[Extent, int],
    rules: Rules,
) -> tuple[list[Element], bool]:
    """Compare the derivative of one row, at the values it has in the graph, with its own differences.

    Also say whether all of it is finite.
    """
    arrays = [values[x] for x in step.inputs]
    attributes = resolved(step.attributes, lengths)
    leaves = [input("", a.shape, a.dtype) for a in arrays]
    weights = Draws(0, "check").uniform(0.5, 1.5, values[step].shape)
    chosen = [i for i, x in enumerate(step.inputs) if x in moving and x.dtype.kind == "f"]
    gradients = pullback(
        [record(step.primitive, leaves, attributes)], [constant(weights)], [leaves[i] for i in chosen]
    )
    computed = evaluate(gradients, dict(zip(leaves, arrays, strict=True)))
    scale = largest(weights * values[step])

    def moved(position: int) -> At:
        def at(index: Index, distance: float) -> float:
            array = arrays[position].copy()
            array[index] += distance
            inputs = [*arrays[:position], array, *arrays[position + 1 :]]
            with np.errstate(all="ignore"):
                return float(np.sum(weights * step.primitive.forward(*inputs, **attributes)))

        return at

    elements = [
        element
        for i, gradient in zip(chosen, gradients, strict=True)
        for element in compare(
            moved(i), scale, arrays[i], np.broadcast_to(computed[gradient], arrays[i].shape), rules
        )
    ]
    return elements, all(np.isfinite(computed[g]).all() for g in gradients)


def _layer(step: Node, steps: Sequence[Node]) -> str:
    """Return the label of the first mark of a layer that ``step`` leads to: the innermost around it."""
    later = descendants([step], steps)
    for node in steps:
        if node in later and node.primitive is mark:
            label = getattr(node.meaning, "label", None) or getattr(node.meaning, "layer", None)
            if label:
                return str(label)
    return ""


def reached(sources: Iterable[Node], steps: Iterable[Node]) -> set[Node]:
    """Return what moves when ``sources`` do; what is inside `stop_gradient` stands still."""
    return descendants(sources, (n for n in steps if n.primitive is not stop_gradient))


def largest(value: np.ndarray) -> float:
    """Return the size of the largest of the numbers that are finite."""
    numbers = np.abs(value[np.isfinite(value)])
    return float(np.max(numbers, initial=0))
