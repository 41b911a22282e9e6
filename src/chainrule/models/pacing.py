"""How many networks, and how many epochs of each, there is time for: measured once, and then a choice like others."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.engines.cores import threads
from chainrule.errors import LearningWarning
from chainrule.models.base import Ready, Say, Stages
from chainrule.models.options import Options
from chainrule.models.prepared import Prepared
from chainrule.models.recipe import MEMBERS, within
from chainrule.models.runs import note, noted
from chainrule.shown import counted
from chainrule.train.progress import ends_untold

TRIAL = 0.1  # of the time


def paced(
    name: str, ready: Ready[Prepared], options: Any, stages: Stages, say: Say
) -> tuple[Ready[Prepared], Options]:
    """Return what the recipe does in the time there is; what was measured before a crash holds on.

    Args:
        name: That of the stage.
        ready: What to learn from.
        options: The choices, the time of this stage among them.
        stages: What was done before.
        say: Told what there is time for.
    """
    pace, file = f"{name}, pace", stages.file
    if known := noted(file, pace):
        members, epochs = known["members"], known["epochs"]
    else:
        most = options.members or len(ready.data.folds) or 1
        usual = min(most, MEMBERS)
        epoch = _seconds_of_an_epoch(ready, options)
        members, epochs = within(
            options.time_budget, epoch, min(threads(), usual), options.epochs, usual, most
        )
        if epoch > options.time_budget:
            members, epochs = 1, 0
        if file is not None:
            note(file, pace, {"members": members, "epochs": epochs})
            file.try_to(file.write)
    there = (
        f"time for {counted(members, 'network')} of {counted(epochs, 'epoch')}"
        if epochs
        else "no time for an epoch"
    )
    say(f"There is {there}.")
    data = replace(ready.data, folds=ready.data.folds[:members] if members > 1 else ())
    whole: Any = ready.options
    changes: dict[str, Any] = {"epochs": epochs, "time_budget": None} if epochs else {}  # else time ends it
    settled = [replace(each, members=members, **changes) for each in (whole, options)]
    return replace(ready, data=data, options=settled[0]), settled[1]


def _seconds_of_an_epoch(ready: Ready[Prepared], options: Any) -> float:
    """Return how long a network takes, by trying for a while."""
    (X, y), folds = ready.learn, ready.data.folds
    learn = folds[0][0] if folds else np.arange(len(X))
    with ends_untold(), warnings.catch_warnings():
        warnings.simplefilter("ignore", LearningWarning)
        history = ready.network(options).fit(
            X[learn], y[learn], optimizer=ready.optimizer(options), batch_size=options.batch_size,
            epochs=options.epochs, time_budget=TRIAL * options.time_budget,
        )  # fmt: skip
    times, done = history.times, history.epochs - 1 + history.last_share
    return (times[-1] - times[0]) / (done - 1) if done >= 2 else max(history.seconds / done, 1e-6)
