"""The step of a loop while it is traced: what is made anew each time is a part of what is made for all steps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from chainrule.graph.node import Node, input
from chainrule.graph.shapes import Extent, Shape


@dataclass
class Tracing:
    """How often a step is done, the step that its loop stands in, and each part with what it is a part of."""

    steps: int | Extent
    outer: "Tracing | None"
    parts: list[tuple[Node, Node]] = field(default_factory=list)


_tracing: ContextVar[Tracing | None] = ContextVar("_tracing", default=None)


@contextmanager
def traced(steps: int | Extent) -> Iterator[Tracing]:
    """Let what is made meanwhile be that of a step."""
    tracing = Tracing(steps, _tracing.get())
    token = _tracing.set(tracing)
    try:
        yield tracing
    finally:
        _tracing.reset(token)


def each_time(make: Callable[[Shape], Node]) -> Node:
    """Return what ``make`` makes, in the step of a loop another at each step.

    ``make`` is given the axes that stand before all others: none outside of loops, the steps of each loop within.
    """
    return _part(make, _tracing.get())


def _part(make: Callable[[Shape], Node], tracing: Tracing | None) -> Node:
    if tracing is None:
        return make(())
    every = _part(lambda before: make((*before, tracing.steps)), tracing.outer)
    own = input("drawn", every.shape[1:], every.dtype)
    tracing.parts.append((own, every))
    return own
