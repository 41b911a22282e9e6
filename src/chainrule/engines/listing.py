"""A program in words: its simplified graph, a line for each node, and how one node is written."""

from collections.abc import Iterable, Sequence
from textwrap import indent
from typing import Any

from chainrule.graph import shapes
from chainrule.graph.closed import Program, bodies
from chainrule.graph.contraction import contraction
from chainrule.graph.node import Node, leaf_key
from chainrule.graph.show import text
from chainrule.graph.siblings import siblings
from chainrule.graph.table import TABLE

Names = dict[Any, str]  # by leaf_key: a variable may be several nodes


def show_graph(program: Program, given: Sequence[str] = (), kept: str = "state") -> str:
    """Write the graph that an engine is given: what goes in, a line for each node, what comes out.

    A node is written ``name: dtype shape = formula``; the new value of the variable ``w`` is called ``w'``. The graph
    that a node has of its own stands below it; that of a loop below the first node that takes one of its results.

    Args:
        program: The graph.
        given: What each of its inputs is called, where not "input".
        kept: What its state is called.
    """
    nodes, families = program.nodes, siblings(program.nodes)
    names = node_names(program, nodes)

    def called(node: Node) -> str:
        return names.get(leaf_key(node), "")

    kinds = given or ["input"] * len(program.inputs)
    lines = [f"{kind} {called(n)}: {_sort(n)}" for kind, n in zip(kinds, program.inputs, strict=True)]
    lines += [f"{kept} {called(n)}: {_sort(n)}" for n in program.state]
    for n in nodes:
        if n.inputs:
            inputs = [stand_in(x, called(x)) for x in n.inputs]
            lines.append(f"{called(n)}: {_sort(n)} = {formula(n, inputs)}")
        for body in bodies(n) if families.get(n, [n])[0] is n else ():
            inside = Program(body.inputs, body.shared, body.outputs, body.shared)
            carried = n.attributes["carried"] if n in families else 0
            each = (
                ["carried"] * carried + ["each step"] * (len(body.inputs) - carried) if n in families else []
            )
            lines.append(indent(show_graph(inside, each, kept="shared"), "    "))
    return "\n".join([*lines, f"return {', '.join(called(n) or text(n) for n in program.outputs)}"])


def node_names(program: Program, nodes: Iterable[Node]) -> Names:
    """Return a name for each node, and none for a constant, which is written as a number.

    A leaf bears its own name, the new value of a variable that of the variable with a mark; all others are
    numbered in the order given.
    """
    nodes, names, taken = list(nodes), Names(), dict[str, int]()

    def give(node: Node, name: str) -> None:
        if leaf_key(node) not in names:
            taken[name] = taken.get(name, 0) + 1
            names[leaf_key(node)] = name if taken[name] == 1 else f"{name}_{taken[name]}"

    for leaf in (*program.inputs, *program.state, *(n for n in nodes if not n.inputs)):
        if leaf.primitive.name == "length":
            give(leaf, leaf.attributes["extent"].name)
        elif leaf.primitive.name != "constant":
            give(leaf, leaf.name or leaf.primitive.name)
    for state, new in zip(program.state, program.new_state, strict=True):
        if new.inputs:
            give(new, f"{names[leaf_key(state)]}'")
    for number, node in enumerate([n for n in nodes if n.inputs and n not in names], 1):
        give(node, f"v{number}")
    return names


def formula(node: Node, inputs: Sequence[Node]) -> str:
    """Write one node as a formula of what stands for its inputs."""
    if node.primitive.name == "cast":
        return f"{node.dtype}({text(inputs[0])})"
    if node.primitive.results is not None:
        return _result(node, inputs)
    found = text(applied(node, inputs))
    return f"({found})" if node.primitive.name == "equal" else found  # v = (a = b)


def _result(node: Node, inputs: Sequence[Node]) -> str:
    """Write which result of a loop a node takes."""
    length, backwards = node.attributes["length"], ", backwards" * node.attributes["reverse"]
    given = ", ".join(map(text, inputs))
    return f"{node.primitive.name}({given})[{node.attributes['take']}], {length} steps{backwards}"


def applied(node: Node, inputs: Sequence[Node]) -> Node:
    """Return a node for the eye, of the same row with other inputs; a product of turned matrices is turned back."""
    attributes = node.attributes
    if node.primitive.name == "contract":
        plan = contraction(attributes["spec"])
        if plan.rows and plan.columns and plan.out == plan.columns + plan.rows:
            inputs, attributes = inputs[::-1], {"spec": f"{plan.right},{plan.left}->{plan.out}"}
    return Node(node.primitive, tuple(inputs), attributes, node.shape, node.dtype)


def stand_in(node: Node, name: str) -> Node:
    """Return a leaf that stands for a node under a name; without one, the node itself."""
    return Node(TABLE["input"], (), {}, node.shape, node.dtype, name) if name else node


def _sort(node: Node) -> str:
    return f"{node.dtype} {shapes.show(node.shape)}" if node.shape else str(node.dtype)
