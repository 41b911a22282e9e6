"""Tables in HTML, as notebooks show them.

No scripts, no ids and no style sheet, which pages of notebooks leave out or apply to all; colours are those of the
page, so dark ones stay dark. Whatever is written comes through :func:`escape`: names are the user's.
"""

import re
from collections.abc import Iterable, Sequence
from html import escape

from chainrule.shown import visible

LINE = "1px solid rgba(128,128,128,.4)"
CELL = "padding:.2em .9em;border:none;white-space:nowrap;vertical-align:top;"
NUMBERS = "font-family:ui-monospace,Menlo,Consolas,monospace;font-variant-numeric:tabular-nums;"


def page(*parts: str) -> str:
    """Return parts below each other. Dollars in names are no formulas, which the class tells a page that sets those."""
    style = "font-size:13px;line-height:1.5;overflow-x:auto"
    return f'<div class="tex2jax_ignore mathjax_ignore" style="{style}">{"".join(parts)}</div>'


def title(text: str, more: str = "") -> str:
    """Return a title, and what is said beside it."""
    beside = f' <span style="font-weight:normal;opacity:.75">{escape(more)}</span>' if more else ""
    return f'<div style="font-weight:600;margin:.7em 0 .3em">{escape(text)}{beside}</div>'


def sentences(lines: Iterable[str]) -> str:
    """Return what stands below a table, a paragraph for each line."""
    return "".join(f'<div style="opacity:.75;margin:.15em 0">{escape(line)}</div>' for line in lines)


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    left: Sequence[int] = (0,),
    strong: Sequence[int] = (),
) -> str:
    """Return a table.

    Args:
        heads: What stands above each column; none where all are empty.
        rows: The cells.
        left: The columns that begin at the left; numbers end at the right.
        strong: The rows that matter.
    """

    def cell(tag: str, text: str, i: int, style: str) -> str:
        side = "left" if i in left else "right"
        return f'<{tag} style="{CELL}text-align:{side};{style}">{escape(text)}</{tag}>'

    head = "".join(
        cell("th", text, i, f"border-bottom:{LINE};font-weight:600;") for i, text in enumerate(heads)
    )
    body = []
    for number, row in enumerate(rows):
        weight = "font-weight:600;" if number in strong else ""
        body.append(
            "".join(cell("td", c, i, weight + NUMBERS * (i > 0 or i not in left)) for i, c in enumerate(row))
        )
    lines = "".join(f'<tr style="background:none">{row}</tr>' for row in body)
    above = f"<thead><tr>{head}</tr></thead>" if any(heads) else ""
    style = "border-collapse:collapse;border:none;margin:.3em 0;color:inherit;font-size:inherit"
    return f'<table style="{style}">{above}<tbody>{lines}</tbody></table>'


def element(name: str, /, *inside: str, **attributes: str | int | None) -> str:
    """Write an element of a page of its own, around what is HTML already; an attribute that is None is left out.

    >>> element("p", words("a < b"), class_="note"), element("meta", charset="utf-8")
    ('<p class="note">a &lt; b</p>', '<meta charset="utf-8"/>')
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(visible(str(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{given}/>" if name in _EMPTY else f"<{name}{given}>{''.join(inside)}</{name}>"


def plain(text: str) -> str:
    """Write a text as it is, of any content.

    >>> plain("</p>`a`")
    '&lt;/p&gt;`a`'
    """
    return escape(visible(text))


def broken(text: str) -> str:
    """Write a name, which may go on in the next line behind each "_".

    >>> broken("total_rooms")
    'total_<wbr/>rooms'
    """
    return plain(text).replace("_", "_<wbr/>")


def words(text: str) -> str:
    """Write a sentence; what stands between backticks is code.

    >>> words("`hidden = []` trains <it>")
    '<code>hidden = []</code> trains &lt;it&gt;'
    """
    return _CODE.sub(r"<code>\1</code>", plain(text))


_EMPTY = ("br", "input", "meta", "wbr")
_CODE = re.compile(r"`([^`\n]+)`")
