"""Whether what a network puts out says which class an example is of."""

from typing import Any

import numpy as np

from chainrule.errors import GraphError
from chainrule.graph.node import Node
from chainrule.graph.ranges import range_of
from chainrule.nn import losses
from chainrule.nn.architecture import Architecture
from chainrule.nn.reading import output_kind
from chainrule.train import store


def check_gives_classes(architecture: Architecture, loss: Any) -> None:
    """Raise if a network predicts numbers and no classes: neither its loss nor its range is one of probabilities.

    ``loss`` is that of the last fit, or None.
    """
    if is_share(architecture.output) or losses.of_classes(_name(loss)):
        return
    kind = output_kind(architecture)
    ends = f"ends with the activation '{kind}'" if kind not in ("", "identity") else "ends with no activation"
    learned = f" and learned with the loss '{_name(loss)}'" if loss is not None else ""
    raise GraphError(
        f"This network {ends}{learned}: it predicts numbers, and no classes. They are what network.predict(X) returns. "
        "For classes end it with 'sigmoid' (two) or 'softmax' (several); where its loss takes logits, the classes are "
        "network.predict(X) > 0, or network.predict(X).argmax(axis=1)."
    )


def gives_labels(architecture: Architecture, loss: Any) -> bool:
    """Say whether the outputs of a network are the probabilities of classes of which one is right."""
    return output_kind(architecture) == "softmax" or losses.targets_of(_name(loss)) == "labels"


def gives_yes_or_no(architecture: Architecture, loss: Any) -> bool:
    """Say whether the only output of a network is the probability of one of two classes."""
    name = _name(loss)
    only = architecture.output.shape[1:] in ((), (1,)) and output_kind(architecture) == "sigmoid"
    return only and (not name or losses.targets_of(name) == "probabilities")


def is_share(output: Node) -> bool:
    """Say whether an output is known to be from 0 to 1."""
    known = range_of(output)
    return known.low >= 0 and known.high <= 1


def classes_of(p: np.ndarray, labels: bool) -> np.ndarray:
    """Return the classes that outputs say: the largest of the probabilities of ``labels``, else yes or no."""
    if labels:
        return p.argmax(axis=-1)
    classes = (p > 0.5).astype(np.int64)
    return classes[..., 0] if p.ndim > 1 and p.shape[-1] == 1 else classes


def _name(loss: Any) -> str:
    if loss is None:
        return ""
    return loss.name if isinstance(loss, store.Missing) else losses.describe_loss(loss)
