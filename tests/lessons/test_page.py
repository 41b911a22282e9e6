"""An exercise in a page is judged as the command line judges it, in a browser that runs the page's script."""

import json
import os
import re
import subprocess
from html import unescape

from browser import BROWSER, needed

from chainrule.lessons.answering import judged, value_of
from chainrule.lessons.page import SCRIPT, _form
from chainrule.lessons.told import Exercise

TYPES = """
addEventListener("load", async () => {
  const told = [];
  for (const [form, typed] of %s) {
    if (typed === null) Object.defineProperty(crypto, "subtle", {value: undefined});  // as in a page that came by http
    document.forms[form].answer.value = typed ?? "19";
    const says = document.forms[form].querySelector("output");
    says.textContent = "";
    document.forms[form].requestSubmit();
    for (let i = 0; i < 500 && !says.textContent; i++) await new Promise(done => setTimeout(done, 10));
    told.push(says.textContent);
  }
  const place = document.createElement("pre");
  place.id = "told";
  place.textContent = JSON.stringify(told);
  document.body.replaceChildren(place);
});
"""


def near(right, margin):
    return lambda answer: max(abs(a - b) for a, b in zip(answer, right, strict=True)) <= margin


def exercises():
    """A count, a number, several, and a word, each with what is said to one mistake."""
    yield Exercise("count", "", "count", lambda a: a == 19, {}, 19, [(18, "less one")], 0, 1)
    yield Exercise(
        "number", "", "hint", lambda a: abs(a + 0.5) < 1.1e-3, {}, -0.5, [(0.0, "no"), (0.5, "sign")], 3, 2
    )
    yield Exercise(
        "several", "", "both", near([1, 2 / 3], 5e-4), {}, [1, 2 / 3], [([2 / 3, 1], "turned")], 3, 3
    )
    yield Exercise(
        "word", "", "spell", lambda a: a.lower() == "relu", {}, "ReLU", [("tanh", "no kink")], 3, 4
    )


TYPED = {
    "count": ["19", "19.0", "20", "18", "19.4", "", "many"],
    "number": [
        "-0.5",
        "-1/2",
        "-.4995",
        "0",
        "-0",
        "0.5",
        "-0.52",
        "−½",
        "(-.5)",
        "-1/2/3",
        "-0x1",
        "-5e-1",
        "/2",
        "- 1/2",
    ],
    "several": ["1, 2/3", "[1; 0.667]", "0.667, 1", "1", "1,, 2/3,", ",", "1 / 1, .667"],
    "word": ["relu", " ReLU ", "tanh", "gelu"],
}


@needed
def test_a_browser_judges_answers_as_the_command_line_does(tmp_path):
    asked = {each.name: each for each in exercises()}
    pairs = [(place, typed) for place, name in enumerate(asked) for typed in TYPED[name]]
    forms = "".join(_form(each, "lesson") for each in asked.values())
    script = SCRIPT + TYPES % json.dumps([*pairs, (0, None)])
    page = tmp_path / "page.html"
    page.write_text(f'<meta charset="utf-8"><body>{forms}<script>{script}</script></body>', encoding="utf-8")
    flags = [
        "--headless",
        "--disable-gpu",
        "--virtual-time-budget=20000",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    flags += ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    done = subprocess.run(
        [BROWSER, *flags, "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    told = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.DOTALL)
    assert told, done.stderr[-2000:]
    *said, by_http = json.loads(unescape(told[1]))
    assert by_http == "Right."
    expected = [judged(list(asked.values())[place], value_of(typed), {})[1] for place, typed in pairs]
    assert [*zip(pairs, said, strict=True)] == [*zip(pairs, expected, strict=True)]
    assert said.count("Right.") == 2 + 6 + 4 + 2
