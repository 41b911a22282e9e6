"""The chain rule itself, from local derivatives alone: along every path, or node by node."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from chainrule.explaining.formula import derivative
from chainrule.explaining.outline import Step
from chainrule.explaining.steps import BackwardStep, Derivative, LocalDerivative, Path, Use
from chainrule.graph.show import DIGITS

MOST_PATHS = 32
MOST_FACTORS = 400  # in all the paths of one derivative


@dataclass(frozen=True)
class ChainRule:
    """The derivatives of J, given those of each step by its own inputs.

    Attributes:
        of: J's name.
        names: Every name, users before what they use.
        local: The local derivatives, in any order.
        digits: At which precision numbers are written.
    """

    of: str
    names: Sequence[str]
    local: Sequence[LocalDerivative]
    digits: int = DIGITS

    @cached_property
    def uses(self) -> dict[str, list[LocalDerivative]]:
        """For each name, the derivatives of the steps that use it."""
        uses: dict[str, list[LocalDerivative]] = {name: [] for name in self.names}
        for each in self.local:
            uses[each.wrt].append(each)
        return uses

    @cached_property
    def backward(self) -> dict[str, BackwardStep]:
        """From J back to every name it depends on: each is a sum over its uses, and is visited once."""
        steps: dict[str, BackwardStep] = {}
        for name in self.names:
            uses, arriving = [], []
            for local in self.uses[name]:
                above = steps.get(local.of)
                if local.of == self.of:
                    uses.append(Use(None, 1.0, local, local.value))
                    arriving.append(local.connected)
                elif above is not None:
                    arriving.append(local.connected and above.connected)
                    product = _product([above.value, local.value], arriving[-1])
                    uses.append(Use(above.name, above.value, local, product))
            if uses:
                value = sum(use.product for use in uses)
                steps[name] = BackwardStep(
                    derivative(self.of, name), name, tuple(uses), value, connected=any(arriving)
                )
        return steps

    @cached_property
    def sizes(self) -> dict[str, tuple[int, int]]:
        """For each name that J depends on: how many paths lead to it, and their factors together."""
        sizes = {self.of: (1, 0)}
        for name in self.names:
            users = [sizes[local.of] for local in self.uses[name] if local.of in sizes]
            if users:
                paths, factors = (sum(column) for column in zip(*users, strict=True))
                sizes[name] = (paths, paths + factors)
        return sizes

    def paths(self, name: str) -> tuple[Path, ...]:
        """Return every path from J to ``name``; none where they are too many, or too long, to be told."""
        paths, factors = self.sizes.get(name, (0, 0))
        if not paths or paths > MOST_PATHS or factors > MOST_FACTORS:
            return ()
        found = []
        stack: list[tuple[str, tuple[LocalDerivative, ...]]] = [(name, ())]
        while stack:
            here, factors_below = stack.pop()
            if here == self.of:
                connected = all(f.connected for f in factors_below)
                found.append(Path(factors_below, _product([f.value for f in factors_below], connected)))
                continue
            onward = [local for local in self.uses[here] if local.of in self.sizes]
            stack.extend((local.of, (local, *factors_below)) for local in reversed(onward))
        return tuple(found)

    def derivative(self, step: Step, gradient: float) -> Derivative:
        """Return dJ/dstep, told along its paths; ``gradient`` is what backprop finds."""
        name, paths = step.name, self.paths(step.name)
        told = self.backward[name].value if name in self.backward else 0.0
        value = sum(path.product for path in paths) if paths else told
        count = self.sizes.get(name, (0, 0))[0]
        return Derivative(
            derivative(self.of, name), name, count, paths, value, gradient, step.node, self.digits
        )


def _product(values: Sequence[float], connected: bool) -> float:
    """Multiply; what nothing passes through makes a product 0, even times infinity."""
    return math.prod(values) if connected else 0.0
