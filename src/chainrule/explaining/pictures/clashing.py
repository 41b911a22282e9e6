"""Where shapes clash: the network, or the graph, up to the point of failure, with what was given there."""

from collections.abc import Sequence

from chainrule.errors import GraphError, ShapeError
from chainrule.explaining.pictures.folding import folds, steps
from chainrule.explaining.pictures.layers import Part, folded, parts_of, said
from chainrule.explaining.pictures.picture import Picture
from chainrule.explaining.pictures.resolving import Resolved
from chainrule.explaining.pictures.sketching import Joint, Shape, sketch
from chainrule.explaining.pictures.stacks import stacked
from chainrule.graph.node import Node
from chainrule.graph.shapes import show as show_shape
from chainrule.graph.walk import order
from chainrule.nn.calls import Call
from chainrule.nn.layers.base import Layer
from chainrule.nn.naming import labels_of
from chainrule.shown import counted, cut

TITLE = "Where shapes clash"


def in_failure(error: ShapeError, width: float) -> Picture:
    """Return the picture of what a graph was made of when shapes did not fit.

    Raises:
        GraphError: If the error does not say where it was raised.
    """
    if error.where is None:
        raise GraphError(
            "This error does not say in which graph it was raised, so there is nothing to draw up to it. Its message "
            f"says what does not fit: {cut(str(error), 200)}"
        )
    what, given = error.where
    message = str(error).split("\n")[0]
    given = tuple(x for x in given if isinstance(x, Node))
    name = said(what) if isinstance(what, Layer) else what
    if isinstance(what, Layer) or any(isinstance(n.meaning, Call) for n in order(given)):
        return _of_layers(name, given, message, width)
    return _of_nodes(name, given, message, width)


def _of_layers(name: str, given: Sequence[Node], message: str, width: float) -> Picture:
    """Return the layers up to what cannot be built on what it was given."""
    nodes = order(given)
    marks = [n for n in nodes if isinstance(n.meaning, Call)]
    labels = labels_of([n.meaning.layer for n in marks])
    inputs = {n.name: n for n in nodes if n.primitive.name == "input" and n.shape}
    calls = dict(zip(labels, [n.meaning for n in marks], strict=True))
    outputs = dict(zip(labels, marks, strict=True))
    network = Resolved(given[0], given[0], None, "", inputs, calls, outputs, {}, None)
    built = parts_of(network, given)
    at = {n: i for i, (n, _) in enumerate(built)}
    shapes = " and ".join(show_shape(x.shape) for x in given)
    broken = Part(f"✗ {name}", ("fails here", f"given {shapes}"), "result", tuple(at[x] for x in given))
    found = folded([*(part for _, part in built), broken])
    words = f"{counted(len(built), 'step')} fit; {name} fails, given {shapes}. {message}"
    return stacked(found, width, TITLE, words, (message,), broken.name)


def _of_nodes(name: str, given: Sequence[Node], message: str, width: float) -> Picture:
    """Return the graph up to a row whose inputs do not fit each other."""
    found = steps(list(given), folds(list(given)), called=True)
    place = {n: i for i, step in enumerate(found) for n in step.nodes}
    shapes = []
    for s in found:
        texts = tuple(filter(None, (s.name, s.formula)))
        shapes.append(Shape(texts, "step" if s.node.inputs else "leaf", s.name))
    joints = [Joint(i, j, show_shape(x.shape)) for j, step in enumerate(found) for i, x in step.inputs]
    shapes.append(Shape((f"✗ {name}", "does not fit"), "result", colour="wrong"))
    joints += [Joint(place[x], len(found), show_shape(x.shape), colour="wrong") for x in dict.fromkeys(given)]
    panel, _ = sketch(shapes, joints, width)
    words = f"{counted(len(found), 'step')} fit; then {message}"
    return Picture((panel,), TITLE, words, 1, (message,))
