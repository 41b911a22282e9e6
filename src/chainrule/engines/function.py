"""``cr.compile``: a graph as a Python function, on the engine that suits it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, overload

import numpy as np

from chainrule.arguments import public
from chainrule.engines.choice import RUNS
from chainrule.engines.compiled import Compiled
from chainrule.engines.executable import Executable
from chainrule.engines.registry import engine_named
from chainrule.engines.stages import show_stage
from chainrule.errors import GraphError, ShapeError
from chainrule.graph.closed import Program
from chainrule.graph.evaluate import fit_value
from chainrule.graph.node import Node, NodeLike, as_node, cast, leaf_key, nodes_of
from chainrule.graph.shapes import show
from chainrule.graph.show import text
from chainrule.graph.walk import order
from chainrule.literals import EngineName
from chainrule.shown import counted, cut, in_a_row
from chainrule.transform.simplify import costs_of, simplify_all

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

R = TypeVar("R")  # an array, or a list of them
Updates: TypeAlias = Mapping[Node, NodeLike | float]
CALLS = 10_000 // RUNS  # in each; a function that is compiled on purpose is taken to be called so often


class Function(Generic[R]):
    """A compiled graph: call it with a value for each input. :func:`compile` makes one.

    Called, it returns an array for one output and a list of arrays for several; afterwards every updated variable has
    its new value.

    Args:
        program: What is compiled.
        single: Whether there is one output, which is returned by itself.
        engine: The name of an engine, or "auto".

    Raises:
        GraphError: When it is called with another number of values, or with what is no number.
        ShapeError: When it is called with a value of another shape than its input.
        UnknownNameError: If there is no such engine.

    >>> x = cr.input("x", ("n",))
    >>> double = cr.compile([2 * x, x.sum()], inputs=[x])
    >>> double([1.0, 2.0])
    [array([2., 4.]), array(3.)]
    """

    def __init__(self, program: Program, single: bool, engine: str) -> None:
        self._compiled, self._single, self._engine = Compiled(program), single, engine
        self._changed = [(i, w) for i, w, _ in program.updates]
        self._last: Executable | None = None
        if engine != "auto":
            engine_named(engine)
            self.executable  # noqa: B018 -- what cannot be compiled is told now

    @property
    def executable(self) -> Executable:
        """What ran last; before the first call what would run if every open axis had one place.

        >>> x = cr.input("x", ("n",))
        >>> cr.compile(2 * x, inputs=[x], engine="numpy").executable.engine
        'numpy'
        """
        return self._last or self._compiled.on(self._engine, CALLS)

    def __repr__(self) -> str:
        program = self._compiled.program
        given = in_a_row([cut(x.name, 30) for x in program.inputs], 40)
        return f"<compiled ({given}) → {in_a_row([cut(text(n), 40) for n in program.outputs])}>"

    def __call__(self, *values: "ArrayLike") -> R:
        """Compute the outputs; afterwards every updated variable has its new value.

        Args:
            values: A value for each input, in their order: numbers or arrays of their shapes.

        Returns:
            An array for one output, a list of arrays for several.

        Raises:
            GraphError: If there are more values or fewer, or one is no number.
            ShapeError: If one has another shape than its input.
        """
        program = self._compiled.program
        if len(values) != len(program.inputs):
            names = ", ".join(x.name for x in program.inputs)
            raise GraphError(
                f"This function takes {counted(len(program.inputs), 'value')} ({names}); "
                f"{len(values)} {'was' if len(values) == 1 else 'were'} given."
            )
        lengths: dict[Any, int] = {}
        batch = [fit_value(x, v, lengths) for x, v in zip(program.inputs, values, strict=True)]
        state = [v.attributes["cell"].value for v in program.state]
        self._last = executable = self._compiled.on(self._engine, CALLS, lengths)
        new_state, outputs = executable.step(state, batch)
        for i, w in self._changed:
            w.value = new_state[i]
        results: Any = [np.array(x) for x in outputs]
        return results[0] if self._single else results

    def show(self, stage: str) -> str:
        """Return what the engine made of the graph, as text.

        Args:
            stage: "graph" (simplified), or another stage of its engine: ``cr.ENGINES["native"].stages`` has "fusion",
                "memory", "ir" and "asm".

        Returns:
            The text, of many lines: print it.

        Raises:
            UnknownNameError: If its engine has no such stage.

        >>> x = cr.input("x", ("n",))
        >>> print(cr.compile(x * 2 + 1, inputs=[x]).show("graph"))
        input x: float64 (n,)
        v1: float64 (n,) = x · 2
        v2: float64 (n,) = v1 + 1
        return v2
        """
        return show_stage(self._compiled.program, stage, self.executable.engine)


@overload
def compile(
    outputs: NodeLike,
    inputs: Sequence[Node] = (),
    updates: "Updates | None" = None,
    engine: EngineName | str = "auto",
) -> "Function[NDArray[Any]]": ...
@overload
def compile(
    outputs: Sequence[NodeLike],
    inputs: Sequence[Node] = (),
    updates: "Updates | None" = None,
    engine: EngineName | str = "auto",
) -> "Function[list[NDArray[Any]]]": ...
@public
def compile(
    outputs: NodeLike | Sequence[NodeLike],
    inputs: Sequence[Node] = (),
    updates: "Updates | None" = None,
    engine: EngineName | str = "auto",
) -> "Function[Any]":
    """Compile a graph into a Python function. The graph is simplified first.

    Args:
        outputs: A node, or several.
        inputs: The input nodes, in the order in which the function takes their values.
        updates: For variables, the node whose value they take after each call.
        engine: The name of one of ``cr.ENGINES``, or "auto", which weighs what each call is given and takes NumPy
            where that is too little work, or no code can be made.

    Returns:
        A function that returns an array for a node and a list of arrays for a list. Its method ``show(stage)`` returns
        what the engine made of the graph, as text.

    Raises:
        GraphError: If an input of the graph is not named, something is no node, or what is updated is no variable.
        ShapeError: If a new value has another shape than its variable.
        UnknownNameError: If there is no such engine.

    >>> x, w = cr.input("x"), cr.variable(3.0, "w")
    >>> J = (w * x - 1) ** 2
    >>> step = cr.compile(J, inputs=[x], updates={w: w - 0.1 * cr.grad(J, w)})
    >>> float(step(1.0)), round(float(w.value), 3)
    (4.0, 2.6)
    """
    nodes, given, changed = nodes_of(outputs, "compile"), nodes_of(inputs, "compile"), _changes(updates or {})
    known: set[Any] = set()
    for x in given:
        if x.primitive.name != "input":
            raise GraphError(f"'{x.name or x}' is no input. Make inputs with cr.input(name, shape).")
        if leaf_key(x) in known:
            raise GraphError(f"inputs: '{x.name}' is named twice; a function takes one value for it.")
        known.add(leaf_key(x))
    state: dict[Any, Node] = {}
    ends = [*nodes, *changed, *changed.values()]
    costs = costs_of(ends)
    if any(n.primitive.name == "input" and leaf_key(n) not in known for n in order(costs)):
        ends += simplify_all(ends, final=True)  # which says whether it is needed
    for n in order(ends):
        if n.primitive.name == "input" and leaf_key(n) not in known:
            raise GraphError(f"The graph needs the input '{n.name}'; name it in compile(..., inputs=[...]).")
    for n in order([*ends, *costs]):
        if n.primitive.name == "variable":
            state.setdefault(leaf_key(n), n)
    new = {leaf_key(w): value for w, value in changed.items()}
    new_state = tuple(new.get(key, w) for key, w in state.items())
    program = Program(tuple(given), tuple(state.values()), tuple(nodes), new_state)
    return Function(program, isinstance(outputs, Node), engine)


def _changes(updates: Any) -> dict[Node, Node]:
    """Return the new value of each variable as a node of its shape and dtype."""
    if not isinstance(updates, Mapping):
        raise GraphError(
            f"updates is a dict from variables to their new values, {{w: new_w}}; found {type(updates).__name__}."
        )
    changed: dict[Node, Node] = {}
    cells: set[Any] = set()
    for w, new in updates.items():
        if not isinstance(w, Node) or w.primitive.name != "variable":
            raise GraphError(f"updates: only variables can be updated; found {w!r}.")
        if leaf_key(w) in cells:
            raise GraphError(f"updates: '{w.name}' is given two new values, under two names of one variable.")
        cells.add(leaf_key(w))
        node = cast(as_node(new, [w.dtype]), w.dtype)
        if node.shape != w.shape:
            raise ShapeError(
                f"updates: '{w.name}' has shape {show(w.shape)} and its new value {show(node.shape)}."
            )
        changed[w] = node
    return changed
