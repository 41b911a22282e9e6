"""The computation graph as a picture: leaves at the left, operations, values above each line, gradients below it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

from chainrule.arguments import public
from chainrule.errors import GraphError, ShapeError, short, unknown_name
from chainrule.explaining.pictures.clashing import in_failure
from chainrule.explaining.pictures.flows import Flows, flows
from chainrule.explaining.pictures.folding import folds, steps
from chainrule.explaining.pictures.picture import Picture
from chainrule.explaining.pictures.resolving import resolved
from chainrule.explaining.pictures.scalars import scalars
from chainrule.explaining.pictures.sketching import WIDE, sketch
from chainrule.explaining.pictures.stacks import in_layers
from chainrule.explaining.pictures.telling import Labels
from chainrule.graph.node import Node, NodeLike, nodes_of
from chainrule.graph.walk import order
from chainrule.train.network import Network
from chainrule.transform.unroll import unroll as written_out

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from chainrule.nn.kinds import LossLike
    from chainrule.train.kinds import Data

FEW, SHORT = (
    3,
    14,
)  # numbers of an array that stand on a line, in so many letters; of a larger one its shape does
MOST_BOXES = 400
MANY = 60  # nodes of a graph that takes several rows for sure
SMALL_GRAPH = 12  # boxes of a graph whose leaves stand in the first column


Fold = Literal["auto", "layers", "steps", "operations", "scalars"]


@public
def draw(
    J: "NodeLike | Sequence[NodeLike] | Network | ShapeError",
    wrt: NodeLike | Sequence[NodeLike] | None = None,
    feed: "Mapping[Node, ArrayLike] | None" = None,
    *,
    X: "Data | None" = None,
    y: "ArrayLike | None" = None,
    loss: "LossLike" = None,
    fold: Fold = "auto",
    gradients: bool = True,
    values: bool = True,
    direction: Literal["forward", "backward"] = "forward",
    step: int | None = None,
    unroll: bool | int = False,
    width: float = WIDE,
) -> Picture:
    """Draw a computation graph: values above each line, and below it what flows back along it.

    Args:
        J: A node, or several; or a network. Of a :class:`ShapeError` that was caught what fits is drawn, up to where
            it fails.
        wrt: The node, or nodes, to differentiate by; by default all.
        feed: A value for each input. Without it a graph that has inputs is drawn without numbers.
        X: Of a network: rows, as in :meth:`Network.fit`, whose values are shown.
        y: Their targets: the cost is drawn then, and what flows back from it.
        loss: By default the one of the last fit.
        fold: What a box is: of a network a layer, with "steps" what has a name, with "operations" each operation, with
            "scalars" each number of each array. "auto" takes layers, or names where there are some inside the graph.
        gradients: Whether gradients are shown, where J is a single number.
        values: Whether values are shown.
        direction: "backward" turns the arrows round, and writes on each what it multiplies by: the local derivative.
        step: Show so many numbers only, in the order in which they are computed: first values, then gradients.
        unroll: Whether loops are written out, step after step; a number for those of an open length.
        width: How wide it may be, in CSS pixels, from 400 to 860; a longer graph goes on in a row below.

    Returns:
        A picture: a notebook shows it, ``.save("graph.svg")`` keeps it.

    Raises:
        GraphError: If J is no node, an input of ``feed`` is none, or a setting makes no sense; in scalars, if there
            would be too many boxes.
        ShapeError: If a value has another shape than its input.
        DataError: If X or y does not fit the network.
        UnknownNameError: If there is no such fold or direction.

    >>> a, b, c = cr.variable(5.0, "a"), cr.variable(3.0, "b"), cr.variable(2.0, "c")
    >>> u = (b * c).named("u")
    >>> v = (a + u).named("v")
    >>> picture = cr.draw((3 * v).named("J"))
    >>> picture.words
    'The computation graph of J: u = b · c = 6; v = a + u = 11; J = 3 · v = 33. dJ/da = 3, dJ/db = 6, dJ/dc = 9.'

    A network by its layers, and one whose shapes clash:

    >>> network = cr.Network([cr.Dense(4, "relu"), cr.Dense(1, "sigmoid")], input_shape=3, seed=0)
    >>> cr.draw(network).words
    'The graph of a network of 3 steps, 21 parameters: Dense(4, relu), Dense(1, sigmoid).'
    >>> try:
    ...     cr.Network([cr.Dense(4), cr.Conv1D(2, 3)], input_shape=3)
    ... except cr.ShapeError as error:
    ...     picture = cr.draw(error)
    >>> print(picture.words.split(".")[0])
    2 steps fit; Conv1D(2, kernel_size=3) fails, given (batch, 4)
    """
    if not 400 <= width <= 860:
        raise GraphError(f"draw: width is from 400 to 860 pixels; found {short(width)}.")
    for name, chosen, known in (
        ("fold", fold, get_args(Fold)),
        ("direction", direction, ("forward", "backward")),
    ):
        if chosen not in known:
            raise unknown_name(name, chosen, known)
    if isinstance(J, ShapeError):
        return in_failure(J, width)
    if isinstance(J, Network):
        if feed is not None:
            raise GraphError(
                "draw: feed gives values to inputs of a graph; the rows of a network are X=, with y=."
            )
        network = resolved(J, X, y, loss)
        single = wrt is not None or step is not None or unroll or direction == "backward"
        if fold == "layers" and single:
            raise GraphError(
                "draw: wrt, step, unroll and direction speak of single steps, which layers fold away. Take "
                "fold='steps' or 'operations' with them."
            )
        if fold == "layers" or (fold == "auto" and not single):
            return in_layers(network, width, values, gradients)
        J, feed = network.end, network.feed
    elif X is not None or y is not None or loss is not None or fold == "layers":
        raise GraphError(
            "draw: X, y, loss and fold='layers' go with a network: cr.draw(network, X=X, y=y). A graph is given "
            "values by feed={x: ...}."
        )
    ends = nodes_of(J, "draw")
    if not ends:
        raise GraphError("draw takes a node, or several; found none.")
    given = _checked(ends, feed)
    if unroll:
        ends = written_out(ends, None if unroll is True else unroll)
    by = None if wrt is None else nodes_of(wrt, "draw")
    if fold == "scalars":
        if given is None:
            raise GraphError("In scalars a graph is drawn of rows: give feed={x: ...}, or X= of a network.")
        count = len(ends)
        found, given = scalars([*ends, *(by or [])], given)
        ends, by = found[:count], None if by is None else found[count:]
        fold = "auto"
    return picture_of(ends, by, given, fold, gradients, values, direction, step, width)


def picture_of(
    ends: Sequence[Node],
    wrt: Sequence[Node] | None,
    given: Mapping[Node, Any] | None,
    fold: str,
    gradients: bool,
    values: bool,
    direction: str,
    step: int | None,
    width: float,
) -> Picture:
    """Return the picture of a graph; it is drawn again with names where it takes several rows."""
    how: Any = folds(ends) if fold == "auto" else fold
    called = direction == "backward" or len(order(ends)) > MANY
    found = steps(ends, how, called)
    if len(found) > MOST_BOXES:
        raise GraphError(
            f"This graph would have {len(found):,} boxes, and a drawing has up to {MOST_BOXES}. Name the steps that "
            "matter, u.named('u'), and take fold='steps'; of a network take fold='layers'."
        )
    J = ends[0] if len(ends) == 1 and ends[0].shape == () and ends[0].dtype.kind == "f" else None
    running = (
        Flows()
        if given is None
        else flows(found, J if gradients or direction == "backward" else None, wrt, given)
    )
    told = Labels(found, ends, running, values, gradients, direction == "backward", step)
    panel, placed = sketch(*told.drawn(), width, len(found) <= SMALL_GRAPH, told.backward)
    if placed.rows > 1 and not called:
        found = steps(ends, how, True)
        told = Labels(found, ends, running, values, gradients, told.backward, step)
        panel, _ = sketch(*told.drawn(), width, False, told.backward)
    return Picture((panel,), told.title, told.words(), columns=1, notes=told.notes())


def _checked(ends: Sequence[Node], feed: Mapping[Node, Any] | None) -> dict[Node, Any] | None:
    """Return the values of inputs; None where there are inputs and nobody gave any."""
    given = dict(feed or {})
    for node in given:
        if not isinstance(node, Node) or node.primitive.leaf != "given":
            raise GraphError(
                f"feed gives values to inputs, and '{short(node)}' is none. Write feed={{x: 3.0}}."
            )
    needed = [n for n in order(ends) if n.primitive.name == "input"]
    return None if needed and feed is None else given
