"""Gradients of arrays, step by step: each in terms of the gradients of the steps that use it, and then made simple.

What a step's own row says of its derivative is pulled back through its formula, from a symbol for the gradient that
arrives (dA1) to one for that of its input (dZ1). Where the step is used once, its user's formula is looked into too:
if what simplification finds there is shorter to write, that is what it comes to (``dZ2 = A2 - Y``).

Where J is a mean over examples, a gradient of what belongs to examples is that of each example's own loss, and that
of a parameter is their mean, as the lectures write them: ``dW2 = A1ᵀ · dZ2 / m``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import add

import numpy as np

from chainrule.explaining.examples import Mean, mean_over_examples
from chainrule.explaining.neat import as_product, neat
from chainrule.explaining.outline import Outline, Step
from chainrule.graph.closed import replaced
from chainrule.graph.node import Node, as_node, broadcast, cast, input
from chainrule.graph.primitives.leaves import constant
from chainrule.graph.walk import descendants, order
from chainrule.transform.backprop import grad, pullback
from chainrule.transform.simplify import simplify_all

LARGEST = 40  # operations in a formula that is looked into


@dataclass(frozen=True, eq=False)
class Told:
    """The gradient of one step.

    Attributes:
        step: What it is the gradient of.
        symbol: What stands for it in other formulas.
        formula: It in terms of other gradients, over symbols.
        simple: The same made simple, where that is shorter to write; else None.
        of_examples: Whether it is that of each example's own loss, and J is their mean.
        users: The steps that use it.
    """

    step: Step
    symbol: Node
    formula: Node
    simple: Node | None
    of_examples: bool
    users: tuple[Step, ...]

    @property
    def best(self) -> Node:
        """What is computed with."""
        return self.formula if self.simple is None else self.simple


@dataclass(frozen=True, eq=False)
class Slope:
    """The derivative of a step by one of its inputs, where that is taken element by element."""

    of: Step
    wrt: Step
    formula: Node


@dataclass(frozen=True, eq=False)
class Gradients:
    """What the gradients of some steps are, derived from the formulas of all.

    Attributes:
        told: The outline of J.
        root: J.
        symbols: A symbol for each step.
        formulas: Each computed step over symbols.
        wanted: The steps whose gradients are asked for.
        size: How long a formula is when it is written.
        is_one: Whether a number of examples is 1, by which nothing is divided.
        constants: What some of the gradients' symbols stand for, since it depends on nothing: 1.
    """

    told: Outline
    root: Step
    symbols: Mapping[Step, Node]
    formulas: Mapping[Step, Node]
    wanted: Sequence[Step]
    size: Callable[[Node], int]
    is_one: Callable[[Node | None], bool]
    constants: dict[Node, Node] = field(default_factory=dict)  # of symbols of gradients: what needs no other

    @cached_property
    def users(self) -> dict[Step, list[Step]]:
        """The steps whose formula moves with each step."""
        found: dict[Step, list[Step]] = {step: [] for step in self.told.steps}
        for step, formula in self.formulas.items():
            smooth = _smooth(formula)
            for x in self.told.inputs(step):
                if self.symbols[x] in smooth:
                    found[x].append(step)
        return found

    @cached_property
    def moving(self) -> set[Step]:
        """The steps on a way from J to what is wanted."""
        found = set(self.wanted)
        for step in sorted(self.formulas, key=lambda s: s.level):
            if any(step in self.users[x] and x in found for x in self.told.inputs(step)):
                found.add(step)
        return found

    @cached_property
    def of_examples(self) -> set[Step]:
        """The steps that J moves with through means over examples alone: their gradients are told times m."""
        return self._examples_and_means[0]

    @cached_property
    def means(self) -> dict[Step, Mean]:
        """The steps that are means over examples, all over as many."""
        return self._examples_and_means[1]

    @cached_property
    def count(self) -> Node | None:
        """How many examples there are; None where J is no mean over any."""
        return next((mean.count for mean in self.means.values()), None)

    @cached_property
    def _examples_and_means(self) -> tuple[set[Step], dict[Step, Mean]]:
        examples: set[Step] = set()
        means: dict[Step, Mean] = {}
        for step in sorted(self.told.steps, key=lambda s: -s.level):
            x, users = self.symbols.get(step), self.reached(step)
            is_learned = step.node.primitive.name == "variable"
            if (
                users
                and not is_learned
                and all(u in examples or _by_mean_alone(x, means.get(u)) for u in users)
            ):
                examples.add(step)
            elif step in self.formulas and not step.node.shape and (users or step is self.root):
                mean = mean_over_examples(self.formulas[step])
                count = next((each.count for each in means.values()), mean.count)
                if mean.losses is not None and str(mean.count) == str(count):
                    means[step] = mean
        return examples, means

    @cached_property
    def seeds(self) -> dict[Step, Node]:
        """A symbol for the gradient of each step."""
        return {
            step: input(f"d{step.name}", self.symbols[step].shape, self.symbols[step].dtype)
            for step in self.told.steps
            if self.symbols[step].dtype.kind == "f"
        }

    def slopes(self) -> list[Slope]:
        """Return the derivatives of steps by inputs that they treat element by element, from J on."""
        result = []
        for step in sorted(self.formulas, key=lambda s: -s.level):
            formula = self.formulas[step]
            for x in self.told.inputs(step) if step in self.moving else ():
                symbol = self.symbols[x]
                if x in self.moving and formula.shape and _element_by_element(formula, symbol):
                    parts = [(formula, self.symbols[step], None)]
                    shortest = self._shortest([pulled(parts, symbol), *_simplified(parts, symbol)], symbol)
                    if any(not n.inputs and n.primitive is not constant for n in order([shortest])):
                        result.append(Slope(step, x, shortest))
        return result

    def found(self) -> list[Told]:
        """Return the gradients from J back, that of a leaf as soon as those that it is made of are known."""
        result: list[Told] = []
        known = {self.root}
        waiting = [s for s in self.told.steps if s in self.moving and s is not self.root]
        waiting = [s for s in waiting if self.reached(s)]
        while waiting:
            ready = [s for s in waiting if known.issuperset(self.reached(s))]
            step = max(ready, key=lambda s: (not s.node.inputs, s.level))
            waiting.remove(step)
            known.add(step)
            result.append(told := self._of(step, self.reached(step)))
            if not any(n.primitive.leaf == "given" for n in order([told.best])):
                self.constants[told.symbol] = told.best
        return result

    def reached(self, step: Step) -> list[Step]:
        """Return the users of a step that J depends on."""
        return [user for user in self.users[step] if user in self.moving or user is self.root]

    def _of(self, step: Step, users: list[Step]) -> Told:
        local, fused = self._local(step, users), self._fused(step, users)
        shorter = fused if fused is not None and self.size(fused) < self.size(local) else None
        return Told(step, self.seeds[step], local, shorter, step in self.of_examples, tuple(users))

    def _local(self, step: Step, users: Sequence[Step]) -> Node:
        """Return a gradient in terms of those of its users."""
        return self._joined(step, users, lambda user: (self.formulas[user], self.symbols[user]))

    def _joined(
        self, step: Step, users: Sequence[Step], formula_of: Callable[[Step], tuple[Node, Node | None]]
    ) -> Node:
        """Return the sum of what the users contribute: those of the examples' losses together, divided by m."""
        of_losses: list[Part] = []
        of_J: list[Part] = []
        for user in users:
            formula, own = formula_of(user)
            seed = None if user is self.root else self.seeds[user]
            if user in self.means:
                mean = mean_over_examples(formula)
                of_losses += [] if mean.losses is None else [(mean.losses, None, seed)]
                of_J += [] if mean.rest is None else [(mean.rest, None, seed)]
            else:
                part = (formula, None if user is self.root else own, seed)
                (of_losses if user in self.of_examples else of_J).append(part)
        x = self.symbols[step]
        terms = []
        for parts in (of_losses, of_J):
            parts = [part for part in parts if x in order([part[0]])]
            if parts:
                term = self._shortest([pulled(parts, x), *_simplified(parts, x)], x)
                means = parts[0] in of_losses and step not in self.of_examples
                means = means and not self.is_one(self.count)
                terms.append(term / cast(self.count, term.dtype) if means else term)
        return sum(terms[1:], start=terms[0])

    def _shortest(self, ways: Sequence[Node], x: Node) -> Node:
        return min((neat(as_product(way), x.shape) for way in ways), key=self.size)

    def _fused(self, step: Step, users: Sequence[Step]) -> Node | None:
        """Return a gradient in terms of those of its only user's users, the user's own formula looked into."""
        (user, *others) = users
        if others or user is self.root or self.symbols[user].dtype.kind != "f":
            return None
        above = self.reached(user)
        inner = self.formulas[user]
        if len(order([inner, *[self.formulas[u] for u in above]])) > LARGEST:
            return None
        symbol = self.symbols[user]

        def formula_of(u: Step) -> tuple[Node, Node | None]:
            return replaced([self.formulas[u]], {symbol: inner})[0], self.symbols[u]

        found = replaced([self._joined(step, above, formula_of)], self.constants)[0]
        known = simplify_all([inner, found])
        became = {known[0]: symbol, inner: symbol}
        ways = [replaced([way], became)[0] for way in (found, known[1])]
        return min((neat(way, self.symbols[step].shape) for way in ways), key=self.size)


Part = tuple[Node, Node | None, Node | None]  # a formula, its symbol, and that of its gradient


def pulled(parts: Sequence[Part], x: Node) -> Node:
    """Return Σ dy · ∂y/∂x over parts (y, the symbol of y, the symbol of dy); without a symbol dy is 1."""
    roots = [y.named("the step itself") if own is not None else y for y, own, _ in parts]
    seeds = [
        broadcast(as_node(1.0, [y.dtype]), y.shape) if dy is None else dy
        for y, (_, _, dy) in zip(roots, parts, strict=True)
    ]
    (g,) = pullback(roots, seeds, [x])
    known = {root: own for root, (_, own, _) in zip(roots, parts, strict=True) if own is not None}
    return replaced([g], known)[0]


def _by_mean_alone(x: Node | None, mean: Mean | None) -> bool:
    return mean is not None and (mean.rest is None or x not in order([mean.rest]))


def _simplified(parts: Sequence[Part], x: Node) -> list[Node]:
    """Return the same, simplified: as it is pulled back, and as it is found from formulas that are simple."""
    whole = reduce(add, [np.sum(y if dy is None else y * dy) for y, _, dy in parts])
    owned = [(y, own) for y, own, _ in parts if own is not None]
    *known, pulled_back, derived = simplify_all([*[y for y, _ in owned], pulled(parts, x), grad(whole, x)])
    became = {simple: own for simple, (_, own) in zip(known, owned, strict=True) if simple.inputs}
    return replaced([pulled_back, derived], became)


def _element_by_element(formula: Node, x: Node) -> bool:
    """Say whether each element of a formula is made of the same element of ``x``, and of no other."""
    through = descendants([x], order([formula])) - {x}
    return bool(through) and all(n.shape == x.shape and n.primitive.elementwise for n in through)


def _smooth(formula: Node) -> set[Node]:
    """Return the nodes that a formula uses as numbers, and not in a condition or as positions alone."""
    found: set[Node] = set()
    stack = [formula]
    while stack:
        n = stack.pop()
        if n.dtype.kind == "f" and n not in found and not (n.inputs and n.primitive.no_derivative):
            found.add(n)
            stack.extend(n.inputs)
        elif not n.inputs:
            found.add(n)
    return found
