"""Mistakes that were really made: what was typed, what is answered, and what works; tests/mistakes keeps them true."""

from dataclasses import dataclass

from _make.staging import ROOT

TRANSCRIPTS = ROOT / "tests" / "mistakes"
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


@dataclass(frozen=True)
class Mistake:
    """One entry of a transcript.

    Attributes:
        title: What the mistake is.
        before: What was done before.
        typed: What was typed.
        answer: What was answered, in lines.
        works: What works instead.
    """

    title: str
    before: list[str]
    typed: str
    answer: list[str]
    works: list[str]


def mistakes(name):
    """Return the entries of a transcript; tests/mistakes/transcripts.py says how it is written."""
    found = []
    for paragraph in (TRANSCRIPTS / f"{name}.txt").read_text(encoding="utf-8").strip().split("\n\n"):
        title, *lines = paragraph.split("\n")
        if not lines:
            continue
        before = [line[2:] for line in lines if line.startswith("+ ")]
        typed = next(line for line in lines if line.startswith(("$ ", ">>> ")))
        works = [line[2:] for line in lines if line.startswith("> ")]
        marks = ("+ ", "- ", "$ ", ">>> ", "> ", "= ")
        answer = ["" if line == "··" else line for line in lines if not line.startswith(marks)]
        found.append(Mistake(title, before, typed.partition(" ")[2], answer, works))
    return found


def page(name):
    """Return the page of a transcript."""
    title, says = PAGES[name]
    is_python = name == "python"
    parts = [f"# {title}", says]
    for each in mistakes(name):
        language, mark = ("python", "") if is_python else ("console", "$ ")
        typed = each.typed.split("; ") if is_python else [*each.before, each.typed]
        typed = "\n".join(mark + line for line in typed)
        works = "\n".join(mark + line for line in each.works)
        parts += [
            f"## {each.title}",
            f"```{language}\n{typed}\n```",
            "```text\n" + "\n".join(each.answer) + "\n```",
            f"What works:\n\n```{language}\n{works}\n```",
        ]
    return "\n\n".join(parts) + "\n"
