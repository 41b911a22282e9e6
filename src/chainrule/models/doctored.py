"""The doctor of a table: what ``cr.diagnose`` finds in a network of its training, told in the words of the table.

One network is trained as the training's own are, by its optimizer, on the rows that the first of them learned from; the
rows that judged the training are looked at, to see whether they are others, and no change is chosen by them.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from chainrule.data.target import Target
from chainrule.data.words import row_labels
from chainrule.errors import ChainruleError, warnings_unsaid
from chainrule.explaining.doctor.diagnosing import examined
from chainrule.explaining.doctor.reading import case_of
from chainrule.explaining.doctor.verdict import Verdict, Verdicts
from chainrule.explaining.doctor.work import BUDGET
from chainrule.models.base import Ready
from chainrule.models.fillers import filled
from chainrule.models.members import seed_of
from chainrule.models.options import USUAL_EPOCHS, USUAL_RATE
from chainrule.models.prepared import Prepared, Sorted
from chainrule.models.recipe import patience_for
from chainrule.models.weighing import weights_of
from chainrule.shown import counted, in_a_row
from chainrule.train import optimizers
from chainrule.train.history import History
from chainrule.train.network import Network
from chainrule.train.progress import ends_untold

SHARE_TRIED = 0.4  # of the doctor's time is for changes; the training done again has the rest
OF_TRIAL = ("metric", "before", "after")


@dataclass(frozen=True, eq=False)
class Trained:
    """One network of a training, and how it was made.

    Attributes:
        network: As it was trained.
        X: The rows that it learned from, a column for each feature.
        y: Their targets.
        history: Its training; None where it failed.
        job: What ``fit`` was asked for.
        failed: Why it failed, or "".
    """

    network: Network
    X: pd.DataFrame
    y: np.ndarray
    history: History | None
    job: dict[str, Any]
    failed: str = ""


def doctored(whole: Sorted, ready: Ready[Prepared], work: float = BUDGET) -> Verdicts:
    """Return what is wrong with the training of a table.

    Args:
        whole: The table.
        ready: Its rows, made ready.
        work: How much may be tried, in billionths of a second, about.
    """
    trained = _trained(ready)
    tested = ready.test or ready.validation
    job = dict(trained.job)
    if tested is not None:  # looked at, whether these rows are others
        job["validation_data"] = pd.DataFrame(tested[0], columns=trained.X.columns), tested[1]
    case = case_of(trained.network, trained.X, trained.y, trained.history, job, work)
    said = examined(case, work)
    told = [_told(verdict, whole, ready) for verdict in said]
    suspected = _suspected(ready, told)
    notes = [Verdict("not_examined", "note", trained.failed, "")] if trained.failed else []
    return Verdicts(sorted([*told, *suspected, *notes], key=lambda each: each.severity == "note"), said.tried)


def section(whole: Sorted, ready: Ready[Prepared], seconds: float) -> dict[str, Any]:
    """Return what the report of a training says of it, as data that JSON can hold.

    Args:
        whole: The table.
        ready: Its rows, made ready.
        seconds: How long the doctor may take, about. How much is tried hangs on it by powers of two alone, so that the
            same training is told the same again.
    """
    work = min(BUDGET, 1e9 * 2.0 ** math.floor(math.log2(SHARE_TRIED * seconds)))
    found = doctored(whole, ready, work)
    told = [
        {**each, "trial": each["trial"] and {name: each["trial"][name] for name in OF_TRIAL}}
        for each in found.to_dict()
    ]
    were = f"{counted(found.tried, 'change')} of the training {'was' if found.tried == 1 else 'were'}"
    says = f"{were} tried, and judged by rows that were not learned from."
    says = says if found.tried else "Nothing was suspected that had to be tried."
    return {"says": [says], "tried": found.tried, "found": told}


def _trained(ready: Ready[Prepared]) -> Trained:
    """Train one network as the training does, and stop where it was best."""
    options: Any = ready.options
    X, y = ready.learn
    weights = weights_of(ready.class_weight, y)
    stopping, held = ready.stopping, ready.validation
    rows = np.arange(len(y))
    if ready.data.folds:
        rows, judging = ready.data.folds[0]
        stopping = replace(stopping, patience=patience_for(options.epochs or USUAL_EPOCHS))
        held = X[judging], y[judging]
        options = replace(options, seed=seed_of(options.seed, 0))
    frame, network = pd.DataFrame(X[rows], columns=_unique(ready.data.columns.names)), ready.network(options)
    job: dict[str, Any] = {
        "optimizer": ready.optimizer(options), "batch_size": options.batch_size,
        "epochs": options.epochs or USUAL_EPOCHS,
        "sample_weight": None if weights is None else weights[rows],
    }  # fmt: skip
    watched = {
        "callbacks": [stopping],
        "validation_data": _framed(held, frame),
        "metrics": ready.watched,
    }
    if held is None:
        watched = {}
    try:
        with ends_untold(), warnings_unsaid():
            history = network.fit(frame, y[rows], **job, **watched)
    except ChainruleError as error:
        return Trained(network, frame, y[rows], None, job, f"The training failed: {error}")
    return Trained(network, frame, y[rows], history, {**job, "callbacks": watched.get("callbacks", [])})


def _framed(held: Any, like: pd.DataFrame) -> Any:
    return None if held is None else (pd.DataFrame(held[0], columns=like.columns), *held[1:])


def _unique(names: Sequence[str]) -> list[str]:
    """Return names of features, each once: a column may be called as a feature of another."""
    found: list[str] = []
    for name in names:
        while name in found:
            name += "'"
        found.append(name)
    return found


# --- in the words of the table --------------------------------------------------------------------------


def _told(verdict: Verdict, whole: Sorted, ready: Ready[Prepared]) -> Verdict:
    """Return a verdict with the names of classes and columns, and a choice of the training as its change."""
    target, options = ready.data.target, ready.options
    sentence, evidence = (named(text, target) for text in (verdict.sentence, verdict.evidence))
    change = choice_of(verdict.change, ready)
    if verdict.cause == "bad_imputation" and (found := filled(ready.data.columns, whole.frame)):
        sentence, evidence, change = found.told(verdict.sentence)
    if verdict.cause == "duplicates_across_split" and (rows := _known_rows(whole)):
        evidence = f"{evidence}; of the rows that judge, for example {rows}"
    by_recipe = (
        change and getattr(options, "recipe", False) and not change.startswith(("drop", "missing", "class"))
    )
    return replace(
        verdict,
        sentence=sentence,
        evidence=evidence,
        change=f"{change}, recipe=True" if by_recipe else change,
    )


def named(text: str, target: Target) -> str:
    """Return a sentence with the labels of classes in place of their numbers, and the target in place of y.

    >>> named("class 1 has 9 rows", Target("binary", ("kind",), ("ham", "spam"), (0.5, 0.5)))
    "class 'spam' has 9 rows"
    """

    def label(found: re.Match[str]) -> str:
        number = int(found[1])
        return f"class {str(target.classes[number])!r}" if number < len(target.classes) else found[0]

    text = re.sub(r"\bclass (\d+)\b", label, text) if target.task in ("binary", "multiclass") else text
    return text.replace("look at how y was made", "look at how the target was made").replace(
        "Look at how y was made", "Look at how the target was made"
    )


def choice_of(change: str, ready: Ready[Prepared]) -> str:
    """Return what a change to a fit is as choices of a training on a table, "" where there are none."""
    found = [write(part, ready) for pattern, write in _CHOICES if (part := re.search(pattern, change))]
    return ", ".join(filter(None, found))


def _dropped(found: re.Match[str], ready: Ready[Prepared]) -> str:
    names = re.findall(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", found[1])
    features = {one or other for one, other in names}
    columns = [c.name for c in ready.data.columns.columns if features & set(c.features)]
    return f"drop={columns!r}" if columns else ""


def _descended(found: re.Match[str], ready: Ready[Prepared]) -> str:
    """Return the choices by which an optimizer differs from that of the training."""
    options: Any = ready.options
    rate = re.match(r"(?:cr\.\w+\()?([\d.e+-]+)", found[2])
    usual = getattr(optimizers, found[1], None)
    wanted = float(rate[1]) if rate else getattr(usual, "learning_rate", None)
    clip = re.search(r"clip_norm=([\d.e+-]+)", found[2])
    parts = []
    if wanted is not None and wanted != (options.learning_rate or USUAL_RATE):
        parts.append(f"learning_rate={wanted:g}")
    if (float(clip[1]) if clip else None) != options.clip_norm:
        parts.append(f"clip_norm={float(clip[1]):g}" if clip else "no clip_norm")
    return ", ".join(parts)


def _batch(found: re.Match[str], ready: Ready[Prepared]) -> str:
    return f"batch_size={len(ready.learn[1]) if found[1] == 'None' else found[1]}"


def _deeper(found: re.Match[str], ready: Ready[Prepared]) -> str:
    options: Any = ready.options
    return f"hidden={(*(options.hidden or ()), int(found[1]))!r}"


def _wider(found: re.Match[str], ready: Ready[Prepared]) -> str:
    options: Any = ready.options
    units = tuple(int(found[1]) * each for each in options.hidden or ())
    return f"hidden={units!r}" if units else ""


_CHOICES: tuple[tuple[str, Any], ...] = (
    (r"drop\(columns=(\[.*\])\)", _dropped),
    (r"optimizer=cr\.(\w+)\(((?:[^()]|\([^()]*\))*)\)", _descended),
    (r"batch_size=(\w+)", _batch),
    (r"epochs=(\d+)", lambda found, ready: f"epochs={found[1]}"),
    (r"class_weight='balanced'", lambda found, ready: "class_weight='balanced'"),
    (r"\bno dropout\b", lambda found, ready: "dropout=0"),
    (r"activation=('\w+')\sin\sthe\shidden", lambda found, ready: f"activation={found[1]}"),
    (r"cr\.Dense\((\d+).* before the last layer", _deeper),
    (r"(\d+) times as many units", _wider),
)


def _known_rows(whole: Sorted, most: int = 5) -> str:
    """Return the names of rows that judge and are learned from as well."""
    judges = whole.frame.iloc[whole.rows.test] if whole.judges is None else whole.judges
    learned = whole.frame.iloc[np.concatenate([whole.rows.learn, whole.rows.validation])]
    names = [name for name in learned if name in judges]
    if not len(judges) or not names:
        return ""
    hashes = [pd.util.hash_pandas_object(t[names].astype(str), index=False) for t in (learned, judges)]
    rows = row_labels(judges.index[hashes[1].isin(hashes[0]).to_numpy()])
    return in_a_row([f"row {row}" for row in rows[:most]], 80) if len(rows) else ""


def _suspected(ready: Ready[Prepared], told: Sequence[Verdict]) -> list[Verdict]:
    """Return verdicts on columns that the plan calls suspects: each alone tells the target."""
    if any(verdict.cause == "target_leakage" for verdict in told):
        return []
    columns = ready.data.columns
    found = [each for each in columns.plan if each.kind == "leak suspect"]
    alone = len(columns.columns) == len(found)
    return [
        Verdict(
            "target_leakage", "note" if alone else "warning",
            f"The column {each.name!r} {each.says.rpartition('; ')[2]}. If it is known only together with the target, "
            "it will not be there when the model is used.",
            each.says.rpartition("; ")[2], f"drop={[each.name]!r}",
        )
        for each in found
    ]  # fmt: skip
