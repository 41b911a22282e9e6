"""The recording in the README: what its commands print today, as a picture that moves by its style sheet alone."""

import html
import re
from pathlib import Path
from xml.etree import ElementTree

import consoles

import make_recording as make

ROOT = Path(__file__).parents[2]
RECORDING = ROOT / "docs/recording.svg"
SVG = "{http://www.w3.org/2000/svg}"


def lines(svg):
    """What stands in the lines of a recording."""
    return ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def words(printed):
    """A text of which neither numbers nor the ends of lines count, nor the page that tests leave out."""
    return re.sub(r"\s+", " ", consoles.alike(printed)).replace("report.html, ", "")


def test_the_recording_shows_what_the_commands_print():
    shown = words("\n".join(lines(RECORDING.read_text(encoding="utf-8"))))
    assert shown == " ".join(words(f"$ {command}\n{printed}") for command, printed in make.ran())


def test_the_recording_asks_for_nothing_and_stands_still_for_who_wants_that():
    text = RECORDING.read_text(encoding="utf-8")
    assert len(text.encode()) < 200_000
    assert not re.search(r"<script|\bon\w+=|href|url\(|@import", text)
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]
    assert "@media(prefers-reduced-motion:reduce){text,tspan,.all{animation:none!important}}" in text
    assert "@media(prefers-color-scheme:dark)" in text
    assert 18 <= float(re.search(r"animation:([\d.]+)s", text)[1]) <= 22
    assert ElementTree.fromstring(text).find(f"{SVG}desc").text in html.unescape(text)


def test_a_recording_scrolls_when_it_is_full_and_ends_at_its_end():
    printed = "\n".join(f"line {i} <&>" for i in range(40))
    text = make.drawn([("chainrule summary model", printed)])
    assert lines(text) == ["$ chainrule summary model", *printed.split("\n")]
    end = (make.ROWS - 41) * make.LEADING
    assert f".all{{transform:translateY({end:g}px)" in text and text.count(f"translateY({end:g}px)") == 2
    still = make.drawn([("chainrule versions", "one")])
    assert ".all{transform:translateY(0px)" in still and still.count("translateY") == 2


def test_what_is_longer_than_the_terminal_is_broken_between_words():
    wide = f"{'word ' * 30}end"
    assert max(map(len, make.folded(wide))) <= make.COLUMNS
    assert " ".join(make.folded(wide)) == wide
    assert make.folded("a\n\n  b \n") == ["a", "", "  b"]


def test_lines_come_one_after_the_other():
    played, whole = make.played([("chainrule train iris", "a\nb"), ("chainrule doctor RUN", "c")])
    times = [line.at for line in played]
    assert times == sorted(times) and times[-1] < whole - make.REST / 2
    assert [line.text for line in played if line.typed] == ["chainrule train iris", "chainrule doctor RUN"]
