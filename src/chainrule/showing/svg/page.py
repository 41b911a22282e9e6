"""A picture as SVG: its title, its panels in rows, and its notes; alone in a file, or in a page of HTML."""

import zlib
from collections.abc import Mapping
from functools import partial
from html import escape

from chainrule.arguments import public
from chainrule.errors import DataError, short
from chainrule.explaining.pictures.picture import Panel, Picture
from chainrule.showing.colours import DARK, EITHER, LIGHT
from chainrule.showing.svg.panel import is_diagram, natural, panel
from chainrule.showing.svg.text import FONT, LARGE, SMALL, lines, number, tag, wrapped
from chainrule.shown import visible

WIDE, NARROWEST = 860.0, 200.0  # pixels of a page
GAP = 20.0  # between panels
MARGIN = 10.0  # around a picture that stands alone
LEAST = (
    0.78  # in HTML a panel shrinks to so much of its width, where small letters are read; then it is scrolled
)


@partial(public, called="Picture.svg")
def svg(picture: Picture, width: float | None = None) -> str:
    """Return the picture as SVG: a file of its own, for light pages and dark ones.

    Args:
        picture: What is drawn.
        width: How wide it may be, in CSS pixels; by default 860, a page. Panels that do not fit stand below each other.

    Returns:
        The text of an .svg file.

    Raises:
        DataError: If width is no number of at least 200.

    >>> line = cr.pictures.Line([1, 2], [3, 4])
    >>> cr.Picture(cr.pictures.Panel([line]), words="It rises.").svg(400).count("It rises.")
    2
    """
    if width is not None and not (isinstance(width, int | float) and width >= NARROWEST):
        raise DataError(f"svg: width must be a number of pixels, at least 200; found {short(width)}.")
    most = (width or WIDE) - 2 * MARGIN
    rows = arranged(picture, most)
    wide = max((sum(w for _, w, _ in row) + GAP * (len(row) - 1) for row in rows), default=300.0)
    wide = max(wide, min(most, 300.0))
    parts, y = [], MARGIN
    if picture.title:
        title = wrapped(picture.title, wide, LARGE + 1, True)
        parts.append(lines(title, MARGIN, y + 15, LARGE + 1, bold=True))
        y += 20.0 * len(title) + 8
    for row in rows:
        spare = wide - sum(w for _, w, _ in row) - GAP * (len(row) - 1)
        x = MARGIN + (spare / 2 if len(rows) == 1 else 0.0)
        for each, w, h in row:
            parts.append(tag("svg", panel(each, w, h), x=x, y=y, width=w, height=h, overflow="visible"))
            x += w + GAP
        y += max(h for _, _, h in row) + GAP
    y -= GAP * bool(rows)
    for note in picture.notes:
        said = wrapped(note, wide, SMALL)
        parts.append(lines(said, MARGIN, y + 18, SMALL, colour="muted"))
        y += 15.0 * len(said)
    y += MARGIN + (6 if picture.notes else 0)
    full, body = wide + 2 * MARGIN, "".join(parts)
    name = f"cr{zlib.crc32(body.encode()):08x}"
    style = (
        f".{name}{{{_variables(LIGHT)}}}@media(prefers-color-scheme:dark){{.{name}{{{_variables(DARK)}}}}}"
    )
    ground = tag("rect", width=full, height=y, fill="var(--paper)")
    return _root(
        picture, f"<style>{style}</style>{ground}{body}", full, y, class_=name, style=f"max-width:{full:g}px"
    )


def arranged(picture: Picture, most: float) -> list[list[tuple[Panel, float, float]]]:
    """Return the rows of panels, each with its width and height."""
    several = len(picture.panels) > 1
    columns = picture.columns or len(picture.panels)
    share = (most - GAP * (columns - 1)) / max(columns, 1)
    if picture.columns and share < 150:
        columns = max(1, int((most + GAP) // (150 + GAP)))
        share = (most - GAP * (columns - 1)) / columns
    rows: list[list[tuple[Panel, float, float]]] = []
    for each in picture.panels:
        w, h = natural(each, most)
        if picture.columns and several:
            small = share / w
            if small < 1 or (each.size is None and not is_diagram(each)):
                w, h = natural(_sized(each, share, h * (small if small < 1 else 1)), share)
        taken = sum(v for _, v, _ in rows[-1]) + GAP * len(rows[-1]) if rows else 0.0
        if not rows or len(rows[-1]) >= columns or taken + w > most + 0.5:
            rows.append([])
        rows[-1].append((each, w, h))
    return rows


def _sized(each: Panel, wide: float, high: float) -> Panel:
    """Return a panel of another size; charts do not become so low that nothing is seen."""
    least = 0.0 if is_diagram(each) or each.equal else min(wide * 0.75, 190.0)
    return Panel(each.marks, each.title, each.x, each.y, each.equal, each.legend, (wide, max(high, least)))


def _variables(colours: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{colour}" for name, colour in colours.items())


def _root(picture: Picture, inside: str, wide: float, high: float, **attributes: str) -> str:
    said = visible(picture.words or picture.title)
    heads = (f"<title>{escape(visible(picture.title))}</title>" if picture.title else "") + (
        f"<desc>{escape(said)}</desc>" if said else ""
    )
    return tag(
        "svg", heads, inside, xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {number(wide)} {number(high)}",
        width=float(wide), height=float(high), font_family=FONT, role="img",
        aria_label=said or "A picture", **attributes,
    )  # fmt: skip


def panels(picture: Picture) -> list[str]:
    """Return the panels for a page of HTML, an SVG each; the page says what their colours are, by name."""
    several = len(picture.panels) > 1
    parts = []
    for each in picture.panels:
        w, h = natural(each, WIDE - 2 * MARGIN)
        if picture.columns and several:
            share = (WIDE - 2 * MARGIN - GAP * (picture.columns - 1)) / picture.columns
            if w > share:
                w, h = natural(_sized(each, share, h * share / w), share)
        least = f"min-width:{w * LEAST:.0f}px;"
        style = f"flex:none;width:{w:.0f}px;max-width:100%;height:auto;{least}"
        title = visible(" ".join(filter(None, [each.title or picture.title])))
        parts.append(
            tag(
                "svg",
                f"<title>{escape(title)}</title>" if title else "",
                panel(each, w, h),
                viewBox=f"0 0 {number(w)} {number(h)}",
                style=style,
                role="presentation",
                overflow="visible",
            )
        )
    return parts


def html(picture: Picture) -> str:
    """Return the picture for a page of HTML, in the colours of that page: panels beside each other as far as fits."""
    words = visible(picture.words or picture.title or "A picture")
    title = (
        f'<div style="font-weight:600;font-size:15px">{escape(visible(picture.title))}</div>'
        if picture.title
        else ""
    )
    notes = "".join(f'<div style="opacity:.75">{escape(visible(note))}</div>' for note in picture.notes)
    across = f"max-width:{WIDE:.0f}px;"
    drawn = "".join(panels(picture))
    row = f'<div style="display:flex;flex-wrap:wrap;gap:{GAP:.0f}px;{across}overflow-x:auto">{drawn}</div>'
    style = f"font-family:{FONT};font-size:12px;line-height:1.5;margin:.4em 0;{_variables(EITHER)}"
    return (
        f'<figure class="tex2jax_ignore mathjax_ignore" role="img" aria-label="{escape(words)}" style="{style}">'
        f"{title}{row}{notes}</figure>"
    )
