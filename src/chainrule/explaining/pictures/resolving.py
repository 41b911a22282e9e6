"""A network as the graph of what it does with some rows: in training where there are targets, else at prediction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.errors import DataError
from chainrule.graph.node import Node, leaf_key, mark, with_inputs
from chainrule.graph.walk import order, rebuild
from chainrule.nn.calls import Call
from chainrule.nn.layers.base import SEED, STEP
from chainrule.nn.reading import at
from chainrule.train.network import Network


@dataclass(frozen=True, eq=False)
class Resolved:
    """A network's graph, with nothing open but its inputs.

    Attributes:
        end: The cost where there are targets, else the output.
        output: What the network predicts.
        y: The input of the targets, or None.
        loss: What the loss is called, or "".
        inputs: The inputs by name.
        calls: The uses of layers by label.
        outputs: What each puts out.
        parts: Nodes by the lectures' names: "Z1", "A1" ...
        feed: The rows, by input; None where there are none.
    """

    end: Node
    output: Node
    y: Node | None
    loss: str
    inputs: dict[str, Node]
    calls: dict[str, Call]
    outputs: dict[str, Node]
    parts: dict[str, Node]
    feed: dict[Node, Any] | None


def resolved(network: Network, X: Any, y: Any, loss: Any) -> Resolved:
    """Return the graph of a network, with the cost of rows where they have targets.

    Raises:
        DataError: If X or y does not fit.
        GraphError: If the network has not seen data yet, or y is given without X.
    """
    architecture = network.architecture
    outputs, calls, parts = architecture.outputs, architecture.calls, architecture.parts
    extra = [n for call in calls.values() for n in (*call.inputs, *call.parameters)]
    nodes = [architecture.output, *outputs.values(), *parts.values(), *extra]
    feed: dict[Node, Any] | None = None
    target, called = None, ""
    if y is not None:
        goal, table = network._examples(network._read(X, y, None), loss)
        feed = dict(zip(goal.inputs, table, strict=True))
        target, called = goal.y, _called(goal.loss)
        after = goal.learning([goal.cost, *nodes])
    else:
        if X is not None:
            feed = dict(zip(architecture.inputs.values(), network._take(X).arrays, strict=True))
        after = at([architecture.output, *nodes], training=False)
    if feed is not None and not all(map(len, feed.values())):
        raise DataError("X has no rows; a picture needs some.")
    after = _settled(after, dict(zip(parts, after[2 + len(outputs) :], strict=False)))
    if feed is not None:
        given = {leaf_key(n): v for n, v in ((STEP, 0), (SEED, network.seed))}
        feed |= {n: given[leaf_key(n)] for n in order(after) if leaf_key(n) in given}
    became = dict(zip([*nodes], after[1:], strict=True))
    return Resolved(
        after[0] if y is None else after[0].named("J"),
        after[1],
        target,
        called,
        dict(architecture.inputs),
        {label: _through(call, became) for label, call in calls.items()},
        {label: became[n] for label, n in outputs.items()},
        {name: became[n] for name, n in parts.items()},
        feed,
    )


def _through(call: Call, became: Mapping[Node, Node]) -> Call:
    inputs, learned = (tuple([became[n] for n in each]) for each in (call.inputs, call.parameters))
    return Call(call.layer, inputs, learned, (), {})


def _called(loss: Any) -> str:
    return str(getattr(loss, "__name__", type(loss).__name__)).replace("_", " ")


def _settled(nodes: Sequence[Node], parts: Mapping[str, Node]) -> list[Node]:
    """Return the graph with what follows from training or not decided, and names for the lectures' nodes."""
    names: dict[Node, str] = {}
    for name, node in parts.items():
        names.setdefault(node, name)

    def visit(node: Node, inputs: tuple[Node, ...]) -> Node:
        new = with_inputs(node, inputs)
        if node.primitive.name == "where" and inputs[0].primitive.name == "constant":
            chosen = inputs[1 if inputs[0].attributes["value"].all() else 2]
            flag = inputs[0].attributes["value"]
            if flag.all() == flag.any() and chosen.shape == node.shape and chosen.dtype == node.dtype:
                new = mark(chosen, node.meaning, node.name)
        return new.named(names[node]) if node in names and not new.name else new

    became = rebuild(nodes, visit)
    return [became[n] for n in nodes]
