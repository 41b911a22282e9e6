"""The lessons as pages of the site: each is run, and what it said stands below its code. Runs are kept."""

import hashlib
import json
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from _make.staging import ROOT
from chainrule.lessons.cells import WORDS, read
from chainrule.lessons.notebook import to_notebook
from chainrule.lessons.outline import LESSONS, PARTS, part_of
from chainrule.lessons.page import SCRIPT, outputs
from chainrule.lessons.running import Done, Ran, run

SOURCE = ROOT / "src" / "chainrule"


def pages(kept, quick=False):
    """Return the pages of all lessons, their notebooks and the pages that lead to them, by their places.

    Args:
        kept: The folder in which runs are kept.
        quick: Whether a lesson that was not run since the library changed is shown without what it says.
    """
    found = {}
    for name, (text, notebook) in zip(LESSONS, told(LESSONS, kept, quick), strict=True):
        found |= {f"lessons/{name}.md": text, f"lessons/{name}.ipynb": notebook}
    for number, (title, listed) in enumerate(PARTS.items(), 1):
        found[f"lessons/part_{number}.md"] = part(title, listed)
    return {**found, "lessons/index.md": index(PARTS), "made/lessons.js": SCRIPT}


def told(names, kept, quick):
    """Return page and notebook of each lesson."""
    state = digest()
    files = {name: kept / f"{name}-{state}.json" for name in names}
    missing = [name for name in names if not files[name].exists()]
    if missing and not quick:
        kept.mkdir(parents=True, exist_ok=True)
        for old in kept.glob("*.json"):
            if old not in files.values():
                old.unlink()
        for name, both in zip(missing, each_learned(missing), strict=True):
            files[name].write_text(json.dumps(both), encoding="utf-8")
        missing = []
    return [
        unrun(name) if name in missing else json.loads(files[name].read_text(encoding="utf-8"))
        for name in names
    ]


def each_learned(names):
    """Yield page and notebook of each lesson; several are run side by side."""
    if len(names) == 1:
        yield learned(names[0])
        return
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        yield from pool.map(learned, names)


def digest():
    """Return a name for the library as it is: what a lesson says hangs on all of it."""
    found = hashlib.sha256()
    for path in [*sorted(SOURCE.rglob("*.py")), *sorted(SOURCE.rglob("*.toml")), Path(__file__)]:
        found.update(path.as_posix().encode() + path.read_bytes())
    return found.hexdigest()[:16]


def learned(name):
    """Run a lesson, and return its page and its notebook."""
    try:
        ran = run(name)
    except Exception as error:
        raise RuntimeError(f"The lesson {name!r} does not run: {error!r}") from error
    return page(ran), to_notebook(ran)


def unrun(name):
    """Return page and notebook of a lesson without what it says."""
    lesson = read(name)
    ran = Ran(lesson, tuple(Done(cell, ()) for cell in lesson.cells))
    return page(ran), to_notebook(ran)


def page(ran):
    """Return the page of a lesson that was run."""
    lesson = ran.lesson
    needs = ", ".join(f"[{read(each).title}]({each}.md)" for each in lesson.needs)
    about = f"{part_of(lesson.name)}, about {lesson.minutes} minutes." + (
        f" It builds on: {needs}." if needs else ""
    )
    blocks = [f"# {lesson.title}", lesson.intro, f"*{about}*", WORDS]
    for done in ran.cells:
        if done.cell.kind == "text":
            blocks.append(done.cell.source)
        else:
            blocks.append(fenced(done.cell.source, "python"))
        for each in outputs(done, lesson.name):
            blocks.append(fenced(each, "{raw} html") if isinstance(each, str) else printed(each))
    blocks.append(
        f"In a terminal this lesson is `chainrule lesson {lesson.name}`, which checks answers for numbers of your own, "
        f"too. To change it as you read: {{download}}`the notebook <{lesson.name}.ipynb>`."
    )
    blocks.append(fenced('<script src="../_static/lessons.js"></script>', "{raw} html"))
    return "\n\n".join(blocks) + "\n"


def printed(lines):
    """Return what was printed as a block."""
    return fenced(":class: output\n\n" + "\n".join(lines), "{code-block} text")


def fenced(text, kind):
    """Return a block around a text."""
    fence = "```" if "```" not in text else "`````"
    return f"{fence}{kind}\n{text}\n{fence}"


def part(title, names):
    """Return the page of a part of the course."""
    return f"# {title}\n\n{table(names)}\n\n{tree(names)}\n"


def table(names):
    """Return the lessons of a part with their minutes and what each is on."""
    lines = [
        f"| [{read(name).title}]({name}.md) | {read(name).minutes}\u00a0min | {' '.join(read(name).intro.split())} |"
        for name in names
    ]
    return "| lesson | time | what it is on |\n|---|---:|---|\n" + "\n".join(lines)


def tree(names):
    """Return the contents of a page."""
    return "```{toctree}\n:hidden:\n\n" + "\n".join(names) + "\n```"


def index(parts):
    """Return the page that leads to all lessons."""
    count = sum(map(len, parts.values()))
    minutes = sum(read(name).minutes for names in parts.values() for name in names)
    head = (
        f"# The lessons\n\n{count} short programs, {minutes / 60:.0f} hours in all. In each the numbers are computed "
        "before your eyes, and held to those that a lecture prints; pictures are drawn from them; and your answer to "
        "an exercise is checked by computing. `chainrule lessons` lists them in a terminal, with how far you have "
        "come.\n\n"
    )
    sections = [f"## {title}\n\n{table(names)}" for title, names in parts.items()]
    return (
        head + "\n\n".join(sections) + "\n\n" + tree([f"part_{n}" for n in range(1, len(parts) + 1)]) + "\n"
    )
