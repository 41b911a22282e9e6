"""A model file that is there already: none of another target is replaced, and no good one by one that went wrong.

The new model is in its run, whatever becomes of ``--out``.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import chainrule as cr
from chainrule import signals
from chainrule.terminal import quoted


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


def check_target(old: "cr.TableModel", target: Sequence[str], path: Path) -> None:
    """Raise if the columns that are to be predicted are others than those of the model at ``path``."""
    apart = [part.strip() for name in target for part in name.split(",")]
    if old.target.columns in (tuple(target), tuple(apart)):
        return
    name = "-".join([path.stem, *(re.sub(r"\W+", "_", each) for each in target)])[:100]
    raise cr.DataError(
        f"{path} is there already and predicts {_told(old.target.columns, old.target.task)}; this one would predict "
        f"{', '.join(map(repr, target))}.\n"
        f"Give it a name of its own, --out {quoted(str(path.with_stem(name)))}, or --force to replace the other."
    )


def why_kept(model: "cr.TableModel", old: "cr.TableModel | None") -> str:
    """Return why a new model does not take the place of an old one, or ""."""
    if old is None:
        return ""
    if (old.target.columns, _kind(old.target.task)) != (model.target.columns, _kind(model.target.task)):
        return f"it predicts {_told(old.target.columns, old.target.task)}"
    if old.report.scores is not None and not old.report.scores.learned:
        return ""
    if model.diverged:
        return "this training diverged"
    if ended := model.history.signal if model.history else 0:
        return f"this training was ended by {signals.Asked(ended).name}"
    if model.report.scores is not None and not model.report.scores.learned:
        return "the new one does no better than the baseline"
    return ""


def _kind(task: str) -> str:
    return "classification" if task in ("binary", "multiclass") else task  # how many classes, the rows decide


def _told(columns: tuple[str, ...], task: str) -> str:
    return f"{', '.join(map(repr, columns[:3]))}{' ...' * (len(columns) > 3)} ({_kind(task)})"
