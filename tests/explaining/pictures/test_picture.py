"""What a picture is: data that is checked, that nobody changes, and that JSON can hold."""

import ast
import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr

P = cr.pictures
FOLDER = Path(P.__file__).parent


def test_the_table_of_names_and_the_stub_are_what_the_modules_say():
    told = {home: sorted(names) for home, names in P._HOMES.items()}
    files = {f.stem: f for f in FOLDER.glob("*.py") if "\n__all__ " in f.read_text(encoding="utf-8")}
    assert told == {name: sorted(import_module(f"{P.__name__}.{name}").__all__) for name in files}
    stub = ast.parse((FOLDER / "__init__.pyi").read_text(encoding="utf-8"))
    stars = {line.module for line in stub.body if isinstance(line, ast.ImportFrom)}
    assert stars == {f"{P.__name__}.{name}" for name in files}
    assert dir(P) == sorted(name for names in told.values() for name in names)
    assert not {f.stem for f in FOLDER.glob("*.py")} & set(dir(P)), (
        "a module would hide the function of its name"
    )


def test_a_name_that_is_not_there_is_answered():
    with pytest.raises(AttributeError, match=r"Did you mean cr\.pictures\.Picture\?"):
        P.Pictures  # noqa: B018 -- looking is the test


def test_an_array_gives_texts_and_colours_as_a_list_does():
    given = {"texts": np.array([0.5, 1.0]), "colours": np.array(["c2", "c3"])}
    bars = P.Bars([0, 1], [0.5, 1], **given)
    assert (bars.texts, bars.colours) == (("0.5", "1.0"), ("c2", "c3"))
    assert P.Points([0, 1], [0, 1], texts=given["texts"]).texts == bars.texts
    assert P.Box(0, 0, 1, 1, np.array(["a"])).lines == ("a",)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: P.Line([1, 2], [1, 2, 3]), "x and y must be of one length; x has 2, y has 3"),
        (lambda: P.Line(["a"], [1]), "x must be numbers; found"),
        (lambda: P.Line([[1]], [[1]]), r"x must be numbers of 1 dimensions; found those of shape \(1, 1\)"),
        (lambda: P.Line([1], [1], colour="red"), "colour must be"),
        (lambda: P.Points([1], [1], texts=["a", "b"]), "2 texts for 1 places"),
        (lambda: P.Bars([1], [1], colours=["red"]), "roles such as 'c1'"),
        (lambda: P.Heat([[1, 2]], texts=[["a"]]), "shape of values"),
        (lambda: P.Heat([[1, 2]], limits=(2, 1)), "the lower first"),
        (lambda: P.Patches([[(0, 0)]], [1, 2]), "1 polygons have 2 values"),
        (lambda: P.Rule(), "give x"),
        (lambda: P.Box(0, 0, 1, 1, "text"), "several texts"),
        (lambda: P.Axis(limits=(0, 1), scale="log"), "above 0"),
        (lambda: P.Axis(ticks=[1, 2]), "pairs such as"),
        (lambda: P.Panel([3]), "a Mark each"),
        (lambda: P.Panel([], size=(0, 1)), "a width and a height"),
        (lambda: cr.Picture([3]), "a Panel each"),
        (lambda: P.beside(3), "takes pictures"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(make, says):
    with pytest.raises(cr.ChainruleError, match=says):
        make()


def test_numbers_are_kept_as_they_are_and_nobody_changes_them():
    mine = np.array([1.0, 2.0])
    line = P.Line(mine, [np.nan, 1])
    mine[0] = 9
    assert line.x.tolist() == [1, 2] and np.isnan(line.y[0])
    with pytest.raises(ValueError, match="read-only"):
        line.x[0] = 3


def test_a_picture_is_json():
    picture = cr.Picture(P.Panel([P.Line([1, 2], [np.nan, 1.5], "a"), P.Heat([[1.0]])]), "t", "w")
    again = json.loads(json.dumps(picture.to_dict(), allow_nan=False))
    assert again["panels"][0]["marks"][0]["y"] == [None, 1.5] and again["words"] == "w"


def test_what_is_empty_is_drawn_too():
    for picture in (cr.Picture([]), cr.Picture(P.Panel([P.Line([], [], "nothing"), P.Points([], [])]))):
        assert "</svg>" in picture.svg() and "</figure>" in picture._repr_html_()


def test_pictures_stand_beside_each_other():
    one = cr.Picture(P.Panel([P.Line([1], [2])]), "one", "First.", notes=("n",))
    two = P.beside(one, one, title="both")
    assert [panel.title for panel in two.panels] == ["one", "one"] and two.words == "First. First."
    assert two.notes == ("n",)
