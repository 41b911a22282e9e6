"""What teaches: ``chainrule lessons`` and ``chainrule lesson``."""

import sys
from pathlib import Path
from typing import Any

import click

import chainrule as cr
from chainrule import lessons as course
from chainrule.cli import options
from chainrule.cli.front import WENT_WRONG, document, printing, tell
from chainrule.cli.options import option, switch
from chainrule.cli.pages import OptionalArgument, command
from chainrule.disk import write_bytes
from chainrule.shown import counted

PLACE = click.Path(path_type=Path, readable=False)
SIGNS = {"done": "✓", "next": "→", "open": " "}


@command()
@options.JSON
def lessons(as_json: bool) -> None:
    """List the lessons: which are done, and which comes next.

    A lesson is done when its exercises are solved.

    \b
    Example:
      chainrule lessons
    """
    found = course.listed()
    if as_json:
        document([each.to_dict() for each in found])
        return
    wide = max(len(each.name) for each in found)
    with printing():
        for part in dict.fromkeys(each.part for each in found):
            click.echo(part)
            for each in found:
                if each.part == part:
                    click.echo(
                        f"  {SIGNS[each.state]} {each.name:<{wide}}  {each.title}  ({each.minutes} min)"
                    )
            click.echo()
        done, hours = sum(each.state == "done" for each in found), sum(each.minutes for each in found) / 60
        click.echo(
            f"{done} of {counted(len(found), 'lesson')} done, about {counted(round(hours), 'hour')} in all."
        )
        for each in found:
            if each.state == "next":
                click.echo(f"Next: chainrule lesson {each.name}")


@command()
@click.argument("name", metavar="LESSON", default="", cls=OptionalArgument)
@option(
    "--answer", "ANSWER", str, "Check an answer to the exercise: -3, 1/3, 0.5,2 or a word.", section="results"
)
@option(
    "--exercise", "NUMBER", int, "Which exercise is meant, from 1.", "place", default=1, section="results"
)
@option(
    "--given", "NAME=VALUE", str, "A number of your own in place of the question's; several times.",
    multiple=True, section="results",
)  # fmt: skip
@switch("--hint", "Print the hint to the exercise.", section="results")
@option("--html", "FILE", PLACE, "Write the lesson as one page, which needs no network.", section="results")
@option("--notebook", "FILE", PLACE, "Write it as a notebook, with its pictures.", section="results")
@switch("--no-code", "Print what the lesson says and shows, without its code.", section="results")
def lesson(
    name: str,
    answer: str | None,
    place: int,
    given: tuple[str, ...],
    hint: bool,
    html: Path | None,
    notebook: Path | None,
    no_code: bool,
) -> int:
    """Run a lesson: every number in it is computed here, and its exercises are checked by computing.

    Without LESSON, the next that is not done.

    \b
    Examples:
      chainrule lesson one_neuron
      chainrule lesson one_neuron --answer -3
      chainrule lesson one_neuron --answer -8 --given x=2,8
      chainrule lesson one_neuron --html one_neuron.html
    """
    name = name or _next()
    course.read(name)
    if place != 1 and answer is None and not hint:
        raise cr.DataError(
            "--exercise says which exercise --answer or --hint is about; give one of them too."
        )
    if given and answer is None:
        raise cr.DataError(
            "--given changes the numbers of an exercise; give the answer to it too, by --answer."
        )
    done = course.run(name)
    if html is not None:
        write_bytes(html, course.to_html(done).encode())
        tell(f"Wrote {html}.")
    if notebook is not None:
        write_bytes(notebook, course.to_notebook(done).encode())
        tell(f"Wrote {notebook}.")
    if answer is not None or hint:
        return _exercise(done, place, answer, given)
    if html is None and notebook is None:
        _print(done, not no_code)
    return 0


def _next() -> str:
    """Return the lesson that comes next; after the last, the first."""
    found = course.listed()
    return next((each.name for each in found if each.state == "next"), found[0].name)


def _exercise(done: Any, place: int, answer: str | None, given: tuple[str, ...]) -> int:
    """Check an answer, or print the hint; a right answer to the question as it stands is kept."""
    asked, name = done.exercises(), done.lesson.name
    if not 1 <= place <= len(asked):
        raise cr.DataError(
            f"The lesson {name} has {counted(len(asked), 'exercise')}; found --exercise {place}."
        )
    exercise = asked[place - 1]
    if answer is None:
        with printing():
            click.echo(f"{exercise.question}\n{exercise.hint}")
        return 0
    right, says = course.judged(exercise, course.value_of(answer), course.own_numbers(exercise, given))
    kept = right and not given and course.solve(name, exercise.name)
    with printing():
        click.echo(says)
    if kept and {each.name for each in asked} <= set(course.solved().get(name, ())):
        tell(f"The lesson {name} is done; 'chainrule lessons' says what comes next.")
    elif right and not given and not kept and (file := course.place()) is not None:
        tell(f"{file} cannot be written, so 'chainrule lessons' will not know of it.")
    return 0 if right else WENT_WRONG


def _print(done: Any, code: bool) -> None:
    from rich.console import Console  # noqa: PLC0415 -- only who reads in a terminal needs them

    with printing():
        course.write(done, Console(file=sys.stdout, width=Console().width), code)
