"""Every choice of a training in one list: its type, its default, which values it takes, and a line that says what for.

The arguments of ``TableModel.train``, the options of the command line, ``config.toml`` and what a model says of how it
was trained all follow from it: a choice is added here, and where it has its meaning.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from numbers import Integral, Real
from os import PathLike, fspath
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from chainrule.arguments import as_ours
from chainrule.engines.registry import ENGINES
from chainrule.errors import DataError, short, unknown_name
from chainrule.literals import TaskName
from chainrule.names import spelled
from chainrule.nn.specs import Above0, AtLeast0, Count, Rule, Share, Within01, is_numpys_truth

if TYPE_CHECKING:
    from chainrule.train.kinds import MetricsLike

Section = Literal["data", "columns", "rows", "network", "training"]
USUAL_RATE, USUAL_EPOCHS = 3e-3, 300
BY_HAND = (
    "hidden",
    "dropout",
    "activation",
    "batch_norm",
    "epochs",
    "batch_size",
    "learning_rate",
    "clip_norm",
)
NONE = "none"  # the column, where nothing is to be found out


@dataclass(frozen=True)
class ValueKind:
    """Which values a choice takes.

    Attributes:
        name: What the command line makes a type of.
        metavar: What stands for a value in its help.
        says: What a value is, in the words of an error.
        read: Returns a value as it is kept; None for what is none.
        names: Which there are, of a kind that is a name.
    """

    name: str
    metavar: str
    says: str
    read: Callable[[Any], Any]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """What is known of a choice beside its name, type and default.

    Attributes:
        section: Where it stands in help and configuration.
        kind: Which values it takes.
        says: What it is for, in a line.
        usual: What is taken where nothing is chosen, if the default does not say it.
        default: What is taken where nothing is chosen.
    """

    section: Section
    kind: ValueKind
    says: str
    usual: str = ""
    default: Any = None


def _number(annotation: Any, metavar: str = "NUMBER") -> ValueKind:
    rule: Rule = annotation.__metadata__[0]
    return ValueKind("whole" if rule.kind is int else "number", metavar, rule.says, rule.read)


def _whole(least: int) -> ValueKind:
    rule = Rule(f"a whole number of at least {least}", lambda x: x == int(x) and x >= least, int)
    return ValueKind("whole", "N", rule.says, rule.read)


def _named(kind: str, metavar: str, known: Iterable[str]) -> ValueKind:
    names = list(known)

    def read(value: Any) -> str | None:
        found = spelled(value, names)
        if isinstance(found, str) and found not in names:
            raise unknown_name(kind, value, names)
        return found if isinstance(found, str) else None

    return ValueKind(kind, metavar, f"one of {', '.join(names)}", read, tuple(names))


def _is_table(value: Any) -> bool:
    return hasattr(value, "columns") and hasattr(
        value, "iloc"
    )  # a command that shows its help waits for no pandas


def _names(value: Any) -> tuple[str, ...] | None:
    """Return names of columns: one, or several; a column may be called by a number, as in pandas."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        return (str(value),)
    if isinstance(value, Mapping) or _is_table(value) or not isinstance(value, Iterable):
        return None
    found = list(value)
    return tuple(map(str, found)) if all(isinstance(each, str | int | Integral) for each in found) else None


def _one_name(value: Any) -> str | None:
    names = _names(value)
    return names[0] or None if names and len(names) == 1 else None


def _target(value: Any) -> Any:
    """Return what is to be predicted: one text may name several, and values are answered where the table is known."""
    is_several = isinstance(value, list | tuple) and all(isinstance(each, str | Real) for each in value)
    return value if isinstance(value, str) or is_several or hasattr(value, "shape") else _names(value)


def _name_or_none(value: Any) -> str | None:
    return NONE if value is False else _one_name(value)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _path_or_table(value: Any) -> Any:
    if _is_table(value):
        return value
    return fspath(value) if isinstance(value, str | PathLike) else None


def _yes_or_no(value: Any) -> bool | None:
    return bool(value) if isinstance(value, bool) or is_numpys_truth(value) else None


def _units(value: Any) -> tuple[Any, ...] | None:
    return None if isinstance(value, str) or not isinstance(value, Iterable) else tuple(value)


def _words(value: Any) -> dict[str, tuple[str, ...]] | None:
    """Return words for "no value" by column; those of every other column stand under ""."""
    by_column = value if isinstance(value, Mapping) else {"": value}
    found = {str(name): _names(words) for name, words in by_column.items()}
    return None if None in found.values() else found  # type: ignore[return-value]


def _several_metrics(value: Any) -> tuple[Any, ...] | None:
    if isinstance(value, list | tuple):
        return tuple(value)
    return (value,) if isinstance(value, str) or callable(value) else None


def _weights(value: Any) -> Any:
    if isinstance(value, Mapping):
        weigh = AtLeast0.__metadata__[0].read  # type: ignore[attr-defined]
        found = {label: weigh(weight) for label, weight in value.items()}
        return None if None in found.values() or not found else found
    return "balanced" if spelled(value, ["balanced"]) == "balanced" else None


def _threshold(value: Any) -> Any:
    if isinstance(value, str):
        return "best" if spelled(value, ["best"]) == "best" else None
    return Within01.__metadata__[0].read(value)  # type: ignore[attr-defined]


_PARTS = re.compile(r"(?:(\d+(?:\.\d+)?)\s*h)?\s*(?:(\d+(?:\.\d+)?)\s*m(?:in)?)?\s*(?:(\d+(?:\.\d+)?)\s*s?)?")


def seconds(value: Any) -> float | None:
    """Return a time in seconds, or None where it is none above 0.

    >>> seconds("30s"), seconds("1h 30m"), seconds("90"), seconds(2.5), seconds("soon")
    (30.0, 5400.0, 90.0, 2.5, None)
    """
    if isinstance(value, str):
        found = _PARTS.fullmatch(value.strip().lower())
        parts = found.groups() if found else ()
        value = sum(size * float(part or 0) for size, part in zip((3600, 60, 1), parts, strict=False))
    return Above0.__metadata__[0].read(value)  # type: ignore[attr-defined]


_METRIC = ValueKind("metrics", "NAME", "the name of a metric, or several", _several_metrics)
_TARGET = ValueKind("columns", "COLUMN", "the name of a column, or several names", _target)
_COLUMN_OR_NONE = ValueKind("column", "COLUMN", "the name of a column, or 'none'", _name_or_none)
_COLUMNS = ValueKind("columns", "COLUMNS", "the names of columns, such as ['id', 'date']", _names)
_FLAG = ValueKind("flag", "", "True or False", _yes_or_no)
_ANSWER = ValueKind("answer", "yes|no", "True or False", _yes_or_no)
_SHARE = ValueKind("share", "SHARE", "at least 0 and below 1", Share.__metadata__[0].read)  # type: ignore[attr-defined]
_TASK = _named("task", "TASK", get_args(TaskName))
_ENGINE = _named("engine", "NAME", ["auto", *ENGINES])
_ACTIVATION = _named("activation", "NAME", ["relu", "gelu", "silu", "elu", "leaky_relu", "tanh", "sigmoid"])
_PATH = ValueKind("path", "FILE", "a table: a DataFrame, or the path of a file", _path_or_table)
_TEXT = ValueKind("text", "NAME", "the name of a table or sheet", _text)
_WORDS = ValueKind("words", "[COLUMN=]WORDS", "words for 'no value', or such words by column", _words)
_UNITS = ValueKind("units", "UNITS", "the units of each hidden layer, such as (32, 16) or (32,)", _units)
_TIME = ValueKind("time", "TIME", "a time above 0, such as 90 (seconds), '30s' or '5m'", seconds)
_WEIGHTS = ValueKind(
    "weights",
    "WEIGHTS",
    "'balanced', or a weight for each class, such as {'yes': 5, 'no': 1}",
    _weights,
)
_THRESHOLD = ValueKind(
    "threshold", "SHARE|best", "a number between 0 and 1, neither of them, or 'best'", _threshold
)
_COUNT, _RATE, _NORM = _number(Count, "N"), _number(Above0, "RATE"), _number(Above0, "NORM")


class Chosen:
    """The base of the choices: each is read as its kind says, or refused in words."""

    def __post_init__(self) -> None:
        for name, choice in choices(type(self)).items():
            value = getattr(self, name)
            if value is getattr(type(self), name):  # nothing was chosen
                continue
            found = choice.kind.read(value)
            if found is None:
                raise DataError(f"{name} must be {choice.kind.says}; found {short(value)}.")
            object.__setattr__(self, name, found)


@dataclass(frozen=True, kw_only=True)
class Training(Chosen):
    """The choices of a training on data of any kind."""

    test_data: Annotated[
        Any,
        Choice("rows", _PATH, "Rows that judge the network, as a table of their own.", "some of the data"),
    ] = None
    test_fraction: Annotated[
        float | None,
        Choice("rows", _SHARE, "Rows held back for the test.", "0.2; 0 where folds or other rows judge"),
    ] = None
    folds: Annotated[
        int | None,
        Choice(
            "rows", _whole(2), "Judge by cross-validation: each row by a network that never saw it.", "none"
        ),
    ] = None
    group: Annotated[
        str | None,
        Choice(
            "rows",
            _COLUMN_OR_NONE,
            "Rows with the same value in this column stay together.",
            "found, or none",
        ),
    ] = None
    time_order: Annotated[
        str | None,
        Choice("rows", _COLUMN_OR_NONE, "The last rows in time judge, by this column.", "found, or none"),
    ] = None
    seed: Annotated[int, Choice("rows", _whole(0), "The same seed: the same model.")] = 0
    members: Annotated[
        int | None,
        Choice(
            "network",
            _COUNT,
            "How many networks decide together; 1 trains a single one.",
            "8 by the recipe; 1 of a network by hand",
        ),
    ] = None
    epochs: Annotated[
        int | None, Choice("training", _COUNT, "At most so many epochs.", "by the recipe; else 300")
    ] = None
    batch_size: Annotated[int | None, Choice("training", _COUNT, "Rows a step.", "by size")] = None
    learning_rate: Annotated[
        float | None, Choice("training", _RATE, "That of Adam.", "by the recipe; else 0.003")
    ] = None
    clip_norm: Annotated[
        float | None, Choice("training", _NORM, "Shorten longer gradients to this.", "none is shortened")
    ] = None
    class_weight: Annotated[
        Any,
        Choice(
            "training",
            _WEIGHTS,
            "What rows of a class weigh: balanced, or yes=5,no=1.",
            "all alike",
        ),
    ] = None
    metric: Annotated[
        "MetricsLike",
        Choice("training", _METRIC, "Scores to print; the first tells the best epoch.", "by the task"),
    ] = ()
    threshold: Annotated[
        Any, Choice("training", _THRESHOLD, "From which probability on a class is said.", "0.5")
    ] = None
    time_budget: Annotated[Any, Choice("training", _TIME, "Stop after so long: 30s, 5m, 90.", "no limit")] = (
        None
    )
    engine: Annotated[str, Choice("training", _ENGINE, "What computes; auto takes what is done first.")] = (
        "auto"
    )
    refit: Annotated[bool, Choice("training", _FLAG, "In the end learn anew from all rows.")] = True
    report: Annotated[
        bool, Choice("training", _FLAG, "Write into the run what its report shows, and its page.")
    ] = True
    doctor: Annotated[
        bool, Choice("training", _FLAG, "Let the report say what is wrong with the training, tried.")
    ] = True


@dataclass(frozen=True, kw_only=True)
class Options(Training):
    """The choices of a training on a table."""

    target: Annotated[
        Any, Choice("data", _TARGET, "The column to predict, or several.", "an obvious last one")
    ] = None
    task: Annotated[str | None, Choice("data", _TASK, "What kind of target it is.", "by the target")] = None
    table: Annotated[
        str | None,
        Choice("data", _TEXT, "Which table of a database, or sheet of a workbook.", "the only one"),
    ] = None
    missing: Annotated[
        Any,
        Choice("data", _WORDS, "Words for 'no value' beside the empty cell.", "NA, ?, null and their kin"),
    ] = None
    header: Annotated[
        bool | None, Choice("data", _ANSWER, "Whether the first row names the columns.", "found out")
    ] = None
    any_size: Annotated[bool, Choice("data", _FLAG, "Unpack a packed file however large it becomes.")] = False
    drop: Annotated[tuple[str, ...], Choice("columns", _COLUMNS, "Columns to leave out.")] = ()
    numbers: Annotated[tuple[str, ...], Choice("columns", _COLUMNS, "Columns to read as numbers.")] = ()
    categories: Annotated[tuple[str, ...], Choice("columns", _COLUMNS, "Columns to read as categories.")] = ()
    dates: Annotated[tuple[str, ...], Choice("columns", _COLUMNS, "Columns to read as dates.")] = ()
    keep: Annotated[
        tuple[str, ...], Choice("columns", _COLUMNS, "Columns to learn from that would be left out.")
    ] = ()
    ignore: Annotated[
        tuple[str, ...], Choice("columns", _COLUMNS, "Other targets, unknown when predicting.")
    ] = ()
    recipe: Annotated[
        bool | None,
        Choice(
            "network",
            _FLAG,
            "The recipe decides the rest, even where some is chosen by hand.",
            "yes, where nothing of a network is chosen by hand",
        ),
    ] = None
    bins: Annotated[
        int | None,
        Choice(
            "network", _whole(0), "Bins of each column of numbers, beside it.", "by the recipe; else none"
        ),
    ] = None
    hidden: Annotated[
        tuple[int, ...] | None,
        Choice("network", _UNITS, "Units of each hidden layer; none for a linear model.", "by size"),
    ] = None
    dropout: Annotated[
        float | None,
        Choice("network", _SHARE, "Hidden units left out in a step.", "0.2 for classes, 0 for numbers"),
    ] = None
    activation: Annotated[str | None, Choice("network", _ACTIVATION, "Of the hidden layers.", "relu")] = None
    batch_norm: Annotated[
        bool, Choice("network", _FLAG, "Normalize the sums of each hidden layer over the batch.")
    ] = False


def made_by_hand(options: Options) -> tuple[str, ...]:
    """Return which choices shape a network by hand: whoever makes one of them gets what was chosen, and no recipe.

    >>> made_by_hand(Options(hidden=(8,), seed=3))
    ('hidden',)
    """
    return tuple(name for name in BY_HAND if getattr(options, name) not in (None, False))


def by_name(method: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``**choices`` of a method; what they are called elsewhere is read as ``train`` reads it.

    Raises :class:`~chainrule.errors.ArgumentError` for a name that no choice bears.

    >>> by_name("compare", {"lr": 0.01})
    {'learning_rate': 0.01}
    """
    found = as_ours(Options, ("TableModel.train",), f"TableModel.{method}", (), given)
    return dict(given) if found is None else found


def choices(kind: type = Options) -> dict[str, Choice]:
    """Return what is known of each choice, by name, in the order in which they are declared.

    >>> choices()["epochs"].section
    'training'
    """
    found = {name: known.__metadata__[0] for name, known in _annotations(kind).items()}
    return {name: replace(choice, default=getattr(kind, name)) for name, choice in found.items()}


@cache
def _annotations(kind: type) -> dict[str, Any]:
    return {each.name: each.type for each in fields(kind)}


CHOICES = choices()  # of a training on a table
