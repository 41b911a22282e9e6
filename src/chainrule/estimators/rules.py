"""How scikit-learn goes downhill, as graph: its SGD and its Adam, where they differ from the papers' forms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.graph.node import Node, NodeLike, cast, variable
from chainrule.train.optimizers import Moved, NewSlot, Optimizer, Slots

# NumPy's functions are called on nodes, of which its stubs do not know.
# mypy: disable-error-code="call-overload"


class Rule(Optimizer):
    """An optimizer whose rate stands in the state alone, and whose slots hold steps and no directions."""

    def direction(self, g: Node, slot: NewSlot, t: Node) -> tuple[NodeLike, Moved]:
        """Return what a rate of 1 steps against."""
        raise NotImplementedError  # the rate is part of what is kept, so `update` does all


def _slot(w: Node, what: str) -> Node:
    return variable(np.zeros(w.shape, w.dtype), name=f"{what}_{w.name}")


@dataclass(frozen=True)
class Steps(Rule):
    """``v ← βv - αg; w ← w + v``, or with Nesterov's look ahead ``w ← w + βv - αg`` of the new v.

    Its velocity holds steps, as Sutskever et al. (2013) write it: a rate that is lowered lowers what is still to come,
    and not what is under way.
    """

    learning_rate: float = 1.0
    momentum: float = 0.9
    nesterov: bool = True

    def update(
        self,
        parameters: Sequence[Node],
        gradients: Sequence[Node],
        step: Node | float,
        scale: Node | float = 1.0,
        total: Node | float | None = None,
        per_epoch: Node | float | None = None,
    ) -> tuple[list[Node], Slots]:
        """Return the new parameters, and each velocity with its new value."""
        new: list[Node] = []
        slots: Slots = []
        for w, g in zip(parameters, gradients, strict=True):
            step_down: Any = _in(scale, w) * g
            if not self.momentum:
                new.append(w - step_down)
                continue
            v = _slot(w, "velocity")
            moved = self.momentum * v - step_down
            slots.append((v, moved))
            new.append(w + (self.momentum * moved - step_down if self.nesterov else moved))
        return new, slots


@dataclass(frozen=True)
class Moments(Rule):
    """Adam with ε beside the uncorrected root, ``w ← w - α √(1 - β₂ᵗ) / (1 - β₁ᵗ) · m / (√v + ε)``.

    It is the form that Kingma & Ba (2015) give at the end of their section 2, in which their ε̂ is this one.
    """

    learning_rate: float = 1.0
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def update(
        self,
        parameters: Sequence[Node],
        gradients: Sequence[Node],
        step: Node | float,
        scale: Node | float = 1.0,
        total: Node | float | None = None,
        per_epoch: Node | float | None = None,
    ) -> tuple[list[Node], Slots]:
        """Return the new parameters, and each moment with its new value."""
        t: Any = step + 1
        rate: Any = scale * np.sqrt(_weight(self.beta_2, t)) / _weight(self.beta_1, t)
        new: list[Node] = []
        slots: Slots = []
        for w, g in zip(parameters, gradients, strict=True):
            m, v = _slot(w, "first_moment"), _slot(w, "second_moment")
            m_new = self.beta_1 * m + (1 - self.beta_1) * g
            v_new = self.beta_2 * v + (1 - self.beta_2) * (g * g)
            slots += [(m, m_new), (v, v_new)]
            least = 2 * float(np.finfo(w.dtype).tiny)  # an ε that is 0 in floats would divide 0 by 0
            new.append(w - _in(rate, w) * (m_new / (np.sqrt(v_new) + max(self.epsilon, least))))
        return new, slots


def _weight(beta: float, t: Any) -> Any:
    """Return ``1 - betaᵗ``, in its digits."""
    return -np.expm1(t * np.log(beta)) if beta else 1.0


def _in(number: Any, like: Node) -> Any:
    return cast(number, like.dtype) if isinstance(number, Node) else float(number)
