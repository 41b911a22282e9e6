"""The engine that has a program's work done first, its share of the time to compile it included."""

import math
from collections.abc import Mapping, Sequence
from weakref import WeakKeyDictionary

from chainrule.engines.registry import ENGINES, REFERENCE, Cost, missing, warn_of_missing
from chainrule.graph.closed import Program
from chainrule.graph.contraction import summed
from chainrule.graph.node import Node
from chainrule.graph.shapes import Extent, Shape
from chainrule.graph.siblings import siblings

Lengths = Mapping[Extent, int] | int  # of the open axes; a single one is that of all

# An engine is loaded once a process and its code compiled once a machine, but whether that was done may not be asked:
# the same call has the same bits. So a run bears a share of it, as one of several. Where it is the only one of its
# process, and just worth it, that waits a tenth of a second longer, a third of what starting and importing take; where
# it is one of ten, or of hundreds (folds, settings, seeds), a larger share would make them all slower, up to 20 times.
RUNS = 5


class Work:
    """What a program takes on an engine, by the lengths of its open axes."""

    def __init__(self, working: Sequence[tuple[Node, Shape]], cost: Cost) -> None:
        self.start: float = (cost.start + cost.node * len(working)) / RUNS
        terms: dict[tuple[Extent, ...], float] = {}
        for node, times in working if cost.call or cost.addition or cost.product else ():
            for sizes, each in ((times, cost.call), _work(node, times, cost)):
                fixed = math.prod([e for e in sizes if not isinstance(e, Extent)])
                extents = tuple([e for e in sizes if isinstance(e, Extent)])
                terms[extents] = terms.get(extents, 0.0) + each * fixed
        self._terms = [(extents, seconds) for extents, seconds in terms.items() if seconds]

    def seconds(self, steps: int, lengths: Lengths) -> float:
        """Return how long so many steps take."""
        total = 0.0
        for extents, seconds in self._terms:
            for e in extents:
                seconds *= lengths if isinstance(lengths, int) else lengths[e]
            total += seconds
        return self.start + steps * total


def _work(node: Node, times: Shape, cost: Cost) -> tuple[Shape, float]:
    """Return at how many places a node does its work, over all the times that it is done, and what each place takes."""
    if node.primitive.name == "contract":
        return (*times, *node.shape, *summed(node.inputs[0].shape, node.attributes["spec"])), cost.product
    return (*times, *node.shape), cost.addition * node.primitive.work(node.attributes)


def working(nodes: Sequence[Node], times: Shape = ()) -> list[tuple[Node, Shape]]:
    """Return what computes something, and how often: what a step of a loop does, as often as the loop has steps."""
    families = siblings(nodes)
    found: list[tuple[Node, Shape]] = []
    for node in nodes:
        if node not in families:
            found += [(node, times)] if node.inputs else []
        elif node is families[node][0]:
            found += working(node.attributes["body"].nodes, (*times, node.attributes["length"]))
    return found


# A network like one before has the same training step; to add up its work takes longer than a step.
_known: WeakKeyDictionary[Program, tuple[Mapping[str, Cost] | None, dict[str, Work]]] = WeakKeyDictionary()


def work_of(program: Program) -> dict[str, Work]:
    """Return what a program takes on each engine that may be chosen, the reference first: whether another one can run
    here is asked only where it would be done before.
    """
    engines = sorted(ENGINES.values(), key=lambda engine: engine.name != REFERENCE)
    costs = {e.name: e.cost for e in engines if e.cost}
    known, found = _known.get(program, (None, {}))
    if known != costs:
        done = working(program.nodes)
        found = {name: Work(done, cost) for name, cost in costs.items()}
        _known[program] = costs, found
    return found


def choose(work: Mapping[str, Work], steps: int, lengths: Lengths) -> str:
    """Return the engine that has so many steps done first.

    It goes by the size of the work alone, never by what happened before: the same call gives the same bits. A run is
    taken to be one of ``RUNS``.
    """
    lacking: list[str] = []
    best, least = REFERENCE, math.inf
    for name, each in work.items():
        if each.start < least and (seconds := each.seconds(steps, lengths)) < least:
            if missing(name):
                lacking.append(name)
            else:
                best, least = name, seconds
    if lacking and best == REFERENCE:  # while another engine does the work, nobody misses one
        warn_of_missing(lacking[0])
    return best
