"""The page of pictures: its code runs and prints what it says, and its pictures are what the code makes."""

import re
from xml.etree import ElementTree

import pytest
from test_docs import ROOT, maker

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
        make = maker("make_pictures", patch)
        return make.MOST, list(make.drawn(PAGE.read_text(encoding="utf-8")))


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
