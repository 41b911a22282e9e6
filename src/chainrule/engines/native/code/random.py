"""Random bits: Threefry-2x32, as the table's row draws them and as seeds do, vector by vector."""

from collections.abc import Callable

from chainrule.engines.native.code.ir import Code, Module, Value
from chainrule.engines.native.code.step import Step, apart
from chainrule.engines.native.code.types import I64, PTR, VOID, Type, type_of
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
    function = _write_threefry(module, lanes)
    with module.function(name, WORDS_PARAMETERS) as code:
        words, key0, key1, numbers, streams, first, count = code.parameters
        result = code.room(2 * 4 * lanes)

        def draw(*given: Value) -> Value:
            code.call(function, VOID, *(code.splat(code.convert(x, "u32"), lanes) for x in given), result)
            return code.load(result, vector)

        def second(type: Type) -> Value:
            return code.load(code.at(result, lanes, word), type)

        zero, one = (code.constant(x, word) for x in (0, 1))
        from_first = code.splat(code.convert(first, "u32"), lanes) + code.steps(vector)
        with code.loop(streams) as down:
            own0 = code.lane(draw(key0, key1, code.load(code.at(numbers, down.index, I64), I64), one), 0)
            own1 = second(word)
            row = code.at(words, down.index * count, I64)
            with code.loop(count, step=lanes) as along:
                high = draw(
                    own0, own1, from_first + code.splat(code.convert(along.index, "u32"), lanes), zero
                )
                high, low = (code.convert(x, "u64") for x in (high, second(vector)))
                code.store(high << 32 | low, code.at(row, along.index, I64))
    return lanes


def _write_threefry(module: Module, lanes: int) -> str:
    """Return the name of a function that does a vector of draws; it is called wherever some are wanted."""
    vector = Type("u32", lanes)

    def write(code: Code, key0: Value, key1: Value, count0: Value, count1: Value, result: Value) -> None:
        for i, x in enumerate(threefry(key0, key1, count0, count1, _rotating(code))):
            code.store(x, code.at(result, i * lanes, vector))

    names = ("key0", "key1", "count0", "count1")
    return module.once("threefry", [*((n, vector) for n in names), ("result", PTR)], write)


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
