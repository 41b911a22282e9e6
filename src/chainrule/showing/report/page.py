"""The page of a run: its sections below each other, in one file that asks for nothing else."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike

from chainrule import __version__ as VERSION
from chainrule.errors import DataError, FileFormatError, GraphError
from chainrule.showing.html import element, plain, words
from chainrule.showing.report.columns import columns
from chainrule.showing.report.doctor import doctor
from chainrule.showing.report.headline import about, headline, title
from chainrule.showing.report.judged import pictures, slices, wrong
from chainrule.showing.report.learning import learning
from chainrule.showing.report.parts import Section, paragraph, section
from chainrule.showing.report.reasons import explained, importance, network
from chainrule.showing.report.run import Run, read_run
from chainrule.showing.report.style import STYLE
from chainrule.showing.report.using import made, using

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
MOST = 1_800_000  # bytes of all sections
TOO_MUCH = paragraph("This is too much to be sent in a file; the folder of the run has it.")
SECTIONS: tuple[Callable[[Run], Section], ...] = (
    headline, doctor, learning, pictures, wrong, slices, importance, network, explained, columns, using, made,
)  # fmt: skip


def report(folder: str | PathLike[str]) -> str:
    """Return the report of a run, a page of HTML.

    Args:
        folder: That of the run.

    Raises:
        MissingFileError: If there is no such run, or it has not ended.
        FileFormatError: If a file of it is damaged.
    """
    run = read_run(folder)
    return whole(title(run), about(run), within([_tried(each, run) for each in SECTIONS]))


def within(sections: Sequence[Section], most: int = MOST) -> list[Section]:
    """Return sections that make no page of more bytes: of the largest it is said that they are too large."""
    shown = list(sections)
    sizes = [len(each.inside.encode()) for each in shown]
    while sum(sizes) > most:
        largest = sizes.index(max(sizes))
        shown[largest], sizes[largest] = replace(shown[largest], inside=TOO_MUCH), 0
    return shown


def _tried(make: Callable[[Run], Section], run: Run) -> Section:
    """Return a section; what was computed for it, if that cannot be read, says so in its place."""
    try:
        return make(run)
    except (FileFormatError, DataError, GraphError, ArithmeticError) as error:
        name = make.__name__
        return Section(
            name, name.capitalize(), paragraph(f"This cannot be shown. {error}"), name.capitalize()
        )


def whole(
    called: str, below: str, sections: list[Section], kind: str = "Report of a model", script: str = ""
) -> str:
    """Return a page of its own.

    Args:
        called: What stands above it.
        below: What stands below that, HTML.
        sections: What is in it; those that are empty are left out.
        kind: What it is.
        script: The only one that may run in it.
    """
    shown = [each for each in sections if each.inside]
    contents = [element("li", element("a", plain(each.short), href=f"#{each.name}")) for each in shown]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", plain(called)),
        element("style", STYLE),
    )
    body = element(
        "body",
        element("a", "Skip to the contents", class_="skip", href="#contents"),
        element(
            "header",
            element("p", plain(kind), class_="quiet"),
            element("h1", words(called)),
            below,
            element("nav", element("ul", *contents), aria_label="Sections"),
        ),
        element("main", *(section(each) for each in shown), id="contents", tabindex=-1),
        element(
            "footer",
            element(
                "p", plain(f"Written by chainrule {VERSION}. This page is one file and asks for no other.")
            ),
        ),
        *([f"<script>{script}</script>"] if script else []),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _policy(script: str) -> str:
    """Return what the page allows: pictures and style in it, and of scripts this one alone."""
    if not script:
        return POLICY
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"{POLICY}; script-src 'sha256-{digest}'"
