"""The one list of choices: who takes them takes all of them, each is read in words or refused."""

import datetime
import inspect
import re

import pandas as pd
import pytest

import chainrule as cr
from chainrule.models.options import Options, choices, seconds

TRAIN = inspect.signature(cr.TableModel.train).parameters
OF_THE_CALL = {"data", "run", "verbose", "tell"}


def test_the_arguments_of_train_are_the_choices():
    assert TRAIN.keys() - OF_THE_CALL == choices().keys()
    assert {name: TRAIN[name].default for name in choices()} == {
        name: getattr(Options, name) for name in choices()
    }


def test_the_docstring_of_train_tells_of_each():
    told = re.findall(r"^            (\w+): ", cr.TableModel.train.__doc__, re.MULTILINE)
    assert {*told} >= choices().keys()


@pytest.mark.parametrize("name", sorted(choices().keys() - {"target"}))
def test_a_value_that_is_none_is_refused_in_words(name):
    with pytest.raises((cr.DataError, cr.UnknownNameError), match=f"^{name} must be "):
        Options(**{name: object()})


@pytest.mark.parametrize("value", [True, {}, [["price"]], [{}], 1.5, datetime.date(2020, 1, 1)])
def test_a_target_that_is_no_name_is_refused_in_words(value):
    with pytest.raises(cr.DataError, match=r"^target must be the name of a column, or several names; found "):
        Options(target=value)


@pytest.mark.parametrize("name", ["group", "time_order"])
def test_no_column_is_called_nothing(name):
    with pytest.raises(cr.DataError, match=f"^{name} must be the name of a column, or 'none'; found ''"):
        Options(**{name: ""})


def test_times_are_read_as_they_are_written():
    assert [seconds(text) for text in ("30s", "5m", "90", "1h30m", "1.5 min", 2)] == [
        30,
        300,
        90,
        5400,
        90,
        2,
    ]
    assert [
        seconds(text) for text in ("", "0", "-1", "s", "5 parsecs", True, float("inf"), float("nan"))
    ] == [None] * 8


def test_the_old_way_to_give_the_table_and_the_metrics_goes_on():
    frame = pd.DataFrame({"a": [1.0, 2.0] * 20, "b": ["x", "y"] * 20})
    with pytest.warns(cr.RenamedWarning, match="data"):
        old = cr.TableModel.train(table=frame, target="b", epochs=1, metrics=["f1"])
    assert old.report.scores == cr.TableModel.train(frame, "b", epochs=1, metric="f1").report.scores
    assert old.evaluate(frame, metrics="f1") == old.evaluate(frame, metric="f1")


def table_of(**columns):
    rows = 30
    whole = {name: [values[i % len(values)] for i in range(rows)] for name, values in columns.items()}
    return pd.DataFrame({"a": [i * 0.5 for i in range(rows)], **whole})


@pytest.mark.parametrize(
    ("table", "target"),
    [
        (table_of(price=[1.5, 2.5, 4.0]), "price"),
        (table_of(species=["x", "y"]), "species"),
        (table_of(label=["x", "y"], b=[1.5, 2.5]), "label"),
        (table_of(y=[1.5, 2.5], b=[3.5, 2.5]), "y"),
    ],
)
def test_an_obvious_target_is_taken_and_said(table, target):
    told = []
    assert cr.TableModel.train(table, epochs=1, tell=told.append).target.columns == (target,)
    assert told[0].startswith("No target was named") and repr(target) in told[0]


@pytest.mark.parametrize(
    "table",
    [
        table_of(when=["2026-01-01", "2026-01-02"]),
        table_of(id=[1, 2, 3]),
        table_of(constant=[1]),
        table_of(text=[f"text {i}" for i in range(30)]),
        table_of(gone=[None, None, 1.5]),
        table_of(number=[*range(30)]),
    ],
)
def test_where_no_target_is_obvious_it_is_asked_for(table):
    last = list(table)[-1]
    with pytest.raises(cr.DataError, match=r"Which column is to be predicted\?") as error:
        cr.TableModel.train(table, epochs=1)
    proposed = str(error.value).rsplit("'", 2)[1]
    assert proposed != last
    more = table.assign(more=[i % 7 / 2 for i in range(len(table))])
    assert cr.TableModel.train(more, proposed, epochs=1).target.columns == (proposed,)
