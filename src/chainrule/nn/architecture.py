"""Architecture: the graph of a whole network, with a name for everything that is learned.

A chain of layers and a function from input nodes to an output node become the same thing: one graph, in which
marks say where each layer ends. It is written to a file as the list of its layer calls, and read back by
replaying them.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from operator import index
from typing import Any

from chainrule.doors import late
from chainrule.errors import ChainruleError, GraphError, ShapeError, short
from chainrule.graph.closed import is_given
from chainrule.graph.node import Node, input, leaf_key, mark
from chainrule.graph.shapes import Extent, show as show_shape
from chainrule.graph.siblings import Within
from chainrule.graph.walk import order, rebuild
from chainrule.nn.calls import Beside, Call, Carried
from chainrule.nn.layers.base import SEED, STEP, TRAINING, Layer, Parameter, check_layer
from chainrule.nn.masking import mask_of
from chainrule.nn.naming import labels_of, numbered_draws, numbers_of, owner, shared_variables
from chainrule.shown import cut, in_a_row

BATCH, OPEN = "batch", "time"
ONE_OUTPUT = (
    "A network has one output so far: join them, np.concatenate([a, b], axis=1), or make two networks."
)


@dataclass(frozen=True)
class LayerMark:
    """What the mark on a layer's output means in a finished network: which layer it is, and which of its outputs.

    Attributes:
        label: What the use of the layer is called.
        number: 0 for its output, from 1 for what it puts out besides.
    """

    label: str
    number: int = 0


@dataclass(frozen=True)
class LoopMark:
    """What the mark on a result of a loop means in a finished network: which layers are called in its steps.

    Attributes:
        labels: What these uses are called.
    """

    labels: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Architecture:
    """A network as graph.

    Attributes:
        inputs: The input nodes, by name; their first axis counts the examples.
        output: What the network predicts.
        calls: Every use of a layer, inputs before what uses them, by label ("dense_1").
        outputs: The output node of each call.
        parameters: The variables that training changes, by name: "W1", "b1", "gamma_1" ...
        statistics: The variables that are kept besides: "mean_1", "variance_1".
        updates: For each statistic, its value after a training step.
        carried: The states that go on from batch to batch, "lstm_1.h" ...: what each is after a batch.
        parts: Nodes by the lectures' names: "Z1" and "A1" for the first layer with units.
        mask: Which steps of the output count, (batch, time), where it is a sequence that may be padded; None: all.
        structure: What another has too only if its graph is the same but for its weights; None where that is not known.

    >>> found = cr.Network([cr.Dense(2, "relu"), cr.Dense(1)], input_shape=3).architecture
    >>> list(found.calls), list(found.parts)
    (['dense_1', 'dense_2'], ['Z1', 'A1', 'Z2', 'A2'])
    """

    inputs: dict[str, Node]
    output: Node
    calls: dict[str, Call]
    outputs: dict[str, Node]
    parameters: dict[str, Node]
    statistics: dict[str, Node]
    updates: dict[str, Node]
    parts: dict[str, Node]
    mask: Node | None = None
    structure: Hashable = None
    carried: dict[str, Node] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<architecture of {in_a_row(list(self.inputs), 40)} → {in_a_row(list(self.calls), 100)}>"

    @cached_property
    def call_of(self) -> dict[Node, Call]:
        """The use of a layer whose output a node is, by node."""
        return {n: self.calls[label] for label, n in self.outputs.items()}

    @cached_property
    def states(self) -> dict[str, Node]:
        """The inputs by which programs are given the states that go on from batch to batch, by name."""
        return {name: input(name, n.shape, n.dtype) for name, n in self.carried.items()}

    def use_of(self, node: Node) -> Node | None:
        """Return the output of the layer that puts out ``node`` besides.

        Args:
            node: A node of the network.

        Returns:
            The output of that use of a layer; None where no layer puts the node out besides its output.
        """
        is_beside = isinstance(node.meaning, LayerMark) and node.meaning.number
        return self.outputs[node.meaning.label] if is_beside else None

    @property
    def nodes(self) -> list[Node]:
        """All nodes that have a place in it."""
        found: list[Node | None] = [
            *self.inputs.values(), self.output, *self.outputs.values(), *self.updates.values(), self.mask,
            *self.carried.values(),
        ]  # fmt: skip
        for call in self.calls.values():
            found += [*call.inputs, *call.parameters, *(n for pair in call.updates for n in pair)]
            found += [*call.parts.values(), call.mask]
        return [n for n in found if n is not None]

    def through(self, became: Mapping[Node, Node]) -> "Architecture":
        """Return the same architecture of other nodes.

        Args:
            became: What each of :attr:`nodes`, and of what they are made of, became.

        Returns:
            An architecture of these.
        """

        def each(nodes: Mapping[str, Node]) -> dict[str, Node]:
            return {name: became[n] for name, n in nodes.items()}

        return Architecture(
            inputs=each(self.inputs),
            output=became[self.output],
            calls={label: _through(call, became) for label, call in self.calls.items()},
            outputs=each(self.outputs),
            parameters=each(self.parameters),
            statistics=each(self.statistics),
            updates=each(self.updates),
            parts=each(self.parts),
            mask=None if self.mask is None else became[self.mask],
            structure=self.structure,
            carried=each(self.carried),
        )

    @property
    def moved(self) -> list[Node]:
        """What each statistic is after a training step, in their order."""
        return [self.updates.get(name, s) for name, s in self.statistics.items()]

    @property
    def frozen(self) -> frozenset[str]:
        """The names of the parameters and statistics that are held as they are, of layers with ``trainable=False``.

        What a layer builds of other layers is held with it. It is as it is now: ``layer.trainable = True`` changes it.

        >>> network = cr.Network([cr.Dense(2, "relu", trainable=False), cr.Dense(1)], input_shape=3)
        >>> sorted(network.architecture.frozen)
        ['W1', 'b1']
        """
        held: set[str] = set()
        for label, call in self.calls.items():
            if call.layer.trainable is False:
                nodes = _inside(self.outputs[label], call)
                inside = [self.call_of[n] for n in nodes if n in self.call_of]
                within = [n.meaning.labels for n in nodes if isinstance(n.meaning, LoopMark)]
                inside += [self.calls[each] for labels in within for each in labels]
                held.update(w.name for each in inside for w in each.parameters)
        return frozenset(held)

    def meaning(self, name: str) -> Parameter:
        """Return what the parameter or statistic called ``name`` is.

        Args:
            name: "W1", "mean_1" ...

        Returns:
            Its layer, role, initializer, regularizer and whether it is trained.
        """
        meaning: Parameter = {**self.statistics, **self.parameters}[name].meaning
        return meaning


def chain(layers: Sequence[Any], shape: int | Sequence[int], dtype: str) -> Architecture:
    """Return the architecture of layers one after the other, for examples of ``shape``."""
    x = y = input("x", (BATCH, *as_shape("x", shape)), dtype)
    for number, layer in enumerate(check_layers(layers), start=1):
        try:
            y = _one(layer(y))
        except ChainruleError as error:
            what = f"Layer {number} ({cut(repr(layer))}) does not fit what comes before it"
            failed = ShapeError(f"{what}: {error}\n\n{_up_to({'x': x}, layer, (y,))}")
            failed.where = layer, (y,)
            raise failed from None
    return finish({"x": x}, y)


def _one(built: Any) -> Node:
    """Return what a layer built where the next one of a list takes it: a single node."""
    if isinstance(built, tuple):
        raise GraphError(
            f"it puts out {len(built)} nodes, and a list of layers hands on one. Call layers on nodes where several "
            f"are wanted: x = cr.input(...); y, *others = layer(x); cr.Network(y)."
        )
    found: Node = built
    return found


def check_layers(layers: Any) -> list[Layer]:
    """Return ``layers`` as a list of layers, or say what is none."""
    if isinstance(layers, str | type) or not isinstance(layers, Iterable):
        check_layer(layers)
    found = [check_layer(layer) for layer in layers]
    if not found:
        raise GraphError("A network needs at least one layer; for linear regression cr.Dense(1).")
    return found


# From the inputs, a layer and what it was given to the rows up to it.
_up_to = late("chainrule.nn.summary:up_to")


def branches(function: Callable[..., Any], shapes: Mapping[str, Any], dtype: str) -> Architecture:
    """Return the architecture that ``function`` draws when called with one input node for each name."""
    inputs = {name: input(name, (BATCH, *as_shape(name, shape)), dtype) for name, shape in shapes.items()}
    try:
        output = function(**inputs)
    except ShapeError as error:
        layer, given = error.where or ("", ())
        if isinstance(layer, str):  # between layers
            raise
        what = f"{cut(repr(layer))} does not fit what it is given"
        failed = ShapeError(f"{what}: {error}\n\n{_up_to(inputs, layer, given)}")
        failed.where = error.where
        raise failed from None
    except TypeError as error:
        if isinstance(error, ChainruleError) or "argument" not in str(error):
            raise
        raise GraphError(
            f"The network's function is called with its inputs by name ({', '.join(inputs)}): {error}."
        ) from None
    if not isinstance(output, Node):
        several = isinstance(output, Mapping | tuple | list) and len(output) > 1
        remedy = f" {ONE_OUTPUT}" if several else ""
        raise GraphError(
            f"The network's function must return the output node; it returned {short(output)}.{remedy}"
        )
    if not output.shape or output.shape[0] != Extent(BATCH):
        raise ShapeError(
            f"The output of the network's function has shape {show_shape(output.shape)}; its first axis must "
            f"count the examples, as in {show_shape((Extent(BATCH), 'outputs'))}."
        )
    return finish(inputs, output)


def as_shape(name: str, shape: Any) -> tuple[int | str, ...]:
    """Return the shape of one example as a tuple; a single number is a row of so many, None first is an open time.

    >>> as_shape("x", 3), as_shape("x", (None, 3)), as_shape("x", ("steps", 3))
    ((3,), ('time', 3), ('steps', 3))
    """
    try:
        found = (
            [index(shape)] if hasattr(shape, "__index__") else list(() if isinstance(shape, str) else shape)
        )
        first = [OPEN if found[0] is None else found[0]] if found and _is_open(found[0]) else []
        lengths = [index(e) for e in found[len(first) :]]
    except TypeError:
        first, lengths = [], [-1]
    if any(e < 0 for e in lengths) or BATCH in first:
        raise ShapeError(
            f"The shape of input '{name}' is that of one example, such as (8, 8) or (3,), or (None, 3) for sequences "
            f"of any length; found {short(shape)}."
        )
    return (*first, *lengths)


def _is_open(extent: Any) -> bool:
    return extent is None or (isinstance(extent, str) and extent != "")


def finish(inputs: dict[str, Node], output: Node) -> Architecture:
    """Name what the graph learns, share what is one layer's, give each random layer its stream."""
    every = _every_node(output)
    marks = [n for n in every if isinstance(n.meaning, Call)]
    within = [m for n in every if isinstance(n.meaning, Within) for m in n.meaning.of]
    ends = [*_beside(every), output, *[x for m in within for x in m.meaning.nodes()]]
    mask = _mask_of_data(output)
    ends += [] if mask is None else [mask]
    ends += [new for n in marks for _, new in (*n.meaning.updates, *n.meaning.carried)]
    labels = dict(zip(marks, labels_of([n.meaning.layer for n in marks]), strict=True))
    numbers = numbers_of(marks)
    shared = shared_variables(marks, numbers)
    states = _states(labels)
    numbered, known = numbered_draws(), {leaf_key(n) for n in (*inputs.values(), TRAINING, SEED, STEP)}

    def visit(node: Node, new: tuple[Node, ...]) -> Node:
        _check_leaf(node, known)
        if isinstance(node.meaning, Parameter):
            return shared[owner(node)]
        if node in labels:
            return mark(new[0], LayerMark(labels[node]), node.name)
        if node in states:
            return mark(new[0], Carried(states[node]))
        if isinstance(node.meaning, Beside):
            return mark(new[0], LayerMark(labels[node.meaning.of], node.meaning.number), node.name)
        if isinstance(node.meaning, Within):
            return mark(new[0], LoopMark(tuple([labels[m] for m in node.meaning.of])), node.name)
        return numbered(node, new)

    became = rebuild(ends, visit)
    calls = {label: _renewed(n.meaning, became, shared) for n, label in labels.items()}
    outputs = {label: became[n] for n, label in labels.items()}
    learned = {w.name: w for call in calls.values() for w in call.parameters}
    parts: dict[str, Node] = {}
    for label, call in calls.items():
        if call.layer.counts:
            number = numbers[id(call.layer)]
            parts |= {f"{k}{number}": v for k, v in call.parts.items()} | {f"A{number}": outputs[label]}
    return Architecture(
        inputs=inputs,
        output=became[output],
        calls=calls,
        outputs=outputs,
        parameters={name: w for name, w in learned.items() if w.meaning.trainable},
        statistics={name: w for name, w in learned.items() if not w.meaning.trainable},
        updates=_updates(calls.values()),
        parts=parts,
        mask=None if mask is None else became[mask],
        carried={states[s]: became[new] for n in marks for s, new in n.meaning.carried},
    )


def _states(labels: Mapping[Node, str]) -> dict[Node, str]:
    """Return the states that go on from batch to batch, with their names."""
    found: dict[Node, str] = {}
    seen: set[int] = set()
    for node, label in labels.items():
        layer, states = node.meaning.layer, node.meaning.carried
        if states and id(layer) in seen:
            raise GraphError(
                f"{layer!r} keeps its states from batch to batch, so it is used once: write it in each place, or leave "
                "out stateful=True."
            )
        seen.add(id(layer))
        found |= {state: f"{label}.{state.meaning.name}" for state, _ in states}
    return found


def _every_node(output: Node) -> list[Node]:
    """Return what an output is made of, in order, and the outputs of layers of which only others are used."""
    beside: list[Node] = []
    while True:
        every = order([*beside, output])
        found = _beside(every)
        if set(found) == set(beside):
            return every
        beside = found


def _beside(nodes: Iterable[Node]) -> list[Node]:
    """Return the outputs of layers that marks among ``nodes`` speak of, and that need not lie on the way."""
    of = [n.meaning.of for n in nodes if isinstance(n.meaning, Beside | Within)]
    return list(dict.fromkeys([m for each in of for m in (each if isinstance(each, tuple) else (each,))]))


def _mask_of_data(output: Node) -> Node | None:
    """Return which steps of the output count; what is learned or random has no say in that."""
    mask = mask_of(output)
    for leaf in order([] if mask is None else [mask]):
        if is_given(leaf) and (
            leaf.meaning is not None or leaf_key(leaf) in (leaf_key(TRAINING), leaf_key(SEED))
        ):
            raise GraphError(
                "Which steps of the output count is read off the data, before anything is computed of them; here it "
                f"depends on {leaf.name}. Put what finds the padding (cr.Masking) first."
            )
    return mask


def _inside(output: Node, call: Call) -> Set[Node]:
    """Return what a layer built in a call, its output included."""
    return set(order([output], stop=call.inputs)) - set(call.inputs)


def _check_leaf(node: Node, known: Set[Any]) -> None:
    """Refuse what no engine would be given: a variable that belongs to no layer, an input of nobody."""
    if node.primitive.name == "variable" and not isinstance(node.meaning, Parameter):
        raise GraphError(
            f"The variable '{node.name}' stands in the network but belongs to no layer, so nothing would "
            "train or save it. Put it into a layer of your own (see cr.Layer), or write its number."
        )
    if node.primitive.name == "input" and leaf_key(node) not in known:
        raise GraphError(f"The input '{node.name}' stands in the network but is none of its inputs={{...}}.")


def _through(call: Call, became: Mapping[Node, Node]) -> Call:
    return Call(
        call.layer,
        tuple([became[x] for x in call.inputs]),
        tuple([became[w] for w in call.parameters]),
        tuple([(became[s], became[new]) for s, new in call.updates]),
        {name: became[n] for name, n in call.parts.items()},
        None if call.mask is None else became[call.mask],
    )


def _renewed(call: Call, became: dict[Node, Node], shared: dict[tuple[int, str], Node]) -> Call:
    return Call(
        call.layer,
        tuple(became[x] for x in call.inputs),
        tuple(shared[owner(w)] for w in call.parameters),
        tuple((shared[owner(s)], became[new]) for s, new in call.updates),
        {k: became[v] for k, v in call.parts.items() if v in became},
        None if call.mask is None else became.get(call.mask),
    )


def _updates(calls: Iterable[Call]) -> dict[str, Node]:
    """Return the new value of each statistic; of a layer used several times, their mean."""
    found: dict[str, list[Node]] = {}
    for call in calls:
        for s, new in call.updates:
            found.setdefault(s.name, []).append(new)
    return {k: sum(each[1:], each[0]) / len(each) if each[1:] else each[0] for k, each in found.items()}
