"""What a report is made of: sections, tables, pictures, code and sentences, each of which a screen reader reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chainrule.explaining.pictures.picture import Panel, Picture
from chainrule.explaining.pictures.stored import picture_from
from chainrule.models.card import as_configured
from chainrule.models.places import VIEWS
from chainrule.showing.html import broken, element, plain, words
from chainrule.showing.svg.page import WIDE, panels
from chainrule.showing.svg.panel import is_diagram, natural
from chainrule.shown import counted, cut
from chainrule.train import store

SENTENCE, CELL = 700, 120  # characters that are shown of what may be of any length
COLUMN, PHONE = 425.0, 326.0  # pixels of a panel that stands beside another, and of one on a telephone
MOST_PANELS = 4  # of a picture
HEAVY = 300_000  # bytes of a picture from which on its words stand in its place


@dataclass(frozen=True)
class Section:
    """A section of a report.

    Attributes:
        name: Its id, by which the list of contents leads to it.
        title: What stands above it.
        inside: What is in it, HTML; "" for a section that is left out.
        short: What the list of contents calls it.
    """

    name: str
    title: str
    inside: str
    short: str


def section(of: Section) -> str:
    """Write a section; its title names it."""
    head = element("h2", words(of.title), id=f"{of.name}-title")
    return element("section", head, of.inside, id=of.name, aria_labelledby=f"{of.name}-title")


def paragraph(text: str, kind: str | None = None, choices: bool = True) -> str:
    """Write a paragraph; nothing for no text.

    Args:
        text: What it says.
        kind: Its class in the style sheet.
        choices: Whether what looks like a choice of the training is one, and written as a configuration has it.
    """
    shown = said(text) if choices else cut(text, SENTENCE)
    return element("p", words(shown), class_=kind) if text else ""


def paragraphs(texts: Iterable[str], kind: str | None = None, choices: bool = True) -> str:
    """Write a paragraph for each text."""
    return "".join(paragraph(text, kind, choices) for text in texts)


def bullets(texts: Iterable[str], kind: str | None = None) -> str:
    """Write a list; nothing where nothing is in it."""
    items = [element("li", words(said(text))) for text in texts if text]
    return element("ul", *items, class_=kind) if items else ""


def said(text: str) -> str:
    """Return a sentence as a report has it: choices as a configuration writes them, and not of any length.

    >>> said("hidden=() trains that simpler model.")
    '`hidden = []` trains that simpler model.'
    """
    return cut(as_configured(text[: 2 * SENTENCE]), SENTENCE)


def subtitle(text: str) -> str:
    """Write what stands above a part of a section."""
    return element("h3", words(cut(text, CELL)))


def code(text: str, of: str) -> str:
    """Write lines of code; whoever cannot point at it reaches what is too wide by the keyboard."""
    return element("pre", element("code", plain(text)), tabindex=0, role="group", aria_label=of)


def table(
    caption: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    left: Sequence[int] = (0,),
    strong: Sequence[int] = (),
    long: Sequence[int] = (),
    shown: bool = True,
) -> str:
    """Write a table, whose first column names its rows; "" where it has none.

    Args:
        caption: What it shows.
        heads: What stands above each column.
        rows: The cells.
        left: The columns that begin at the left; numbers end at the right.
        strong: The rows that matter.
        long: The columns of texts that are broken into lines.
        shown: Whether the caption is seen, too, where the title above does not say it.
    """

    def kind(i: int) -> str | None:
        found = " ".join(name for name, has in (("left", i in left), ("long", i in long)) if has)
        return found or None

    def cell(text: str, i: int) -> str:
        inside = plain(cut(text, CELL * (4 if i in long or len(heads) == 1 else 1)))
        if i == 0 and inside:
            return element("th", inside, scope="row", class_=kind(i))
        return element("td", inside, class_=kind(i))

    lines = [
        element(
            "tr",
            *(cell(text, i) for i, text in enumerate(row)),
            class_="strong" if number in strong else None,
        )
        for number, row in enumerate(rows)
    ]
    if not lines:
        return ""
    head = [
        element("th", broken(cut(text, CELL)), scope="col", class_=kind(i)) for i, text in enumerate(heads)
    ]
    named = element("caption", words(cut(caption, SENTENCE))) if shown else ""
    inside = element("table", named, element("thead", element("tr", *head)), element("tbody", *lines))
    return element("div", inside, class_="wide", tabindex=0, role="group", aria_label=cut(caption, SENTENCE))


def figure(picture: Picture, title: str | None = None, caption: bool = True) -> str:
    """Draw a picture; a screen reader says its words.

    Args:
        picture: What is drawn.
        title: What stands above it in place of its own title; "" for nothing.
        caption: Whether its notes stand below it.
    """
    title = picture.title if title is None else title
    told = cut(picture.words or title or "A picture", SENTENCE)
    wide = replace(picture, title=title)
    narrow = replace(wide, panels=[_narrow(each) for each in wide.panels])
    drawn = {"panels": "".join(panels(wide))}
    if (
        narrow.panels != wide.panels
    ):  # a chart is drawn once more for telephones, since its letters cannot shrink
        drawn = {"panels large": drawn["panels"], "panels small": "".join(panels(narrow))}
    if sum(len(each.encode()) for each in drawn.values()) > HEAVY:
        return paragraph(f"{title}: too much to be drawn here. {told}")
    above = element("figcaption", words(cut(title, SENTENCE))) if title else ""
    parts = [
        element("div", each, class_=kind, role="img", aria_label=told, tabindex=0)
        for kind, each in drawn.items()
    ]
    notes = "".join(paragraph(note, "notes") for note in picture.notes) if caption else ""
    broad = any(natural(each, WIDE)[0] > COLUMN for each in picture.panels)
    return element("figure", above, *parts, notes, class_="broad" if broad else None)


def stored_figure(data: Any, kind: str, title: str | None = None, said: str = "") -> str:
    """Draw a picture that a run keeps, without the note that is said above it already.

    Raises:
        FileFormatError: If it cannot be drawn: what its marks hold is only found out by drawing them.
    """
    where = f"{VIEWS}: {kind}"
    with store.trouble(where, "a picture that cannot be drawn"):
        picture = few(picture_from(data, where))
        return figure(replace(picture, notes=[note for note in picture.notes if note != said]), title)


def few(picture: Picture) -> Picture:
    """Return a picture with no more panels than are looked at."""
    more = len(picture.panels) - MOST_PANELS
    if more <= 0:
        return picture
    notes = (*picture.notes, f"{counted(more, 'more panel')}: `model.plot` draws them.")
    return replace(picture, panels=picture.panels[:MOST_PANELS], notes=notes)


def _narrow(panel: Panel) -> Panel:
    """Return a panel as a telephone shows it: a chart is as wide as that."""
    if is_diagram(panel) or panel.equal or panel.size is None or panel.size[0] <= COLUMN:
        return panel
    return replace(panel, size=(PHONE, panel.size[1]))
