"""Pictures as files: .svg, .png and .pdf, each whole or not at all."""

import io
import os
from functools import partial
from typing import Any

import numpy as np

from chainrule.arguments import public
from chainrule.disk import check_place, write_bytes
from chainrule.errors import FileFormatError, short
from chainrule.explaining.pictures.picture import Picture
from chainrule.showing.plotting import DPI, plot
from chainrule.showing.svg.page import svg

KINDS = (".svg", ".png", ".pdf")


@partial(public, called="Picture.save")
def save(picture: Picture, path: "str | os.PathLike[str]") -> None:
    """Write the picture to a file, of the kind that its name ends in: .svg, .png or .pdf.

    It is written beside its place and renamed. An .svg follows the page that it is shown on, light or dark; a .png has
    two pixels for each of the page's, and is light, as a .pdf is.

    Args:
        picture: What is written.
        path: Where to.

    Raises:
        FileFormatError: If the name ends otherwise.
        MissingFileError: If there is no such folder.
        DataError: If it cannot be written.
        MissingLibraryError: If Matplotlib, which draws .png and .pdf, is not installed.

    >>> cr.Picture(cr.pictures.Panel([cr.pictures.Line([1, 2], [3, 4])])).save("rising.svg")
    """
    check_place(path)
    ending = os.path.splitext(os.fsdecode(path))[1].lower()
    if ending not in KINDS:
        raise FileFormatError(
            f"A picture is written as .svg, .png or .pdf; found {short(os.fsdecode(path))}."
        )
    write_bytes(path, svg(picture).encode() if ending == ".svg" else _drawn(picture, ending[1:]))


def _drawn(picture: Picture, kind: str) -> bytes:
    """Return the bytes that Matplotlib writes; without a date, so that the same picture is the same file."""
    axes: Any = plot(picture)
    first = np.ravel(np.array(axes, dtype=object))
    file = io.BytesIO()
    if not len(first):
        raise FileFormatError("A picture without panels can only be written as .svg.")
    dates = {"CreationDate": None} if kind == "pdf" else {}
    first[0].figure.savefig(file, format=kind, dpi=2 * DPI, facecolor="white", metadata=dates)
    return file.getvalue()
