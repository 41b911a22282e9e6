"""The order of a loop nest's axes: what lies side by side is innermost, windows are right before it."""

from chainrule.engines.native.plan.axes import BLOCK, ordered
from chainrule.engines.native.plan.views import Size, contiguous


def axes(domain, *views):
    """Return the extents in the order of the loops."""
    sizes = [Size(1, (e,)) if isinstance(e, str) else Size(e) for e in domain]
    strides = [([Size(s, ("n",)) if s == "n" else Size(s) for s in v], written) for v, written in views]
    extents, found = ordered(sizes, strides)
    assert all(len(v) == len(extents) for v in found)
    return [str(e) for e in extents]


def test_channels_stay_innermost_and_a_windows_axes_go_before_them():
    read, made = [1152, 576, 96, 16, 8, 1], [288, 96, 0, 8, 0, 1]
    assert axes(("n", 3, 2, 12, 2, 8), (read, False), (made, True)) == ["n", "3", "12", "2", "2", "8"]
    slid, largest = [800, 80, 8, 1, 80, 8], [512, 64, 8, 1, 0, 0]  # windows' axes stand last
    assert axes(("n", 8, 8, 8, 3, 3), (slid, False), (largest, True)) == ["n", "8", "8", "3", "3", "8"]


def test_what_stands_still_is_read_once_along_a_short_axis():
    read, once = [1152, 576, 96, 16, 8, 1], [288, 96, 0, 8, 0, 1]
    assert axes(("n", 3, 2, 12, 2, 8), (read, True), (once, False)) == ["n", "3", "12", "2", "2", "8"]
    assert axes(("n", 3, 8, 12, 2, 8), (read, True), (once, False)) == ["n", "3", "8", "12", "2", "8"]


def test_many_channels_are_done_in_blocks():
    slid, largest = [9600, 960, 96, 1, 960, 96], [6144, 768, 96, 1, 0, 0]
    found = axes(("n", 8, 8, 96, 3, 3), (slid, False), (largest, True))
    assert found == ["n", "8", "8", str(96 // BLOCK), "3", "3", str(BLOCK)]


def test_other_loops_keep_their_order():
    domain = ("n", 5, 7)
    rows = [s.count for s in contiguous((1, 5, 7))]
    assert axes(domain, (rows, False), ([5, 1, 0], True)) == [
        "n",
        "5",
        "7",
    ]  # a sum along what lies side by side
    assert axes(domain, (rows, False), ([0, 0, 1], True)) == ["n", "5", "7"]
    assert axes(("n", 90, 7), (rows, False), ([7, 0, 1], True)) == ["n", "90", "7"]
    assert axes(domain, (rows, False), (rows, True)) == ["n", "5", "7"]
    assert axes(("n", 7), ([1, 9], False), ([1, 0], True)) == ["n", "7"]  # of two axes none is moved
