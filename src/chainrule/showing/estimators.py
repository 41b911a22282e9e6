"""What a notebook shows of an estimator below its parameters: the network it has learned, and how the cost fell."""

from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.explaining.pictures.trainings import of_estimator
from chainrule.showing.html import page, sentences, table, title
from chainrule.showing.training import summary_of
from chainrule.shown import counted
from chainrule.train.network import Network
from chainrule.train.progress import number

CURVES = {
    "loss": "loss_curve_",
    "validation loss": "validation_loss_curve_",
    "validation score": "validation_scores_",
}


def below(of: Any) -> str:
    """Return the summary of the network and what was recorded, with a picture; nothing where nothing was learned."""
    network = getattr(of, "network_", None)
    if not isinstance(network, Network):
        return ""
    curves = {name: line for name, line in curves_of(of).items() if len(line)}
    rows = [[name, number(line[0]), number(line[-1])] for name, line in curves.items()]
    shown = table(["", "first epoch", "last"], rows, left=(0,)) if rows else ""
    drawn = of_estimator(of)._repr_html_() if rows else ""
    epochs = max(map(len, curves.values()), default=0)
    heading = title(f"Learned in {counted(epochs, 'epoch')}") if rows else ""
    why = getattr(getattr(of, "history_", None), "stopped", "")
    return page(*summary_of(network), heading, shown, drawn, sentences([why] if why else []))


def curves_of(of: Any) -> dict[str, Sequence[float]]:
    """Return what was recorded of each epoch, by name."""
    history = getattr(of, "history_", None)
    if isinstance(history, Mapping):
        return dict(history)
    return {name: list(getattr(of, attribute, None) or ()) for name, attribute in CURVES.items()}
