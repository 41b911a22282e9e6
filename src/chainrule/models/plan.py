"""The plan of a training: what each column of the table is and becomes, and what is to be trained on which rows."""

from dataclasses import dataclass

from chainrule.data.columns import Columns
from chainrule.data.target import Target
from chainrule.doors import Door
from chainrule.shown import Lines


@dataclass(frozen=True, repr=False)
class Plan:
    """What :meth:`TableModel.train` would do. :meth:`TableModel.plan` returns one; printed, it is what training tells.

    Attributes:
        target: What is predicted.
        columns: The input columns; ``columns.plan`` says of each column of the table what it is and becomes.
        about: Sentences about target, columns, network and rows.

    >>> table, target = cr.load_table("iris")
    >>> plan = cr.TableModel.plan(table, target)
    >>> plan.target.task, plan.columns.width
    ('multiclass', 4)
    """

    target: Target
    columns: Columns
    about: tuple[str, ...]

    _repr_html_ = Door()

    def __str__(self) -> str:
        return "\n".join(self.about)

    def __repr__(self) -> str:
        return repr(Lines(self))
