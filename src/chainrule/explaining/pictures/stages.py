"""A network as the stages that its pictures show: each use of a layer, what it takes, and what is said of it."""

from dataclasses import dataclass
from math import prod
from typing import Any

from chainrule.errors import ChainruleError
from chainrule.graph.node import Node
from chainrule.graph.shapes import Extent
from chainrule.graph.walk import order
from chainrule.nn.activations import activation_name
from chainrule.nn.architecture import Architecture, LoopMark
from chainrule.nn.calls import Call


@dataclass(frozen=True)
class Stage:
    """An input or a use of a layer, as it is drawn.

    Attributes:
        label: What it is called.
        kind: "Conv2D"; "input" for what is given.
        takes: The places of the stages that it is computed from, in the order of all.
        shape: Of its output for one example; a name where an axis is open.
        node: Its output.
        about: What is said of it: its window, its activation.
        parameters: How many numbers it learns or keeps.
        call: The use of the layer; None for an input.
    """

    label: str
    kind: str
    takes: tuple[int, ...]
    shape: tuple[int | str, ...]
    node: Node
    about: tuple[str, ...] = ()
    parameters: int = 0
    call: Call | None = None

    @property
    def size(self) -> str:
        """Its shape, as pictures write it: "26×26×8"."""
        return "×".join(map(str, self.shape)) or "1"


def stages_of(architecture: Architecture) -> list[Stage]:
    """Return the inputs and layers of a network, what they take before them; what a layer is made of is not told."""
    calls = architecture.calls
    inner: set[str] = set()
    label_of = {node: label for label, node in architecture.outputs.items()}
    for label, call in calls.items():
        within = [n for n in order([architecture.outputs[label]], stop=call.inputs) if n not in call.inputs]
        inner |= {label_of[n] for n in within if n in label_of and label_of[n] != label}
        marks = [n.meaning.labels for n in within if isinstance(n.meaning, LoopMark)]
        inner |= {each for labels in marks for each in labels if each != label}
    found = [Stage(name, "input", (), _shape(node), node) for name, node in architecture.inputs.items()]
    place = {stage.node: number for number, stage in enumerate(found)}
    counted: set[Node] = set()
    for label, call in calls.items():
        if label in inner:
            continue
        node = architecture.outputs[label]
        before = order(call.inputs, stop=place)
        # further outputs of a layer (its states) lead to the layer too
        takes = dict.fromkeys(place[n] for n in before if n in place)
        new = [w for w in _parameters(architecture, label, inner) if w not in counted]
        counted.update(new)
        found.append(
            Stage(
                label, type(call.layer).__name__, tuple(takes), _shape(node), node,
                _about(call.layer), sum(prod(w.shape) for w in new), call,
            )
        )  # fmt: skip
        place[node] = len(found) - 1
    return found


def _parameters(architecture: Architecture, label: str, inner: set[str]) -> list[Node]:
    """Return what a use of a layer learns or keeps, with what it is made of."""
    call = architecture.calls[label]
    nodes = order([architecture.outputs[label]], stop=call.inputs)
    own = list(call.parameters)
    for other in inner:
        if architecture.outputs[other] in nodes:
            own += architecture.calls[other].parameters
    return own


def _shape(node: Node) -> tuple[int | str, ...]:
    return tuple([e.name if isinstance(e, Extent) else e for e in node.shape[1:]])


def _about(layer: Any) -> tuple[str, ...]:
    """Return what is said of a layer: its window, where it steps by more than one, its rate, its activation."""
    inside = getattr(layer, "layer", layer)  # of one that is wrapped
    found: list[str] = []
    window = (
        getattr(inside, "kernel_size", None)
        or getattr(inside, "pool_size", None)
        or getattr(inside, "size", None)
    )
    if window is not None:
        dimensions = int(next((c for c in type(inside).__name__ if c.isdigit()), "1"))
        strides = getattr(inside, "strides", None)
        text = _times(window, dimensions)
        stepping = strides is not None and hasattr(inside, "kernel_size") and _times(strides, dimensions)
        found.append(text + (f" / {stepping}" if stepping and set(stepping) - set("1×") else ""))
    rate = getattr(inside, "rate", None)
    if isinstance(rate, int | float):
        found.append(f"{rate:g}")
    if hasattr(inside, "activation"):
        name = _activation(inside)
        found += [] if name in ("identity", "") else [name]
    return tuple(found)


def _activation(layer: Any) -> str:
    try:
        return activation_name(layer.activation)
    except ChainruleError:
        return getattr(layer.activation, "__name__", "")


def _times(window: Any, dimensions: int) -> str:
    lengths = window if isinstance(window, tuple | list) else (window,) * dimensions
    return "×".join(map(str, lengths))


def is_chain(stages: list[Stage]) -> bool:
    """Say whether each stage takes what the one before it gives, and nothing else."""
    return all(stage.takes == ((number - 1,) if number else ()) for number, stage in enumerate(stages))
