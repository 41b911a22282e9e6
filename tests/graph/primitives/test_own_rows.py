"""Rows of the user's own: what is wrong with one is said where it is written, what is right is relied on."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.graph.node import record
from chainrule.graph.primitives.primitive import TABLE, Primitive
from chainrule.graph.ranges import range_of
from chainrule.transform.forward import pushforward

WRONG = {
    "name": 3,
    "linear": "yes",
    "moves": True,
    "nan": "sometimes",
    "mixes": "maybe",
    "logarithm": True,
    "leaf": "tree",
    "commutative": "no",
    "nonzero": 1,
    "folded": None,
    "range": (0, 1),
    "cost": "cheap",
    "shape": (2,),
    "dtype": np.float64,
    "made_of": 3,
    "numpy": np.sin,
    "attributes": {"p": int},
    "forward": 3,
    "partials": [1],
    "kink": 0,
    "binds": "tightly",
    "domain": None,
    "cases": {},
}
CUBE = {"name": "cubed", "forward": lambda x: x * x * x, "partials": lambda y, x: [3 * x * x]}


@pytest.fixture(autouse=True)
def table():
    before = list(TABLE)
    yield
    for name in [*TABLE][len(before) :]:
        del TABLE[name]


@pytest.mark.parametrize("column", WRONG)
def test_a_column_that_says_nothing_is_refused(column):
    with pytest.raises(
        cr.GraphError, match=rf"Primitive .*: .*{'' if column == 'attributes' else column}.* expected "
    ):
        cr.primitive(**{**CUBE, column: WRONG[column]})


def test_every_column_refuses_what_it_does_not_take():
    for column in Primitive.__dataclass_fields__:
        with pytest.raises(cr.GraphError, match="expected"):
            Primitive(**{**CUBE, column: object()})


@pytest.mark.parametrize("made", [[3], None, 3])
def test_what_is_no_shape_is_named(made):
    cubed = cr.primitive(**CUBE, shape=lambda x: made)
    with pytest.raises(cr.ShapeError, match="cubed of x: a shape is a tuple of lengths"):
        cubed(cr.variable(np.ones(3), "x"))


@pytest.mark.parametrize("made", ["float64", None, np.float64])
def test_what_is_no_dtype_is_named(made):
    cubed = cr.primitive(**CUBE, dtype=lambda x: made)
    with pytest.raises(cr.GraphError, match=r"cubed: its dtype is .*; expected one of NumPy's"):
        cubed(cr.variable(np.ones(3), "x"))


def test_a_list_is_as_good_as_a_tuple_and_a_whole_number_as_a_fraction():
    cubed = cr.primitive(**CUBE, domain=[(0.0, 1.0)], needs=[0], cost=2)
    assert str(cubed(cr.variable(1.0, "x"))) == "cubed(x)" and cubed.work({}) == 2


def test_a_column_that_no_row_has_is_named():
    with pytest.raises(
        cr.UnknownNameError, match=r"Unknown column of a primitive 'ranges'. Did you mean 'range'"
    ):
        cr.primitive(**CUBE, ranges=3)


def test_a_range_that_is_none_is_named():
    cubed = cr.primitive(**CUBE, range=lambda node, x: (0, 1))
    with pytest.raises(cr.GraphError, match=r"The range of 'cubed' is \(0, 1\)"):
        range_of(cubed(cr.variable(1.0)))


@pytest.mark.parametrize("template", ["{1}", "{power}", "{0"])
def test_a_template_that_cannot_be_filled_is_named(template):
    cubed = cr.primitive(**CUBE, text=template)
    with pytest.raises(cr.GraphError, match="'cubed' of 1 inputs cannot be written as"):
        str(cubed(cr.variable(1.0)))


def test_a_claim_about_another_number_of_inputs_does_no_harm():
    cubed = cr.primitive(**CUBE, commutative=True)
    x, y = cr.variable([1.0, -2.0], "x"), cr.variable([0.5, 2.0], "y")
    both = cr.primitive("both", lambda a, b: a * b, lambda y, a, b: [b, a], nan="input", nonzero=True)
    z = both(x, y)
    for J in (cubed(x), z / z, z - z):
        np.testing.assert_array_equal(cr.simplify(J).value, J.value)


def test_a_partial_may_be_an_array():
    x = cr.variable([1.0, -2.0], "x")
    weighed = cr.primitive("weighed", lambda x: x * np.array([3.0, 4.0]), lambda y, x: [np.array([3.0, 4.0])])
    np.testing.assert_array_equal(cr.grad(weighed(x).sum(), x).value, [3.0, 4.0])
    np.testing.assert_array_equal(pushforward([weighed(x)], {x: 1.0})[0].value, [3.0, 4.0])
    wrong = cr.primitive("wrong", lambda x: x * 1.0, lambda y, x: [np.ones((3, 3))])
    with pytest.raises(cr.ShapeError, match="do not fit together"):
        cr.grad((wrong(x) * 2.0).sum(), x)


def test_a_call_with_what_a_row_does_not_take_is_refused_at_once():
    cubed = cr.primitive(**CUBE)
    x = cr.variable(1.0, "x")
    for call in (lambda: cubed(x, x), lambda: cubed(), lambda: cubed(x, axis=1), lambda: cubed(2.0, 3.0)):
        with pytest.raises(cr.GraphError, match=r"'cubed' of . inputs with"):
            call()


def test_a_function_that_does_not_say_what_it_takes_is_not_asked():
    row = Primitive(name="own", forward=max, no_derivative="it is chosen")
    row.check(2, {})
    assert row(2.0, 3.0) == 3.0


def test_a_row_that_is_linear_in_its_first_input_has_both_modes():
    share = Primitive(
        name="share",
        forward=lambda x, n: x / n,
        adjoint=lambda dy, y, x, n: [dy / n, None],
        linear="first",
    )
    x, n = cr.variable([1.0, -2.0], "x"), cr.variable(4.0, "n")
    y = record(share, (x, n))
    np.testing.assert_array_equal(cr.grad(y.sum(), x).value, [0.25, 0.25])
    np.testing.assert_array_equal(pushforward([y], {x: 1.0})[0].value, [0.25, 0.25])
    np.testing.assert_array_equal(pushforward([y], {x: 1.0, n: 1.0})[0].value, [0.25, 0.25])
    np.testing.assert_array_equal(pushforward([y], {n: 1.0})[0].value, [0.0, 0.0])


def test_numpys_function_is_a_row_of_the_users_whenever_it_was_written():
    x = cr.variable([1.0, -2.0], "x")
    with pytest.raises(cr.UnsupportedError, match=r"np\.spacing is not among"):
        np.spacing(x)
    cr.primitive("spacing", np.spacing, lambda y, x: [None])
    assert np.spacing(x).primitive.name == "spacing"
    np.testing.assert_array_equal(np.spacing(x).value, np.spacing(x.value))


def test_a_function_of_numpys_is_one_row():
    with pytest.raises(cr.GraphError, match=r"np\.sin of a node is 'sin' already"):
        cr.primitive("my_sine", np.sin, lambda y, x: [np.cos(x)], numpy=(np.sin,))


def test_what_fails_within_a_formula_is_what_is_told():
    cubed = cr.primitive(**CUBE | {"forward": lambda x: x.nonsense}, shape=lambda x: x, dtype=lambda x: x)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        cubed(cr.variable(1.0, "x")).value  # noqa: B018 -- looking is the test


@pytest.mark.parametrize("engine", ["auto", *cr.ENGINES])
@pytest.mark.parametrize(
    ("forward", "made"),
    [
        (lambda x: np.sum(x * x), r"\(\)"),
        (lambda x: x[:1], r"\(1,\)"),
        (lambda x: np.stack([x, x]), r"\(2, 3\)"),
    ],
    ids=["a sum", "a part", "twice as much"],
)
def test_a_forward_that_makes_another_shape_says_so_on_every_engine(forward, made, engine):
    own = cr.primitive("own_shape", forward, lambda y, x: [2 * x])
    x = cr.input("x", ("n",))
    with pytest.raises(cr.ChainruleError, match=rf"own_shape.*{made if engine == 'numpy' else ''}"):
        cr.compile(own(x) * 2, inputs=[x], engine=engine)(np.arange(3.0))
    with pytest.raises(cr.ShapeError, match=rf"'own_shape' is computed element by element.*it made {made}"):
        print(own(cr.variable(np.arange(3.0))).value)
