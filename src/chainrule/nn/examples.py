"""What memory and work a graph takes for an example, and may take."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import prod

from chainrule.errors import FileFormatError
from chainrule.graph.closed import bodies
from chainrule.graph.contraction import summed
from chainrule.graph.node import Node
from chainrule.graph.primitives.windows import overlap_add, windows
from chainrule.graph.shapes import Extent, Shape
from chainrule.graph.siblings import loop_key
from chainrule.graph.walk import order


@dataclass(frozen=True)
class Size:
    """What a graph takes for one example: bytes at a time and in all, and multiplications in products."""

    held: int
    bytes: int
    products: int


# What the graph of a file may take for one example. What the file has in parameters raises it, and so does what an
# example has itself, so that a large network has room, a large picture too, and a kilobyte does not get gigabytes.
BUDGET = Size(held=2**26, bytes=2**31, products=2**32)
FOR_EACH_BYTE = Size(held=64, bytes=2**12, products=2**14)
STEP = 2**10  # bytes that one step of a loop counts as, though it does nothing


def size_of_one(nodes: Sequence[Node], windows_are_stored: bool = True) -> Size:
    """Return what a graph takes for one example, each value given up after its last use.

    NumPy stores windows that are multiplied, and what is added up where they lie; machine code need not.
    """
    every = order(nodes)
    sizes = {n: _bytes(n) if n.inputs else 0 for n in every}
    total = sum(sizes.values())
    if not windows_are_stored:
        sizes |= dict.fromkeys([n for n in every if n.primitive is windows], 0)
        sizes |= dict.fromkeys([n.inputs[0] for n in every if n.primitive is overlap_add], 0)
    uses = Counter([x for n in every for x in set(n.inputs)]) + Counter(set(nodes))
    now = most = products = 0
    loops = set[Hashable]()
    for node in every:
        now += sizes[node]
        steps = node.attributes.get("length", 1)
        key = node if node.primitive.results is None else loop_key(node)  # one for all results of a loop
        for body in bodies(node) if key not in loops else ():
            loops.add(key)
            step = size_of_one(body.outputs, windows_are_stored)
            times = 1 if isinstance(steps, Extent) else steps
            total, products = total + times * (step.bytes + STEP), products + times * step.products
            most = max(most, now + step.held)
        most = max(most, now)
        for x in set(node.inputs):
            uses[x] -= 1
            now -= 0 if uses[x] else sizes[x]
        if node.primitive.name == "contract":
            terms = summed(node.inputs[0].shape, node.attributes["spec"])
            products += _count(node.shape) * _count(terms)
    return Size(most, total, products)


def check_size(nodes: Sequence[Node], inputs: Iterable[Node], held: int) -> None:
    """Raise if the graph of a file that holds so many bytes of parameters asks for more than its budget."""
    size, held = size_of_one(nodes, windows_are_stored=False), held + sum(map(_bytes, inputs))
    for what, name in (("bytes at a time", "held"), ("bytes", "bytes"), ("multiplications", "products")):
        found, most = getattr(size, name), max(getattr(BUDGET, name), getattr(FOR_EACH_BYTE, name) * held)
        if found > most:
            raise FileFormatError(
                f"A single example takes {float(min(found, 10**300)):.3g} {what}, which is out of proportion to a "
                f"file and an example of {held:,} bytes: at most {most:.3g}."
            )


def _bytes(node: Node) -> int:
    # each class has a number, whatever the labels are
    numbered = node.attributes["classes"] if node.primitive.name == "one_hot" else 0
    return _count(node.shape) * node.dtype.itemsize + 8 * numbered


def _count(shape: Shape) -> int:
    # an axis of length 0 makes no room for others that no array can have
    return prod(1 if isinstance(extent, Extent) else max(extent, 1) for extent in shape)
