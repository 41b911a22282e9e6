"""A network's graph by its layers: what stands in each box, what is one box together, what is repeated."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from chainrule.explaining.pictures.folding import boxes_of
from chainrule.explaining.pictures.resolving import Resolved
from chainrule.graph.evaluate import evaluate
from chainrule.graph.node import Node
from chainrule.graph.shapes import show as show_shape
from chainrule.graph.show import number
from chainrule.graph.walk import order
from chainrule.nn.activations import activation_name
from chainrule.nn.calls import Call
from chainrule.nn.layers.dense import Activation
from chainrule.shown import counted, visible
from chainrule.transform.backprop import Gradient, grad

MANY = 8  # boxes of a network; in one of more, what has no units stands in the box before it
LONGEST_BLOCK = 16  # boxes that are repeated together


@dataclass(frozen=True, eq=False)
class Part:
    """A box of a network.

    Attributes:
        name: What it is called.
        what: What it is and what it puts out, a line each; with its inputs it tells whether two parts are alike.
        kind: Of box.
        inputs: The parts that it reads, by number.
        parameters: How many numbers it learns or keeps.
        outputs: How long the array is that it puts out, of each part that stands here; none without data.
        gradients: Likewise of the gradient by it.
        follows: Whether it may stand in the box of what it reads.
        loop: What goes round, or "".
    """

    name: str
    what: tuple[str, ...]
    kind: Any
    inputs: tuple[int, ...]
    parameters: int = 0
    outputs: tuple[float, ...] = ()
    gradients: tuple[float, ...] = ()
    follows: bool = False
    loop: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """What stands in the box."""
        learned = (counted(self.parameters, "parameter"),) if self.parameters else ()
        sizes = [
            f"‖{of}‖ {_between(found)}"
            for of, found in (("A", self.outputs), ("dA", self.gradients))
            if found
        ]
        return tuple(filter(None, (self.name, *self.what, *learned, *sizes)))


@dataclass(frozen=True)
class Block:
    """Parts that stand for several alike, one after another."""

    parts: tuple[int, ...]
    times: int


@dataclass(frozen=True, eq=False)
class Parts:
    """The boxes of a network, and which of them are repeated."""

    parts: tuple[Part, ...]
    blocks: tuple[Block, ...] = field(default=())


def _between(found: Sequence[float]) -> str:
    low, high = (number(v, 3) for v in (min(found), max(found)))
    return low if low == high else f"{low} … {high}"


def parts_of(network: Resolved, ends: Sequence[Node] = ()) -> list[tuple[Node, Part]]:
    """Return the parts of a network, each behind those it reads, and the nodes that they stand for.

    Args:
        network: Its graph.
        ends: What is drawn; by default what the network ends in.
    """
    end, ends = network.end, ends or (network.end,)
    outer = outer_calls(network, ends)
    outputs = {network.outputs[label]: label for label in outer}
    between = order(
        [network.output, *ends[1:], *[x for label in outer for x in network.calls[label].inputs]],
        stop=outputs,
    )
    inputs = set(network.inputs.values())
    kept = [
        n for n in between if n not in outputs and n.inputs and not n.primitive.unwritten and not _is_mask(n)
    ]
    every = {*kept, *outputs, *inputs, *ends, *([network.y] if network.y is not None else [])}
    steps = boxes_of(ends, [n for n in order(ends) if n in every])
    sizes, slopes = _lengths(network, [step.node for step in steps])
    seen: set[Node] = set()
    found = []
    for step in steps:
        n = step.node
        given = tuple(dict.fromkeys(i for i, _ in step.inputs))
        shape = show_shape(n.shape) if n.shape else ""
        more: dict[str, Any] = {
            "outputs": tuple([sizes[n]] if n in sizes else []),
            "gradients": tuple([slopes[n]] if n in slopes else []),
        }
        if n in outputs:
            call = network.calls[outputs[n]]
            new = [w for w in call.parameters if w not in seen]
            seen.update(new)
            more |= {"parameters": sum(prod(w.shape) for w in new), "loop": _loop(n, call)}
            title = f"{outputs[n]}: {n.name}" if n.name else outputs[n]
            what = (said(call.layer), shape)
            found.append(Part(title, what, "layer", given, follows=not call.layer.counts, **more))
        elif n is end and network.y is not None:
            cost = f"J = {number(evaluate([end], network.feed)[end], 4)}" if network.feed else "J"
            found.append(Part(cost, (network.loss,), "result", given))
        elif not n.inputs:
            found.append(Part(n.name, (shape,), "leaf", given))
        else:
            found.append(Part("", (step.formula, shape), "step", given, **more))
    return [(step.node, part) for step, part in zip(steps, found, strict=True)]


def _is_mask(node: Node) -> bool:
    return node.dtype.kind == "b"


def outer_calls(network: Resolved, ends: Sequence[Node]) -> list[str]:
    """Return the uses of layers that no other layer makes."""
    nodes = set(order(ends))
    present = [label for label in network.calls if network.outputs[label] in nodes]
    inner: set[str] = set()
    for label in present:
        call = network.calls[label]
        inside = set(order([network.outputs[label]], stop=call.inputs)) - set(order(call.inputs))
        inner |= {other for other in present if other != label and network.outputs[other] in inside}
    return [label for label in present if label not in inner]


def said(layer: Any) -> str:
    """Write a layer by its settings: Conv2D(8, 3, same, use_bias=False)."""
    if isinstance(layer, Activation):
        return activation_name(layer.activation)
    written = re.sub(r"\w+=(?=')", "", visible(repr(layer))).replace("'", "")
    return written.removesuffix("()")


def _loop(output: Node, call: Call) -> str:
    loops = [n for n in order([output], stop=call.inputs) if "carried" in n.attributes]
    if not loops:
        return ""
    length = loops[0].attributes["length"]
    return counted(length, "step") if isinstance(length, int) else "each step"


def _lengths(network: Resolved, nodes: Sequence[Node]) -> tuple[dict[Node, float], dict[Node, float]]:
    """Return how long the arrays are that nodes put out, and the gradients by them, where there is data."""
    if network.feed is None:
        return {}, {}
    floats = [n for n in nodes if n.dtype.kind == "f" and n.inputs and n is not network.end]
    slopes = grad(network.end, floats) if network.y is not None else []
    run = evaluate([network.end, *floats, *slopes], network.feed)
    arrived = [(n, g) for n, g in zip(floats, slopes, strict=False) if isinstance(g.meaning, Gradient)]
    return {n: _length(run[n]) for n in floats}, {n: _length(run[g]) for n, g in arrived}


def _length(array: np.ndarray) -> float:
    return float(np.linalg.norm(array.astype(np.float64)))


def folded(parts: Sequence[Part]) -> Parts:
    """Return the parts of a network with what is repeated once, and chains in one box."""
    found = _repeated(parts)
    return _chains(found) if len(found.parts) > MANY else found


def _readers(parts: Sequence[Part]) -> list[list[int]]:
    readers: list[list[int]] = [[] for _ in parts]
    for j, part in enumerate(parts):
        for i in part.inputs:
            readers[i].append(j)
    return readers


def _chains(of: Parts) -> Parts:
    """Let what has no units stand in the box of the one part that it reads, if nothing else reads that."""
    readers = _readers(of.parts)
    block_of = {i: block for block in of.blocks for i in block.parts}
    place: list[int] = []
    found: list[Part] = []
    for j, part in enumerate(of.parts):
        (i, *others) = part.inputs or (-1,)
        alone = not others and i >= 0 and readers[i] == [j] and block_of.get(i) is block_of.get(j)
        if alone and part.follows and not part.loop and found[place[i]].kind == "layer":
            found[place[i]] = _with(found[place[i]], part)
            place.append(place[i])
        else:
            place.append(len(found))
            found.append(replace(part, inputs=tuple([place[i] for i in part.inputs])))
    blocks = [Block(tuple(sorted({place[i] for i in b.parts})), b.times) for b in of.blocks]
    return Parts(tuple(found), tuple(blocks))


def _with(before: Part, part: Part) -> Part:
    """Return a part with one that follows in its box."""
    return replace(
        before,
        what=(*before.what[:-1], f"+ {part.what[0]}", part.what[-1]),
        parameters=before.parameters + part.parameters,
        outputs=part.outputs,
        gradients=part.gradients,
    )


def _repeated(parts: Sequence[Part]) -> Parts:
    """Find blocks that follow each other and are alike, in what they are and in what they read."""
    readers = _readers(parts)
    looks = [(p.what, p.kind, p.parameters, tuple([j - i for i in p.inputs])) for j, p in enumerate(parts)]
    found: list[Part] = []
    place: dict[int, int] = {}
    blocks: list[Block] = []
    at = 0
    while at < len(parts):
        length, times = _longest(parts, looks, readers, at)
        first = len(found)
        for k in range(length):
            every = [parts[at + k + m * length] for m in range(times)]
            for m in range(times):
                place[at + k + m * length] = first + k
            part = parts[at + k]
            outputs = tuple([v for p in every for v in p.outputs])
            gradients = tuple([v for p in every for v in p.gradients])
            inputs = tuple([place[i] for i in part.inputs])
            found.append(replace(part, inputs=inputs, outputs=outputs, gradients=gradients))
        if times > 1:
            blocks.append(Block(tuple(range(first, first + length)), times))
        at += length * times
    return Parts(tuple(found), tuple(blocks))


def _longest(
    parts: Sequence[Part], looks: Sequence[Any], readers: Sequence[Sequence[int]], at: int
) -> tuple[int, int]:
    """Return the length of the block that begins here, and how often it stands there: once, if it is none."""
    best = (1, 1)
    if parts[at].follows and len(parts[at].inputs) == 1:  # which belongs to what it follows
        return best
    for length in range(1, LONGEST_BLOCK + 1):
        times = 1
        while (
            looks[at + times * length : at + (times + 1) * length] == looks[at : at + length]
            and len(looks[at + times * length : at + (times + 1) * length]) == length
        ):
            times += 1
        while times > 1 and not _closed(readers, at, length, times):
            times -= 1
        if times > 1 and (times - 1) * length > (best[1] - 1) * best[0]:
            best = (length, times)
    return best


def _closed(readers: Sequence[Sequence[int]], at: int, length: int, times: int) -> bool:
    """Say whether nothing outside of a block reads what is in it, but for its last part."""
    for m in range(times):
        begin = at + m * length
        block = range(begin, begin + length)
        if any(j not in block for i in block[:-1] for j in readers[i]):
            return False
        if m < times - 1 and any(
            j not in range(begin + length, begin + 2 * length) for j in readers[block[-1]]
        ):
            return False
    return True
