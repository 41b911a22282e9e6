"""Random bits: Threefry-2x32, as the table's row draws them, vector by vector."""

from chainrule.engines.native.code.ir import Value
from chainrule.engines.native.code.step import Step, apart
from chainrule.engines.native.code.types import Type, type_of
from chainrule.engines.native.plan.views import product, whole
from chainrule.graph.node import Node
from chainrule.random import threefry


@apart
def write_random(step: Step, node: Node) -> None:
    """Fill a node with uniform numbers: the first words fill the first half, the second words the rest."""
    code = step.code
    word = Type("u32")
    seed, counter = (code.convert(step.scalar(x), "i64") for x in node.inputs)
    low, twice_high, counter = (code.convert(x, "u32") for x in (seed, seed >> 32 << 1, counter))
    stream = code.constant(node.attributes["stream"], word)

    def rotate(bits: Value, left: int) -> Value:
        return code.intrinsic("fshl", bits, bits, code.constant(left, bits.type))

    key0, key1 = threefry(low, stream, counter, twice_high, rotate)
    lanes = step.module.lanes("u32")
    key0, key1 = code.splat(key0, lanes), code.splat(key1, lanes)
    count = step.size(product(node.shape))
    half = (count + 1) // 2
    base = step.address(whole(node))
    out = type_of(node.dtype)
    first = code.steps(Type("u32", lanes))
    zero = code.constant(0, Type("u32", lanes))

    def store(bits: Value, position: Value, room: Value) -> None:
        numbers = code.convert(bits >> 8, out.kind) * 2.0**-24
        step.store_some(numbers, code.at(base, position, out), room)

    with code.loop(half, step=lanes) as loop:
        position = code.splat(code.convert(loop.index, "u32"), lanes) + first
        words = threefry(key0, key1, position, zero, rotate)
        store(words[0], loop.index, half - loop.index)
        behind = half + loop.index
        store(words[1], behind, count - behind)
