"""A model that is there already: none of another target is replaced, and no good one by one that went wrong."""

import re
import shlex
from itertools import count
from pathlib import Path

import chainrule as cr
from chainrule import signals


def model_there(path: Path) -> "cr.TableModel | None":
    """Return the model at ``path``, which training again may replace; raise if anything else is there."""
    if not path.is_file():  # nothing is there, or a device, which is written into
        return None
    try:
        found = cr.load(path)
    except cr.ChainruleError:
        found = None
    if not isinstance(found, cr.TableModel):
        what = "is no model of chainrule" if found is None else "holds a network of another kind"
        raise cr.DataError(f"{path} exists and {what}.\nGive --out another name, or --force to replace it.")
    return found


def check_same_target(old: "cr.TableModel", columns: tuple[str, ...], task: str, path: Path) -> None:
    """Raise if the model at ``path`` predicts something else."""
    if (old.target.columns, _kind(old.target.task)) == (columns, _kind(task)):
        return
    other = columns if columns != old.target.columns else (*columns, _kind(task))
    name = "-".join([path.stem, *(re.sub(r"\W+", "_", each) for each in other)])[:100]
    raise cr.DataError(
        f"{path} is there already and predicts {_told(old.target.columns, old.target.task)}; this one would predict "
        f"{_told(columns, task)}.\n"
        f"Give it a name of its own, --out {shlex.quote(str(path.with_stem(name)))}, or --force to replace the other."
    )


def place_of(path: Path, model: "cr.TableModel", old: "cr.TableModel | None") -> tuple[Path, str]:
    """Return where a model is to be saved; if that is beside a good one at ``path``, also why."""
    good = old is not None and (old.report.scores is None or old.report.scores.learned)
    ended = model.history.signal if model.history else 0
    if good and model.diverged:
        why = "this training diverged"
    elif good and ended:
        why = f"this training was ended by {signals.Asked(ended).name}"
    elif good and model.report.scores is not None and not model.report.scores.learned:
        why = "the new one does no better than the baseline"
    else:
        return path, ""
    free = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    return next(each for each in free if not each.exists()), why


def _kind(task: str) -> str:
    return "classification" if task in ("binary", "multiclass") else task  # how many classes, the rows decide


def _told(columns: tuple[str, ...], task: str) -> str:
    return f"{', '.join(map(repr, columns[:3]))}{' ...' * (len(columns) > 3)} ({_kind(task)})"
