"""The plan of a training: what each column of the table is and becomes, and what is to be trained on which rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.data.columns import Columns
from chainrule.data.target import Target
from chainrule.doors import Door
from chainrule.models.options import Options
from chainrule.models.rows import Rows
from chainrule.shown import Lines, counted

OUTPUTS = {"regression": "identity", "binary": "sigmoid", "multiclass": "softmax", "multilabel": "sigmoid"}


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


def about_network(
    inputs: int,
    target: Target,
    options: Options,
    rows: Rows,
    judges: int,
    folds: Sequence[Rows],
    in_time: bool,
    by_hand: Sequence[str] = (),
) -> str:
    """Return what is to be trained, on which rows, and whether that is the recipe's or was made by hand.

    Args:
        inputs: How many features there are.
        target: What is predicted.
        options: The choices, all decided.
        rows: Which rows are for what.
        judges: How many judge.
        folds: The rows of cross-validation.
        in_time: Whether what judges is later.
        by_hand: Choices of the user's for which the recipe does not decide.
    """
    units, members = [str(width) for width in options.hidden or ()], options.members or 1
    layers = "a hidden layer" if len(units) == 1 else "hidden layers"
    hidden = f"{layers} of {' and '.join(units)} unit{'s' * (units != ['1'])}" if units else "no hidden layer"
    if units and (options.batch_norm or options.activation != "relu"):
        hidden += f" ({options.activation}{', batch norm' if options.batch_norm else ''})"
    bins = f" and up to {options.bins} bins of each number" if options.bins else ""
    folded = f" in {members} folds" if members > 1 else ""
    counts = {
        f"to learn from{folded}": len(rows.learn),
        "to know when to stop": len(rows.validation),
        "for the test": judges,
    }
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    what = "Network: " if members == 1 else f"{members} networks, each: "
    beside = " A linear model decides with them." if options.recipe and members > 1 else ""
    beside += " The time decides how many there are." if options.recipe and options.time_budget else ""
    return (
        f"{what}{counted(inputs, 'input')}{bins}, {hidden}, {counted(target.width, 'output')} "
        f"({OUTPUTS[target.task]}).{beside} Rows: {told}.{_of_folds(folds, in_time)} {_why(options, by_hand)}"
    )


def _why(options: Options, by_hand: Sequence[str]) -> str:
    """Say whether it is the recipe that decides, and what decides otherwise."""
    if options.recipe and (options.members or 1) > 1:
        more = "" if options.time_budget else " time_budget='60s' trains as many as there is time for."
        return f"This is the recipe for tables; members=1 trains a single network, much faster.{more}"
    if options.recipe:
        return "This is the recipe for tables, of a single network."
    if by_hand:
        were = "was" if len(by_hand) == 1 else "were"
        return (
            f"It is made by hand, as {' and '.join(by_hand)} {were} chosen; without, or with recipe=True, the recipe "
            "decides."
        )
    return "It is made by hand, not by the recipe."


def about_leaving(options: Options, by_hand: Sequence[str]) -> str:
    """Return what a network had not since choices made it by hand, and how to know what that is worth; "" for none.

    >>> about_leaving(Options(epochs=50), ("epochs",)).partition(":")[0]
    'This network was made by hand (epochs=50)'
    """
    if not by_hand:
        return ""
    chosen = ", ".join(f"{name}={getattr(options, name)!r}" for name in by_hand)
    several = "" if (options.members or 1) > 1 else "the other networks on folds, "
    return (
        f"This network was made by hand ({chosen}): it has nothing of the recipe, {several}the bins and the linear "
        "model beside it. recipe=True keeps these; its scores are on the same rows, and say what they are worth."
    )


def _of_folds(folds: Sequence[Rows], in_time: bool) -> str:
    if not folds:
        return ""
    judged = sum(len(rows.test) for rows in folds)
    if in_time:
        return f" Folds: {len(folds)}; the {judged:,} rows that judge are later than those that their network saw."
    return f" Folds: {len(folds)}; each of {judged:,} rows judges once, a network that never saw it."
