"""The derivative of a loop is a loop: held to the loop written out, to differences, and to forward mode."""

from random import Random

import numpy as np
import pytest
from random_loops import Loop

import chainrule as cr
from chainrule.graph.node import as_node
from chainrule.transform.forward import pushforward


def compare(J, leaves, seed=0, second=True):
    """Hold the gradients of J, forward mode and second derivatives to those of J with all loops written out."""
    written = cr.unroll(J)
    found, wanted = cr.grad(J, leaves), cr.grad(written, leaves)
    np.testing.assert_allclose(J.value, written.value, rtol=1e-11)
    agree(found, wanted)
    numbers = np.random.default_rng(seed)
    moved = {w: as_node(numbers.standard_normal(w.shape)) for w in leaves}
    (speed,) = pushforward([J], moved)
    np.testing.assert_allclose(
        speed.value,
        sum(np.sum(g * moved[w]).value for w, g in zip(leaves, wanted, strict=True)),
        rtol=1e-8,
        atol=1e-10,
    )
    if second:
        sides = [sum(np.sum(np.sin(g)) for g in each) for each in (found, wanted)]
        agree(*(cr.grad(side, leaves) for side in sides), rtol=1e-7)
    return found


def agree(found, wanted, rtol=1e-8):
    for a, b in zip(found, wanted, strict=True):
        assert a.shape == b.shape and a.dtype == b.dtype
        scale = np.max(np.abs(b.value), initial=1.0)
        np.testing.assert_allclose(a.value, b.value, rtol=rtol, atol=rtol * scale)


@pytest.mark.parametrize("seed", range(60))
def test_a_random_loop_has_the_derivatives_of_the_loop_written_out(seed):
    random = Random(seed)
    loop = Loop(random, T=random.choice([0, 1, 2, 3, 7]), batch=random.choice([0, 1, 2]))
    compare(loop.scalar(), loop.variables, seed, second=seed % 2 == 0)
