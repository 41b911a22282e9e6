"""Walking a graph: order, ancestors, rebuilding. Nothing recurses, so 100,000 nodes in a chain are fine.

These functions ask only for a node's ``inputs``, never what a node is.
"""

from collections.abc import Callable, Generator, Iterable, MutableMapping
from typing import Any, TypeVar

from chainrule.errors import GraphError

N = TypeVar("N", bound=Any)
V = TypeVar("V")


def order(outputs: Iterable[N], stop: Iterable[N] = ()) -> list[N]:
    """Return every ancestor of ``outputs``, inputs before what uses them, each once.

    The walk does not go past the nodes in ``stop``.

    Raises:
        GraphError: If the graph goes round in a circle.
    """
    done: dict[N, None] = {}  # in place of a set, since it keeps the order
    opened: set[N] = set()
    closed = set(stop)
    stack = list(reversed(list(outputs)))
    while stack:
        node = stack[-1]
        if node in done:
            stack.pop()
            continue
        waiting = [x for x in node.inputs if x not in done] if node not in closed else ()
        if waiting:
            if node in opened:  # its inputs were above it in the stack, so they are done by now
                raise GraphError("A graph goes round in a circle: a node depends on itself.")
            opened.add(node)
            stack.extend(reversed(waiting))
        else:
            done[node] = None
            stack.pop()
    return list(done)


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


def learn(
    node: N,
    known: MutableMapping[N, V],
    rule: Callable[[N], V],
    looks_at: Callable[[N], Iterable[N]] = lambda n: n.inputs,
) -> V:
    """Return what ``rule`` makes of ``node``, asked once what it looks at is ``known``; what is found is kept there."""
    stack = [node]
    while stack:
        n = stack[-1]
        missing = [x for x in looks_at(n) if x not in known] if n not in known else ()
        if missing:
            stack.extend(missing)
        elif stack.pop() not in known:
            known[n] = rule(n)
    return known[node]


def settle(outputs: Iterable[N], rule: Callable[[N], Generator[N, Any, N]]) -> dict[N, N]:
    """Run a rule that recurses, without recursion; return what each node that it was asked of became.

    ``rule(node)`` is a generator: it yields a node to learn what that becomes, and returns what its own became. A node
    that is asked for while its own rule waits stays as it is, so rules that lead round in a circle come to an end.
    """
    became: dict[N, N] = {}
    waiting: dict[N, Generator[N, Any, N]] = {}
    stack: list[N] = []
    for output in outputs:
        asked = output
        while stack or asked not in became:
            answer = became.get(asked)
            if answer is None and asked not in waiting:
                waiting[asked] = rule(asked)
                stack.append(asked)
            elif answer is None:
                answer = became[asked] = asked
            try:
                asked = waiting[stack[-1]].send(answer)
            except StopIteration as done:
                asked = stack.pop()
                became.setdefault(asked, done.value)
    return became
