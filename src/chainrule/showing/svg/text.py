"""Text in SVG: how wide it is, where it breaks, and how it is written so that no name of a user's is markup."""

from collections.abc import Iterable
from html import escape
from typing import Any

from chainrule.showing.colours import MEANT, SERIES
from chainrule.shown import visible

FONT = "Helvetica,Arial,'Liberation Sans',sans-serif"
WIDER = 1.15  # than Helvetica is DejaVu Sans, which stands in its place where that is not installed
SMALL, NORMAL, LARGE = 11.0, 12.0, 14.0
SIZES = {"small": SMALL, "normal": NORMAL, "large": LARGE}

# Widths of Helvetica in thousandths of the size (Adobe's metrics), of what is not 556.
_WIDTHS = {
    **dict.fromkeys("ijl'|", 222), **dict.fromkeys(" ftI.,:;/\\![]·", 278), **dict.fromkeys("r()-`", 333), '"': 355,
    **dict.fromkeys("cksvxyzJ", 500), **dict.fromkeys("+<=>~×−÷", 584), **dict.fromkeys("FTZ", 611),
    **dict.fromkeys("ABEKPSVXY&", 667), **dict.fromkeys("CDHNRUw", 722), **dict.fromkeys("GOQ", 778),
    **dict.fromkeys("Mm", 833), "W": 944, "%": 889, "@": 1015, "…": 1000, "—": 1000, "→": 1000, "∂": 500,
    **dict.fromkeys("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", 333),
}  # fmt: skip


def width(text: str, size: float, bold: bool = False) -> float:
    """Return how wide a line of text is, in pixels.

    >>> round(width("cost", 10), 2)
    21.09
    """
    thousandths = sum(_WIDTHS.get(c, 556 if ord(c) < 0x1100 else 1000) for c in text)
    return thousandths * size / 1000 * (1.07 if bold else 1) * WIDER


def fitted(text: str, room: float, size: float, bold: bool = False) -> str:
    """Return as much of a text as there is room for.

    >>> fitted("a long title", 40, 12)
    'a lo…'
    """
    text = visible(text)
    if width(text, size, bold) <= room:
        return text
    while text and width(text + "…", size, bold) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def wrapped(text: str, room: float, size: float, bold: bool = False) -> list[str]:
    """Return the lines of a text, each as wide as there is room for.

    >>> wrapped("all of it would not fit", 60, 12)
    ['all of it', 'would not', 'fit']
    """
    lines = []
    for paragraph in visible(text).split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and width(longer, size, bold) > room:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return [fitted(line, room, size, bold) for line in lines]


def number(value: float) -> str:
    """Write a coordinate: two digits behind the point, and none that says nothing.

    >>> number(3.14159), number(2.0), number(-0.001)
    ('3.14', '2', '0')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def tag(name: str, *inside: str, **attributes: Any) -> str:
    """Write an element; of an attribute's name "_" is "-", and what is None is left out.

    >>> tag("text", "a &amp; b", x=1.0, font_size=12, fill=None)
    '<text x="1" font-size="12">a &amp; b</text>'
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(number(v) if isinstance(v, float) else str(v))}"'
        for key, v in attributes.items()
        if v is not None
    )
    return f"<{name}{written}>{''.join(inside)}</{name}>" if inside else f"<{name}{written}/>"


def words(
    text: str,
    x: float,
    y: float,
    size: float = NORMAL,
    anchor: str = "start",
    colour: str = "ink",
    bold: bool = False,
    **more: Any,
) -> str:
    """Write a line of text, of which y is the base line."""
    return tag(
        "text",
        escape(visible(text)),
        x=float(x),
        y=float(y),
        font_size=float(size),
        text_anchor=None if anchor == "start" else anchor,
        fill=_letters(colour),
        font_weight="600" if bold else None,
        **more,
    )


def _letters(colour: str) -> str:
    """Return the colour of letters, of which there are other ones than of lines where nobody knows the ground."""
    if colour.startswith("#"):
        return colour
    return f"var(--{colour}-said,var(--{colour}))" if colour in (*SERIES, *MEANT) else f"var(--{colour})"


def lines(texts: Iterable[str], x: float, y: float, size: float = NORMAL, **more: Any) -> str:
    """Write lines below each other, of which y is the base line of the first."""
    return "".join(words(text, x, y + i * size * 1.35, size, **more) for i, text in enumerate(texts))
