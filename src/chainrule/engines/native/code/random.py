"""Random bits: Threefry-2x32, the same as the table's row draws, vector by vector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.engines.native.code.ir import Code, Type, Value, type_of
from chainrule.engines.native.plan.views import product, whole
from chainrule.graph.node import Node

if TYPE_CHECKING:
    from chainrule.engines.native.code.lower import Lowering

ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
PARITY = 0x1BD11BDA


def threefry(code: Code, key0: Value, key1: Value, count0: Value, count1: Value) -> tuple[Value, Value]:
    """Return two words of random bits: 20 rounds (Salmon et al. 2011)."""
    keys = (key0, key1, key0 ^ key1 ^ PARITY)
    x0, x1 = count0 + keys[0], count1 + keys[1]
    for group in range(5):
        for rotation in ROTATIONS[4 * (group % 2) : 4 * (group % 2) + 4]:
            x0 = x0 + x1
            x1 = code.intrinsic("fshl", x1, x1, code.constant(rotation, x1.type)) ^ x0
        x0 = x0 + keys[(group + 1) % 3]
        x1 = x1 + keys[(group + 2) % 3] + (group + 1)
    return x0, x1


def write_random(low: Lowering, node: Node) -> None:
    """Fill a node with uniform numbers: the first words fill the first half, the second words the rest."""
    code = low.code
    word = Type("u32")
    seed, counter = (code.convert(code.convert(low.scalar(x), "i64"), "u32") for x in node.inputs)
    stream = code.constant(node.attributes["stream"], word)
    key0, key1 = threefry(code, seed, stream, counter, code.constant(0, word))
    lanes = low.module.lanes("u32")
    keys = [code.splat(k, lanes) for k in (key0, key1)]
    count = low.size(product(node.shape))
    half = (count + 1) // 2
    base = low.address(whole(node))
    out = type_of(node.dtype)
    first = code.steps(Type("u32", lanes))
    zero = code.constant(0, Type("u32", lanes))

    def store(bits: Value, position: Value, room: Value) -> None:
        numbers = code.convert(bits >> 8, out.kind) * 2.0**-24
        low.store_some(numbers, code.at(base, position, out), room)

    with code.loop(half, step=lanes) as loop:
        position = code.splat(code.convert(loop.index, "u32"), lanes) + first
        words = threefry(code, keys[0], keys[1], position, zero)
        store(words[0], loop.index, half - loop.index)
        behind = half + loop.index
        store(words[1], behind, count - behind)
