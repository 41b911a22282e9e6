"""Sample tables that are made: points of two classes that no line parts, and the four people of the lectures."""

from typing import Any

import numpy as np

from chainrule.random import Draws

ROWS = 300
XOR_ROWS = 200


def made(name: str) -> dict[str, Any]:
    """Return the columns of a table that is made; the last is its target.

    The people are those of the lectures, with weights in pounds and heights in inches. The circles are as wide, as many
    points and as noisy as there: 150 around each, the inner 0.3 times the outer, noise 0.1. Of xor there are 50 points
    around each corner (0 or 1, 0 or 1), with noise 0.1.

    >>> made("four_people")["weight"], len(made("circles")["x1"])
    ([133, 160, 152, 120], 300)
    """
    if name == "four_people":
        return {
            "name": ["Alice", "Bob", "Charlie", "Diana"],
            "weight": [133, 160, 152, 120],
            "height": [65, 72, 70, 60],
            "target": ["F", "M", "M", "F"],
        }
    points, classes = {"xor": _xor, "circles": _circles, "moons": _moons, "spirals": _spirals}[name]()
    points = points + Draws(0, f"sample {name}", 1).normal(0.0, 0.1, points.shape)
    order = Draws(0, f"sample {name}").permutation(len(points))
    x1, x2 = points[order].round(6).T
    return {"x1": x1, "x2": x2, "target": classes[order]}


def _xor() -> tuple[np.ndarray, np.ndarray]:
    corners = np.arange(XOR_ROWS) % 4
    a, b = corners // 2, corners % 2
    return np.column_stack([a, b]).astype(float), a ^ b


def _circles() -> tuple[np.ndarray, np.ndarray]:
    angles = np.arange(ROWS // 2) * (4 * np.pi / ROWS)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    return np.concatenate([circle, 0.3 * circle]), np.repeat([0, 1], ROWS // 2)


def _moons() -> tuple[np.ndarray, np.ndarray]:
    angles = np.linspace(0, np.pi, ROWS // 2)
    upper = np.column_stack([np.cos(angles), np.sin(angles)])
    return np.concatenate([upper, [1.0, 0.5] - upper]), np.repeat([0, 1], ROWS // 2)


def _spirals() -> tuple[np.ndarray, np.ndarray]:
    turn = np.linspace(0.25, 1.0, ROWS // 2)
    arm = 4.0 * turn[:, None] * np.column_stack([np.cos(3 * np.pi * turn), np.sin(3 * np.pi * turn)])
    return np.concatenate([arm, -arm]), np.repeat([0, 1], ROWS // 2)
