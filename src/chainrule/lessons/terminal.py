"""A lesson in a terminal: its text, its code, and what that printed."""

from rich.console import Console
from rich.markdown import Markdown
from rich.padding import Padding
from rich.syntax import Syntax
from rich.text import Text

from chainrule.lessons.cells import WORDS
from chainrule.lessons.running import Ran
from chainrule.lessons.told import Claim, Event, Exercise, Remembered, Shown, lines

WIDE = 100


def write(ran: Ran, console: Console, code: bool = True) -> None:
    """Write a lesson.

    Args:
        ran: The lesson.
        console: Where to.
        code: Whether its code is shown.
    """
    name, wide = ran.lesson.name, min(WIDE, console.width)
    pictures = f"Its pictures are on its page: `chainrule lesson {name} --html {name}.html`."
    head = f"# {ran.lesson.title}\n\n{ran.lesson.intro}\n\nAbout {ran.lesson.minutes} minutes. {WORDS}\n\n{pictures}"
    console.print(Markdown(head), width=wide)
    for done in ran.cells:
        console.print()
        if done.cell.kind == "text":
            console.print(Markdown(done.cell.source), width=wide)
        elif code:
            shown = Syntax(
                done.cell.source, "python", theme="ansi_dark", background_color="default", word_wrap=True
            )
            console.print(Padding(shown, (0, 0, 0, 4)))
        for event in done.events:
            console.print(_text(event, name), width=wide)


def _text(event: Event, name: str) -> Text:
    style = {Claim: "green", Shown: "cyan", Exercise: "bold", Remembered: "bold"}.get(type(event), "")
    return Text("\n".join(lines(event, name)), style=style)
