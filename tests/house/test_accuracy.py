"""The page of accuracy says what is so: the native engine, on other arguments than those that made the page."""

import re

import pytest

import make_accuracy as made

PAGE = made.PAGE.read_text(encoding="utf-8")
TOLD = {
    name: [float(cell) for cell in cells.split("|")]
    for name, cells in re.findall(r"^\| `(.+?)` \| [^|]+ \| (.+) \|$", PAGE, re.MULTILINE)
}
MARGIN = 0.5  # of fewer arguments the worst is not the same one


def test_the_page_has_every_function():
    assert list(TOLD) == list(made.FUNCTIONS)
    assert PAGE.startswith(made.HEAD.format(points=made.POINTS)) and PAGE.endswith(made.TAIL)


@pytest.mark.parametrize("name", made.FUNCTIONS)
def test_no_function_is_less_accurate_than_the_page_says(name):
    for place, (engine, dtype) in enumerate(made.COLUMNS):
        if engine == "native":
            found = made.worst(name, engine, dtype, count=300, seed=1)
            assert found <= TOLD[name][place] + MARGIN, dtype
            assert TOLD[name][place] < 3
