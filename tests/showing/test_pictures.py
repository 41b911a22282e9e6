"""The two renderers: each draws every mark, SVG is well-formed, and names of users are no markup."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

import chainrule as cr

P = cr.pictures
EVIL = "<script id='a'>alert(1)</script> & \x1b]"
NONE, DOWN = P.Axis(scale="none"), P.Axis(scale="none", reversed=True)
MARKS = {
    "Line": P.Line([0, 1, 2, 3], [1, np.nan, 3, 2], EVIL, marker="o"),
    "Points": P.Points([0, 1, np.nan], [1, 2, 3], EVIL, texts=["a", EVIL, "c"]),
    "Bars": P.Bars([0, 1], [0.2, -0.8], EVIL, texts=["0.2", "-0.8"], colours=["positive", "negative"]),
    "lying Bars": P.Bars([0, 1], [0.2, -0.8], EVIL, texts=["0.2", "-0.8"], horizontal=True),
    "Spans": P.Spans([0, 1], [0.2, 0.3], [0.5, 0.9], EVIL),
    "lying Spans": P.Spans([0, 1], [0.2, 0.3], [0.5, 0.9], EVIL, horizontal=True),
    "Band": P.Band([0, 1, 2], [0, np.nan, 1], [1, 2, 3], EVIL),
    "Heat": P.Heat([[1, 0], [np.nan, 2]], texts=[[EVIL, "0"], ["", "2"]], label=EVIL),
    "large Heat": P.Heat(np.arange(900.0).reshape(30, 30) / 7, palette="diverging"),
    "Heat with holes": P.Heat(np.where(np.eye(30), np.nan, 1.0), palette="classes"),
    "Patches": P.Patches([[(0, 0), (1, 0), (0.5, 1)]], [0.5]),
    "Contours": P.Contours([(0.5, [(0, 0), (1, 1)]), (0.7, [(0, 1), (1, 2)])], "sequential", texts=True),
    "Text": P.Text(0.5, 0.5, f"{EVIL}\nbelow", bold=True),
    "Rule": P.Rule(x=1, name=EVIL),
    "lying Rule": P.Rule(y=1),
    "Box": P.Box(0, 0, 80, 40, (EVIL, "6"), tip=EVIL),
    "round Box": P.Box(0, 0, 40, 40, ("0.5",), "neuron", "circle", fill=-0.5),
    "block Box": P.Box(0, 0, 40, 40, ("8",), "layer", "block"),
    "Arrow": P.Arrow([(0, 0), (50, 0), (50, 40), (90, 40)], "6", EVIL, tip=EVIL),
}


def of(mark, **axes):
    return cr.Picture(P.Panel([mark], EVIL, **axes), EVIL, EVIL, notes=(EVIL,))


def parsed(text):
    assert "<script" not in text
    return ElementTree.fromstring(text)


def test_there_is_an_example_of_each_mark():
    kinds = {type(mark) for mark in MARKS.values()}
    assert kinds == {
        k for k in map(P.__getattr__, P.__all__) if isinstance(k, type) and issubclass(k, P.Mark)
    } - {P.Mark}


@pytest.mark.parametrize("name", MARKS)
@pytest.mark.parametrize("axes", [{}, {"x": NONE, "y": DOWN}], ids=["axes", "diagram"])
def test_each_mark_is_drawn_as_svg(name, axes):
    picture = of(MARKS[name], **axes)
    root = parsed(picture.svg())
    assert root.get("role") == "img" and root.get("aria-label") == root[1].text
    (panel,) = [e for e in root if e.tag.endswith("}svg")]
    (plot,) = [e for e in panel if e.tag.endswith("}svg")]
    assert len(plot) >= 1 and any(
        e.get("d", "M0 0") != "M0 0" or e.text or e.get("width") for e in plot.iter()
    )
    numbers = " ".join(v for e in root.iter() for k, v in e.attrib.items() if k not in ("href", "aria-label"))
    assert "nan" not in numbers.lower() and "inf" not in numbers.lower()
    parsed(picture._repr_html_())


@pytest.mark.parametrize("name", MARKS)
def test_each_mark_is_drawn_by_matplotlib(name):
    ax = of(MARKS[name]).plot()
    bare = of(P.Text(0, 0, "")).plot()
    assert isinstance(ax.figure, Figure)
    assert len(ax.get_children()) + len(ax.figure.axes) > len(bare.get_children()) - 1 + len(bare.figure.axes)


def test_series_that_say_nothing_differ_by_dash_and_marker_too():
    lines = [P.Line([0, 1], [i, i + 1], f"run {i}") for i in range(8)]
    points = [P.Points([0], [i], f"class {i}") for i in range(6)]
    for marks, looks in ((lines, "linestyle"), (points, "marker")):
        ax = cr.Picture(P.Panel(marks)).plot()
        if looks == "linestyle":
            assert len({(line.get_color(), line._unscaled_dash_pattern) for line in ax.lines}) == 8
            assert len({line._unscaled_dash_pattern for line in ax.lines}) == 5
        else:
            assert len({tuple(c.get_paths()[0].vertices.ravel()) for c in ax.collections}) == 6


def test_several_panels_are_axes_and_are_drawn_on_those_of_the_user():
    picture = cr.Picture([P.Panel([P.Line([0, 1], [i, 2])], f"panel {i}") for i in range(3)], "three")
    axes = picture.plot()
    assert [ax.get_title() for ax in axes] == ["panel 0", "panel 1", "panel 2"]
    mine = Figure().subplots(1, 3)
    assert picture.plot(mine) is mine and mine[2].get_title() == "panel 2"
    with pytest.raises(cr.ChainruleError, match="3 panels"):
        picture.plot(mine[0])


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_a_picture_is_saved_and_is_the_same_file_each_time(kind, tmp_path):
    picture = of(MARKS["Line"])
    for name in ("a", "b"):
        picture.save(tmp_path / f"{name}.{kind}")
    first = (tmp_path / f"a.{kind}").read_bytes()
    assert first == (tmp_path / f"b.{kind}").read_bytes() and len(first) > 1000
    if kind == "png":
        wide, high = (int.from_bytes(first[i : i + 4], "big") for i in (16, 20))
        assert wide == 2 * 410 and high > 560  # two pixels for each of the page's
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"a.{kind}", f"b.{kind}"]


def test_what_cannot_be_saved_is_refused_in_words(tmp_path):
    for path, says in (
        (tmp_path / "a.gif", "as .svg, .png or .pdf; found"),
        (tmp_path / "no" / "a.svg", "there is no folder"),
    ):
        with pytest.raises(cr.ChainruleError, match=says):
            of(MARKS["Line"]).save(path)
    with pytest.raises(cr.ChainruleError, match="at least 200"):
        of(MARKS["Line"]).svg(50)


def test_a_narrow_page_has_its_panels_below_each_other():
    picture = cr.Picture([P.Panel([P.Line([0, 1], [0, i])]) for i in range(2)])
    wide, narrow = (parsed(picture.svg(width)) for width in (None, 360))
    at = [
        [(float(e.get("x")), float(e.get("y"))) for e in root if e.tag.endswith("}svg")]
        for root in (wide, narrow)
    ]
    assert at[0][0][1] == at[0][1][1] and at[1][0][0] == at[1][1][0] and at[1][0][1] < at[1][1][1]
    assert float(narrow.get("width")) == 360 and float(wide.get("width")) <= 880


def test_many_points_are_a_small_picture_that_keeps_its_peaks():
    y = np.zeros(100_000)
    y[54_321] = 1.0
    text = cr.Picture(P.Panel([P.Line(np.arange(100_000), y)])).svg()
    flat = cr.Picture(P.Panel([P.Line(np.arange(100_000), y)], y=P.Axis(limits=(-0.04, 1.04)))).svg()
    assert len(text) < 60_000 and text == flat
    path = max(re.findall(r' d="([^"]*)"', text), key=len)
    heights = [float(n) for n in re.findall(r"[\d.]+ ([\d.]+)", path)]
    assert sum(h < max(heights) / 2 for h in heights) == 1


def test_a_picture_follows_light_and_dark_and_leaves_pages_alone():
    picture = cr.Picture(P.Panel([P.Line([0, 1], [1, 2], "cost")]))
    alone, page = picture.svg(), picture._repr_html_()
    assert "prefers-color-scheme:dark" in alone and "<style" not in page and " id=" not in page
    assert "currentColor" in page and "var(--paper)" not in page
    other = cr.Picture(P.Panel([P.Line([0, 1], [2, 1], "cost")])).svg()
    names = [re.search(r'class="(cr\w+)"', text)[1] for text in (alone, other)]
    assert names[0] != names[1]  # no two pictures of a page share a style


def drawn(picture):
    """Return the axes after Matplotlib has laid them out."""
    axes = picture.plot()
    first = axes.flat[0] if isinstance(axes, np.ndarray) else axes
    first.figure.canvas.draw()
    return axes


def test_matplotlib_draws_marks_in_their_order_whatever_they_are():
    marks = [
        P.Arrow([(0, 0), (50, 0)]),
        P.Box(20, -10, 20, 20, ("1",), shape="circle"),
        P.Line([0, 50], [0, 5]),
    ]
    ax = drawn(cr.Picture(P.Panel(marks, x=NONE, y=DOWN)))
    (circle,), lines = ax.patches, ax.lines
    assert lines[0].get_zorder() < circle.get_zorder() < ax.texts[-1].get_zorder() < lines[-1].get_zorder()
    assert circle.get_facecolor()[3] == 1  # what is below it is not seen through it


def test_matplotlib_keeps_the_height_of_a_small_panel_beside_a_high_one():
    heat = P.Heat(np.eye(9), bar=False)
    large, small = P.Panel([heat], size=(400, 400)), P.Panel([heat], x=NONE, y=NONE, size=(150, 150))
    first, second = (ax.get_window_extent() for ax in drawn(cr.Picture([large, small])))
    assert abs(second.height / second.width - 1) < 0.25 and first.height > 2 * second.height
    assert abs(first.y1 - second.y1) < 30  # both begin at the top


def test_no_legend_of_matplotlib_lies_on_the_axes():
    names = [f"the cost of the variant number {i}" for i in range(5)]
    ax = drawn(cr.Picture(P.Panel([P.Line([0, 1], [i, 1], name) for i, name in enumerate(names)], "costs")))
    legend, title = ax.get_legend().get_window_extent(), ax.title.get_window_extent()
    assert legend.y0 >= ax.get_window_extent().y1 and title.y0 >= legend.y1 - 1
    assert [text.get_text() for text in ax.get_legend().get_texts()] == names


def test_matplotlib_wraps_titles_and_notes_where_the_picture_ends():
    long = "a word and another one " * 12
    figure = drawn(cr.Picture(P.Panel([P.Line([0, 1], [0, 1])]), long, notes=[long])).figure
    for text in figure.texts:
        assert text.get_window_extent().x1 <= figure.bbox.x1 and text.get_text().split() == long.split()


def test_what_stands_on_a_map_of_colours_has_those_of_light_pages_and_what_stands_beside_it_has_not():
    on, beside = P.Text(0.5, 0.5, "on"), P.Text(2, 0.5, "beside", colour="wrong")
    dots = P.Points([0.5], [0.2], colour="c1")
    panel = P.Panel([P.Heat(np.eye(2), (0, 1), (0, 1), bar=False), dots, on, beside], x=NONE, y=NONE)
    for text in (cr.Picture(panel).svg(), cr.Picture(panel)._repr_html_()):
        groups = dict.fromkeys(("on", "beside"), False)
        for group in ElementTree.fromstring(text).iter():
            if "--ink:#1f2328" in group.get("style", "") and group.tag.endswith("g"):
                assert "--c1:#0a66b7" in group.get("style")
                groups |= {each.text: True for each in group.iter() if each.text in groups}
        assert groups == {"on": True, "beside": False}


def test_what_a_bar_of_nothing_says_stands_on_its_line_and_in_the_panel():
    bars = P.Bars([0, 1], [0.0, 1.0], texts=["none", "all"])
    drawn = P.Picture([P.Panel([bars], y=P.Axis(limits=(0, 1)))]).svg()
    base = max(float(y) for y in re.findall(r"M[\d.]+ ([\d.]+)H", drawn))
    (y,) = re.findall(r'y="([\d.]+)"[^>]*>none<', drawn)
    assert float(y) < base
