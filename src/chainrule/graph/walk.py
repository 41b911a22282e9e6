"""Walking a graph: order, ancestors, rebuilding. Nothing recurses, so 100,000 nodes in a chain are fine.

These functions ask only for a node's ``inputs``, never what a node is.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

N = TypeVar("N", bound=Any)


def order(outputs: Iterable[N], stop: Iterable[N] = ()) -> list[N]:
    """Return every ancestor of ``outputs``, inputs before what uses them, each once.

    The walk does not go past the nodes in ``stop``.
    """
    seen: set[N] = set()
    closed = set(stop)
    result: list[N] = []
    stack = [(node, False) for node in reversed(list(outputs))]
    while stack:
        node, inputs_done = stack.pop()
        if inputs_done:
            result.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            if node not in closed:
                stack.extend((x, False) for x in reversed(node.inputs) if x not in seen)
    return result


def descendants(sources: Iterable[N], among: Iterable[N]) -> set[N]:
    """Return the nodes of ``among`` (in order) that are in ``sources`` or depend on one."""
    found = set(sources)
    for node in among:
        if any(x in found for x in node.inputs):
            found.add(node)
    return found


def rebuild(
    outputs: Iterable[N], visit: Callable[[N, tuple[N, ...]], N], stop: Iterable[N] = ()
) -> dict[N, N]:
    """Visit each ancestor of ``outputs`` with its new inputs; return what each node became."""
    became: dict[N, N] = {}
    closed = set(stop)
    for node in order(outputs, stop=closed):
        inputs = () if node in closed else tuple(became[x] for x in node.inputs)
        became[node] = visit(node, inputs)
    return became
