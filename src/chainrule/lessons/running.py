"""A lesson, run: each cell with what it said."""

import linecache
from dataclasses import dataclass

from chainrule.lessons.cells import Cell, Lesson, read
from chainrule.lessons.told import Event, Exercise
from chainrule.lessons.words import telling


@dataclass(frozen=True)
class Done:
    """A cell after it ran.

    Attributes:
        cell: The cell.
        events: What it printed, and said by the words of a lesson.
    """

    cell: Cell
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Ran:
    """A lesson after it ran."""

    lesson: Lesson
    cells: tuple[Done, ...]

    def exercises(self) -> list[Exercise]:
        """Return its exercises, in order."""
        return [event for cell in self.cells for event in cell.events if isinstance(event, Exercise)]


def run(name: str) -> Ran:
    """Run a lesson cell by cell."""
    lesson = read(name)
    scope: dict[str, object] = {"__name__": "lesson"}
    done = []
    with telling(name) as told:
        for place, cell in enumerate(lesson.cells):
            if cell.kind == "text":
                done.append(Done(cell, ()))
                continue
            before = len(told.events)
            file = f"<lesson {name}, cell {place}>"
            linecache.cache[file] = (len(cell.source), None, cell.source.splitlines(True), file)
            exec(compile(cell.source, file, "exec"), scope)
            told.flush()
            done.append(Done(cell, tuple(told.events[before:])))
    return Ran(lesson, tuple(done))
