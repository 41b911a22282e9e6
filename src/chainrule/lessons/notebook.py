"""A lesson as a notebook (format 4.5), with what it printed and its pictures; the same bytes each time."""

import json
from typing import Any

from chainrule.lessons.cells import WORDS
from chainrule.lessons.running import Done, Ran
from chainrule.lessons.told import Shown, lines


def to_notebook(ran: Ran) -> str:
    """Return a lesson as the text of an .ipynb file."""
    name = ran.lesson.name
    cells = [_text(f"# {ran.lesson.title}\n\n{ran.lesson.intro}\n\n{WORDS}")]
    cells.append(_code(f'from chainrule.lessons import answer, begin\n\nbegin("{name}")', []))
    cells += [_cell(done, name) for done in ran.cells]
    asked = ran.exercises()
    if asked:
        cells.append(_text("Your answer in place of the dots, then run the cell:"))
        cells.append(_code("answer(...)", []))
    for place, cell in enumerate(cells):
        cell["id"] = f"{name.replace('_', '-')}-{place}"
    return json.dumps(
        {
            "cells": cells,
            "metadata": {
                "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                "language_info": {"name": "python"},
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        },
        ensure_ascii=False,
        indent=1,
    )


def _cell(done: Done, name: str) -> dict[str, Any]:
    if done.cell.kind == "text":
        return _text(done.cell.source)
    outputs: list[dict[str, Any]] = []
    for event in done.events:
        text = "\n".join(lines(event, name, notebook=True)) + "\n"
        if isinstance(event, Shown):
            data = {"image/svg+xml": event.picture.svg(), "text/plain": text}
            outputs.append({"output_type": "display_data", "data": data, "metadata": {}})
        elif outputs and outputs[-1]["output_type"] == "stream":
            outputs[-1]["text"] += text
        else:
            outputs.append({"output_type": "stream", "name": "stdout", "text": text})
    return _code(done.cell.source, outputs)


def _text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def _code(source: str, outputs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "source": source,
        "outputs": outputs,
    }
