"""A picture is data: panels with marks and axes, and words. Two renderers draw it, and tests check it once."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.arguments import public
from chainrule.doors import Door
from chainrule.errors import DataError, short
from chainrule.explaining.pictures.marks import Mark, limits_of, texts
from chainrule.nn.specs import Checked, Count
from chainrule.shown import brief, counted, cut

__all__ = ["Axis", "Panel", "Picture", "beside"]


@dataclass(frozen=True, repr=False, eq=False)
class Axis(Checked):
    """An axis of a panel.

    Args:
        label: What it shows, with its unit.
        scale: "linear", "log", or "none" for a hidden axis, as diagrams have it.
        limits: Where it begins and ends; by default what the marks need.
        ticks: Pairs of a place and what stands there, (0, "setosa"); by default round numbers.
        reversed: Whether it grows downwards, or to the left.

    Raises:
        DataError: If limits or ticks are none.
        GraphError: If a setting is none of those above.

    >>> cr.pictures.Axis("epoch", scale="log").scale
    'log'
    """

    label: str = ""
    scale: Literal["linear", "log", "none"] = "linear"
    limits: tuple[float, float] | None = None
    ticks: Sequence[tuple[float, str]] | None = None
    reversed: bool = False

    __repr__ = brief

    def __post_init__(self) -> None:
        super().__post_init__()
        limits_of(self, "limits", self.limits)
        if self.scale == "log" and self.limits is not None and self.limits[0] <= 0:
            raise DataError(f"Axis: limits of a log axis must be above 0; found {short(self.limits)}.")
        if self.ticks is not None:
            try:
                read = tuple((float(place), str(text)) for place, text in self.ticks)
            except (TypeError, ValueError):
                raise DataError(
                    f"Axis: ticks must be pairs such as (0, 'setosa'); found {short(self.ticks)}."
                ) from None
            object.__setattr__(self, "ticks", read)


@dataclass(frozen=True, repr=False, eq=False)
class Panel(Checked):
    """One of a picture's panels: marks on a pair of axes.

    Args:
        marks: What stands in it, the last above all.
        title: What stands above it.
        x: The axis from left to right.
        y: The axis from bottom to top.
        equal: Whether a unit is as long on both axes.
        legend: Whether names of marks are listed.
        size: Its width and height in CSS pixels, with all that belongs to it; by default what suits it.

    Raises:
        DataError: If marks are none, or size is none.
        GraphError: If a setting is none of those above.

    >>> cr.pictures.Panel([cr.pictures.Line([0, 1], [1, 0], "cost")], x=cr.pictures.Axis("epoch")).x.label
    'epoch'
    """

    marks: Sequence[Mark]
    title: str = ""
    x: Axis = Axis()
    y: Axis = Axis()
    equal: bool = False
    legend: bool = True
    size: tuple[float, float] | None = None

    if TYPE_CHECKING:  # one mark is as good as a list of it

        def __init__(
            self,
            marks: Mark | Sequence[Mark],
            title: str = "",
            x: Axis = ...,
            y: Axis = ...,
            equal: bool = False,
            legend: bool = True,
            size: tuple[float, float] | None = None,
        ) -> None: ...

    __repr__ = brief

    def __post_init__(self) -> None:
        super().__post_init__()
        _of_kind(self, "marks", Mark, "lines, points and the like, a Mark each")
        for name in ("x", "y"):
            if not isinstance(getattr(self, name), Axis):
                raise DataError(f"Panel: {name} must be an Axis; found {short(getattr(self, name))}.")
        if self.size is not None:
            if np.shape(self.size) != (2,) or not all(side > 0 for side in self.size):
                raise DataError(f"Panel: size must be a width and a height; found {short(self.size)}.")
            object.__setattr__(self, "size", (float(self.size[0]), float(self.size[1])))


def _of_kind(thing: Any, name: str, kind: type, says: str) -> None:
    """Make a tuple of a field that holds several things of a kind."""
    values = getattr(thing, name)
    values = (values,) if isinstance(values, kind) else values
    wrong = [v for v in values if not isinstance(v, kind)] if isinstance(values, list | tuple) else [values]
    if wrong:
        raise DataError(f"{type(thing).__name__}: {name} must be {says}; found {short(wrong[0])}.")
    object.__setattr__(thing, name, tuple(values))


@dataclass(frozen=True, repr=False, eq=False)
class Picture(Checked):
    """A picture: what is drawn, as data. A notebook shows it; ``.save("x.svg")``, ``.svg()`` and ``.plot()`` draw it.

    Args:
        panels: Its panels, from left to right and from top to bottom.
        title: What stands above all of them.
        words: What a screen reader says: one to three sentences, with the numbers that matter.
        columns: So many panels beside each other; by default as many as fit a page.
        notes: What is said below, a line each.

    Raises:
        DataError: If panels or notes are none.
        GraphError: If a setting is none of those above.

    >>> falling = cr.pictures.Line([1, 2, 3], [0.9, 0.5, 0.4], "cost")
    >>> picture = cr.Picture(cr.pictures.Panel([falling]), "A training", "The cost falls from 0.9 to 0.4.")
    >>> picture
    Picture 'A training': 1 panel. The cost falls from 0.9 to 0.4.
    >>> picture.svg()[:4], picture.panels[0].marks[0].y
    ('<svg', array([0.9, 0.5, 0.4]))
    """

    panels: Sequence[Panel]
    title: str = ""
    words: str = ""
    columns: Count | None = None
    notes: Sequence[str] = ()

    if TYPE_CHECKING:  # one panel is as good as a list of it

        def __init__(
            self,
            panels: Panel | Sequence[Panel],
            title: str = "",
            words: str = "",
            columns: Count | None = None,
            notes: Sequence[str] = (),
        ) -> None: ...

        def svg(self, width: float | None = None) -> str:
            """Return the picture as SVG, by default 860 pixels wide at the most."""

        def plot(self, ax: Any = None) -> Any:
            """Draw the picture by Matplotlib."""

        def save(self, path: str | PathLike[str]) -> None:
            """Write the picture as .svg, .png or .pdf."""

    else:
        svg = Door()
        plot = Door()
        save = Door()
    _repr_html_ = Door()

    def __post_init__(self) -> None:
        super().__post_init__()
        _of_kind(self, "panels", Panel, "a Panel each")
        texts(self, "notes", self.notes)

    def __repr__(self) -> str:
        title = f" {cut(self.title, 60)!r}" if self.title else ""
        return cut(f"Picture{title}: {counted(len(self.panels), 'panel')}. {self.words}".rstrip(), 240)

    @public
    def to_dict(self) -> dict[str, Any]:
        """Return all that is drawn as plain data, which JSON can hold: what is not there (NaN) is None.

        Returns:
            A dict, with a list of panels, each with a list of marks; "mark" says of which kind each is.

        >>> text = cr.pictures.Text(0, 0, "here")
        >>> cr.Picture(cr.pictures.Panel([text])).to_dict()["panels"][0]["marks"][0]["mark"]
        'Text'
        """
        return _plain(self)


def _plain(thing: Any) -> Any:
    """Return a picture, or a part of it, as JSON has it."""
    if isinstance(thing, Checked):
        kind = {"mark": type(thing).__name__} if isinstance(thing, Mark) else {}
        made: Any = thing  # a dataclass
        return kind | {field.name: _plain(getattr(thing, field.name)) for field in fields(made)}
    if isinstance(thing, np.ndarray | np.generic):
        return _plain(thing.tolist())
    if isinstance(thing, list | tuple):
        return [_plain(each) for each in thing]
    return None if isinstance(thing, float) and not np.isfinite(thing) else thing


@public
def beside(*pictures: Picture, title: str = "", columns: int | None = None) -> Picture:
    """Put the panels of several pictures beside each other, in one.

    Args:
        *pictures: The pictures, of which the titles stand above their panels.
        title: What stands above all of them.
        columns: So many panels beside each other; by default as many as fit a page.

    Returns:
        One picture, with the panels, words and notes of all of them.

    Raises:
        DataError: If one of them is no picture.

    >>> falling = cr.Picture(cr.pictures.Panel([cr.pictures.Line([1, 2], [0.9, 0.4])]), "cost", "It falls.")
    >>> cr.pictures.beside(falling, falling, title="Twice").panels[1].title
    'cost'
    """
    panels: list[Panel] = []
    for picture in pictures:
        if not isinstance(picture, Picture):
            raise DataError(f"beside takes pictures; found {short(picture)}.")
        first, *rest = picture.panels or (None,)
        if first is not None:
            named = picture.title and not first.title
            panels += [replace(first, title=picture.title) if named else first, *rest]
    words = " ".join(picture.words for picture in pictures if picture.words)
    notes = [note for picture in pictures for note in picture.notes]
    return Picture(panels, title, words, columns, tuple(dict.fromkeys(notes)))
