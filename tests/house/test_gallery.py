"""The page of pictures: its code runs, its pictures are what the code makes, and look well in a browser."""

import re
from xml.etree import ElementTree

import browser
import pytest
from test_docs import ROOT

import chainrule as cr
import make_pictures

PAGE = ROOT / "docs/pictures.md"
NUMBER = re.compile(r"[-−]?\d[\d.,]*(?:·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?(?:e[-+]\d+)?")


def told(svg):
    """What a picture says and is made of: rounding hangs on the machine, so numbers count by their presence."""
    return [
        (e.tag, sorted(k for k in e.attrib if k != "class"), NUMBER.sub("#", (e.text or "").strip()))
        for e in ElementTree.fromstring(svg).iter()
        if not e.tag.endswith("style")
    ]


def unnumbered(words):
    return NUMBER.sub("#", words)


@pytest.fixture(scope="module")
def blocks(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("page"))
        return make_pictures.MOST, list(make_pictures.drawn(PAGE.read_text(encoding="utf-8")))


def test_the_code_prints_what_the_page_says(blocks):
    text = PAGE.read_text(encoding="utf-8")
    assert len(blocks[1]) == text.count("```python")
    for block, printed, _ in blocks[1]:
        assert printed == (block["prints"] or ""), block["code"]


def test_each_picture_is_what_its_code_makes(blocks):
    most, found = blocks
    pictures = {
        block["name"]: (block["words"], picture) for block, _, picture in found if picture is not None
    }
    files = {file.stem: file for file in (ROOT / "docs/pictures").glob("*.svg")}
    assert pictures.keys() == files.keys() and len(pictures) == PAGE.read_text(encoding="utf-8").count("![")
    stale = [
        name
        for name, (words, picture) in pictures.items()
        if unnumbered(words) != unnumbered(picture.words)
        or told(picture.svg()) != told(files[name].read_text(encoding="utf-8"))
    ]
    assert stale == [], "python docs/make_pictures.py draws them anew"
    for name, (words, picture) in pictures.items():
        assert words, f"{name} says nothing to who cannot see it"
        assert picture.title or any(panel.title for panel in picture.panels), name
        assert files[name].stat().st_size <= most, name


def explained():
    """Return what notebooks show of explanations and models, by name."""
    w, b = cr.variable(2.0, "w"), cr.variable(1.0, "b")
    X, y = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [1, 1, 0]
    network = cr.Network([cr.Dense(3, "tanh"), cr.Dense(1, "sigmoid")], seed=0)
    history = network.fit(X, y, epochs=20, metrics=["accuracy"])
    table, target = cr.load_table("iris")
    return {
        "explanation": cr.explain(cr.sigmoid(w * 3 + b).named("a"), wrt=[w, b]),
        "derivation": cr.explain(network, X, y).derivation,
        "network": network,
        "history": history,
        "model": cr.TableModel.train(table, target, epochs=2),
    }


@browser.needed
def test_pictures_look_well_in_a_browser_wide_and_narrow_light_and_dark(blocks, tmp_path):
    """No text meets another, is cut, leaves its box, or is too small or too pale; nothing is asked of the network."""
    pictures = {block["name"]: picture for block, _, picture in blocks[1] if picture is not None}
    shown = {name: thing._repr_html_() for name, thing in {**pictures, **explained()}.items()}
    files = {name: picture.svg() for name, picture in pictures.items()}
    pages = {
        kind: "".join(f'<div class="{kind}" data-name="{name}">{text}</div>' for name, text in texts.items())
        for kind, texts in {"file": files, "notebook": shown}.items()
    }
    told, spoken = browser.measured(pages, tmp_path)
    assert told["found"] == [] and spoken == []
    assert len(told["counts"]) == 8
    for kind, wide, mode, sizes, texts, formulas in told["counts"]:
        assert len(sizes) >= len(pictures) - 3 and texts > 20 * len(pictures)  # some are of colours alone
        assert formulas > 5 or kind == "file"
        if kind == "notebook" or wide == 900:  # a file's panels do not move
            assert {name: size for name, size in sizes.items() if size < 8.5} == {}, (kind, wide, mode)


BAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 100" width="300" height="100">
<rect x="10" y="10" width="40" height="20" fill="#000000"/><text x="30" y="24" font-size="12" text-anchor="middle"
 fill="#ffffff">leaves the box</text><text x="200" y="50" font-size="12" fill="#1f2328">one</text><text x="210" y="54"
 font-size="12" fill="#1f2328">two</text><text x="280" y="90" font-size="12" fill="#1f2328">is cut</text><text x="10"
 y="90" font-size="12" fill="#c9d1d9">pale</text><rect x="80" y="60" width="60" height="30" fill="#777777"/><text x="90"
 y="80" font-size="12" fill="#1f2328">grey</text><image href="http://localhost:9/x.png" width="9" height="9"/></svg>"""


@browser.needed
def test_what_does_not_look_well_is_found(tmp_path):
    told, _ = browser.measured({"file": f'<div class="file" data-name="bad">{BAD}</div>'}, tmp_path)
    found = {
        (mode, what, said.partition(":")[0]) for _, wide, mode, _, what, said in told["found"] if wide == 900
    }
    assert {
        ("light", "overlap", "two | one"),
        ("light", "leaves its box", "leaves the box"),
        ("light", "cut", "is cut"),
        ("light", "contrast", "pale"),
        ("light", "contrast", "grey"),
        ("dark", "contrast", "one"),
        ("light", "asks for", "http"),
    } <= found
    assert ("light", "contrast", "one") not in found and ("dark", "contrast", "pale") not in found
