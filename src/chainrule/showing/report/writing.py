"""``cr.report``: the page of a run, or of several side by side, written to a file."""

from os import PathLike, fspath
from os.path import basename, join, realpath
from pathlib import Path
from typing import Any

from chainrule.arguments import public
from chainrule.disk import write_bytes
from chainrule.errors import DataError, short
from chainrule.models.places import REPORT
from chainrule.showing.report.page import report as page_of_run
from chainrule.showing.report.several import report_of_several

__all__ = ["report"]


@public
def report(
    run: str | PathLike[str], *others: str | PathLike[str], path: str | PathLike[str] | None = None
) -> Path:
    """Write the report of a run once more, or one of several runs side by side: a page that can be sent to others.

    It is made of what is in the folders of the runs, without their data, in less than a second, and is one file of
    HTML that asks for no other. Of several runs of the same target it says which is better than the first, beyond
    chance, on the rows that judged both, what was chosen otherwise, and on which rows they disagree.

    Args:
        run: The folder of a run that has ended.
        others: Those of others, which predict the same.
        path: Where the page goes; by default ``report.html`` in the folder of the run, or beside the folder of the
            first of several, named after them. A file that is there is replaced.

    Returns:
        Where the page is.

    Raises:
        MissingFileError: If one of the runs is not there, or has not ended.
        FileFormatError: If a file of one is damaged.
        DataError: If the runs predict different things, one is there twice, or the page cannot be written.

    >>> model = cr.TableModel.train("iris", epochs=5, run="short")
    >>> model = cr.TableModel.train("iris", epochs=20, run="longer")
    >>> cr.report("short").name, cr.report("short", "longer").name
    ('report.html', 'short-and-longer.html')
    """
    runs = [_folder(each) for each in (run, *others)]
    page = report_of_several(runs) if others else page_of_run(runs[0])
    place = Path(_usual(runs) if path is None else path)
    write_bytes(place, page.encode())
    return place


def _folder(given: Any) -> str:
    if not isinstance(given, str | PathLike):
        raise DataError(f"A report is of the folders of runs; found {short(given)}.")
    return fspath(given)


def _usual(runs: list[str]) -> str:
    """Return where a page goes that was given no place."""
    if len(runs) == 1:
        return join(runs[0], REPORT)
    first, others = realpath(runs[0]), len(runs) - 1
    more = basename(realpath(runs[1])) if others == 1 else f"{others}-others"
    return join(Path(runs[0]).parent, f"{basename(first)}-and-{more}.html")
