"""Public names of the version before: they work, say the new name once at each place, and end with the next version."""

import warnings

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import OLD_NAMES_END
from chainrule.train.retired import METHODS


def told(use):
    """Return what a use gives, and the warnings of a user who changed no filter."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.resetwarnings()
        return use(), seen


OLD = {
    "cr.Row": (lambda: cr.Row, "cr.Primitive", lambda: cr.Primitive),
    "Node.row": (lambda: cr.variable(1.0).row, "Node.primitive", lambda: cr.variable(1.0).primitive),
}


@pytest.mark.parametrize("old", OLD)
def test_an_old_name_works_and_says_the_new_one_at_the_users_line(old):
    use, new, today = OLD[old]
    found, seen = told(use)
    assert found is today()
    assert [str(w.message) for w in seen] == [
        f"{old} is now {new}; the old name works until version {OLD_NAMES_END}."
    ]
    assert seen[0].category is cr.RenamedWarning
    assert (seen[0].filename, seen[0].lineno) == (__file__, use.__code__.co_firstlineno)


def test_set_values_takes_them_by_name_too():
    network = cr.Network([cr.Dense(1)], input_shape=2, seed=0)
    with pytest.warns(cr.RenamedWarning, match="Network.parameters"):
        network.set_values({"W1": [[1.0], [2.0]]})
    assert network.parameters["W1"].tolist() == [[1.0], [2.0]]


def test_methods_of_networks_that_were_machinery_work_and_say_what_to_call():
    network = cr.Network([cr.Dense(2, "tanh"), cr.Dense(1, "sigmoid")], input_shape=3, seed=0)
    X, y = np.ones((4, 3)), np.array([0.0, 1.0, 1.0, 1.0])

    def use():
        with network.alone():
            arrays = network.see(X)
        network.set_values([2 * w for w in network.values()])
        same, targets = network.pair(X, y, None)
        goal, table = network.prepare(arrays, targets, None, ["accuracy"], None)
        assert network.classifies() and not network.classifies("mse") and same[0].shape == arrays[0].shape
        values = network.values()
        return network.measure(goal, table, state=values), network.slopes(goal, table, state=values)

    start = dict(network.parameters)
    (scores, slopes), seen = told(use)
    np.testing.assert_array_equal(network.parameters["W1"], 2 * start["W1"])
    assert scores == network.evaluate(X, y)
    np.testing.assert_array_equal(slopes[1], network.gradients(X, y)["W1"])
    assert {str(w.message).split()[0] for w in seen} == {f"Network.{name}" for name in METHODS}
    assert {w.filename for w in seen} == {__file__} and not {*METHODS} & {*dir(network), *dir(cr.Network)}
    assert cr.Network.slopes.__doc__ == "An old name: it is now part of Network.gradients."


def test_an_old_name_is_imported_with_a_warning_at_the_users_line():
    code = "# a file of the user's\nfrom chainrule import Row\nprint(Row.__name__)"
    for names in ({"__name__": "users"}, {}):  # without a name: what exec runs
        _, seen = told(lambda names=names: exec(compile(code, "users.py", "exec"), names))
        assert [(w.filename, w.lineno) for w in seen] == [("users.py", 2)]


def test_what_a_layer_of_ones_own_is_built_with_is_where_it_was():
    from chainrule.nn.layers import TRAINING, Layer, Scope

    class Doubled(Layer):
        def build(self, scope: Scope, x):
            return np.where(TRAINING, x, 2 * x)

    network = cr.Network([Doubled()], input_shape=1, seed=0)
    np.testing.assert_array_equal(network.predict([[3.0]]), [[6.0]])


def test_a_place_is_told_once():
    def use():
        return [cr.variable(1.0).row for _ in range(3)]

    assert len(told(use)[1]) == 1


def test_old_names_are_not_public():
    assert not {"Row"} & ({*cr.__all__} | {*dir(cr)})
    assert "row" not in dir(cr.variable(1.0)) and "primitive" in dir(cr.variable(1.0))


def test_no_version_carries_them_on():
    version, end = ([int(x) for x in v.split(".")] for v in (cr.__version__, OLD_NAMES_END))
    assert version < end, "take out what says `deprecated`, then raise OLD_NAMES_END"
