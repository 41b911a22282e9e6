"""Draw docs/recording.svg, a terminal in which commands are run: ``python docs/make_recording.py``.

The commands are run, and what they print is what is shown. The picture moves by its own style sheet, without a script;
where nothing moves - on paper, or for who asked for less motion - it shows how the recording ends.
"""

import os
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import wrap

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/house"))  # which has what runs a page's commands

import consoles  # noqa: E402

COMMANDS = [
    "chainrule train iris",
    "chainrule explain runs/iris-target-001 --row 7",
    "chainrule doctor runs/iris-target-001",
]
# What is waited for: lines that begin so come only after so many seconds, and then the reader has time.
PAUSES = {
    "8 networks, best": 1.6,
    "true \\ predicted": 1.2,
    "runs/iris-target-001 has": 2.2,
    "Nothing was found": 0.8,
}

COLUMNS, ROWS = 80, 27
SIZE, ADVANCE, LEADING = 13.0, 7.8, 18.0  # of letters, in pixels
LEFT, TOP, BAR = 18.0, 14.0, 30.0
# Seconds: of a letter, until an answer comes, of a line of it, and at its end.
TYPING, ANSWER, LINE, REST = 0.045, 0.3, 0.03, 2.1
TIMES = 3  # that it is played; then it stands still
WORDS = (
    "A terminal: chainrule train iris, its scores beside a linear model and a guess; chainrule explain, what each "
    "column adds to a prediction; chainrule doctor, which finds nothing wrong."
)

LIGHT = {"paper": "#ffffff", "edge": "#d8dde3", "ink": "#1f2328", "muted": "#59636e", "prompt": "#0b7a5b"}
DARK = {"paper": "#0d1117", "edge": "#323943", "ink": "#e6edf3", "muted": "#9da7b3", "prompt": "#40c7a0"}


@dataclass
class Line:
    """A line of the terminal: when it comes, what stands in it, and whether it is a command."""

    at: float
    text: str
    typed: bool = False


def ran() -> list[tuple[str, str]]:
    """Return each command with what it prints, run one after the other in an empty folder."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            return [(command, consoles.printed(command)) for command in COMMANDS]
        finally:
            os.chdir(before)


def folded(text: str) -> list[str]:
    """Return lines that are no longer than the terminal is wide, broken between words."""
    found = []
    for line in text.rstrip("\n").split("\n"):
        found += wrap(line, COLUMNS, break_long_words=False) if len(line) > COLUMNS else [line.rstrip()]
    return found


def played(commands: Iterable[tuple[str, str]]) -> tuple[list[Line], float]:
    """Return the lines with the seconds at which they come, and how long all takes."""
    lines, now = [], 0.6
    for command, printed in commands:
        lines.append(Line(now, command, typed=True))
        now += len(command) * TYPING + ANSWER
        for text in folded(printed):
            now += next((seconds for begin, seconds in PAUSES.items() if text.startswith(begin)), 0.0)
            lines.append(Line(now, text))
            now += LINE
        lines.append(Line(now, ""))
        now += REST
    return lines[:-1], now


def shown(name: str, at: float, whole: float) -> str:
    """Return the rule by which what bears a name is not seen before its time."""
    share = f"{100 * at / whole:.3f}%"
    return f"@keyframes {name}{{0%{{visibility:hidden}}{share}{{visibility:visible}}}}.{name}{{animation-name:{name}}}"


def scrolled(lines: list[Line], whole: float) -> str:
    """Return the rules by which the lines move up, as they do in a terminal that is full."""
    steps = {at: row for row, at in enumerate((line.at for line in lines), 1)}  # of lines at once the last
    moves = ["0%{transform:translateY(0)}"]
    for at, row in steps.items():
        if row > ROWS:
            moves.append(f"{100 * at / whole:.3f}%{{transform:translateY({(ROWS - row) * LEADING:g}px)}}")
    end = min(ROWS - len(lines), 0) * LEADING
    return f".all{{transform:translateY({end:g}px);animation-name:all}}@keyframes all{{{''.join(moves)}}}"


def drawn(commands: Iterable[tuple[str, str]]) -> str:
    """Return the recording as SVG."""
    lines, whole = played(commands)
    rules, texts = [scrolled(lines, whole)], []
    for row, line in enumerate(lines):
        if not line.text:
            continue
        baseline = row * LEADING + SIZE
        if line.typed:
            letters = []
            for i in range(0, len(line.text), 2):
                rules.append(shown(f"t{row}-{i}", line.at + i * TYPING, whole))
                letters.append(f'<tspan class="t{row}-{i}">{escape(line.text[i : i + 2])}</tspan>')
            inside, kind = f'<tspan class="prompt">$ </tspan>{"".join(letters)}', f"typed l{row}"
        else:
            inside, kind = escape(line.text), f"l{row}"
        rules.append(shown(f"l{row}", line.at - 0.5 * line.typed, whole))
        length = len(line.text) + 2 * line.typed
        texts.append(
            f'<text class="{kind}" y="{baseline:g}" textLength="{length * ADVANCE:g}" lengthAdjust="spacingAndGlyphs">'
            f"{inside}</text>"
        )
    wide, high = 2 * LEFT + COLUMNS * ADVANCE, BAR + 2 * TOP + ROWS * LEADING
    plain = f"""
svg{{{_variables(LIGHT)}}}@media(prefers-color-scheme:dark){{svg{{{_variables(DARK)}}}}}
text{{font:{SIZE:g}px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}}
text{{white-space:pre;fill:var(--ink)}}
.typed{{font-weight:600}}.prompt{{fill:var(--prompt)}}
text,tspan,.all{{animation:{whole:.2f}s step-end {TIMES} both}}
{"".join(rules)}
@media(prefers-reduced-motion:reduce){{text,tspan,.all{{animation:none!important}}}}"""
    dots = "".join(
        f'<circle cx="{LEFT + 6 + 18 * i:g}" cy="{BAR / 2:g}" r="5" fill="var(--edge)"/>' for i in range(3)
    )
    inside = f'<svg x="{LEFT:g}" y="{BAR + TOP:g}" width="{COLUMNS * ADVANCE:g}" height="{ROWS * LEADING:g}">'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high:g}" width="{wide:g}" height="{high:g}" '
        f'role="img" aria-label="{WORDS}"><title>chainrule in a terminal</title><desc>{WORDS}</desc>'
        f"<style>{plain}</style>"
        f'<g fill="var(--paper)" stroke="var(--edge)">'
        f'<rect x=".5" y=".5" width="{wide - 1:g}" height="{high - 1:g}" rx="8"/>'
        f'<path d="M.5 {BAR:g}H{wide - 0.5:g}"/></g>{dots}'
        f'{inside}<g class="all">{"".join(texts)}</g></svg></svg>\n'
    )


def _variables(colours: dict[str, str]) -> str:
    return ";".join(f"--{name}:{colour}" for name, colour in colours.items())


if __name__ == "__main__":
    (ROOT / "docs/recording.svg").write_text(drawn(ran()), encoding="utf-8", newline="\n")
