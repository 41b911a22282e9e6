"""The course: its parts, and the lessons of each in the order in which they build on each other."""

from collections.abc import Mapping
from pathlib import Path

COURSE = Path(__file__).parent / "_course"

PARTS: Mapping[str, tuple[str, ...]] = {
    "One neuron": ("one_neuron", "house_line", "activations", "gates", "xnor"),
    "The chain rule": ("graph", "two_paths", "alice", "reversed", "spam"),
    "Cost and descent": ("losses", "bowl", "descent", "tumour", "many", "votes"),
    "Networks": (
        "function",
        "counting",
        "by_hand",
        "nonlinear",
        "xor",
        "circles",
        "people",
        "tasks",
        "digits",
    ),
    "When learning fails": (
        "checking",
        "starting",
        "vanishing",
        "steps",
        "enough",
        "overfitting",
        "data",
        "hidden",
    ),
    "Data of your own": ("table", "images", "shapes", "sequences", "speech", "kinds", "eyes_and_radar"),
}

LESSONS = tuple(name for names in PARTS.values() for name in names)


def part_of(name: str) -> str:
    """Return the part that a lesson is in."""
    return next(part for part, names in PARTS.items() if name in names)
