"""What an output is, and how it moves, where parts of what a network is given are others: of many rows, on any engine.

Whole numbers that an embedding turns into rows of numbers do not move by a little, and nothing is no word; so it is
these rows that move and become nothing, and what the numbers of a word do is added up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import NoDerivativeError
from chainrule.explaining.subjects import Looked
from chainrule.graph.closed import Program, replaced
from chainrule.graph.evaluate import Arrays
from chainrule.graph.node import Node, input
from chainrule.nn.architecture import Architecture
from chainrule.nn.layers.embedding import Embedding
from chainrule.nn.reading import at, looking_state
from chainrule.train.programs import Prediction
from chainrule.transform.backprop import grad

_BLOCKED = (
    "So there is no gradient by what this network is given; occlusion needs none: "
    "cr.attributions(network, X, method='occlusion')."
)


@dataclass(frozen=True, eq=False)
class Place:
    """Where what a network is given can be replaced.

    Attributes:
        name: The input that it belongs to.
        node: The node: the input itself, or what an embedding makes of it.
        leaf: What stands for it in a program.
        embedded: Whether its last axis is what a word has become.
    """

    name: str
    node: Node
    leaf: Node
    embedded: bool

    @property
    def moves(self) -> bool:
        """Whether its numbers can move by a little."""
        return self.node.dtype.kind == "f"


def places_of(architecture: Architecture) -> list[Place]:
    """Return the places of an architecture: for each input what embeddings make of it, or the input itself."""
    found: list[Place] = []
    for name, x in architecture.inputs.items():
        calls = [(label, call) for label, call in architecture.calls.items() if x in call.inputs]
        embedding = [label for label, call in calls if isinstance(call.layer, Embedding)]
        for label in embedding:
            node = architecture.outputs[label]
            found.append(Place(name, node, input(f"{name} of {label}", node.shape, node.dtype), True))
        if not embedding or len(embedding) < len(calls):
            found.append(Place(name, x, x, False))
    return found


class Outcome(Prediction):
    """The explained output of rows as a program, then perhaps its gradients; its last input says which output."""

    def __init__(self, program: Program, places: Sequence[Place], moving: Sequence[Place]) -> None:
        super().__init__(program)
        self.places: Sequence[Place] = places
        self.moving: Sequence[Place] = moving


@dataclass(frozen=True, eq=False)
class Sensing:
    """Rows whose parts may be replaced.

    Attributes:
        looked: The rows.
        outcome: What computes the explained output.
    """

    looked: Looked
    outcome: Outcome

    def of(self, arrays: Arrays, nothing: bool = False) -> Arrays:
        """Return what stands at each place where the network is given some arrays.

        ``nothing`` says that these are the baseline that nobody chose: then a word is one of zeros.
        """
        programs = self.looked.programs
        given = dict(zip(programs.architecture.inputs, arrays, strict=True))
        inside = tuple(p.node for p in self.outcome.places if p.embedded)
        found = iter(
            programs.outputs(programs.prediction(("places", inside), inside), arrays) if inside else []
        )
        each = [next(found) if p.embedded else given[p.name] for p in self.outcome.places]
        return [
            np.zeros_like(x) if p.embedded and nothing else x
            for p, x in zip(self.outcome.places, each, strict=True)
        ]

    def at(self, points: Arrays, rows: np.ndarray) -> tuple[np.ndarray, Arrays]:
        """Return the explained output in the owner's units, and the gradients that there are, in the network's own.

        Args:
            points: What stands at each place, ``(n, ...)``.
            rows: Which row each point is one of, ``(n,)``: what is no place is that of the row.
        """
        looked = self.looked
        given = dict(zip(looked.programs.architecture.inputs.values(), looked.arrays, strict=True))
        leaves = dict(zip([p.leaf for p in self.outcome.places], points, strict=True))
        every = [leaves[n] if n in leaves else given[n][rows] for n in self.outcome.program.inputs[:-1]]
        chosen, *slopes = looked.programs.outputs(self.outcome, [*every, looked.picked[rows]])
        return looked.in_units(chosen, rows), slopes


def sensing(looked: Looked, slopes: bool) -> Sensing:
    """Return rows whose parts may be replaced, with ``slopes`` the gradient by these too."""
    programs = looked.programs
    architecture = programs.architecture

    def build() -> Outcome:
        places = places_of(architecture)
        by = {p.node: p.leaf for p in places}
        (output,) = at(replaced([architecture.output], by), training=False)
        picked = input("picked", output.shape, output.dtype)
        chosen: Any = np.sum(output * picked, axis=tuple(range(1, output.ndim)))
        moving = [p for p in places if p.moves] if slopes else []
        try:
            found = grad(np.sum(chosen), [p.leaf for p in moving]) if moving else []
        except NoDerivativeError as error:
            raise NoDerivativeError(f"{error} {_BLOCKED}") from None
        others = [x for x in architecture.inputs.values() if x not in by]
        state = looking_state(architecture)
        program = Program((*by.values(), *others, picked), state, (chosen, *found), state)
        return Outcome(program, places, moving)

    outcome: Any = programs.predictions.get(("explained", slopes), build)
    if slopes and not outcome.moving:
        raise NoDerivativeError(f"This network is given whole numbers, which no embedding takes. {_BLOCKED}")
    return Sensing(looked, outcome)
