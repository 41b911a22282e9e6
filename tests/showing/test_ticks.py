"""Ticks and frames: round numbers that are told apart, whatever an axis spans."""

from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, strategies as st

import chainrule as cr
from chainrule.showing import ticks
from chainrule.showing.svg.text import SMALL, width

P = cr.pictures
NUMBERS = st.floats(-1e12, 1e12, allow_nan=False)
ANY = st.lists(
    st.floats(width=64) | st.sampled_from([0.0, 1.0, np.nan, np.inf, 5e-324, 1e308, -1e308]), max_size=6
)


@given(NUMBERS, st.floats(1e-6, 1e12), st.integers(2, 12), st.booleans())
def test_ticks_are_few_round_and_told_apart(low, span, most, whole):
    high = low + max(span, abs(low) * 1e-6)
    found = ticks.linear(low, high, most, whole)
    places, texts = [p for p, _ in found], [t for _, t in found]
    slack = (high - low) * 1e-9
    assert len(found) <= most and sorted(set(places)) == places and len(set(texts)) == len(texts)
    assert all(low - slack <= p <= high + slack for p in places)
    assert not whole or all(p == round(p) for p in places)


@given(st.floats(-200, 200), st.floats(0.01, 100), st.integers(2, 9))
def test_ticks_of_a_log_axis_lie_on_it(low, decades, most):
    low, high = 10.0**low, 10.0 ** (low + decades)
    found = ticks.log(low, high, most)
    places, texts = [p for p, _ in found], [t for _, t in found]
    assert sorted(set(places)) == places and len(set(texts)) == len(texts)
    assert all(low * (1 - 1e-6) <= p <= high * (1 + 1e-6) for p in places)


@pytest.mark.parametrize("value", [0.5, 0.25, 3, 1200, -7, 1e-5, 2.5e7])
def test_what_is_written_reads_as_the_number(value):
    text = ticks.written(value, 10.0 ** np.floor(np.log10(abs(value)) - 2))
    plain = text.replace("−", "-").replace(",", "").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    head, _, power = plain.partition("·10")
    assert float(head) * 10.0 ** int(power or 0) == pytest.approx(value)


@given(
    ANY, ANY, st.sampled_from(["linear", "log", "none"]), st.sampled_from(["linear", "log"]), st.booleans()
)
def test_whatever_numbers_there_are_the_picture_is_one(x, y, across, up, equal):
    n = min(len(x), len(y))
    x, y = x[:n], y[:n]
    marks = [
        P.Line(x, y, "a", marker="o"),
        P.Points(x, y, "b", texts=["t"] * n),
        P.Bars(x, y, texts=["t"] * n),
    ]
    marks += [P.Band(x, y, y), P.Spans(x, y, y)]
    picture = cr.Picture(P.Panel(marks, x=P.Axis("x", scale=across), y=P.Axis("y", scale=up), equal=equal))
    for text in (picture.svg(), picture._repr_html_()):
        numbers = " ".join(
            v for e in ElementTree.fromstring(text).iter() for k, v in e.attrib.items() if k != "style"
        )
        assert "nan" not in numbers and "inf" not in numbers.replace("info", "")


def test_texts_below_an_axis_do_not_touch():
    for names in (
        ["setosa", "versicolor", "virginica", "a long class name"],
        [f"column {i}" for i in range(30)],
    ):
        bars = P.Bars(range(len(names)), np.ones(len(names)))
        svg = cr.Picture(P.Panel([bars], x=P.Axis(ticks=list(enumerate(names))))).svg()
        texts = [
            e for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("text") and e.get("text-anchor")
        ]
        level = [
            (float(e.get("x")), float(e.get("y")), e.text) for e in texts if e.get("text-anchor") == "middle"
        ]
        for y in {y for _, y, _ in level}:
            line = sorted((x - width(t, SMALL) / 2, x + width(t, SMALL) / 2) for x, v, t in level if v == y)
            assert all(a[1] <= b[0] for a, b in pairwise(line))
        assert len(names) < 10 or not level  # so many are slanted


def test_every_name_of_a_legend_has_its_place():
    lines = [P.Line([0, 1], [i, i], f"a run whose name is long, number {i}") for i in range(20)]
    svg = cr.Picture(P.Panel(lines)).svg()
    said = [
        e for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("text") and "number" in (e.text or "")
    ]
    rows = {}
    for e in said:
        rows.setdefault(float(e.get("y")), []).append((float(e.get("x")), width(e.text, SMALL)))
    assert len(said) == 20
    for row in rows.values():
        assert all(a + w < b for (a, w), (b, _) in pairwise(row))
        assert row[-1][0] + row[-1][1] <= 480


@pytest.mark.parametrize(
    "values",
    [[1e308, -1e308, 0.0], [9.9e307, 0.0, 1e306], [5e-324, 0.0, 1e-320], [1e-320] * 3, [1e300, 2e300, 3e300]],
)
def test_numbers_at_the_ends_of_what_floats_are_have_a_bar_of_colours(values):
    picture = cr.Picture(cr.pictures.Panel([cr.pictures.Heat([values, values])]))
    assert ElementTree.fromstring(picture.svg()).tag.endswith("svg")
