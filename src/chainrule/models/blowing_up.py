"""Whether a training led away from what it looked for."""

import numpy as np

from chainrule.data.target import Target
from chainrule.train.history import History

FAR = 10.0  # times the cost of a guess: no beginning of a training costs as much


def blown_up(history: History, target: Target) -> str:
    """Say so if no epoch's cost came near that of the same guess in every row, or return ""."""
    guess = _cost_of_guessing(target)
    best = min(history["cost"], default=guess)
    if not best > FAR * guess:
        return ""
    return (
        f"The cost came down to {best:.3g} at best, and the same guess in every row costs {guess:.3g}: "
        "the steps were too long."
    )


def _cost_of_guessing(target: Target) -> float:
    """Return the cost of what is the same in every row: the mean, which is 0 here, or the shares of the classes."""
    if target.task == "regression":
        return 1.0
    shares = np.clip(target.shares, 1e-7, 1 - 1e-7)
    no = (1 - shares) * np.log(1 - shares) if target.task == "multilabel" else 0.0
    return float(-(shares * np.log(shares) + no).sum()) / (len(shares) if target.task == "multilabel" else 1)
