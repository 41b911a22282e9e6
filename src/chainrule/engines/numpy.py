"""The NumPy engine: the definition of a graph, written out once as a Python function. It judges the others."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from chainrule.engines.executable import Executable
from chainrule.errors import ShapeError
from chainrule.graph.closed import ClosedGraph, Program, extents_of, map_bodies
from chainrule.graph.evaluate import Arrays
from chainrule.graph.node import Node, leaf_key
from chainrule.graph.primitives.products import contraction_function
from chainrule.graph.shapes import Extent, matches, resolve, show
from chainrule.graph.siblings import siblings


class NumpyExecutable(Executable):
    """A program as a Python function with one line for each node."""

    engine = "numpy"

    def __init__(self, program: Program) -> None:
        self.program = program
        source, scope = write_source(program)
        exec(compile(source, "<chainrule numpy program>", "exec"), scope)
        self._function: Callable[..., tuple[Arrays, Arrays]] = scope["step"]
        self._open = [
            (extent, position, axis)
            for position, node in enumerate(program.inputs)
            for axis, extent in enumerate(node.shape)
            if isinstance(extent, Extent)
        ]
        self._held = [(i, node) for i, node in enumerate(program.state) if extents_of(node)]

    def __reduce__(self) -> tuple[Any, ...]:
        return NumpyExecutable, (self.program,)

    def step(self, state: Sequence[np.ndarray], batch: Sequence[np.ndarray]) -> tuple[Arrays, Arrays]:
        """Run the program once; return (new state, outputs)."""
        lengths = {extent: batch[position].shape[axis] for extent, position, axis in self._open}
        for i, node in self._held:
            if not matches(node.shape, state[i].shape, lengths):
                raise ShapeError(
                    f"The state '{node.name}' is of shape {show(state[i].shape)}; expected {show(node.shape)}, of "
                    "as many rows as the batch has."
                )
        with np.errstate(all="ignore"):
            return self._function(state, batch, lengths)


def source(program: Program) -> str:
    """Show the function that the engine runs."""
    return write_source(program)[0]


def write_source(program: Program) -> tuple[str, dict[str, Any]]:
    """Return the source of ``step(state, batch, lengths)`` and the functions that its names stand for."""
    nodes = program.nodes
    uses = Counter([*program.ends, *(x for n in nodes for x in n.inputs)])
    given = {leaf_key(n): f"state[{i}]" for i, n in enumerate(program.state)}
    given |= {leaf_key(n): f"batch[{i}]" for i, n in enumerate(program.inputs)}
    names: dict[str, Any] = {}
    written: dict[Node, str] = {}
    lines = ["def step(state, batch, lengths):"]
    families = siblings(nodes)
    for number, node in enumerate(nodes):
        if node not in written:  # by the first of its siblings
            family = families.get(node, [node])
            expression = given.get(leaf_key(node)) or _call(node, number, names, written, family)
            found = [f"v{number}_{i}" for i in range(len(family))] if node in families else [f"v{number}"]
            written |= zip(family, found, strict=True)
            lines.append(f"    {', '.join(found)}{',' * (node in families)} = {expression}")
        for x in dict.fromkeys(node.inputs):
            uses[x] -= node.inputs.count(x)
            if uses[x] == 0:
                lines.append(f"    del {written[x]}")
    new_state = ", ".join(written[n] for n in program.new_state)
    outputs = ", ".join(written[n] for n in program.outputs)
    lines.append(f"    return [{new_state}], [{outputs}]")
    return "\n".join(lines), names


def _call(
    node: Node, number: int, names: dict[str, Any], written: dict[Node, str], family: Sequence[Node]
) -> str:
    """Return the call that computes ``node``, or all of its family: what it needs but its inputs is an object."""
    row, attributes = node.primitive, map_bodies(node.attributes, _Written)
    compute = row.forward
    if row.results is not None:
        takes = tuple([n.attributes["take"] for n in family])
        attributes = {**{k: v for k, v in attributes.items() if k != "take"}, "takes": takes}
        compute = row.results
    if row.leaf == "given":
        raise ValueError(f"the {row.name} '{node.name}' is no part of the program")
    plain = row.name.isascii() and row.name.isidentifier()
    name = f"{row.name if plain else 'row'}_{number}"
    if row.name == "constant":
        names[name] = attributes["value"]
        return name
    arguments = [written[x] for x in node.inputs]
    if any(map(_is_open, attributes.values())):
        names[name] = _with_lengths(compute, attributes)
        arguments = ["lengths", *arguments]
    elif row.name == "contract":
        names[name] = contraction_function(attributes["spec"])
    else:
        names[name] = partial(compute, **attributes) if attributes else compute
    return f"{name}({', '.join(arguments)})"


class _Written:
    """A graph in an attribute, as whoever has it sees it; called, it is a function written once and not anew."""

    def __init__(self, body: ClosedGraph) -> None:
        self._body = body
        self._inner = NumpyExecutable(Program(body.given, (), body.outputs, ()))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    def __call__(self, *values: np.ndarray) -> Arrays:
        return self._inner.step((), values)[1]


def _with_lengths(forward: Callable[..., Any], attributes: Mapping[str, Any]) -> Callable[..., Any]:
    """Return ``forward`` as a function that is given the lengths of open axes first."""
    return lambda lengths, *inputs: forward(
        *inputs, **{k: resolve(v, lengths) for k, v in attributes.items()}
    )


def _is_open(value: Any) -> bool:
    return isinstance(value, Extent) or (isinstance(value, tuple) and any(map(_is_open, value)))
