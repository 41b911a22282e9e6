"""What teaches: ``chainrule lessons`` and ``chainrule lesson``."""

import sys
from pathlib import Path
from typing import Any

import click

import chainrule as cr
from chainrule.cli import options
from chainrule.cli.front import WENT_WRONG, document, printing, tell
from chainrule.cli.options import option, switch
from chainrule.cli.pages import command
from chainrule.disk import write_bytes
from chainrule.doors import late
from chainrule.shown import counted

PLACE = click.Path(path_type=Path, readable=False)

run = late("chainrule.lessons.running:run")
read = late("chainrule.lessons.cells:read")
page = late("chainrule.lessons.page:page")
notebook = late("chainrule.lessons.notebook:notebook")
write = late("chainrule.lessons.terminal:write")
solved = late("chainrule.lessons.progress:solved")
solve = late("chainrule.lessons.progress:solve")
listed = late("chainrule.lessons.listing:listed")
judged = late("chainrule.lessons.answering:judged")
value_of = late("chainrule.lessons.answering:value_of")
own_numbers = late("chainrule.lessons.answering:own_numbers")


@command("lessons")
@options.JSON
def lessons(as_json: bool) -> None:
    """List the lessons: which are done, and which comes next.

    A lesson is done when its exercises are solved.

    \b
    Example:
      chainrule lessons
    """
    found = listed()
    if as_json:
        document([each.to_dict() for each in found])
        return
    with printing():
        part = ""
        for each in found:
            if each.part != part:
                click.echo(f"{'' if not part else chr(10)}{each.part}")
                part = each.part
            sign = {"done": "✓", "next": "→", "open": " "}[each.state]
            click.echo(f"  {sign} {each.name:<15} {each.title}  ({each.minutes} min)")
        done = sum(each.state == "done" for each in found)
        upcoming = next((each.name for each in found if each.state == "next"), None)
        click.echo(f"\n{done} of {counted(len(found), 'lesson')} done, {sum(e.minutes for e in found) / 60:.0f} hours in all.")
        if upcoming:
            click.echo(f"Next: chainrule lesson {upcoming}")


@command("lesson")
@click.argument("name", metavar="LESSON")
@option("--answer", "ANSWER", str, "Check an answer to the exercise: -3, 1/3, 0.5,2 or a word.", section="results")
@option("--exercise", "NUMBER", int, "Which exercise is meant, from 1.", "number", default=1, section="results")
@option("--given", "NAME=VALUE", str, "A number of your own in its place; several times.", multiple=True, section="results")
@switch("--hint", "Print the hint to the exercise.", section="results")
@option("--html", "FILE", PLACE, "Write the lesson as one page, which needs no network.", section="results")
@option("--notebook", "FILE", PLACE, "Write it as a notebook, with its pictures.", "ipynb", section="results")
@switch("--no-code", "Print what the lesson says and shows, without its code.", section="results")
def lesson(
    name: str,
    answer: str | None,
    number: int,
    given: tuple[str, ...],
    hint: bool,
    html: Path | None,
    ipynb: Path | None,
    no_code: bool,
) -> int:
    """Run a lesson: every number in it is computed here, and its exercises are checked by computing.

    \b
    Examples:
      chainrule lesson one_neuron
      chainrule lesson one_neuron --answer -3
      chainrule lesson one_neuron --answer -8 --given x=2,8
      chainrule lesson one_neuron --html one_neuron.html
    """
    read(name)
    done = run(name)
    if answer is not None or hint:
        asked = done.exercises()
        if not 1 <= number <= len(asked):
            raise cr.DataError(f"The lesson {name} has {counted(len(asked), 'exercise')}; found --exercise {number}.")
        exercise = asked[number - 1]
        if answer is None:
            with printing():
                click.echo(f"{exercise.question}\n{exercise.hint}")
            return 0
        own = own_numbers(exercise, given)
        right, says = judged(exercise, value_of(answer), own)
        kept = right and solve(name, exercise.name)
        with printing():
            click.echo(says)
        if kept and len(solved().get(name, [])) == len(asked):
            tell(f"The lesson {name} is done; 'chainrule lessons' says what comes next.")
        return 0 if right else WENT_WRONG
    for place, made in ((html, page), (ipynb, notebook)):
        if place is not None:
            write_bytes(place, made(done).encode())
            tell(f"Wrote {place}.")
    if html is None and ipynb is None:
        _print(done, not no_code)
    return 0


def _print(done: Any, code: bool) -> None:
    from rich.console import Console

    with printing():
        write(done, Console(file=sys.stdout, width=min(100, Console().width)), code)
