"""Pictures by Matplotlib: on axes of the user's, or on a figure that no window knows of."""

import math
from functools import partial
from typing import Any

import numpy as np

from chainrule.arguments import public
from chainrule.errors import DataError, needing, short
from chainrule.explaining.pictures.diagrams import Arrow, Box
from chainrule.explaining.pictures.marks import (
    Band,
    Bars,
    Contours,
    Heat,
    Line,
    Patches,
    Points,
    Rule,
    Spans,
    Text,
)
from chainrule.explaining.pictures.picture import Panel, Picture
from chainrule.showing.colours import LIGHT, hexadecimal, readable_on, rgb, shade
from chainrule.showing.series import settled
from chainrule.showing.svg.diagrams import KINDS
from chainrule.showing.svg.frame import span
from chainrule.showing.svg.page import WIDE, arranged
from chainrule.showing.svg.text import width, wrapped
from chainrule.shown import visible

DASHES: dict[str, Any] = {"": "-", "dashed": "--", "dotted": ":", "dashdot": "-.", "long": (0, (9, 3))}
SIZES = {"small": 8.0, "normal": 9.0, "large": 11.0}
ROW = 14.0  # points of a row of a legend
DPI = 96.0  # CSS pixels of an inch


@partial(public, called="Picture.plot")
def plot(picture: Picture, ax: Any = None) -> Any:
    """Draw the picture by Matplotlib.

    Args:
        picture: What is drawn.
        ax: The axes to draw on: one for one panel, an array of them for several. By default those of a new figure,
            which no ``pyplot`` shows or keeps: ``axes.figure`` is it.

    Returns:
        The axes; of a picture with several panels an array of them.

    Raises:
        DataError: If ax are not as many axes as there are panels.
        MissingLibraryError: If Matplotlib is not installed.

    >>> line = cr.pictures.Line([1, 2], [3, 4])
    >>> axes = cr.Picture(cr.pictures.Panel([line], "rising")).plot()
    >>> axes.get_title()
    'rising'
    """
    with needing("picture.plot()"):
        import matplotlib  # noqa: F401, PLC0415 -- half a second, for who plots
    if ax is None:
        axes = _figure(picture)
    else:
        axes = list(np.ravel(np.array(ax, dtype=object)))
        if len(axes) != len(picture.panels) or not all(hasattr(each, "transAxes") for each in axes):
            raise DataError(
                f"plot: a picture of {len(picture.panels)} panels is drawn on as many axes; found {short(ax)}."
            )
    for panel, each in zip(picture.panels, axes, strict=True):
        _panel(panel, each)
    if ax is not None:
        return ax
    return axes[0] if len(axes) == 1 else np.array(axes, dtype=object)


def _figure(picture: Picture) -> list[Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 -- see above
    from matplotlib.figure import Figure  # noqa: PLC0415

    rows = arranged(picture, WIDE)
    heights = [max(h for _, _, h in row) for row in rows]
    wide = max((sum(w for _, w, _ in row) + 20 * (len(row) - 1) for row in rows), default=480.0)
    title = wrapped(picture.title, wide - 20, 16.0, True) if picture.title else []
    notes = [line for note in picture.notes for line in wrapped(note, wide - 20, 11.0)]
    head, foot = 10.0 + 24.0 * len(title) if title else 0.0, 16.0 * len(notes)
    high = sum(heights) + head + foot + 20 * (len(rows) - 1)
    figure = Figure(figsize=(wide / DPI, max(high, 60.0) / DPI), layout="constrained")
    FigureCanvasAgg(figure)
    axes = []
    if rows:
        grid = figure.add_gridspec(len(rows), 1, height_ratios=heights)
        for i, row in enumerate(rows):
            spare = wide - sum(w for _, w, _ in row)
            ratios = [w for _, w, _ in row] + ([spare] if spare > 40 and len(rows) > 1 else [])
            inner = grid[i].subgridspec(1, len(ratios), width_ratios=ratios)
            for j, (_, _, high) in enumerate(
                row
            ):  # a small panel beside a high one keeps its height, as in SVG
                below = [heights[i] - high] if heights[i] - high > 1 else []
                axes.append(
                    figure.add_subplot(
                        inner[j].subgridspec(1 + len(below), 1, height_ratios=[high, *below])[0]
                    )
                )
    if title and axes:
        figure.suptitle("\n".join(map(_said, title)), fontsize=12, fontweight="bold")
    if notes:
        figure.supxlabel("\n".join(map(_said, notes)), fontsize=8, color=LIGHT["muted"], x=0.01, ha="left")
    return axes


def _said(text: str) -> str:
    """Return a text in which dollars are dollars."""
    return visible(text).replace("$", r"\$")


def _panel(panel: Panel, ax: Any) -> None:
    before = set(ax.get_children())
    drawn: list[Any] = []
    for mark in settled(panel.marks):
        DRAW[type(mark)](mark, ax)
        new = [artist for artist in ax.get_children() if artist not in before]
        drawn += new
        before.update(new)
    for i, artist in enumerate(drawn):  # the last above all, whatever it is
        artist.set_zorder(1 + i / len(drawn))
    rows = _legend(ax) if panel.legend else 0
    if panel.title:
        ax.set_title(_said(panel.title), fontsize=10, fontweight="bold", pad=6.0 + ROW * rows)
    for which in ("x", "y"):
        axis = getattr(panel, which)
        if axis.scale == "log":
            getattr(ax, f"set_{which}scale")("log")
        low, high = span(panel.marks, axis, which)
        getattr(ax, f"set_{which}lim")((high, low) if axis.reversed else (low, high))
        getattr(ax, f"set_{which}label")(_said(axis.label), fontsize=9)
        if axis.scale == "none":
            getattr(ax, f"get_{which}axis")().set_visible(False)
        elif axis.ticks is not None:
            places, texts = [p for p, _ in axis.ticks], [_said(text) for _, text in axis.ticks]
            slant = which == "x" and sum(map(len, texts)) > 60
            turned = {"rotation": 35, "ha": "right"} if slant else {}
            getattr(ax, f"set_{which}ticks")(places, texts, **turned)
    bare = panel.x.scale == panel.y.scale == "none"
    for side in ("top", "right", *(("left", "bottom") if bare else ())):
        ax.spines[side].set_visible(False)
    ax.tick_params(labelsize=8)
    if not bare and not any(isinstance(mark, Heat) for mark in panel.marks):
        ax.grid(axis="y", color=LIGHT["faint"], linewidth=0.7)
        ax.set_axisbelow(True)
    if panel.equal or (bare and any(isinstance(mark, Box | Arrow) for mark in panel.marks)):
        ax.set_aspect("equal")


def _legend(ax: Any) -> int:
    """Write the names of marks above the axes, where they hide none, and return how many rows they take."""
    handles, names = ax.get_legend_handles_labels()
    unique = dict(zip(names, handles, strict=True))
    if not unique:
        return 0
    room = ax.get_window_extent().width / ax.figure.dpi * DPI
    columns = min(len(unique), max(1, int(room // (max(width(name, 11.0) for name in unique) + 44))))
    ax.legend(
        list(unique.values()), list(unique), fontsize=8, frameon=False, ncols=columns, loc="lower left",
        bbox_to_anchor=(0, 1), borderaxespad=0.1, columnspacing=1.2, handlelength=2.4,
    )  # fmt: skip
    return math.ceil(len(unique) / columns)


def _line(mark: Line, ax: Any) -> None:
    ax.plot(mark.x, mark.y, color=LIGHT[mark.colour], linestyle=DASHES[mark.dash], linewidth=mark.width * 0.85,
            marker=mark.marker or None, markersize=4, label=_label(mark))  # fmt: skip


def _label(mark: Any) -> str:
    return _said(mark.name) if mark.name else "_nolegend_"


def _points(mark: Points, ax: Any) -> None:
    edge = {} if mark.marker in ("x", "+") else {"edgecolors": "white", "linewidths": 0.6}
    ax.scatter(mark.x, mark.y, s=(mark.size * 0.75) ** 2, c=LIGHT[mark.colour], marker=mark.marker.replace("d", "D"),
               label=_label(mark), zorder=3, **edge)  # fmt: skip
    xs, ys = np.asarray(mark.x).tolist(), np.asarray(mark.y).tolist()
    for text, x, y in zip(mark.texts, xs, ys, strict=False):
        if math.isfinite(x) and math.isfinite(y):
            ax.annotate(_said(text), (x, y), (5, 0), textcoords="offset points", va="center", fontsize=8)


def _bars(mark: Bars, ax: Any) -> None:
    colours = [LIGHT[each or mark.colour] for each in mark.colours] or LIGHT[mark.colour]
    places, heights = np.asarray(mark.places), np.asarray(mark.heights)
    draw = ax.barh if mark.horizontal else ax.bar
    drawn = draw(places, heights - mark.base, mark.width, mark.base, color=colours, label=_label(mark))
    if mark.texts:
        ax.bar_label(drawn, [_said(text) for text in mark.texts], fontsize=8, padding=2)


def _spans(mark: Spans, ax: Any) -> None:
    middle = (np.asarray(mark.low) + np.asarray(mark.high)) / 2
    half = np.abs(np.asarray(mark.high) - middle)
    look = {
        "fmt": "none",
        "ecolor": LIGHT[mark.colour],
        "elinewidth": 1,
        "capsize": 2.5,
        "label": _label(mark),
    }
    if mark.horizontal:
        ax.errorbar(middle, mark.places, xerr=half, **look)
    else:
        ax.errorbar(mark.places, middle, yerr=half, **look)


def _band(mark: Band, ax: Any) -> None:
    ax.fill_between(
        mark.x, mark.low, mark.high, color=LIGHT[mark.colour], alpha=0.2, linewidth=0, label=_label(mark)
    )


def _heat(mark: Heat, ax: Any) -> None:
    values = np.asarray(mark.values)
    limits: Any = mark.limits
    (x0, x1), (y0, y1) = mark.x, mark.y  # type: ignore[misc]
    colours = shade(values, mark.palette, limits, mark.faint)
    alpha = np.where(np.isfinite(values), 255, 0).astype(np.uint8)
    ax.imshow(np.dstack([colours, alpha]), extent=(x0, x1, y0, y1), origin="lower", aspect="auto",
              interpolation="nearest")  # fmt: skip
    if mark.texts is not None:
        rows, columns = values.shape
        xs, ys = np.linspace(x0, x1, columns + 1), np.linspace(y0, y1, rows + 1)
        for i, j in zip(*np.nonzero(np.isfinite(values)), strict=True):
            ax.text((xs[j] + xs[j + 1]) / 2, (ys[i] + ys[i + 1]) / 2, _said(mark.texts[i][j]), ha="center", va="center",
                    fontsize=8, color=readable_on(colours[i, j]))  # fmt: skip
    if mark.bar and mark.palette != "classes":
        from matplotlib.cm import ScalarMappable  # noqa: PLC0415 -- Matplotlib is for who plots
        from matplotlib.colors import ListedColormap, Normalize  # noqa: PLC0415

        shades = shade(np.linspace(limits[0], limits[1], 64), mark.palette, limits, mark.faint)
        colourmap = ListedColormap(shades / 255.0)
        bar = ax.figure.colorbar(
            ScalarMappable(Normalize(*limits), colourmap), ax=ax, label=_said(mark.label)
        )
        bar.ax.tick_params(labelsize=8)
        bar.outline.set_visible(False)


def _patches(mark: Patches, ax: Any) -> None:
    from matplotlib.collections import PolyCollection  # noqa: PLC0415 -- Matplotlib is for who plots

    limits: Any = mark.limits
    colours = shade(np.asarray(mark.values), mark.palette, limits) / 255.0
    ax.add_collection(
        PolyCollection(mark.polygons, facecolors=colours, edgecolors="#6b778580", linewidths=0.4)
    )


def _contours(mark: Contours, ax: Any) -> None:
    levels = [level for level, _ in mark.lines]
    low, high = (min(levels), max(levels)) if levels else (0.0, 1.0)
    limits = (low, high) if high > low else (low - 1, high + 1)
    for level, points in mark.lines:
        at = np.asarray(points)
        shades = shade(np.array([level]), mark.palette, limits)[0] if mark.palette else None
        colour = LIGHT[mark.colour] if shades is None else hexadecimal(shades)
        ax.plot(at[:, 0], at[:, 1], color=colour, linewidth=0.9)
        if mark.texts and len(at):
            ax.text(*at[len(at) // 2], f"{level:.3g}", fontsize=7, ha="center", va="center")


def _text(mark: Text, ax: Any) -> None:
    from matplotlib.patheffects import withStroke  # noqa: PLC0415 -- Matplotlib is for who plots

    sides = {"start": "left", "middle": "center", "end": "right"}
    ax.text(mark.x, mark.y, _said(mark.text), ha=sides[mark.anchor], va="center", fontsize=SIZES[mark.size],
            color=LIGHT[mark.colour], fontweight="bold" if mark.bold else None, clip_on=False,
            path_effects=[withStroke(linewidth=2.2, foreground=LIGHT["paper"])])  # fmt: skip


def _rule(mark: Rule, ax: Any) -> None:
    look = {
        "color": LIGHT[mark.colour],
        "linestyle": DASHES[mark.dash],
        "linewidth": mark.width,
        "label": _label(mark),
    }
    if mark.x is not None:
        ax.axvline(mark.x, **look)
    else:
        ax.axhline(mark.y, **look)


def _box(mark: Box, ax: Any) -> None:
    from matplotlib.patches import Ellipse, FancyBboxPatch, Polygon, Rectangle  # noqa: PLC0415 -- see above

    role = LIGHT[mark.colour or KINDS[mark.kind]]
    ground: Any = _pale(role, 0.06 if mark.kind == "note" else 0.13)
    ink = LIGHT["ink"]
    if mark.fill is not None and math.isfinite(mark.fill):
        colour = shade(np.array([mark.fill]), "diverging", (-1.0, 1.0))[0]
        ground, ink = hexadecimal(colour), readable_on(colour)
    look = {"facecolor": ground, "edgecolor": role, "linewidth": 1.0, "linestyle": DASHES[mark.dash]}
    middle = (mark.x + mark.width / 2, mark.y + mark.height / 2)
    if mark.shape == "circle":
        ax.add_patch(Ellipse(middle, mark.width, mark.height, **look))
    elif mark.shape == "round":
        corner = min(6.0, mark.width / 3, mark.height / 3)
        style = f"round,pad=0,rounding_size={corner}"
        ax.add_patch(FancyBboxPatch((mark.x, mark.y), mark.width, mark.height, boxstyle=style, **look))
    else:
        ax.add_patch(Rectangle((mark.x, mark.y), mark.width, mark.height, **look))
    if mark.shape == "block":
        (x, y), (w, h), d = (mark.x, mark.y), (mark.width, mark.height), 5.0
        deeper = {**look, "facecolor": _pale(role, 0.28)}
        ax.add_patch(Polygon([(x, y), (x + d, y - d), (x + w + d, y - d), (x + w, y)], **deeper))
        ax.add_patch(
            Polygon([(x + w, y), (x + w + d, y - d), (x + w + d, y + h - d), (x + w, y + h)], **deeper)
        )
    if mark.lines:
        size = _fitting(mark)
        step = size / 0.75 * 1.3
        for i, text in enumerate(mark.lines):
            y = middle[1] + (i - (len(mark.lines) - 1) / 2) * step
            bold = "bold" if len(mark.lines) > 1 and i == 0 else None
            ax.text(
                middle[0], y, _said(text), ha="center", va="center", fontsize=size, color=ink, fontweight=bold
            )


def _pale(colour: str, share: float) -> str:
    """Return a colour on paper of which so much is seen; lines below it are not."""
    return hexadecimal((rgb([colour])[0] * share + 255.0 * (1 - share)).round())


def _fitting(mark: Box) -> float:
    """Return the size of letters, in points, with which all lines of a box fit into it."""
    widest = max(width(text, 12.0, i == 0) for i, text in enumerate(mark.lines))  # pixels, of 9 points
    high = 0.75 * mark.height / len(mark.lines) / 1.25
    return max(4.0, min(9.0, high, 9.0 * (mark.width - 6) / max(widest, 1.0)))


def _arrow(mark: Arrow, ax: Any) -> None:
    from matplotlib.patheffects import withStroke  # noqa: PLC0415 -- Matplotlib is for who plots

    points = np.asarray(mark.points)
    if len(points) < 2:
        return
    colour = LIGHT[mark.colour]
    style = {"color": colour, "linewidth": mark.width * 0.85, "linestyle": DASHES[mark.dash]}
    ax.plot(points[:-1, 0], points[:-1, 1], **style)
    how = {
        **style,
        "arrowstyle": "-|>" if mark.head else "-",
        "shrinkA": 0,
        "shrinkB": 0,
        "mutation_scale": 9,
    }
    ax.annotate("", tuple(points[-1]), tuple(points[-2]), arrowprops=how)
    steps = np.hypot(*np.diff(points, axis=0).T)
    part = int(steps.argmax())
    middle = mark.label or tuple((points[part] + points[part + 1]) / 2)
    halo = [withStroke(linewidth=2.2, foreground=LIGHT["paper"])] if mark.above or mark.below else []
    for text, rise, role in ((mark.above, 3, "ink"), (mark.below, -3, "negative")):
        if text:
            ax.annotate(_said(text), middle, (0, rise), textcoords="offset points", ha="center", fontsize=8,
                        va="bottom" if rise > 0 else "top", color=LIGHT[role], path_effects=halo)  # fmt: skip


DRAW: dict[type, Any] = {
    Line: _line, Points: _points, Bars: _bars, Spans: _spans, Band: _band, Heat: _heat, Patches: _patches,
    Contours: _contours, Text: _text, Rule: _rule, Box: _box, Arrow: _arrow,
}  # fmt: skip
