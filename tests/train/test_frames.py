"""Tables with names: a network fitted on one goes by the names of columns, and rows must belong together."""

import pickle

import numpy as np
import pandas as pd
import pytest

import chainrule as cr

RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(RNG.normal(size=(30, 3)), columns=list("abc"))
Y = TABLE @ [1.0, 2.0, 3.0]
MIXED = TABLE[["c", "a", "b"]]


def fitted(X=TABLE, y=Y, units=1, **options):
    network = cr.Network([cr.Dense(units)], seed=0)
    network.fit(X, y, epochs=2, **options)
    return network


class Frame:
    """What polars answers, as far as networks ask: names, columns in brackets, and its numbers as an array."""

    def __init__(self, frame):
        self.frame, self.columns = frame, list(map(str, frame.columns))

    def __getitem__(self, names):
        return Frame(self.frame[names])

    def __len__(self):
        return len(self.frame)

    def __array__(self, *_, **__):
        return self.frame.to_numpy()


@pytest.mark.parametrize("kind", [lambda frame: frame, Frame], ids=["pandas", "as polars does"])
def test_columns_go_by_name_wherever_a_table_is_given(kind):
    network = fitted(kind(TABLE))
    mixed, more = kind(MIXED), kind(MIXED.assign(z="no number"))
    wanted = network.predict(TABLE.to_numpy())
    for table in (kind(TABLE), mixed, more):
        np.testing.assert_array_equal(network.predict(table), wanted)
    np.testing.assert_array_equal(network.activations(mixed)["Z1"], wanted)
    assert network.evaluate(mixed, Y) == network.evaluate(TABLE.to_numpy(), Y)
    np.testing.assert_array_equal(network.gradients(mixed, Y)["W1"], network.gradients(TABLE, Y)["W1"])
    assert network.check_gradients(mixed, Y)
    in_order = fitted(kind(TABLE), validation_data=(kind(TABLE), Y))
    np.testing.assert_array_equal(in_order.parameters["W1"], fitted(kind(TABLE)).parameters["W1"])
    again, straight = fitted(kind(TABLE)), fitted(kind(TABLE))
    again.fit(mixed, Y, epochs=2, validation_data=(more, Y))
    straight.fit(TABLE, Y, epochs=2)
    np.testing.assert_array_equal(again.parameters["W1"], straight.parameters["W1"])
    np.testing.assert_array_equal(network.predict(MIXED.to_numpy()[:, [1, 2, 0]]), wanted)


def test_validation_by_name_is_measured_by_name():
    histories = [
        cr.Network([cr.Dense(1)], seed=0).fit(TABLE, Y, epochs=3, validation_data=(X, Y)).history
        for X in (TABLE, MIXED)
    ]
    assert histories[0] == histories[1]


def test_a_missing_column_is_named_and_the_network_stays_as_it_was():
    network = fitted()
    before = network.predict(TABLE)
    with pytest.raises(
        cr.DataError, match="X has no column 'b', on which this network was fitted; it has 'c', 'a'"
    ):
        network.predict(TABLE[["c", "a"]])
    with pytest.raises(cr.DataError, match=r"no column 'a' and 2 more.*\.to_numpy\(\)"):
        network.fit(TABLE.rename(columns=str.upper), Y)
    with pytest.raises(cr.DataError, match="two columns called 'a'"):
        network.predict(pd.concat([TABLE, TABLE[["a"]]], axis=1))
    np.testing.assert_array_equal(network.predict(TABLE.rename(columns=str.upper).to_numpy()), before)
    network.initialize()
    network.fit(TABLE.rename(columns=str.upper), Y, epochs=1)
    assert network.columns == {"x": ("A", "B", "C")}


def test_a_fit_that_fails_remembers_no_names():
    network = cr.Network([cr.Dense(1)], input_shape=3, seed=0)
    with pytest.raises(cr.DataError):
        network.fit(TABLE, Y[:-1])
    assert network.columns == {}


@pytest.mark.parametrize("names", [[3, 1, 2], [("a", 1), ("a", 2), ("b", 1)], [1.5, "x", None]])
def test_names_that_are_no_text(names):
    table = TABLE.set_axis(names, axis="columns")
    network = fitted(table)
    mixed = table.iloc[:, [2, 0, 1]]
    np.testing.assert_array_equal(network.predict(mixed), network.predict(table))


def test_numbers_that_pandas_made_up_say_nothing_and_count_all_the_same():
    network = fitted(pd.DataFrame(TABLE.to_numpy()))
    np.testing.assert_array_equal(network.predict(TABLE), network.predict(TABLE.to_numpy()))
    np.testing.assert_array_equal(
        network.predict(pd.DataFrame(TABLE.to_numpy())[[2, 0, 1]]), network.predict(TABLE.to_numpy())
    )


def test_files_and_pickles_keep_the_names(tmp_path):
    network = fitted()
    network.save(tmp_path / "m.safetensors")
    for kept in (cr.load(tmp_path / "m.safetensors"), pickle.loads(pickle.dumps(network))):
        np.testing.assert_array_equal(kept.predict(MIXED), network.predict(TABLE))
        with pytest.raises(cr.DataError, match="no column 'b'"):
            kept.predict(TABLE[["c", "a"]])


def test_several_inputs_and_several_targets_go_by_name():
    def draw(left, right):
        return cr.Dense(2)(np.concatenate([left, right], axis=1))

    network = cr.Network(draw, {"left": 2, "right": 1}, seed=0)
    y = pd.DataFrame({"p": Y, "q": -2 * Y})
    given = {"left": TABLE[["a", "b"]], "right": TABLE[["c"]]}
    network.fit(given, y, epochs=2, validation_data=([TABLE[["b", "a"]], TABLE[["c"]]], y[["q", "p"]]))
    turned = {"right": TABLE, "left": TABLE[["b", "a"]]}
    np.testing.assert_array_equal(network.predict(turned), network.predict(given))
    assert network.evaluate(turned, y[["q", "p"]]) == network.evaluate(given, y.to_numpy())
    with pytest.raises(cr.DataError, match="y has no column 'q'"):
        network.evaluate(given, y.rename(columns={"q": "r"}))
    with pytest.raises(cr.DataError, match="The input 'left' has no column 'b'"):
        network.predict({"left": TABLE[["a", "c"]], "right": TABLE})


SHUFFLED = Y.sample(frac=1, random_state=0)


def test_rows_of_different_indexes_are_refused():
    network = fitted()
    weights = pd.Series(1.0, SHUFFLED.index)
    refused = f"X and y have different indexes: row 0 is 0 in X and {SHUFFLED.index[0]}"
    for what in (
        lambda: network.fit(TABLE, SHUFFLED, epochs=1),
        lambda: network.evaluate(TABLE, SHUFFLED),
        lambda: network.gradients(TABLE, SHUFFLED.to_frame()),
        lambda: network.check_gradients(TABLE, SHUFFLED),
    ):
        with pytest.raises(cr.DataError, match=refused):
            what()
    with pytest.raises(cr.DataError, match="X and sample_weight have different indexes"):
        network.fit(TABLE, Y, sample_weight=weights)
    with pytest.raises(cr.DataError, match="y and sample_weight have different indexes"):
        network.evaluate(TABLE.to_numpy(), Y, sample_weight=weights)
    with pytest.raises(cr.DataError, match="the validation X and the validation y have different indexes"):
        network.fit(TABLE, Y, validation_data=(TABLE, SHUFFLED))
    with pytest.raises(cr.DataError, match="the sample_weight of validation_data have different indexes"):
        network.fit(TABLE, Y, validation_data=(TABLE, Y, weights))
    with pytest.raises(cr.DataError, match="X has 30 rows and y has 29"):
        network.fit(TABLE, Y[:-1])


def test_rows_that_are_series_have_no_index_of_examples():
    network = fitted()
    rows = [TABLE.iloc[i] for i in range(3)]
    assert network.evaluate(rows, Y[:3]) == network.evaluate(TABLE[:3], Y[:3])


def test_what_has_columns_of_another_kind_goes_by_position():
    class Data:
        columns = 3

        def __array__(self, *_, **__):
            return TABLE.to_numpy()

        def __getitem__(self, index):
            return TABLE.to_numpy()[index]

        def __len__(self):
            return 30

    np.testing.assert_array_equal(fitted(Data()).predict(TABLE), fitted().predict(TABLE))
    twice = TABLE.set_axis(["a", "a", "b"], axis="columns")
    network = fitted(twice)
    assert network.columns == {}
    np.testing.assert_array_equal(network.predict(twice), fitted().predict(TABLE))


def test_what_that_message_advises_helps():
    wanted = fitted().parameters["W1"]
    np.testing.assert_array_equal(fitted(y=SHUFFLED.loc[TABLE.index]).parameters["W1"], wanted)
    by_place = Y.set_axis(range(100, 130))
    np.testing.assert_array_equal(fitted(y=by_place.to_numpy()).parameters["W1"], wanted)
    np.testing.assert_array_equal(fitted(y=Y.to_list()).parameters["W1"], wanted)
    index = pd.Index(range(30), dtype=float, name="id")
    np.testing.assert_array_equal(fitted(y=Y.set_axis(index)).parameters["W1"], wanted)
