"""Settings: each is checked as its annotation says; what a module says of itself makes the tables of names."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
import pytest

from chainrule.errors import GraphError
from chainrule.nn import activations, losses
from chainrule.nn.specs import Above0, AtLeast0, Checked, Count, Number, Share, Within01, classes, functions


@dataclass(frozen=True)
class Some(Checked):
    above: Above0 = 1.0
    least: AtLeast0 = 0.0
    share: Share = 0.0
    within: Within01 = 0.5
    number: Number = 0.0
    count: Count = 1
    limit: Above0 | None = None
    kind: Literal["soft", "hard"] = "soft"
    own: Annotated[Any, "a note of the user's"] = field(default_factory=list)
    later: "Above0 | str" = "not read"


@pytest.mark.parametrize(
    ("name", "right", "wrong", "says"),
    [
        (
            "above",
            [1e-9, 3, np.float32(2)],
            [0, -1, np.inf, np.nan, "1", True, None, 10**400],
            "a number above 0",
        ),
        ("least", [0, 5], [-1e-9], "a number of at least 0"),
        ("share", [0, 0.99], [1, -0.1], "a number of at least 0 and below 1"),
        ("within", [0.01, 0.99], [0, 1], "a number between 0 and 1, neither of them"),
        ("number", [-3, 1e300], [np.nan, "x", [1]], "a number"),
        ("count", [1, np.int64(7)], [0, 1.0, 2.5, True, None], "a whole number of at least 1"),
        ("limit", [None, 2], [0, "x"], "a number above 0"),
        ("kind", ["soft", "hard"], ["medium", None, ["soft"]], "'soft' or 'hard'"),
        ("own", [[], 3, None], [], ""),
        ("later", ["x", -1], [], ""),
    ],
)
def test_a_setting_is_what_its_annotation_says(name, right, wrong, says):
    for value in right:
        assert getattr(Some(**{name: value}), name) == value
    for value in wrong:
        with pytest.raises(GraphError, match=f"^Some: {name} must be {says}; found "):
            Some(**{name: value})


def test_numbers_become_plain_ones():
    made = Some(above=np.float64(2), count=np.int32(3), limit=1, share=np.float32(0.5))
    assert [type(x) for x in (made.above, made.count, made.limit, made.share)] == [float, int, float, float]


def test_what_a_module_lists_of_itself():
    assert set(functions(vars(activations))) | set(classes(vars(activations))) == set(activations.__all__)
    assert set(classes(vars(losses))) == {"CategoricalCrossentropy", "Huber", "Quantile"}
    module = {"__name__": "mine", "__all__": ["early", "late"], "early": abs}
    with pytest.raises(NameError, match="mine: define 'late' above the tables"):
        functions(module)
