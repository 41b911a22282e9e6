"""What a drawn graph says, read off its marks: which box an arrow leaves, which it reaches, what stands on it."""

import numpy as np

from chainrule.explaining.pictures.diagrams import Arrow, Box


def boxes(picture):
    """Return the boxes of a picture."""
    return [m for m in picture.panels[0].marks if isinstance(m, Box)]


def arrows(picture):
    """Return the arrows between boxes, and those that leave to the right of all, with (from, to) by name."""
    found = []
    for m in picture.panels[0].marks:
        if isinstance(m, Arrow) and not m.dash:
            start, end = (_at(picture, point) for point in (m.points[0], m.points[-1]))
            if start != end or start is None:
                found.append((start, end, m))
    return found


def edges(picture):
    """Return pairs of names that an arrow joins."""
    return {(a, b) for a, b, _ in arrows(picture) if a and b}


def _at(picture, point):
    """Return the name of the box on whose side a point lies."""
    x, y = point
    for box in boxes(picture):
        on_side = min(abs(box.x - x), abs(box.x + box.width - x)) < 1e-6
        if on_side and box.y - 1e-6 <= y <= box.y + box.height + 1e-6:
            return box.lines[0]
    return None


def check_apart(picture):
    """Assert that no two boxes overlap, nothing leaves the panel, and no arrow goes through a box."""
    panel = picture.panels[0]
    width, height = panel.size
    found = boxes(picture)
    for i, a in enumerate(found):
        assert a.x >= 0 and a.y >= 0 and a.x + a.width <= width and a.y + a.height <= height
        for b in found[:i]:
            assert (
                a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
            )
    for _, _, arrow in arrows(picture):
        points = np.asarray(arrow.points)
        assert points.min() >= 0 and (points <= (width, height)).all()
        for box in found:
            inside = (points > (box.x + 1e-6, box.y + 1e-6)) & (
                points < (box.x + box.width - 1e-6, box.y + box.height - 1e-6)
            )
            assert not inside.all(axis=1).any()
