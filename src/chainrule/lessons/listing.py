"""The lessons as a list: what each is, and how far a learner has come."""

from dataclasses import asdict, dataclass
from typing import Any

from chainrule.lessons.cells import read
from chainrule.lessons.outline import LESSONS, part_of
from chainrule.lessons.progress import solved
from chainrule.lessons.tables import table


@dataclass(frozen=True)
class Listed:
    """A lesson in the list.

    Attributes:
        name: That of its file.
        title: Its title.
        part: The part of the course that it is in.
        minutes: How long it takes.
        state: "done", "next" or "open".
    """

    name: str
    title: str
    part: str
    minutes: int
    state: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def listed() -> list[Listed]:
    """Return all lessons in their order; the first that is not done is the next."""
    found, by_learner, next_one = [], solved(), False
    for lesson in map(read, LESSONS):
        name = lesson.name
        is_done = set(table(name).answers) <= set(by_learner.get(name, ()))
        state = "done" if is_done else "open" if next_one else "next"
        next_one = next_one or not is_done
        found.append(Listed(name, lesson.title, part_of(name), lesson.minutes, state))
    return found
