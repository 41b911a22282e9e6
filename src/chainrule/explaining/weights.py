"""Why a step moves a weight, as data: its gradient factor by factor, then the optimizer's rule, number by number."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.arguments import public
from chainrule.doors import Door
from chainrule.explaining.factors import Factor, Use
from chainrule.explaining.notation import Notation
from chainrule.explaining.steps import ForwardStep
from chainrule.friendly import Friendly
from chainrule.graph import show
from chainrule.shown import columns as aligned, counted, cut, screen

ROLES = (
    "how the cost moves with what the unit puts out: it comes from the layers behind and the loss",
    "the slope of the activation where the unit is",
    "what came in through the weight",
)
BEHIND = "how the cost moves with the unit's sum: what comes from behind, through an activation that mixes its units"
FEW = 8  # rows of factors that are printed


@dataclass(frozen=True, eq=False, repr=False)
class WeightExplanation(Friendly):
    """Why the next step moves one weight. ``cr.explain(network, X, y, parameter="W1", index=(0, 2))`` makes one.

    Attributes:
        parameter: "W1".
        index: Which of its weights.
        value: What it is.
        gradient: How the cost moves with it, as the training step finds it.
        uses: For each use by a layer: the factors of the gradient, row by row; none where a layer uses it in another
            way than to add up what comes in.
        penalty: What the price of the weight's size adds to the gradient.
        scale: What the gradient is multiplied by where all gradients together are too long (``clip_norm``).
        optimizer: Its rule.
        step: The number of the step.
        slots: What the optimizer remembers of the weight: name, before and after.
        rule: The rule, line by line: of symbols, numbers, and what they come to.
        new: What the step makes of the weight.
        cost: What is minimised, before the step.
        rows: How many rows it is of.
        rule_of: Who chose the optimizer: "you", the last "fit", its "run", or "nobody", so that it is Adam.
        digits: How many digits of a number are told.
        notation: How names are written.

    >>> network = cr.Network([cr.Dense(1, "sigmoid", initializer=[[0.5], [-1.0]])], input_shape=2)
    >>> told = cr.explain(network, [[2.0, 1.0]], [1.0], parameter="W1", index=(0, 0), optimizer=cr.SGD(0.1))
    >>> (factor,) = told.uses[0].factors
    >>> round(factor.behind, 3), round(factor.slope, 3), factor.came_in, round(told.gradient, 3)
    (-2.0, 0.25, 2.0, -1.0)
    >>> print(told.rule[-1])
    W1[0,0]' = W1[0,0] - t1 = 0.5 - (-0.1) = 0.6
    """

    parameter: str
    index: tuple[int, ...]
    value: float
    gradient: float
    uses: tuple[Use, ...]
    penalty: float
    scale: float
    optimizer: Any
    step: int
    slots: tuple[tuple[str, float, float], ...]
    rule: tuple[ForwardStep, ...]
    new: float
    cost: float
    rows: int
    rule_of: str
    digits: int = show.DIGITS
    notation: Notation = field(default_factory=Notation, repr=False)
    _repr_html_ = Door()

    @property
    def name(self) -> str:
        """What the weight is called: "W1[0,2]".

        >>> network = cr.Network([cr.Dense(1)], input_shape=2, seed=0)
        >>> cr.explain(network, [[1.0, 2.0]], [1.0], parameter="W1", index=(1, 0)).name
        'W1[1,0]'
        """
        return weight_name(self.parameter, self.index)

    @property
    def change(self) -> float:
        """How much the step moves the weight.

        >>> network = cr.Network([cr.Dense(1)], input_shape=2, seed=0)
        >>> told = cr.explain(network, [[1.0, 2.0]], [1.0], parameter="W1", index=(1, 0), optimizer=cr.SGD(0.5))
        >>> round(told.change + 0.5 * told.gradient, 6)
        0.0
        """
        return self.new - self.value

    @public
    def to_dict(self) -> dict[str, Any]:
        """Return plain data: numbers, texts and lists.

        >>> network = cr.Network([cr.Dense(1)], input_shape=2, seed=0)
        >>> cr.explain(network, [[1.0, 2.0]], [1.0], parameter="b1", index=0).to_dict()["name"]
        'b1[0]'
        """
        return {
            "name": self.name, "parameter": self.parameter, "index": list(self.index), "value": self.value,
            "gradient": self.gradient, "penalty": self.penalty, "clipped_by": self.scale, "cost": self.cost,
            "rows": self.rows, "optimizer": repr(self.optimizer), "step": self.step,
            "uses": [{"layer": use.label, "factors": [_plain(each) for each in use.factors]} for use in self.uses],
            "slots": [{"name": name, "before": before, "after": after} for name, before, after in self.slots],
            "rule": [str(line) for line in self.rule], "new": self.new, "change": self.change,
        }  # fmt: skip

    @property
    def sentences(self) -> dict[str, str]:
        """What is said of the weight, of its gradient and of its step, in words.

        >>> network = cr.Network([cr.Dense(1)], input_shape=2, seed=0)
        >>> sorted(cr.explain(network, [[1.0, 2.0]], [1.0], parameter="b1", index=0).sentences)
        ['gradient', 'step', 'weight']
        """
        of = f", the mean over {counted(self.rows, 'row')}" if self.rows > 1 else ""
        labels = " and ".join(use.label for use in self.uses)
        weight = f"{self._called} = {self._number(self.value)}{f', of {labels}' if labels else ''}."
        way = "rises" if self.gradient > 0 else "falls" if self.gradient < 0 else "stays as it is"
        gradient = f"The cost is {self._number(self.cost)}{of}; where the weight grows it {way}: "
        gradient += f"dJ/d{self._called} = {self._number(self.gradient)}."
        if not self.uses:
            gradient += (
                " Its layer does more than to add up what comes in through it, so there are no three factors."
            )
        if self.penalty:
            gradient += f" Of that the price of the weight's size is {self._number(self.penalty)}."
        if self.scale < 1:
            gradient += (
                f" All gradients together are longer than clip_norm={self.optimizer.clip_norm:g}, so each is "
                f"multiplied by {self._number(self.scale)}."
            )
        step = f"So step {self.step} moves it by {self.change:+.4g}, to {self._number(self.new)}."
        if not self.change:
            step = f"So step {self.step} leaves it where it is."
        return {"weight": weight, "gradient": gradient, "step": step}

    @property
    def rule_head(self) -> str:
        """The optimizer, the number of its step, and whose choice it was.

        >>> network = cr.Network([cr.Dense(1)], input_shape=2, seed=0)
        >>> told = cr.explain(network, [[1.0, 2.0]], [1.0], parameter="b1", index=0)
        >>> told.rule_head.partition(")")[2]
        ', step 1, as no fit of this network is known'
        """
        whose = {
            "fit": ", as in the last fit",
            "run": ", as in its run",
            "nobody": ", as no fit of this network is known",
        }
        return f"{self.optimizer!r}, step {self.step}{whose.get(self.rule_of, '')}"

    @public
    def factor_rows(self, use: Use) -> list[tuple[str, ...]]:
        """Return the factors of a use as a table, the heads first; of many the largest, and the others together.

        Args:
            use: One of ``uses``.

        Returns:
            Rows of texts, each as long as the heads.

        >>> network = cr.Network([cr.Dense(1)], input_shape=2, seed=0)
        >>> told = cr.explain(network, [[1.0, 2.0]], [1.0], parameter="W1", index=(1, 0))
        >>> told.factor_rows(told.uses[0])[0]
        ('row', 'dJ/dA1', 'dA1/dZ1', 'dZ1/dW1[1,0]', 'product')
        """
        apart = not any(np.isnan(factor.slope) for factor in use.factors)
        places = len({factor.place for factor in use.factors}) > 1
        a, z = (self.notation.name(name).text for name in (use.a, use.z))
        heads = (f"dJ/d{a}", f"d{a}/d{z}") if apart else (f"dJ/d{z}",)
        rows = [("row", *(["place"] if places else []), *heads, f"d{z}/d{self._called}", "product")]
        shown = sorted(
            sorted(use.factors, key=lambda f: -abs(f.product))[:FEW], key=lambda f: (f.row, f.place)
        )
        for f in shown:
            numbers = (f.behind, f.slope) if apart else (f.error,)
            place = [f"[{','.join(map(str, f.place))}]"] if places else []
            rows.append((str(f.row), *place, *(self._number(n) for n in (*numbers, f.came_in, f.product))))
        blank = [""] * (len(rows[0]) - 2)
        if rest := [f.product for f in use.factors if f not in shown]:
            rows.append((f"{len(rest):,} more", *blank, self._number(sum(rest))))
        if len(use.factors) > 1:
            rows.append(("sum", *blank, self._number(sum(f.product for f in use.factors))))
        return rows

    def __str__(self) -> str:
        said = self.sentences
        lines = [said["weight"], said["gradient"]]
        for use in self.uses:
            rows = self.factor_rows(use)
            lines += ["", *(f"  {line}" for line in aligned(rows))]
            heads = [head for head in rows[0] if head.startswith("d")]
            roles = ROLES if len(heads) == len(ROLES) else (BEHIND, ROLES[-1])
            lines += [f"  {head}: {role}" for head, role in zip(heads, roles, strict=True)]
        lines += [
            "",
            self.rule_head,
            *(f"  {line}" for line in self.rule),
            "",
            said["step"],
        ]
        return "\n".join(screen(lines, 60))

    def __repr__(self) -> str:
        value, new, gradient = (show.number(n) for n in (self.value, self.new, self.gradient))
        return f"<WeightExplanation of {cut(self.name, 30)}: {value} → {new}, gradient {gradient}>"

    def _number(self, value: float) -> str:
        return show.number(value, self.digits)

    @property
    def _called(self) -> str:
        return self.notation.placed(self.name, learned=True).text


def _plain(factor: Factor) -> dict[str, Any]:
    numbers = {name: None if isinstance(n, float) and np.isnan(n) else n for name, n in vars(factor).items()}
    return {**numbers, "place": list(factor.place)}


def weight_name(parameter: str, index: Sequence[int]) -> str:
    """Return what a weight is called: ``W1[0,2]``."""
    return f"{parameter}[{','.join(map(str, index))}]"
