"""A model of a table as a picture: its network, with the names of the features that its columns became."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from chainrule.arguments import public
from chainrule.data.columns import encode
from chainrule.explaining.pictures.networks import network
from chainrule.explaining.pictures.picture import Picture

if TYPE_CHECKING:
    from chainrule.models.table import TableModel


@partial(public, called="TableModel.draw")
def draw(
    model: "TableModel",
    table: Any = None,
    row: int | None = None,
    *,
    names: Sequence[str] = (),
    classes: Sequence[str] = (),
    neuron: tuple[int, int] | None = None,
    labels: Literal["", "names", "values"] = "",
    most: int = 8,
) -> Picture:
    """Draw the network of a model, as :meth:`Network.draw` does, with the names of its features and classes.

    Args:
        model: A model of a table.
        table: Rows with the columns that training saw, a DataFrame; without any, the picture has no values.
        row: Which of them, counted from 0; by default the first.
        names: What the features are called; by default as ``model.columns.names`` has them.
        classes: What the outputs are called; by default the classes, or the target's columns.
        neuron: As of :meth:`Network.draw`.
        labels: Likewise.
        most: Likewise.

    Returns:
        A picture of one panel.

    Raises:
        DataError: If the table lacks columns, or has no such row.
        GraphError: If the network has no such neuron.

    >>> import chainrule as cr
    >>> table, target = cr.load_table("iris")
    >>> model = cr.TableModel.train(table, target, epochs=5)
    >>> model.draw(table, row=0).title
    '3-layer network'
    """
    target = model.target
    called = {"multiclass": target.classes, "binary": target.classes[-1:]}.get(target.task, target.columns)
    return network(
        model.network,
        None if table is None else encode(model.columns, table),
        row,
        names=names or model.columns.names,
        classes=classes or [str(each) for each in called],
        neuron=neuron,
        labels=labels,
        most=most,
    )
