"""Whether a program is what it says: each node what its row makes of its inputs, each end of the shape it has to be.

A program that calls on nodes recorded is. One that was put together by hand, or came from elsewhere, may name elements
that no array has, and machine code would go there. So an engine is given nothing that was not verified, and code is
written for nothing that was not verified again, after all rewrites.

Between two stages, where what is wrong would be our own mistake, graphs are verified when someone looks for mistakes:
in the tests, and under ``CHAINRULE_CHECK=1``. The error names the stage.
"""

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from chainrule.errors import ChainruleError, GraphError, short
from chainrule.graph.closed import Ends, Program, bodies, extents_of, is_given
from chainrule.graph.node import Node, leaf_key
from chainrule.graph.primitives.attributes import SHAPE
from chainrule.graph.primitives.identities import mark, stop_gradient
from chainrule.graph.shapes import Extent, resolve, show
from chainrule.graph.table import TABLE
from chainrule.graph.walk import order

MOST_BYTES = 1 << 47  # of one array, its open axes not counted: what a processor addresses
ALWAYS = False  # the tests set it: verify between stages, whatever the environment says


@dataclass(frozen=True)
class Level:
    """How far a graph is on its way to an engine: a name for errors, and which nodes may occur there."""

    name: str
    allows: Callable[[Node], bool] = lambda node: True


RECORDED = Level("recorded")
SIMPLIFIED = Level("simplified")
FINAL = Level("simplified", lambda node: node.primitive not in (mark, stop_gradient))


def checked() -> bool:
    """Say whether the house is to look after itself: ``CHAINRULE_CHECK=1``."""
    return os.environ.get("CHAINRULE_CHECK", "") not in ("", "0")


def between_stages() -> bool:
    """Say whether what a stage made is to be verified before the next takes it."""
    return ALWAYS or checked()


def verify(graph: Ends, level: Level = RECORDED) -> None:
    """Return if a program or a closed graph is sound, and made of what may occur at its ``level``.

    Raises:
        ChainruleError: If a node is not what its row makes of its inputs, a leaf is none that is given, an open
            axis is none of an input, or a new value does not fit the variable it is for. The message says what was
            found, and what was expected; beyond what was recorded, it begins with the level.
    """
    with _named(level):
        graph.check_given("A program" if isinstance(graph, Program) else "A closed graph")
        _verify_ends(graph, level)
        if isinstance(graph, Program):
            _verify_new_state(graph)


def verify_rewritten(
    before: Sequence[Node], after: Sequence[Node], level: Level, costs: Sequence[Node] = ()
) -> None:
    """Return if a graph that was rewritten is sound, of no other leaves, and its ends of the shapes they had.

    Args:
        before: The graph as it was.
        after: As it is.
        level: What it must be.
        costs: What gradients in it are of, whose leaves it may hold, too.

    Raises:
        ChainruleError: If it is not, as :func:`verify` does.
    """
    with _named(level):
        nodes = order([*before, *costs])
        _verify_nodes(after, filter(is_given, nodes), {e for n in nodes for e in extents_of(n)}, level)
        for old, new in zip(before, after, strict=True):
            if (old.shape, old.dtype) != (new.shape, new.dtype):
                raise GraphError(
                    f"'{old.primitive.name}' of {_written(old.shape, old.dtype)} became '{new.primitive.name}' of "
                    f"{_written(new.shape, new.dtype)}."
                )


def _verify_new_state(program: Program) -> None:
    if len(program.state) != len(program.new_state):
        raise GraphError(f"{len(program.state)} variables have {len(program.new_state)} new values.")
    for state, new in zip(program.state, program.new_state, strict=True):
        if (state.shape, state.dtype) != (new.shape, new.dtype):
            raise GraphError(
                f"The variable '{short(state.name)}' of {_written(state.shape, state.dtype)} cannot become a "
                f"value of {_written(new.shape, new.dtype)}."
            )


@contextmanager
def _named(level: Level) -> Iterator[None]:
    """Say at which level it was that something is wrong."""
    try:
        yield
    except ChainruleError as error:
        if level is not RECORDED:
            error.args = (f"After it was {level.name}: {error}",)
        raise


def _verify_ends(graph: Ends, level: Level) -> None:
    asked = graph.inputs if isinstance(graph, Program) else graph.given  # a variable has no open axis
    known = {e for leaf in asked for e in extents_of(leaf)}
    _verify_nodes(graph.given + graph.ends, graph.given, known, level)


def _verify_nodes(ends: Iterable[Node], leaves: Iterable[Node], known: set[Extent], level: Level) -> None:
    given = {leaf_key(n): n for n in leaves}
    seen: set[int] = set()  # graphs that were verified: all results of a loop have the same one
    for node in order(ends):
        wanted = _leaf(node, given) if is_given(node) else _made(node)
        if not SHAPE.holds(node.shape) or (node.shape, node.dtype) != wanted:
            raise GraphError(f"'{node.primitive.name}' {_said(node)}, and is of {_written(*wanted)}.")
        if not known.issuperset(extents_of(node)):
            resolve(tuple(extents_of(node)), dict.fromkeys(known, 1))  # raises for the one that no input has
        fixed = [e for e in node.shape if not isinstance(e, Extent)]
        if math.prod(fixed) * node.dtype.itemsize > MOST_BYTES:
            raise GraphError(f"'{node.primitive.name}' {_said(node)}: no machine has so much memory.")
        if not level.allows(node):
            raise GraphError(f"{short(node.primitive.name)} may not occur any more.")
        for body in bodies(node):
            if id(body) not in seen:
                seen.add(id(body))
                _verify_ends(body, level)


def _leaf(node: Node, given: dict[Any, Node]) -> tuple[Any, Any]:
    leaf = given.get(leaf_key(node))
    if leaf is None:
        raise GraphError(f"{short(node.name)} is neither an input nor a variable of the program.")
    return leaf.shape, leaf.dtype


def _made(node: Node) -> tuple[Any, Any]:
    """Return the shape and the dtype of what a row makes of a node's inputs."""
    row, attributes = node.primitive, node.attributes
    if TABLE.get(row.name, row) is not row:  # engines know the table's rows by their names
        raise GraphError(f"A primitive is called {short(row.name)} like one of the table, which is another.")
    row.check(len(node.inputs), attributes)
    try:
        return (
            row.shape(*[x.shape for x in node.inputs], **attributes),
            row.dtype(*[x.dtype for x in node.inputs], **attributes),
        )
    except ChainruleError:
        raise
    except Exception as error:
        raise GraphError(f"'{row.name}' with {short(dict(attributes))}: {short(str(error))}.") from error


def _said(node: Node) -> str:
    return f"is said to be of {_written(node.shape, node.dtype)}"


def _written(shape: Any, dtype: Any) -> str:
    return f"shape {show(shape) if isinstance(shape, tuple) else short(shape)} and {dtype}"
