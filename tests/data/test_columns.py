"""Input columns: learned from training rows, the same ever after."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from chainrule.data.categories import CategoryColumn
from chainrule.data.columns import Columns, Planned, describe_columns, encode, fit_columns, news, plan_lines
from chainrule.data.numbers import NumberColumn
from chainrule.data.samples import sample_table
from chainrule.data.told import Told
from chainrule.errors import DataError

NUMBERS = st.one_of(st.none(), st.floats(-1e100, 1e100), st.integers(-(2**40), 2**40))
WORDS = st.one_of(st.none(), st.sampled_from(["a", "b", "c", "ü", "1", "b c"]))


@st.composite
def tables(draw):
    """Return a table with numbers, categories and truth values, some of them missing."""
    rows = draw(st.integers(2, 30))

    def cells(of):
        return draw(st.lists(of, min_size=rows, max_size=rows))

    frame = pd.DataFrame(
        {
            "x": pd.array(cells(NUMBERS), dtype="Float64").to_numpy(dtype=float, na_value=np.nan),
            "word": cells(WORDS),
            "flag": cells(st.booleans()),
            "level": pd.array(cells(st.none() | st.integers(0, 3)), dtype="Int64"),
        }
    )
    return frame.assign(steady=np.arange(rows) % 2)  # so that a column always remains


@given(tables())
def test_encoding_has_the_promised_shape_and_is_finite(frame):
    columns = fit_columns(frame)
    encoded = encode(columns, frame)
    assert encoded.shape == (len(frame), columns.width) == (len(frame), len(columns.names))
    assert encoded.dtype == np.float32 and np.isfinite(encoded).all()
    assert len(set(columns.names)) == columns.width


@given(tables())
def test_json_keeps_every_bit(frame):
    columns = fit_columns(frame)
    again = Columns.from_dict(json.loads(json.dumps(columns.to_dict(), allow_nan=False)))
    assert again == columns
    assert encode(again, frame).tobytes() == encode(columns, frame).tobytes()


@given(tables(), st.randoms())
def test_the_order_of_columns_does_not_matter_nor_do_others(frame, random):
    columns = fit_columns(frame)
    names = list(frame.columns)
    random.shuffle(names)
    other = frame[names].assign(other="x")
    assert (encode(columns, other) == encode(columns, frame)).all()


@given(tables(), tables())
def test_any_table_with_the_columns_can_be_encoded(training, other):
    columns = fit_columns(training)
    used = [column.name for column in columns.columns]
    other = other.assign(x=other["x"].clip(training["x"].min(), training["x"].max()))
    assert encode(columns, other[used]).shape == (len(other), columns.width)


@given(tables())
def test_rows_are_encoded_one_by_one(frame):
    columns = fit_columns(frame)
    one_by_one = [encode(columns, frame.iloc[[row]]) for row in range(len(frame))]
    assert (np.vstack(one_by_one) == encode(columns, frame)).all()


def test_numbers_are_standardised_with_the_mean_and_deviation_of_training():
    columns = fit_columns(pd.DataFrame({"x": [2.0, 4.0, 6.0]}))
    (column,) = columns.columns
    std = np.std([2, 4, 6])
    ends = pytest.approx(4 - 8 * std), pytest.approx(4 + 8 * std)
    assert column == NumberColumn("x", 4.0, 4.0, pytest.approx(std), False, "", *ends)
    assert encode(columns, pd.DataFrame({"x": [4, 10]}))[:, 0] == pytest.approx([0, 6 / np.std([2, 4, 6])])


def test_a_missing_number_is_the_median_and_says_so_if_training_had_any():
    training = pd.DataFrame({"x": [1.0, 2.0, 9.0, np.nan], "y": [1.0, 2.0, 9.0, 4.0]})
    columns = fit_columns(training)
    assert columns.names == ("x", "x is missing", "y")
    gap, filled = encode(columns, pd.DataFrame({"x": [np.nan, 2.0], "y": [np.nan, 3.0]}))
    assert gap.tolist() == [filled[0], 1, filled[2]] and filled[1] == 0


def test_missing_numbers_are_counted_in_the_plan():
    columns = fit_columns(pd.DataFrame({"x": [1.0, None, 3.0], "y": [None, None, 1], "z": [1, 2, 3]}))
    assert [each.says for each in columns.plan] == [
        "2 features: missing in 1 row",
        "2 features: missing in 2 rows",
        "1 feature",
    ]


def test_one_value_and_gaps_still_say_something():
    columns = fit_columns(pd.DataFrame({"x": [3.0, np.nan, 3.0], "kind": ["a", None, "a"]}))
    assert encode(columns, pd.DataFrame({"x": [3.0, None], "kind": ["a", None]})).tolist() == [
        [0, 0, 1, 0],
        [0, 1, 0, 1],
    ]


def test_categories_are_one_hot_and_unseen_ones_are_none():
    columns = fit_columns(pd.DataFrame({"kind": ["b", "a", "b"], "other": ["x", "y", None]}))
    assert columns.names == ("kind=a", "kind=b", "other=x", "other=y", "other is missing")
    frame = pd.DataFrame({"kind": ["a", " b ", "c", None], "other": ["y", "z", "", None]})
    assert encode(columns, frame).tolist() == [
        [1, 0, 0, 1, 0],
        [0, 1, 0, 0, 0],
        [0, 0, 0, 0, 1],
        [0, 0, 0, 0, 1],
    ]
    assert news(columns, frame) == (
        "Column 'kind' has values in 1 row (first: row 3) that training did not see: c. They count as none.",
        "Column 'other' has values in 1 row (first: row 2) that training did not see: z. They count as none.",
    )
    assert news(columns, frame[:1]) == ()


def test_the_same_category_may_come_as_text_or_number():
    columns = fit_columns(pd.DataFrame({"code": ["1", "2", "A"]}))
    expected = encode(columns, pd.DataFrame({"code": ["1", "2"]})).tolist()
    assert encode(columns, pd.DataFrame({"code": [1, 2]})).tolist() == expected
    assert encode(columns, pd.DataFrame({"code": [1.0, 2.0]})).tolist() == expected


@pytest.mark.parametrize(
    "cells",
    [
        [True, False, True],
        pd.array([True, None, False], dtype="boolean"),
        pd.Categorical(["a", "b", None]),
        np.array([True, None, "x"], dtype=object),
    ],
)
def test_every_type_that_names_groups_is_a_category(cells):
    columns = fit_columns(pd.DataFrame({"kind": cells}))
    assert isinstance(columns.columns[0], CategoryColumn)
    assert encode(columns, pd.DataFrame({"kind": cells})).sum(axis=1).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "cells",
    [
        np.array([1, None, 5], dtype=object),
        pd.array([1, None, 5], dtype="Int64"),
        pd.array([1.0, None, 5.0], dtype="Float32"),
        np.array([1, 2, 2**63], dtype=np.uint64),
        [1 << 70, 2, 3],
    ],
)
def test_every_type_of_number_is_a_number(cells):
    columns = fit_columns(pd.DataFrame({"x": cells}))
    assert isinstance(columns.columns[0], NumberColumn)


def test_text_that_reads_as_numbers_fits_a_column_of_numbers():
    columns = fit_columns(pd.DataFrame({"x": [1000.0, 3000.0]}))
    assert encode(columns, pd.DataFrame({"x": ["$1,000", " 3000 ", "?"]})).ravel().tolist() == [-1, 1, 0]
    assert encode(columns, pd.DataFrame({"x": [True]})).shape == (1, 1)


@pytest.mark.parametrize(
    ("name", "cells", "kind", "why"),
    [
        ("bad", [None] * 30, "empty", "no value at all"),
        ("bad", [3.0] * 30, "constant", "3 in every row"),
        ("bad", ["x"] * 30, "constant", "x in every row"),
        ("bad", ["2020-01-01"] * 29 + [None], "constant", "the same date in every row"),
        ("bad", [f"text {i}" for i in range(30)], "identifier", "every row has its own"),
        ("bad", [f"{i:032x}" for i in range(30)], "identifier", "every row has its own"),
        ("id", range(30), "identifier", "it numbers the rows"),
        ("PassengerId", range(1, 31), "identifier", "it numbers the rows"),
        ("customer_id", range(500, 530), "identifier", "it numbers the rows"),
        ("customer_id", [*range(500, 528), 500, 501], "identifier", "nearly every row has its own"),
        ("No", range(1, 31), "identifier", "it numbers the rows"),
        ("customer_no", range(10_000, 10_030), "identifier", "each row has the next number"),
        ("Kundennummer", [7 * i + i % 3 for i in range(30)], "identifier", "each row has the next number"),
        (
            "orderNumber",
            [f"{i}" for i in range(70_000, 70_060, 2)],
            "identifier",
            "each row has the next number",
        ),
        ("Invoice Nr.", [*range(100, 129), 1000], "identifier", "each row has the next number"),
        ("ticket", range(1, 31), "identifier", "each row has the next number"),
        ("lfd_nr", range(1000, 1030), "identifier", "each row has the next number"),
        ("zip", range(10001, 10031), "identifier", "every row has its own"),
        ("Unnamed: 0", range(30), "identifier", "it numbers the rows"),
        ("twice", [2.0 * (i * i % 31) for i in range(30)], "duplicate", "'x' times 2"),
        ("fahrenheit", [1.8 * (i * i % 31) + 32 for i in range(30)], "duplicate", "'x' times 1.8 plus 32"),
        ("again", [i * i % 31 for i in range(30)], "duplicate", "the same as 'x'"),
    ],
)
def test_columns_of_no_use_are_left_out_and_the_plan_says_why(name, cells, kind, why):
    columns = fit_columns(pd.DataFrame({"x": [i * i % 31 for i in range(30)], name: cells}))
    assert columns.names == ("x",) and columns.notes == ()
    assert columns.plan[1] == Planned(name, kind, f"left out: {why}")


@pytest.mark.parametrize("name", ["humid", "paid", "t", "day", "Grid"])
def test_counting_columns_with_other_names_stay(name):
    assert fit_columns(pd.DataFrame({name: range(30)})).names == (name,)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("customer_no", [10_000.5 + i for i in range(30)]),  # a quantity: it has parts
        ("customer_no", [*range(10_000, 10_028), 9_000, 8_000]),  # as counts are by chance: how many came
        ("customers", range(100, 400, 10)),
        ("customer_age", range(18, 48)),
        ("year", range(1990, 2020)),
        ("x", range(1000, 1030)),
        ("wavelength", range(400, 430)),
        ("wavenumber", range(400, 430)),
        ("week_no", range(100, 130)),
        ("atomic_number", range(1, 31)),
        ("rank", [i * i for i in range(30)]),
        ("number", [100 + i * i for i in range(30)]),
        ("user", [100 + i * i for i in range(30)]),  # how many there were, perhaps
        ("num_rooms", range(3, 33)),
    ],
)
def test_what_rises_and_is_measured_stays(name, cells):
    assert fit_columns(pd.DataFrame({name: cells})).names == (name,)


def test_numbers_of_rows_are_kept_where_that_is_said():
    frame = pd.DataFrame({"x": [i * i % 31 for i in range(30)], "customer_no": range(10_000, 10_030)})
    assert fit_columns(frame).names == ("x",)
    for told in (Told(keep=("customer_no",)), Told(numbers=("customer_no",))):
        assert fit_columns(frame, told=told).names == ("x", "customer_no")


def test_columns_alike_share_a_row_and_what_is_special_has_its_own():
    numbers = {f"n{i}": [1.5, 2, 4] for i in range(5)}
    numbers = {name: [a + i * i for a in cells] for i, (name, cells) in enumerate(numbers.items())}
    frame = pd.DataFrame({"kind": ["a", "b", "a"], **numbers, "gaps": [1.0, None, 9.5]})
    told = Told(keep=tuple(numbers))
    assert plan_lines(fit_columns(frame, told=told)) == [
        "column     kind      becomes",
        "kind       category  2 features: a, b",
        "5 columns  number    1 feature each: n0, n1, n2, n3, n4",
        "gaps       number    2 features: missing in 1 row",
    ]
    few = plan_lines(fit_columns(frame.drop(columns="n2"), told=Told(keep=("n0", "n1", "n3", "n4"))))
    assert [line.split()[0] for line in few] == ["column", "kind", "n0", "n1", "n3", "n4", "gaps"]


def test_of_very_many_columns_those_alike_share_a_row():
    frame = pd.DataFrame({f"pixel{i}": [0.0, 0.0] for i in range(300)}).assign(x=[1, 2.5])
    assert plan_lines(fit_columns(frame)) == [
        "column       kind      becomes",
        "300 columns  constant  left out: 0 in every row (pixel0, pixel1, pixel2,",
        "                       pixel3, pixel4, pixel5, pixel6, pixel7, pixel8, pixel9,",
        "                       pixel10, pixel11, pixel12, pixel13, pixel14, … 284 more",
        "                       …, pixel299)",
        "x            number    1 feature",
    ]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["number", "category", "yes/no", "date", "code", "leak suspect", "constant"]),
            st.integers(1, 3000),
            st.sampled_from(["", ": missing in 3 rows", ": a, b, c", f": {'many words ' * 30}"]),
            st.booleans(),
        ),
        max_size=120,
    )
)
def test_any_plan_fits_a_screen_and_counts_every_column(found):
    plan = tuple(
        Planned(f"c{i}", kind, f"left out: {count} in every row" if out else f"{count:,} features{why}")
        for i, (kind, count, why, out) in enumerate(found)
    )
    lines = plan_lines(Columns((), plan=plan))
    assert len(lines) <= 24 and max(map(len, lines)) < 80
    rows = [line.split() for line in lines[1:] if not line.startswith(" ")]
    shared = [int(words[0]) for words in rows if words[1] == "columns"]
    assert sum(shared) + len(rows) - len(shared) == len(plan)


def test_a_table_of_which_nothing_is_left_is_refused():
    with pytest.raises(
        DataError, match=r"No input column is left to learn from.\nLeft out 'x': 1 in every row."
    ):
        fit_columns(pd.DataFrame({"x": [1, 1]}))
    with pytest.raises(DataError, match="No row or no column"):
        fit_columns(pd.DataFrame({"x": []}))
    with pytest.raises(DataError, match="No row or no column"):
        fit_columns(pd.DataFrame(index=range(3)))


def test_a_lost_column_is_named_with_the_nearest():
    iris = sample_table("iris").drop(columns="target")
    columns = fit_columns(iris)
    with pytest.raises(DataError) as caught:
        encode(columns, iris.rename(columns={"petal_width": "Petal Width"}))
    assert str(caught.value) == (
        "This model was trained on 4 columns (sepal_length, sepal_width, petal_length and 1 more); "
        "this table has 4.\nMissing: petal_width.\n"
        "Is 'Petal Width' of this table 'petal_width'? Then rename it."
    )
    with pytest.raises(DataError, match=r"this table has 3.\nMissing: petal_width.$"):
        encode(columns, iris.drop(columns="petal_width"))


def test_a_few_texts_in_a_column_of_numbers_count_as_missing_and_are_told():
    columns = fit_columns(pd.DataFrame({"age": [1.0, 2.0, 4.0]}))
    frame = pd.DataFrame({"age": ["1", "?", "old", "2", "4"]})
    assert (encode(columns, frame) == encode(columns, frame.replace("old", None))).all()
    assert news(columns, frame) == ("Column 'age', row 3: 'old' is no number and counts as missing.",)
    frame = pd.DataFrame({"age": ["1", "x" * 99, "2", "y", "3"]}, index=list("abcde"))
    assert news(columns, frame) == (
        f"Column 'age', row 'b': '{'x' * 38}…, 'y' are no numbers and count as missing, in 2 rows.",
    )


def test_a_column_that_is_mostly_text_is_no_column_of_numbers():
    columns = fit_columns(pd.DataFrame({"age": [1.0, 2.0]}))
    with pytest.raises(
        DataError, match=r"Column 'age', row 3: 'old' \(2 such cells\), where numbers"
    ) as caught:
        encode(columns, pd.DataFrame({"age": ["1", "?", "old", "2", "older"]}))
    assert "Correct or empty the cell" in str(caught.value)


@pytest.mark.parametrize("wrong", ["oops", "12,,5", "1O0", "unknown"])
@pytest.mark.parametrize("rows", [12, 300, 3000])
def test_one_bad_cell_costs_one_cell(wrong, rows):
    numbers = pd.Series(np.arange(rows) * 7 % (rows - 1) / 2)
    cells = numbers.astype(object)
    cells[5] = wrong
    columns = fit_columns(pd.DataFrame({"x": cells.astype(str)}))
    assert columns.plan[0] == Planned("x", "number", "2 features: missing in 1 row")
    assert columns.notes == (f"Column 'x', row 6: {wrong!r} is no number and counts as missing.",)
    clean = numbers.where(numbers.index != 5)
    assert (encode(columns, pd.DataFrame({"x": cells})) == encode(columns, pd.DataFrame({"x": clean}))).all()


def test_infinite_numbers_are_refused_by_row():
    with pytest.raises(DataError, match="Column 'x', row 2: inf, where finite"):
        fit_columns(pd.DataFrame({"x": [1.0, np.inf, 2.0]}))
    columns = fit_columns(pd.DataFrame({"x": [1.0, 2.0]}))
    with pytest.raises(DataError, match="Column 'x', row 8: -inf"):
        encode(columns, pd.DataFrame({"x": [1.0, -np.inf]}, index=[3, 7]))


def test_numbers_too_large_to_standardise_are_refused():
    with pytest.raises(DataError, match=r"'x' holds numbers up to 1e\+300; their spread overflows"):
        fit_columns(pd.DataFrame({"x": [1.0, 1e300]}))
    of_old = NumberColumn("x", 1.25, 1.25, 0.25, False)  # which knows no ends
    with pytest.raises(DataError, match=r"row 2: 1e\+308, where numbers like those of training.*mean 1.25"):
        of_old.encode(pd.Series([1.0, 1e308], name="x"))
    columns = fit_columns(pd.DataFrame({"x": [1.0, 1.5]}))
    assert encode(columns, pd.DataFrame({"x": [1.5, 1e308]}))[:, 0].tolist() == [1, 8]


SLIPS = [1e12, -1e12, 1e30, 5e4]


@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize("few", [1, 3])
def test_a_slip_leaves_the_other_numbers_apart(slip, few):
    others = np.random.default_rng(0).normal(20, 5, 500)
    columns = fit_columns(pd.DataFrame({"x": [*others, *[slip] * few]}))
    (note,) = columns.notes
    assert note.startswith(
        f"Column 'x', row 501: {slip:.6g} is far from the numbers of training and counts as "
    )
    assert (f"far ones are in {few} rows" in note) == (few > 1)
    encoded = encode(columns, pd.DataFrame({"x": [*others, slip]}))[:, 0]
    assert encoded[:-1].std() > 0.6 and abs(encoded[-1]) < 10


@pytest.mark.parametrize(
    "draw",
    [
        lambda r: r.normal(size=300),
        lambda r: r.lognormal(0, 2, size=300),
        lambda r: r.standard_t(2, size=300),
        lambda r: np.where(r.random(1000) < 0.99, 0, r.lognormal(3, 1, size=1000)),
        lambda r: np.where(r.random(300) < 0.1, -999, r.random(300)),
        lambda r: r.poisson(0.05, 300),
        lambda r: np.arange(12.0),
        lambda r: np.array([0.0, 0.0, 1e6]),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_no_number_of_an_ordinary_column_is_far(draw, seed):
    x = draw(np.random.default_rng(seed)).astype(float)
    columns = fit_columns(pd.DataFrame({"x": [*x, None]}))
    assert columns.notes == ()
    plain = ((x - x.mean()) / x.std()).astype("f4")
    assert (encode(columns, pd.DataFrame({"x": x}))[:, 0] == plain).all()


def test_numbers_far_beyond_training_count_as_its_ends_and_are_told():
    columns = fit_columns(pd.DataFrame({"x": np.linspace(-1, 1, 101)}))
    frame = pd.DataFrame({"x": [0.5, 4.0, 1e9, -1e6]})
    found = encode(columns, frame)[:, 0]
    std = np.linspace(-1, 1, 101).std()
    np.testing.assert_allclose(found, [0.5 / std, 4 / std, 8, -8], rtol=1e-6)
    assert news(columns, frame) == (
        "Column 'x', row 3: 1e+09 is far from the numbers of training and counts as 4.665; far ones are in 2 rows.",
    )


def test_columns_of_older_files_have_no_ends():
    column = NumberColumn("x", 0.0, 0.0, 1.0, False)
    assert column.encode(pd.Series([1e9, -1e9], name="x")).tolist() == [[1e9], [-1e9]]
    assert list(column.far(pd.Series([1e9], name="x"))) == []


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e9 + 0.1, -7e-300])
def test_one_value_with_gaps_leaves_other_values_near(value):
    columns = fit_columns(pd.DataFrame({"x": [None, *[value] * 70]}))
    assert columns.columns[0].std == 1
    assert encode(columns, pd.DataFrame({"x": [value, value + 0.5]}))[:, 0].tolist() == [0.0, 0.5]


def test_numbers_whose_squares_vanish_are_not_divided_by_zero():
    columns = fit_columns(pd.DataFrame({"x": [0.0, 1e-300]}))
    assert np.isfinite(encode(columns, pd.DataFrame({"x": [0.0, 1.0]}))).all()


def test_tables_are_checked():
    with pytest.raises(DataError, match="got ndarray"):
        fit_columns(np.zeros((2, 2)))
    with pytest.raises(DataError, match="has 'x' twice"):
        fit_columns(pd.DataFrame(np.eye(2), columns=["x", "x"]))
    assert fit_columns(pd.DataFrame(np.eye(2))).names == ("0", "1")


def test_the_plan_says_what_the_network_sees():
    frame = pd.DataFrame({"size": [1, 2], "age": [3.0, None], "kind": ["a", "b"]})
    assert describe_columns(fit_columns(frame)) == (
        "Inputs: 2 columns of numbers and 1 column of categories, encoded as 5 features."
    )
    assert (
        describe_columns(fit_columns(frame[["size"]])) == "Inputs: 1 column of numbers, encoded as 1 feature."
    )
