"""What a drawing says of its boxes and lines: values, gradients, local derivatives, and how far it has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule.errors import GraphError, short
from chainrule.explaining.pictures.flows import Edge, Flows, Slope, lines_of, slopes
from chainrule.explaining.pictures.folding import Step
from chainrule.explaining.pictures.sketching import Joint, Shape
from chainrule.graph.node import Node
from chainrule.graph.shapes import show as show_shape
from chainrule.graph.show import number
from chainrule.shown import counted, cut, in_a_row

FEW, SHORT = (
    3,
    14,
)  # numbers of an array that stand on a line, in so many letters; of a larger one its shape does


@dataclass(frozen=True, eq=False)
class Labels:
    """What a drawing says of its boxes and lines.

    Attributes:
        steps: The boxes.
        ends: What is drawn.
        running: What flows.
        values: Whether values are shown.
        gradients: Whether gradients are.
        backward: Whether arrows lead back, and bear local derivatives.
        step: How many numbers are shown; None for all.
    """

    steps: Sequence[Step]
    ends: Sequence[Node]
    running: Flows
    values: bool
    gradients: bool
    backward: bool
    step: int | None

    @cached_property
    def lines(self) -> list[Edge]:
        """The lines between boxes."""
        return lines_of(self.steps)

    @cached_property
    def uses(self) -> list[list[int]]:
        """The lines that leave each box."""
        found: list[list[int]] = [[] for _ in self.steps]
        for k, line in enumerate(self.lines):
            found[line.source].append(k)
        return found

    @cached_property
    def slopes(self) -> dict[int, Slope]:
        """The local derivative along each line."""
        return slopes(self.steps, self.running.values) if self.backward else {}

    @cached_property
    def J(self) -> int:
        """The box that is differentiated."""
        return next((i for i, s in enumerate(self.steps) if self.ends[0] in s.nodes), 0)

    @cached_property
    def seen(self) -> set[int]:
        """The boxes whose values are shown."""
        return _so_far(self.steps, self.running, self.step, self.backward)[0]

    @cached_property
    def back(self) -> set[int]:
        """The boxes whose gradients are shown."""
        return _so_far(self.steps, self.running, self.step, self.backward)[1]

    def drawn(self) -> tuple[list[Shape], list[Joint]]:
        """Return boxes and lines."""
        shapes = [self._shape(i, step) for i, step in enumerate(self.steps)]
        joints = [self._joint(k, line) for k, line in enumerate(self.lines)]
        for i, step in enumerate(self.steps):
            for n in step.nodes:
                if n in self.ends and step.inputs and not self.backward and self._value(i, n):
                    shapes.append(Shape(()))
                    joints.append(Joint(i, len(shapes) - 1, self._value(i, n), self._gradient(i)))
        return shapes, joints

    def _shape(self, i: int, step: Step) -> Shape:
        name, formula = step.name, step.formula
        if self.backward:
            known = i in self.back and i in self.running.gradients and self.gradients
            formula = _equals(self._d(i), self.running.gradients[i]) if known else ""
        texts = tuple(dict.fromkeys(text for text in (name, formula) if text)) or (step.formula,)
        tip = ""
        if self.gradients and i in self.running.gradients and i in self.back and i != self.J:
            tip = _equals(self._d(i), self.running.gradients[i])
            parts = [self.running.through[k] for k in self.uses[i] if k in self.running.through]
            if len(parts) > 1:
                if not step.node.shape:
                    sums = " + ".join(number(p) for p in parts)
                    tip = f"{self._d(i)} = {sums} = {number(self.running.gradients[i])}"
                texts += () if self.backward else (f"Σ {_label(self.running.gradients[i], back=True)}",)
        return Shape(texts, step.kind, _short(step), tip, step.loop)

    def _joint(self, k: int, line: Edge) -> Joint:
        if self.backward:
            slope = self.slopes.get(k)
            if slope is None:
                return Joint(line.source, line.target)
            above, below = slope.written, slope.number
            a, b = (self.steps[i].name for i in (line.target, line.source))
            number_too = f" = {slope.number}" if slope.number not in ("", slope.written) else ""
            tip = (
                f"∂{a}/∂{b} = {slope.written}{number_too}"
                if slope.number
                else f"d{b} through {a}: {slope.written}"
            )
            return Joint(line.source, line.target, above, below if below != above else "", tip)
        value = self._value(line.source, line.node)
        if k not in self.running.through or not self.gradients or line.source not in self.back:
            return Joint(line.source, line.target, value)
        part = self.running.through[k]
        tip = f"through {self._called(line.target)}: {_label(part, back=True)} of {self._d(line.source)}"
        return Joint(line.source, line.target, value, _label(part, back=True), tip)

    def _value(self, i: int, node: Node) -> str:
        if not self.values or i not in self.seen:
            return ""
        known = self.running.values
        leaf = node if node in known else self.steps[i].node  # of which a node may be a copy
        return _label(known[leaf]) if leaf in known else show_shape(node.shape) if node.shape else ""

    def _gradient(self, i: int) -> str:
        shown = self.gradients and i in self.back and i in self.running.gradients and not self.backward
        return _label(self.running.gradients[i], back=True) if shown else ""

    def _called(self, i: int) -> str:
        return self.steps[i].name or self.steps[i].formula

    def _d(self, i: int) -> str:
        return f"d{self.steps[self.J].name or 'J'}/d{self._called(i)}"

    @property
    def title(self) -> str:
        """What stands above the drawing."""
        what = self.steps[self.J].name or "J" if len(self.ends) == 1 else counted(len(self.ends), "result")
        return f"Computation graph of {cut(what, 24)}{', backward' * self.backward}"

    def words(self) -> str:
        """Return what a screen reader says."""
        values = self.running.values
        said = []
        for i in sorted(self.seen, key=lambda i: (self.steps[i].level, i)):
            step = self.steps[i]
            if step.inputs and (step.name or i == self.J):
                left = f"{step.name} = " if step.name else ""
                right = f" = {_label(values[step.node])}" if step.node in values and self.values else ""
                said.append(f"{left}{step.formula}{right}")
        what = self.steps[self.J].name or "J" if len(self.ends) == 1 else counted(len(self.ends), "result")
        forward = f"The computation graph of {cut(what, 30)}: {'; '.join(said)}."
        if len(said) > 8 or not said:
            forward = (
                f"The computation graph of {cut(what, 30)}, in {counted(len(self.steps), 'box', 'boxes')}."
            )
        leaves = [
            i for i, s in enumerate(self.steps) if s.kind == "parameter" and i in self.running.gradients
        ]
        if not self.gradients or not leaves or not all(i in self.back for i in leaves):
            return forward
        back = [_equals(self._d(i), self.running.gradients[i]) for i in leaves]
        return f"{forward} {in_a_row(back, 200)}."

    def notes(self) -> tuple[str, ...]:
        """Return what is said below."""
        found = []
        if self.gradients and self.running.refusal:
            found.append(self.running.refusal)
        unknown = [
            s.name
            for s in self.steps
            if s.node.primitive.name == "input" and s.node not in self.running.values
        ]
        if self.values and unknown:
            found.append(
                f"No numbers: {in_a_row(unknown, 40)} has none. Give them by feed={{{unknown[0]}: ...}}."
            )
        if (
            any(g.ndim and "‖" in _label(g, back=True) for g in self.running.gradients.values())
            and self.gradients
        ):
            found.append("‖·‖ is the length of an array, the root of the sum of its squares.")
        if self.step is not None:
            found.append(f"step {self.step} of {len(_turns(self.steps, self.running, self.backward))}")
        return tuple(found)


def _short(step: Step) -> str:
    return step.name or step.formula


def _turns(found: Sequence[Step], running: Flows, backward: bool) -> list[tuple[str, int]]:
    """Return what is computed, one after another: values level by level, then gradients the other way."""
    forward = sorted((i for i, s in enumerate(found) if s.inputs), key=lambda i: (found[i].level, i))
    back = sorted(
        (i for i in running.gradients if any(i == x for s in found for x, _ in s.inputs)),
        key=lambda i: (-found[i].level, i),
    )
    return (
        [("back", i) for i in back]
        if backward
        else [*(("on", i) for i in forward), *(("back", i) for i in back)]
    )


def _so_far(
    found: Sequence[Step], running: Flows, step: int | None, backward: bool
) -> tuple[set[int], set[int]]:
    """Return the boxes whose values, and whose gradients, are shown."""
    every = set(range(len(found)))
    if step is None:
        return every, every
    turns = _turns(found, running, backward)
    if isinstance(step, bool) or not isinstance(step, int) or not 0 <= step <= len(turns):
        raise GraphError(
            f"draw: step is a whole number from 0 to {len(turns)}, for so much is computed; found {short(step)}."
        )
    done = turns[:step]
    seen = {i for i in every if not found[i].inputs} | {i for kind, i in done if kind == "on"}
    end = {
        i
        for i, s in enumerate(found)
        if i in running.gradients and not any(i == x for t in found for x, _ in t.inputs)
    }
    back = {i for kind, i in done if kind == "back"}
    return (every if backward else seen), back | (end if back else set())


def _label(value: np.ndarray, back: bool = False) -> str:
    """Write what flows: a number, a few of them, or the shape of an array; of a gradient how long it is."""
    if value.ndim == 0:
        return number(value, 4)
    few = f"[{', '.join(number(v, 3) for v in value[:FEW])}]" if value.ndim == 1 else ""
    if few and len(value) <= FEW and len(few) <= SHORT:
        return few
    return f"‖·‖ {_length(value)}" if back else show_shape(value.shape)


def _equals(derivative: str, value: np.ndarray) -> str:
    """Write what a derivative is; of an array how long it is."""
    label = _label(value, back=True)
    return f"‖{derivative}‖ = {_length(value)}" if label.startswith("‖") else f"{derivative} = {label}"


def _length(value: np.ndarray) -> str:
    return number(np.linalg.norm(value.astype(np.float64)), 3)
