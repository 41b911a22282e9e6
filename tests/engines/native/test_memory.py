"""The memory plan: places that are alive together never share memory, and each is large enough."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from random_graphs import LENGTH, random_program
from random_pictures import random_pictures
from sampling import tries

import chainrule as cr
from chainrule.engines.native.code.operations import CODED
from chainrule.engines.native.look.show import show_memory
from chainrule.engines.native.plan.expand import expand, expand_products
from chainrule.engines.native.plan.fusion import fuse
from chainrule.engines.native.plan.items import made, memory_source
from chainrule.engines.native.plan.memory import ALIGN, plan_memory
from chainrule.engines.native.plan.regions import in_regions
from chainrule.engines.native.plan.views import product
from chainrule.graph.closed import Program
from chainrule.graph.node import input, variable
from chainrule.transform.simplify import simplify_all


def planned(program):
    ends = simplify_all([*program.outputs, *program.new_state], final=True)
    count = len(program.outputs)
    simple = Program(program.inputs, program.state, tuple(ends[:count]), tuple(ends[count:]))
    plan = fuse(expand_products(expand(simple, CODED)))
    plan, regions = in_regions(plan)
    return plan, plan_memory(plan, regions)


def lifetimes(plan, memory):
    """Return (place, first item, last item, bytes) for all that lies in the arena, from the plan alone."""

    def holder(n):
        return plan.inside[n].base if n in plan.inside else n

    born, ends = {}, {}
    for at, item in enumerate(plan.items):
        for node in made(item):
            born.setdefault(holder(node), at)
            for x in (node, *map(memory_source, node.inputs)):
                ends[holder(x)] = at
        for room in memory.rooms[item].all if item in memory.rooms else ():  # what a loop needs beside
            born[room] = ends[room] = at
    ends |= {new: len(plan.items) for _, new in plan.commits}
    lengths = {"n": LENGTH}

    def bytes_of(node, elements):
        total = elements.count * node.dtype.itemsize
        for name in elements.extents:
            total *= lengths[name]
        return total

    return [(slot, born[n], ends[n], bytes_of(n, product(n.shape))) for n, slot in memory.place.items()]


@settings(max_examples=tries(100), suppress_health_check=list(HealthCheck))
@pytest.mark.parametrize("grown", [random_program, random_pictures])
@given(r=st.randoms(use_true_random=False))
def test_places_that_are_alive_together_never_overlap(r, grown):
    plan, memory = planned(grown(r, "float64")[0])
    found = lifetimes(plan, memory)
    for i, (slot, first, last, size) in enumerate(found):
        assert memory.slots[slot].size({"n": LENGTH}) >= size + ALIGN
        for other, begins, ends, _ in found[:i]:
            assert slot != other or last < begins or ends < first
    assert memory.size({"n": LENGTH}) == sum(s.size({"n": LENGTH}) for s in memory.slots) + ALIGN
    # Every stored node has memory: in the arena, as an output, or where its variable lies.
    for node in plan.stored:
        places = (
            (node in memory.place)
            + (node in plan.program.outputs)
            + (node in plan.home)
            + (node in plan.inside)
        )
        assert places == 1


def test_a_chain_of_products_needs_two_places_whatever_its_length_and_one_for_sums_of_rows():
    x = input("x", ("n", 32))
    for depth in (3, 10):
        weights = tuple(variable(np.full((32, 32), 0.1), f"w{i}") for i in range(depth))
        y = reduce(np.matmul, weights, x)
        plan, memory = planned(Program((x,), weights, (np.sum(y),), weights))
        assert len(memory.slots) == 3
        assert {s.extents for s in memory.slots} == {("n",)}
        assert memory.size({"n": 100}) < 2 * (100 * 32 * 8 + 3 * ALIGN) + 100 * 8 + 4 * ALIGN
        assert show_memory(plan, memory).count("place") == 3


def test_what_is_overwritten_in_place_takes_no_room():
    x, w = input("x", ("n", 6)), variable(np.ones((6, 20)), "w")
    plan, memory = planned(Program((x,), (w,), (), (w - 0.1 * cr.grad(np.mean((x @ w) ** 2), w),)))
    assert plan.home and not set(plan.home) & set(memory.place)
