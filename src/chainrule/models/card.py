"""The model card of a run (after Mitchell et al. 2019): what it is for, made of what, how good, and where it fails."""

import re
from ast import literal_eval
from collections.abc import Iterable, Iterator, Sequence
from os.path import basename
from time import strftime
from typing import Any

from chainrule import __version__ as VERSION
from chainrule.data.columns import plan_rows
from chainrule.data.target import Target, describe_target
from chainrule.models.configuration import IN_MEMORY, as_data, toml
from chainrule.models.found import confusion_table
from chainrule.models.options import Training, choices
from chainrule.models.scores import Report, Scores, cells, heads, remarks
from chainrule.nn.layers.dense import Dense
from chainrule.nn.layers.merging import Mixture
from chainrule.nn.summary import in_bytes
from chainrule.shown import counted, visible

RARE = 0.1  # the share of a class, below which accuracy says little
FEW = 100  # rows, of which chance decides much
_VALUE = r"""'[^']*'|"[^"]*"|\[[^][]*\]|\([^()]*\)|[-+\w.]*\w"""
_ARGUMENT = re.compile(rf"""(?<![\w.'"`=-])([a-z_]+)=({_VALUE})""")  # what messages call a choice
NAMES = 5000  # characters of the names of columns that share a row


def card(model: Any, data: str, options: Training) -> str:
    """Return the model card of a training with a run, in Markdown.

    Args:
        model: What was trained.
        data: The file or the sample it was trained on; "" for a table in memory.
        options: All choices of the training.
    """
    sections = {
        f"# {_title(model.target, data)}": _about(model, data, getattr(options, "hidden", None) or ()),
        "## Columns": _columns(model),
        "## Rows": _rows(model.report),
        "## How good it is": _scores(model.report.scores) if model.report.scores else (),
        "## What to beware of": _bullets(_limits(model)),
        "## How to use it": _use(str(model.run)),
        "## How it was trained": _choices(options),
    }
    return "\n\n".join(part for head, said in sections.items() for part in _section(head, said)) + "\n"


def _section(head: str, said: Iterable[str]) -> list[str]:
    parts = [visible(as_configured(part)) for part in said if part]
    return [visible(head), *parts] if parts else []


def as_configured(says: str) -> str:
    """Return a sentence with its choices as a configuration writes them, for who may use Python or a command line.

    >>> as_configured("hidden=() trains that simpler model.")
    '`hidden = []` trains that simpler model.'
    """
    return _ARGUMENT.sub(_choice, says)


def _choice(found: re.Match[str]) -> str:
    if found[1] not in choices():
        return found[0]
    try:
        return f"`{found[1]} = {toml(found[1], literal_eval(found[2]))}`"
    except (SyntaxError, ValueError):
        return found[0]


def _title(target: Target, data: str) -> str:
    of = f" of {basename(data)}" if data else ""
    return f"Model card: {', '.join(target.columns)}{of}"


def _about(model: Any, data: str, hidden: Sequence[int]) -> Iterator[str]:
    of = f"`{basename(data)}`" if data else "a table"
    yield f"Made by chainrule {VERSION} on {strftime('%Y-%m-%d')} from {of}."
    yield describe_target(model.target)
    what = _deciders(model.network, len(hidden))
    layers = " and ".join(map(str, hidden)) * ("network" in what)
    yield (
        f"It is {what} with {counted(model.columns.width, 'input')}, "
        f"{f'hidden layers of {layers} units' if layers else 'no hidden layer'} and "
        f"{counted(model.target.width, 'output')}. It predicts from the columns of a table alone: it knows nothing "
        "of the world they come from, and was made for rows like those it learned from."
    )
    arrays = model.network.parameters.values()
    quick = model.report.row_seconds
    alone = "" if quick is None else f" Predicting a single row took {1000 * quick:.2g} ms."
    yield (
        f"It keeps {sum(array.size for array in arrays):,} numbers, {in_bytes(sum(array.nbytes for array in arrays))}."
        f"{alone}"
    )


def _deciders(network: Any, hidden: int) -> str:
    """Return what decides: a network, several, and a linear model beside them or alone."""
    last = network.layers[-1]
    if not isinstance(last, Mixture):
        return "a neural network"
    dense = sum(isinstance(layer, Dense) for layer in network.layers)
    linear = dense != len(last.shares) * (hidden + 1)
    networks = len(last.shares) - linear
    if not networks:
        return "a linear model"
    several = "a neural network" if networks == 1 else f"{networks} neural networks"
    beside = " and a linear model" * linear
    return f"{several}{beside}{' that decide together,' * (len(last.shares) > 1)}"


def _columns(model: Any) -> Iterator[str]:
    yield _table(("column", "kind", "what becomes of it"), plan_rows(model.columns, "`{}`", NAMES))


def _rows(report: Report) -> Iterator[str]:
    parts = [f"{counted(report.rows, 'row')} to learn from"]
    parts += [f"{report.validation_rows:,} that said when to stop"] * bool(report.validation_rows)
    parts += [f"{report.test_rows:,} that it never saw, for the test"] * bool(report.test_rows)
    yield f"{', '.join(parts)}. {report.stopped}"


def _scores(scores: Scores) -> Iterator[str]:
    yield _table(heads(scores), cells(scores))
    if confused := confusion_table(scores.classes, scores.confusion):
        yield _table(confused[0], confused[1:])
    yield "\n".join(f"- {remark}" for remark in remarks(scores))


def _limits(model: Any) -> Iterator[str]:
    report, target = model.report, model.target
    yield from report.notes
    if report.scores is None:
        yield "No row was held back for a test, so nothing tells how good it is."
    elif report.scores.rows < FEW:
        yield f"The scores are those of {counted(report.scores.rows, 'row')}: chance decides much of them."
    if target.task in ("binary", "multiclass"):
        for label, share in zip(target.classes, target.shares, strict=True):
            if share < RARE:
                yield (
                    f"Only {100 * share:.2g} % of the rows are '{label}': accuracy says little of them; look at "
                    "their recall and precision."
                )
    yield (
        "The scores hold for rows of the same kind and time. Other places, other people or later years may differ: "
        "evaluate it on new rows before it is relied on, and again from time to time."
    )


def _use(place: str) -> Iterator[str]:
    yield f"```\nchainrule predict {place} new.csv --out predictions.csv\nchainrule evaluate {place} new.csv\n```"
    yield (
        f'```python\nimport chainrule as cr\n\nmodel = cr.load("{place}")\n'
        'print(model.predict("new.csv"))\n```'
    )
    yield "A new table needs the columns above, in any order and by the same names; others are passed over."


def _choices(options: Training) -> Iterator[str]:
    known = choices(type(options))
    rows = [
        (name, "a table in memory" if value == IN_MEMORY else f"`{toml(name, value)}`", known[name].says)
        for name, value in as_data(options).items()
        if value != () or name == "hidden"
    ]
    yield _table(("choice", "value", "what it is"), rows)


def _bullets(said: Iterable[str]) -> Iterator[str]:
    yield "\n".join(f"- {sentence}" for sentence in said)


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(heads), *(list(row) for row in rows)]
    if len(lines) == 1:
        return ""
    written = [f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines]
    return "\n".join([written[0], f"|{'---|' * len(lines[0])}", *written[1:]])
