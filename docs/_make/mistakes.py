"""Mistakes that were really made: what was typed, what is answered, and what works; tests/mistakes keeps them true."""

import sys

from _make.staging import ROOT

sys.path.insert(0, str(ROOT / "tests" / "mistakes"))  # which has what reads a transcript

import transcripts

PAGES = {  # a transcript, what its page is called, and what it is on
    "arguments": (
        "Arguments and options",
        "Commands and options that are misspelled, missing or at odds.",
    ),
    "tables": (
        "Files of tables",
        "Files that are no tables, are damaged, or are read otherwise than they are meant.",
    ),
    "columns": ("Columns", "Columns that are not there, or hold something else than they are told to."),
    "rows": ("Rows", "Folds, groups, orders in time, and rows for the test."),
    "models": ("Models and tables for them", "Files that are no models, and tables that do not suit one."),
    "runs": ("Runs and configurations", "Folders of runs, `config.toml`, going on with a training."),
    "python": ("In Python", "Arguments of functions and classes."),
}


def page(name):
    """Return the page of a transcript."""
    title, says = PAGES[name]
    parts = [f"# {title}", says]
    for each in transcripts.mistakes(f"{name}.txt"):
        language, mark = ("python", "") if each.is_python else ("console", "$ ")
        typed = each.typed[4:].split("; ") if each.is_python else [*each.before, each.typed]
        typed = "\n".join(mark + line for line in typed)
        works = "\n".join(mark + line for line in each.tried)
        parts += [
            f"## {each.title}",
            f"```{language}\n{typed}\n```",
            "```text\n" + "\n".join(each.answer) + "\n```",
            f"What works:\n\n```{language}\n{works}\n```",
        ]
    return "\n\n".join(parts) + "\n"
