"""Where boxes stand: whatever the graph, none lies on another, no line goes through one, and all fits the width."""

import numpy as np
from hypothesis import given, settings, strategies as st

from chainrule.explaining.pictures.layout import layout
from chainrule.explaining.pictures.wrapping import Size, Wire

WIDTHS = st.sampled_from([400.0, 480.0, 860.0])


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 24))
    sizes = [Size(draw(st.integers(30, 110)), draw(st.integers(20, 60)), 50.0) for _ in range(count)]
    wires = []
    for i in range(1, count):
        sources = draw(st.sets(st.integers(0, i - 1), max_size=3))
        wires += [Wire(x, i, draw(st.sampled_from([0.0, 40.0, 60.0]))) for x in sorted(sources)]
    return sizes, wires


@given(graphs(), WIDTHS, st.booleans())
@settings(max_examples=60, deadline=None)
def test_boxes_are_apart_and_inside_and_lines_go_around_them(graph, width, left):
    sizes, wires = graph
    found = layout(sizes, wires, width, left)
    assert found.width <= width
    assert {b.box for b in found.boxes if not b.again} == set(range(len(sizes)))
    assert sum(not b.again for b in found.boxes) == len(sizes)
    for i, a in enumerate(found.boxes):
        assert a.x >= 0 and a.y >= -1e-9
        assert a.x + a.width <= found.width + 1e-6 and a.y + a.height <= found.height + 1e-6
        for b in found.boxes[:i]:
            beside = a.x + a.width <= b.x or b.x + b.width <= a.x
            assert beside or a.y + a.height <= b.y or b.y + b.height <= a.y
    for wire, route in zip(wires, found.routes, strict=True):
        check_line(found, wire, route)


def check_line(found, wire, route):
    """Assert that a line leaves its box at the right, enters the other at the left, and crosses none."""
    assert (np.diff(route[:, 0]) >= -1e-9).all()
    starts = [b for b in found.boxes if b.box == wire.source and abs(b.x + b.width - route[0, 0]) < 1e-6]
    ends = [b for b in found.boxes if b.box == wire.target and abs(b.x - route[-1, 0]) < 1e-6]
    assert any(abs(b.y + b.height / 2 - route[0, 1]) < 1e-6 for b in starts)
    assert any(b.y <= route[-1, 1] <= b.y + b.height for b in ends)
    between = np.concatenate([route[:-1] + (route[1:] - route[:-1]) * t for t in np.linspace(0, 1, 6)])
    for b in found.boxes:
        low, high = (b.x + 1e-6, b.y + 1e-6), (b.x + b.width - 1e-6, b.y + b.height - 1e-6)
        assert not ((between > low) & (between < high)).all(axis=1).any()


def test_labels_have_room_of_their_own():
    sizes = [Size(40, 30)] * 4 + [Size(60, 30)]
    wires = [Wire(i, 4, 50.0) for i in range(4)]
    found = layout(sizes, wires, 860)
    heights = sorted(y for _, y in found.labels)
    assert min(np.diff(heights)) >= 29  # what stands above a line and below the next
    right = max(b.x + b.width for b in found.boxes if b.box < 4)
    left = next(b.x for b in found.boxes if b.box == 4)
    assert all(right < x - 25 and x + 25 < left for x, _ in found.labels)


def test_a_chain_goes_on_in_rows_each_of_which_begins_with_what_it_needs():
    sizes = [Size(100, 30, 60.0)] * 9
    wires = [Wire(i, i + 1, 20.0) for i in range(8)]
    found = layout(sizes, wires, 400)
    assert found.rows > 2 and found.width <= 400
    again = [b for b in found.boxes if b.again]
    assert len(again) == found.rows - 1 == len(found.going_on)
    assert all(b.x == min(o.x for o in found.boxes if o.row == b.row) for b in again)


def test_who_reads_from_the_end_finds_it_on_top():
    sizes = [Size(100, 30, 60.0)] * 9
    wires = [Wire(i, i + 1, 20.0) for i in range(8)]
    down, up = layout(sizes, wires, 400), layout(sizes, wires, 400, upward=True)
    assert max(b.y for b in down.boxes if b.box == 8) == max(b.y for b in down.boxes)
    assert max(b.y for b in up.boxes if b.box == 8) == min(b.y for b in up.boxes)
    assert (up.width, up.height, up.rows) == (down.width, down.height, down.rows)
    for wire, route in zip(wires, up.routes, strict=True):
        check_line(up, wire, route)


def test_crossings_that_need_not_be_are_none():
    """A ladder drawn crosswise: K₂,₂ apart, pairs exchanged."""
    sizes = [Size(30, 20)] * 6
    wires = [Wire(0, 5), Wire(1, 4), Wire(2, 3)]
    found = layout(sizes, wires, 860)
    heights = [(route[0, 1], route[-1, 1]) for route in found.routes]
    assert [a for a, _ in sorted(heights)] == sorted(a for a, _ in heights)
    assert [b for _, b in sorted(heights)] == sorted(b for _, b in heights)
