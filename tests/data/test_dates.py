"""Dates as people write them: what a column of them says, and that a date is the same however it is written."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from chainrule.data.columns import encode, fit_columns, news
from chainrule.data.dates import DAY, dates_in, day_of, read_dates
from chainrule.errors import DataError

# each writing of one day, and a format of it
FORMATS = [
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y%m%dT%H%M%S", "%d.%m.%Y",
    "%d.%m.%y", "%d/%m/%Y", "%d-%m-%Y", "%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y", "%d %b %Y", "%d-%b-%y", "%d-%b-%Y",
    "%d. %B %Y", "%b %d, %Y", "%B %d %Y", "%a, %d %b %Y", "%A %d %B %Y", "%Y-%b-%d", "%a %b %d %H:%M:%S %Y",
    "%d/%m/%Y %I:%M %p", "%m/%d/%Y %H:%M:%S", "%d.%m.%Y, %H:%M", "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S.000+00:00",
]  # fmt: skip
DAYS = pd.date_range("2015-02-17", periods=40, freq="D") + pd.Timedelta(hours=10, minutes=30)


@pytest.mark.parametrize("form", FORMATS)
def test_a_day_is_the_same_however_it_is_written(form):
    cells = pd.Series(DAYS.strftime(form), name="d")
    dates = dates_in(cells)
    assert dates and not dates.doubtful
    seconds, wrong = read_dates(cells, dates.writing)
    expected = read_dates(pd.Series(DAYS), "year first")[0]
    if not {"%H", "%I"} & {form[i : i + 2] for i in range(len(form))}:
        expected = expected - expected % DAY
    assert not wrong.any() and (seconds == expected).all()


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("17. März 2015", "2015-03-17"),
        ("1er", None),
        ("17 février 2015", "2015-02-17"),
        ("1st March 2015", "2015-03-01"),
        ("2015-W08", "2015-02-16"),
        ("2015-W08-2", "2015-02-17"),
        ("2015Q2", "2015-04-01"),
        ("Q2 2015", "2015-04-01"),
        ("2015-02", "2015-02-01"),
        ("Feb 2015", "2015-02-01"),
        ("2015-02-17T10:30:00+02:00", "2015-02-17 08:30"),
        ("10:30", "1970-01-01 10:30"),
        ("1/2/2015 12:05 AM", "2015-02-01 00:05"),
        ("1030", None),
        ("2015-13-01", None),
        ("30.2.2015", None),
        ("2015-02-17 24:30", None),
        ("12 kg", None),
        ("1.2.3", None),
        ("May 5", None),
        ("", None),
    ],
)
def test_what_is_a_date_and_what_is_none(text, day):
    (seconds,), _ = read_dates(pd.Series([text], dtype=object), "day first")
    assert (None if np.isnan(seconds) else day_of(seconds)) == day


@pytest.mark.parametrize(
    ("cells", "writing", "doubtful"),
    [
        (["3/4/2020", "17/4/2020"], "day first", False),
        (["3/4/2020", "4/17/2020"], "month first", False),
        (["1.2.2020", "3.1.2020", "2.5.2020"], "day first", True),
        (["1/2/2020", "3/1/2020", "2/5/2020"], "month first", True),
        (["1/2/2020", "1/3/2020", "2/1/2020"], "month first", False),  # in order so alone
        (["1/2/2020", "2/2/2020", "1/3/2020"], "day first", False),
    ],
)
def test_the_column_decides_what_is_day_and_what_is_month(cells, writing, doubtful):
    dates = dates_in(pd.Series(cells))
    assert (dates.writing, dates.doubtful) == (writing, doubtful)


def test_a_doubt_is_told():
    frame = pd.DataFrame({"d": ["1/2/2020", "3/1/2020", "2/5/2020"] * 10, "x": range(30)})
    (note,) = fit_columns(frame).notes
    assert "the day and the month may be either way round" in note and "read as month first" in note


SECONDS = 1_424_169_000


@pytest.mark.parametrize(
    ("name", "numbers", "writing"),
    [
        ("x", [20150201 + i for i in range(20)], "digits"),
        ("created_at", [SECONDS + 5000 * i for i in range(20)], "seconds"),
        ("timestamp", [(SECONDS + 5000 * i) * 1000 for i in range(20)], "milliseconds"),
        ("eventTime", [(SECONDS + 5000 * i) * 10**9 for i in range(20)], "nanoseconds"),
        ("date", [42_000 + i for i in range(20)], "days of a spreadsheet"),
        ("x", [SECONDS + 5000 * i for i in range(20)], None),
        ("time", list(range(20)), None),
        ("date", [2001.5] * 20, None),
        ("x", [20151301 + i for i in range(20)], None),
    ],
)
def test_numbers_may_be_dates(name, numbers, writing):
    dates = dates_in(pd.Series(numbers, name=name))
    assert (dates and dates.writing) == writing


MOMENTS = st.datetimes(pd.Timestamp("1950-01-01").to_pydatetime(), pd.Timestamp("2100-01-01").to_pydatetime())


@given(
    st.lists(st.none() | MOMENTS, min_size=3, max_size=30).filter(lambda found: len({*found} - {None}) > 1)
)
def test_dates_are_encoded_row_by_row_finite_and_in_any_order(moments):
    frame = pd.DataFrame({"d": pd.Series(moments, dtype="datetime64[us]").dt.floor("s")})
    frame["x"] = np.arange(len(frame)) / 2
    columns = fit_columns(frame)
    encoded = encode(columns, frame)
    assert np.isfinite(encoded).all() and encoded.shape == (len(frame), columns.width)
    assert (np.vstack([encode(columns, frame.iloc[[i]]) for i in range(len(frame))]) == encoded).all()
    assert encode(fit_columns(frame[::-1]), frame)[:, 0] == pytest.approx(encoded[:, 0], abs=1e-4)
    as_text = frame.assign(d=frame["d"].astype(str).where(frame["d"].notna()))
    assert (encode(columns, as_text) == encoded).all()


def test_what_never_changes_is_left_out():
    def parts(dates):
        return fit_columns(pd.DataFrame({"d": dates})).columns[0].parts

    assert parts(pd.date_range("2020-01-01", periods=5, freq="YS")) == ("year", "time since the first")
    assert parts(pd.date_range("2019-01-01", periods=24, freq="MS")) == (
        "year",
        "month",
        "time since the first",
    )
    assert parts(pd.date_range("2020-01-06", periods=5, freq="6h")) == (
        "weekday", "day of the year", "time of day", "time since the first",
    )  # fmt: skip


def test_december_lies_beside_january():
    days = pd.DataFrame({"d": pd.date_range("2020-01-01", "2021-12-31").astype(str)})
    columns = fit_columns(days)
    place = [i for i, name in enumerate(columns.names) if "month" in name]
    january, july, december = encode(
        columns, pd.DataFrame({"d": ["2021-01-15", "2021-07-15", "2021-12-15"]})
    )[:, place]
    assert np.linalg.norm(january - december) < 0.6 < 1.9 < np.linalg.norm(january - july)


def test_new_and_wrong_dates_are_told():
    columns = fit_columns(pd.DataFrame({"d": pd.date_range("2020-01-01", periods=90).astype(str)}))
    assert news(columns, pd.DataFrame({"d": ["2020-02-01", "soon", "2021-01-01", None]})) == (
        "Column 'd', row 2: 'soon' is no date and counts as missing.",
        "Column 'd', row 3: 2021-01-01 is far from the dates of training; its year and time count as 2020-09-10.",
        "Column 'd' has dates in 1 row (first: row 3) outside of those of training, 2020-01-01 to 2020-03-30.",
    )
    with pytest.raises(
        DataError, match=r"Column 'd', row 1: 'soon' \(2 such cells\), where dates are expected"
    ):
        encode(columns, pd.DataFrame({"d": ["soon", "later", "2020-01-05"]}))


def test_a_date_that_means_never_leaves_the_others_apart():
    days = pd.date_range("2020-01-01", periods=200).astype(str).tolist()
    usual, with_never = (fit_columns(pd.DataFrame({"d": d})) for d in (days, [*days, "9999-12-31"]))
    (note,) = with_never.notes
    assert note.startswith(
        "Column 'd', row 201: 9999-12-31 is far from the dates of training; its year and time count"
    )
    at = with_never.names.index("d: time since the first")
    assert encode(with_never, pd.DataFrame({"d": days}))[:, at].std() > 0.5
    plain = encode(usual, pd.DataFrame({"d": ["9999-12-31", "2500-06-01"]}))[
        :, usual.names.index("d: time since the first")
    ]
    assert plain[0] == plain[1] < 10


WRITTEN = st.tuples(
    st.one_of(
        st.datetimes().map(lambda at: at.strftime("%Y-%m-%d").rjust(10, "0")),
        st.just("2021-02-30"),
        st.just("0000-01-01"),
    ),
    st.sampled_from(["", " 23:59", "T00:00:59", " 24:00", "T12:30:60"]),
).map("".join)


@given(st.lists(WRITTEN, min_size=1, max_size=5))
def test_dates_are_the_same_read_at_once_and_one_by_one(texts):
    at_once = read_dates(pd.Series(texts), "year first")[0]
    one_by_one = read_dates(pd.Series([*texts, "1 Jan 2020"]), "year first")[0]
    np.testing.assert_array_equal(at_once, one_by_one[:-1])
