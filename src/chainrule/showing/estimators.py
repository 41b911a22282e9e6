"""What a notebook shows of an estimator below its parameters: the network it has learned, and how the cost fell."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from chainrule.showing.html import page, sentences, table, title
from chainrule.showing.training import summary_of
from chainrule.shown import counted
from chainrule.train.network import Network
from chainrule.train.progress import number

BARS = "▁▂▃▄▅▆▇█"
CURVES = {
    "loss": "loss_curve_",
    "validation loss": "validation_loss_curve_",
    "validation score": "validation_scores_",
}
WIDTH = 40  # bars of a line, each the mean of its epochs


def below(of: Any) -> str:
    """Return the summary of the network and the lines of what was recorded; nothing where nothing was learned."""
    network = getattr(of, "network_", None)
    if not isinstance(network, Network):
        return ""
    curves = {name: line for name, line in curves_of(of).items() if len(line)}
    rows = [[name, sparkline(line), number(line[0]), number(line[-1])] for name, line in curves.items()]
    shown = table(["", "by epoch", "first", "last"], rows, left=(0, 1)) if rows else ""
    epochs = max(map(len, curves.values()), default=0)
    heading = title(f"Learned in {counted(epochs, 'epoch')}") if rows else ""
    why = getattr(getattr(of, "history_", None), "stopped", "")
    return page(*summary_of(network), heading, shown, sentences([why] if why else []))


def curves_of(of: Any) -> dict[str, Sequence[float]]:
    """Return what was recorded of each epoch, by name."""
    history = getattr(of, "history_", None)
    if isinstance(history, Mapping):
        return dict(history)
    return {name: list(getattr(of, attribute, None) or ()) for name, attribute in CURVES.items()}


def sparkline(line: Sequence[float]) -> str:
    """Return numbers as bars, at most forty; what is not finite is a gap.

    >>> sparkline([4.0, 2.0, 1.0, 0.0])
    '█▅▃▁'
    """
    count = min(len(line), WIDTH)
    cut = [len(line) * i // count for i in range(count + 1)] if count else [0]
    means = [sum(line[a:b]) / (b - a) for a, b in pairwise(cut)]
    finite = [mean for mean in means if abs(mean) < float("inf")]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    step = (high - low) / (len(BARS) - 1)

    def bar(mean: float) -> str:
        if not abs(mean) < float("inf"):
            return " "
        return BARS[round((mean - low) / step) if step else 0]

    return "".join(map(bar, means))
