"""A lesson as one page of HTML that asks for no other file; its exercises are checked in it."""

import json
import re
from collections.abc import Iterator

import numpy as np
from markdown_it import MarkdownIt

from chainrule.lessons.answering import FRACTIONS
from chainrule.lessons.cells import WORDS
from chainrule.lessons.outline import part_of
from chainrule.lessons.running import Done, Ran
from chainrule.lessons.told import Claim, Event, Exercise, Remembered, Shown, lines, wanted
from chainrule.showing.html import element, plain, words
from chainrule.showing.report.page import whole
from chainrule.showing.report.parts import Section, code, figure

# An answer is compared by a digest of what it is rounded to, so that who reads the page's source is not told it. It is
# FNV-1a, as browsers have their cryptography only for pages from disk or https, and a class may be shown one by http.
SCRIPT = """
for (const form of document.querySelectorAll("form.exercise")) form.addEventListener("submit", event => {
  event.preventDefault();
  const digits = +form.dataset.digits, says = form.querySelector("output");
  const typed = form.answer.value.trim().toLowerCase().replaceAll("−", "-");
  const digest = text => [...new TextEncoder().encode(form.dataset.salt + text)].reduce(  // as _digest below
    (sum, byte) => BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001b3n), 0xcbf29ce484222325n).toString(16);
  const fractions = %s, one = text => /^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)(e[-+]?[0-9]+)?$/.test(text) ? +text : NaN;
  const parts = typed.replace(/^[\\[(]+|[\\])]+$/g, "").split(/[,;]/).map(part => part.trim()).filter(part => part);
  const numbers = parts.map(part => {
    const [above, ...below] = part.replace(/^([-+]*)(.)$/, (all, sign, last) => sign + (fractions[last] || last))
      .split("/").map(each => one(each.trim()));
    return below.length > 1 ? NaN : below.length ? above / below[0] : above; });
  const isNumbers = parts.length > 0 && numbers.every(Number.isFinite);
  const known = JSON.parse(form.dataset.known);
  const near = isNumbers && numbers.length === 1 && digits > 0 ? [0, -1, 1] : [0];  // a count is right or not
  for (const off of near) {
    const text = !isNumbers ? typed : numbers.map(x => {
      const y = digits > 0 ? (x + off * 10 ** -digits).toFixed(digits) : String(x);
      return Number(y) === 0 ? (0).toFixed(digits) : y; }).join(",");
    const told = known[digest(text)];
    if (told !== undefined) { says.textContent = told; return; }
  }
  says.textContent = "Not yet. " + form.dataset.hint;
});
""".replace("%s", json.dumps(FRACTIONS, ensure_ascii=False))


def to_html(ran: Ran) -> str:
    """Return a lesson as a page."""
    lesson = ran.lesson
    below = markdown(lesson.intro) + element(
        "div", markdown(f"About {lesson.minutes} minutes. {WORDS}"), class_="about"
    )
    kind = f"Lesson of chainrule, {part_of(lesson.name)}"
    return whole(lesson.title, below, list(_sections(ran)), kind, SCRIPT if ran.exercises() else "")


def _sections(ran: Ran) -> Iterator[Section]:
    """Return what stands below each title of the text."""
    title, inside, number = "Begin", "", 0
    for done in ran.cells:
        if done.cell.kind == "text":
            for part in re.split(r"^(?=## )", done.cell.source, flags=re.MULTILINE):
                if part.startswith("## "):
                    if inside:
                        yield Section(f"part-{number}", title, inside, title)
                    head, _, part = part.removeprefix("## ").partition("\n")
                    title, inside, number = head.strip(), "", number + 1
                inside += markdown(part.strip())
        else:
            inside += code(done.cell.source, "Code")
        for each in outputs(done, ran.lesson.name):
            inside += each if isinstance(each, str) else _printed(each)
    yield Section(f"part-{number}", title, inside, title)


def _printed(said: list[str]) -> str:
    text = element("samp", plain("\n".join(said)))
    return element("pre", text, class_="out", tabindex=0, role="group", aria_label="Output")


def outputs(done: Done, name: str) -> list[str | list[str]]:
    """Return what a cell said, in order: HTML, and between it the lines that were printed together."""
    found: list[str | list[str]] = []
    for event in done.events:
        html = _shown(event, name)
        if html is not None:
            found.append(html)
        elif found and isinstance(found[-1], list):
            found[-1] += lines(event, name)
        else:
            found.append(lines(event, name))
    return found


def _shown(event: Event, name: str) -> str | None:
    """Return what is more than lines of text as HTML, or None."""
    match event:
        case Shown(picture):
            return figure(picture)
        case Claim(sentence):
            return element("p", plain("✓ "), words(sentence), class_="holds")
        case Remembered(sentence):
            return element("p", element("strong", "Remember: "), words(sentence), class_="remember")
        case Exercise():
            return _form(event, name)
        case _:
            return None


def _form(asked: Exercise, name: str) -> str:
    salt, key = f"{name}.{asked.name}:", f"answer-{name}-{asked.name}"
    known = {_digest(salt, mistake, asked.digits): f"Not yet. {says}" for mistake, says in asked.mistakes}
    known[_digest(salt, asked.answer, asked.digits)] = "Right."
    return element(
        "form",
        element("p", element("strong", "Exercise. "), words(asked.question)),
        element(
            "p",
            element("label", plain(f"Your answer, {wanted(asked)} "), for_=key),
            element("input", id=key, name="answer", autocomplete="off"),
            element("button", "Check", type="submit"),
        ),
        element("p", element("output", "", for_=key)),
        element("details", element("summary", "A hint"), element("p", words(asked.hint))),
        class_="exercise",
        data_salt=salt,
        data_digits=asked.digits,
        data_hint=asked.hint,
        data_known=json.dumps(known),
    )


def _digest(salt: str, value: object, digits: int) -> str:
    if isinstance(value, str):
        text = value.strip().lower()
    else:
        text = ",".join(f"{round(float(v), digits) + 0.0:.{digits}f}" for v in np.ravel(np.asarray(value)))
    found = 0xCBF29CE484222325
    for byte in (salt + text).encode():
        found = (found ^ byte) * 0x100000001B3 % 2**64
    return f"{found:x}"


def markdown(text: str) -> str:
    """Return a text in Markdown as HTML; what is HTML in it stays text."""
    made = str(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))
    return made.replace("<th>", '<th class="left">').replace("<td>", '<td class="left">')
