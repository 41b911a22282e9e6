"""Random bits: Threefry-2x32, as the table's row draws them and as seeds do, vector by vector."""

from collections.abc import Callable

from chainrule.engines.native.code.ir import Code, Module, Value
from chainrule.engines.native.code.step import Step, apart
from chainrule.engines.native.code.types import I64, PTR, Type, type_of
from chainrule.engines.native.plan.views import product, whole
from chainrule.graph.node import Node
from chainrule.random import threefry

WORDS_PARAMETERS = (
    ("words", PTR), ("key0", I64), ("key1", I64), ("numbers", PTR), *((n, I64) for n in ("streams", "first", "count")),
)  # fmt: skip


def _rotating(code: Code) -> Callable[[Value, int], Value]:
    return lambda bits, left: code.intrinsic("fshl", bits, bits, code.constant(left, bits.type))


def write_words(module: Module, name: str) -> int:
    """Write a function that does what ``chainrule.random.words_within`` does; return how many words it does at once.

    Each row is written in whole vectors: what stands behind its end is written over by the next, and behind the last
    there must be room for as many words.
    """
    lanes = module.lanes("u32")
    word, vector = Type("u32"), Type("u32", lanes)
    with module.function(name, WORDS_PARAMETERS) as code:
        words, key0, key1, numbers, streams, first, count = code.parameters
        rotate, zero, one = _rotating(code), code.constant(0, vector), code.constant(1, word)
        first, key0, key1 = (code.convert(x, "u32") for x in (first, key0, key1))
        from_first = code.splat(first, lanes) + code.steps(vector)
        with code.loop(streams) as down:
            number = code.convert(code.load(code.at(numbers, down.index, I64), I64), "u32")
            own0, own1 = (code.splat(k, lanes) for k in threefry(key0, key1, number, one, rotate))
            row = code.at(words, down.index * count, I64)
            with code.loop(count, step=lanes) as along:
                counter = from_first + code.splat(code.convert(along.index, "u32"), lanes)
                high, low = (code.convert(x, "u64") for x in threefry(own0, own1, counter, zero, rotate))
                code.store(high << 32 | low, code.at(row, along.index, I64))
    return lanes


@apart
def write_random(step: Step, node: Node) -> None:
    """Fill a node with uniform numbers: the first words fill the first half, the second words the rest."""
    code = step.code
    word = Type("u32")
    seed, counter = (code.convert(step.scalar(x), "i64") for x in node.inputs)
    low, twice_high, counter = (code.convert(x, "u32") for x in (seed, seed >> 32 << 1, counter))
    stream = code.constant(node.attributes["stream"], word)

    rotate = _rotating(code)
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
