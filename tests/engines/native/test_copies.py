"""Operands of products that are turned first: once for all that need the same, and right however they lie."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import chainrule as cr
from chainrule.engines.native.code.operations import CODED
from chainrule.engines.native.plan.expand import expand, expand_products
from chainrule.engines.native.plan.fusion import fuse
from chainrule.engines.native.plan.matrices import matrices
from chainrule.engines.native.plan.memory import plan_memory
from chainrule.engines.native.plan.regions import in_regions
from chainrule.engines.native.plan.views import is_view, seen_through, whole
from chainrule.graph.closed import Program
from chainrule.graph.node import apply
from chainrule.transform.simplify import simplify_all


def tasks(*outputs, inputs=(), state=()):
    """Return the tasks of a plan by their names, and the shapes of what they make."""
    ends = simplify_all([*outputs], final=True)
    plan = fuse(
        expand_products(expand(Program(tuple(inputs), tuple(state), tuple(ends), tuple(state)), CODED))
    )
    found = [item.node for item in plan.items if hasattr(item, "node")]
    return [(n.primitive.name, n.shape) for n in found], plan


def test_an_operand_that_must_be_turned_has_a_place_of_its_own():
    x, w = cr.input("x", ("n", 40)), cr.variable(np.ones((24, 40)), "w")
    found, plan = tasks(x @ w.T, inputs=[x], state=[w])
    assert [name for name, _ in found] == ["turn", "contract"]
    assert [slot.bytes for slot in plan_memory(*in_regions(plan)).slots] == [24 * 40 * 8]


def test_products_that_need_the_same_operand_share_it():
    x, y, w = cr.input("x", ("n", 40)), cr.input("y", ("n", 40)), cr.variable(np.ones((24, 40)), "w")
    found, _ = tasks(x @ w.T, y @ w.T, np.exp(x) @ np.transpose(w), inputs=[x, y], state=[w])
    assert sorted(name for name, _ in found) == ["contract"] * 3 + ["turn"]


def test_of_an_operand_that_repeats_itself_one_is_turned():
    x, w = cr.input("x", ("n", 6, 40)), cr.variable(np.ones((24, 40)), "w")
    found, _ = tasks(x @ w.T, inputs=[x], state=[w])
    assert found[0] == ("turn", (40, 24))


def test_what_is_turned_is_read_before_it_is_overwritten():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(9, 12)), rng.normal(size=(12, 12)) / 4

    def trained(engine):
        x, w = cr.input("x", ("n", 12)), cr.variable(b, "w")
        cost = np.mean(np.tanh(np.tanh(x @ w) @ w) ** 2)
        step = cr.compile(cost, inputs=[x], updates={w: w - cr.grad(cost, w)}, engine=engine)
        assert engine == "numpy" or "= wᵀ" in step.show("fusion")
        return [step(a) for _ in range(3)], w.value

    for found, wanted in zip(trained("native"), trained("numpy"), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize(
    "spec",
    ["ij,kj->ik", "bij,bkj->bik", "ji,jk->ki", "bij,kj->bik", "iab,kab->ik", "bji,kbj->bki", "ijk,kl->lij"],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_operands_are_right_however_they_lie(spec, dtype):
    rng = np.random.default_rng(1)
    lengths = {"a": 3, "b": 4, "i": 17, "j": 19, "k": 33, "l": 18}
    sides = spec.split("->")[0].split(",")
    arrays = [rng.normal(size=[2 * lengths[k] for k in side]).astype(dtype) for side in sides]
    for cut in (np.s_[::1], np.s_[::2], np.s_[1::2]):
        x, y = (cr.input(n, a.shape, dtype) for n, a in zip("xy", arrays, strict=True))
        part = [v[(cut,) * v.ndim] for v in (x, y)]
        step = cr.compile(np.einsum(spec, *part), inputs=[x, y], engine="native")
        wanted = np.einsum(spec, *[a[(cut,) * a.ndim].astype("float64") for a in arrays])
        np.testing.assert_allclose(step(*arrays), wanted, rtol=0, atol=1e-4 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize(("spec", "flat"), [("abc,ce->abe", "xc,ce->xe"), ("abc,abe->ce", "xc,xe->ce")])
def test_axes_that_run_on_without_a_gap_are_one_to_the_bit(spec, flat):
    rng = np.random.default_rng(2)
    lengths = {"a": 9, "b": 5, "c": 33, "e": 20, "x": 45}
    sides = spec.split("->")[0].split(",")
    numbers = [rng.normal(size=[lengths[k] for k in side]).astype("float32") for side in sides]
    found, wanted = [], []
    for letters, made in ((spec, found), (flat, wanted)):
        sides = letters.split("->")[0].split(",")
        arrays = [a.reshape([lengths[k] for k in side]) for a, side in zip(numbers, sides, strict=True)]
        given = [cr.input(n, a.shape, "float32") for n, a in zip("xy", arrays, strict=True)]
        step = cr.compile(np.einsum(letters, *given), inputs=given, engine="native")
        made.append(step(*arrays))
    np.testing.assert_array_equal(found[0].ravel(), wanted[0].ravel())


def test_axes_run_on_where_no_array_has_a_gap():
    def axes(spec, *nodes):
        """Return the letters that are one axis, of rows and of what is summed."""
        node = apply("contract", *nodes, spec=spec)
        found = matrices(lambda x: view(x) if is_view(x) else whole(x), node)
        by_out = dict(zip(spec.split("->")[1], whole(node).strides, strict=True))
        return found.running_on(found.rows, found.loops, by_out), found.running_on(
            found.inner, found.sums, by_out
        )

    def view(x):
        return seen_through(whole(x.inputs[0]), x)

    x, w, g = (cr.input(n, shape) for n, shape in (("x", ("n", 5, 30)), ("w", (30, 20)), ("g", ("n", 5, 20))))
    assert axes("abc,ce->abe", x, w) == ("ba", "c")
    assert axes("abc,abe->ce", x, g) == ("c", "ba")
    assert axes("abc,ce->abe", x[:, :4], w) == ("b", "c")  # gaps in what is read
    assert axes("abc,ce->bae", x, w) == ("a", "c")  # and in what is written


LENGTHS = st.sampled_from([1, 2, 5, 9, 17, 40])


@st.composite
def products(draw):
    """Draw the index string of a product, how long its axes are, and which of an operand repeat one entry."""
    kinds = {
        k: draw(st.sampled_from(["batch", "inner", "left", "right"]))
        for k in "abcde"[: draw(st.integers(2, 5))]
    }
    sides = [
        "".join(draw(st.permutations([k for k, kind in kinds.items() if kind in ("batch", "inner", side)])))
        for side in ("left", "right")
    ]
    out = "".join(draw(st.permutations([k for k, kind in kinds.items() if kind != "inner"])))
    lengths = {k: draw(LENGTHS) for k in kinds}
    repeats = [[draw(st.booleans()) and draw(st.booleans()) for _ in side] for side in sides]
    return f"{sides[0]},{sides[1]}->{out}", lengths, repeats


@settings(max_examples=80)
@given(products(), st.integers(0, 2**32))
def test_any_product_is_numpys_however_its_operands_lie(product, seed):
    spec, lengths, repeats = product
    rng = np.random.default_rng(seed)
    sides = spec.split("->")[0].split(",")
    arrays = [
        rng.normal(size=[1 if once else lengths[k] for k, once in zip(side, found, strict=True)])
        for side, found in zip(sides, repeats, strict=True)
    ]
    whole = [[lengths[k] for k in side] for side in sides]
    given = [cr.input(n, a.shape, "float64") for n, a in zip("xy", arrays, strict=True)]
    spread = [np.broadcast_to(x, shape) for x, shape in zip(given, whole, strict=True)]
    step = cr.compile(np.einsum(spec, *spread), inputs=given, engine="native")
    wanted = np.einsum(spec, *[np.broadcast_to(a, shape) for a, shape in zip(arrays, whole, strict=True)])
    np.testing.assert_allclose(step(*arrays), wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("columns", [2, 3, 4])
def test_a_product_of_few_columns_is_done_on_its_side_to_the_same_bits(columns, dtype):
    x, y = cr.input("x", ("n", 50), dtype), cr.input("y", ("n", 8), dtype)
    few = y[:, :columns] + 0
    found, _ = tasks(x.T @ few, inputs=[x, y])
    assert found[-2:] == [("contract", (columns, 50)), ("turn", (50, columns))]
    rng = np.random.default_rng(0)
    given = rng.normal(size=(33, 50)).astype(dtype), rng.normal(size=(33, 8)).astype(dtype)
    wide, narrow = (cr.compile(z, inputs=[x, y], engine="native")(*given) for z in (x.T @ (y + 0), x.T @ few))
    np.testing.assert_array_equal(narrow, wide[:, :columns])
