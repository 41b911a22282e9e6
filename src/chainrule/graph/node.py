"""The node: one step of a computation, recorded. NumPy's own functions, called on nodes, make nodes.

A node is frozen and holds no values: a *run* of the graph holds them. A variable is a frozen node that points
to a cell, whose value training replaces. Nodes compare and hash by identity.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from types import MethodType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from chainrule.arguments import public
from chainrule.doors import Door, late
from chainrule.errors import GraphError, ShapeError, UnsupportedError, deprecated, short
from chainrule.graph import show
from chainrule.graph.evaluate import evaluate, leaf_key as leaf_key
from chainrule.graph.numbers import numbers, value_for
from chainrule.graph.operators import Methods, Operators, opened
from chainrule.graph.primitives.primitive import Primitive, floating
from chainrule.graph.shapes import Extent, Shape, check_rank
from chainrule.graph.table import TABLE
from chainrule.graph.walk import order

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike


class Cell:
    """What a variable points to: a value that training replaces."""

    __slots__ = ("value",)

    def __init__(self, value: np.ndarray) -> None:
        self.value: np.ndarray[Any, Any] = value

    def copy(self) -> "Cell":
        """Return another that holds the same value for now."""
        return Cell(self.value)


class Symbol:
    """What makes an input itself: copies of the node share it, as copies of a variable share its cell."""

    __slots__ = ()


class OpenExtent(Extent, Operators["Node"]):
    """An open extent that can be computed with: in ``1 / x.shape[0]`` it becomes a node."""

    __array_ufunc__ = None  # arrays leave the operator to us
    __index__ = late("chainrule.graph.guests:endless")


class Node(Operators["Node"], Methods["Node"]):
    """One step of a computation: a row of the table applied to inputs.

    Operators, and NumPy's functions called on nodes, make nodes; :func:`variable`, :func:`constant` and :func:`input`
    make those that they begin with. They have NumPy's methods too (``x.sum(axis=0)``, ``x.reshape(-1)``), are frozen,
    and equal only to themselves.

    Attributes:
        primitive: Its row of the table.
        inputs: The nodes it is applied to.
        attributes: What else the row needs (axes, an index ...).
        shape: Whole numbers, or named open extents such as the batch.
        dtype: A NumPy dtype.
        name: What the user calls it, or "".
        meaning: What the node stands for, where something above the graph said so: a gradient, a layer.

    >>> x = cr.variable([[1.0, 2.0], [3.0, 4.0]], "x")
    >>> norm = np.sqrt((x**2).sum()).named("norm")
    >>> norm
    <norm: sqrt(sum(x^2)), () float64>
    >>> norm.value.round(4), norm.primitive.name, norm.inputs[0].primitive.name
    (np.float64(5.4772), 'root', 'sum')
    """

    __slots__ = ("__weakref__", "attributes", "dtype", "inputs", "meaning", "name", "primitive", "shape")

    primitive: Primitive
    inputs: tuple["Node", ...]
    attributes: Mapping[str, Any]
    shape: Shape
    dtype: np.dtype
    name: str
    meaning: Any

    def __init__(
        self,
        primitive: Primitive,
        inputs: tuple["Node", ...],
        attributes: Mapping[str, Any],
        shape: Shape,
        dtype: np.dtype,
        name: str = "",
        meaning: Any = None,
    ) -> None:
        put = object.__setattr__
        put(self, "primitive", primitive)
        put(self, "inputs", inputs)
        put(self, "attributes", attributes)
        put(self, "shape", shape)
        put(self, "dtype", dtype)
        put(self, "name", name)
        put(self, "meaning", meaning)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "value":
            object.__setattr__(self, name, value)
            return
        raise opened("chainrule.graph.guests:frozen")(self, name)

    @property
    def row(self) -> Primitive:
        """The old name of ``primitive``."""
        deprecated("Node.row", "Node.primitive")
        return self.primitive

    def __dir__(self) -> list[str]:  # a debugger looks at all that is here
        return [name for name in object.__dir__(self) if name != "row"]

    # --- identity, copying ---

    def __eq__(self, other: object) -> bool:
        if isinstance(other, int | float | np.ndarray | np.generic):
            raise UnsupportedError(
                "'==' asks whether two nodes are the same node. "
                "To compare their values write np.equal(x, y), and '!=' as np.not_equal(x, y)."
            )
        return self is other

    def __ne__(self, other: object) -> bool:
        return not self == other

    if TYPE_CHECKING:

        def __hash__(self) -> int: ...

    else:
        __hash__ = object.__hash__  # without a call of Python's

    def __copy__(self) -> "Node":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return unflatten_last, (flatten([self]),)

    # --- what is not allowed, with the remedy ---

    def __bool__(self) -> bool:
        raise UnsupportedError(
            "A node has no truth value: its numbers are not there yet. "
            "Choose elementwise with np.where(condition, a, b), or look at node.value."
        )

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise UnsupportedError(
            "A node is not an array: it is a step of a computation. Its numbers are node.value; "
            "to join nodes use np.stack or np.concatenate."
        )

    if not TYPE_CHECKING:  # a type checker says so before

        def __float__(self):
            raise UnsupportedError("A node is not a number. Its number is node.value.")

        __int__ = __index__ = __complex__ = __float__

    def __len__(self) -> int:
        if not self.shape:
            raise UnsupportedError("A scalar node has no length.")
        if isinstance(self.shape[0], Extent):
            raise UnsupportedError(f"The axis '{self.shape[0]}' is open: its length is x.shape[0], a node.")
        return int(self.shape[0])

    def __iter__(self) -> Iterator["Node"]:
        return iter([self[i] for i in range(len(self))])

    def __setitem__(self, index: Any, value: Any) -> None:
        raise UnsupportedError(
            "A node is frozen: its elements cannot be replaced. Instead of dZ[Z <= 0] = 0 "
            "write dZ = np.where(Z <= 0, 0, dZ); join parts with np.concatenate."
        )

    def __contains__(self, _: Any) -> bool:
        raise UnsupportedError("'in' does not search a node's numbers. Look at node.value.")

    # --- NumPy's protocols ---

    @staticmethod
    def __apply_primitive__(row: Primitive, inputs: Iterable[Any], attributes: Mapping[str, Any]) -> "Node":
        return record(row, inputs, attributes)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return opened("chainrule.graph.numpy_api.calls:call_ufunc")(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, _types: Any, arguments: Any, options: Any) -> Any:
        return opened("chainrule.graph.numpy_api.calls:call_function")(function, arguments, options)

    # --- looking ---

    @property
    def value(self) -> Any:
        """The number or array that this node computes now; a graph with inputs needs :func:`trace`.

        That of a variable can be set: ``w.value = 2.5``, of the same shape. An array is read-only, and set as a whole:
        ``w.value = w.value - step``, for NumPy refuses ``-=``.

        Raises:
            GraphError: If the graph has an input, which has no value of its own.
            ShapeError: If a variable is set to an array of another shape.
            AttributeError: If something other than a variable is set.

        >>> w = cr.variable([1.0, 2.0])
        >>> w.value = w.value + 2
        >>> (2 * w).value
        array([6., 8.])
        """
        return evaluate([self])[self][()]

    @value.setter
    def value(self, new: Any) -> None:
        if self.primitive.name != "variable":
            raise AttributeError("Only a variable has a value that can be set; other nodes are computed.")
        self.attributes["cell"].value = value_for(self, new)

    @public
    def named(self, name: str) -> "Node":
        """Return the same step under a name, which drawings, explanations and errors use.

        Args:
            name: What to call it.

        Returns:
            A new node; this one stays as it is.

        >>> b, c = cr.variable(3.0, "b"), cr.variable(2.0, "c")
        >>> u = (b * c).named("u")
        >>> u, u + 1
        (<u: b · c, () float64>, <u + 1, () float64>)
        """
        return Node(
            self.primitive, self.inputs, self.attributes, self.shape, self.dtype, str(name), self.meaning
        )

    @property
    def ndim(self) -> int:
        """The number of axes.

        >>> cr.input("x", ("batch", 3)).ndim
        2
        """
        return len(self.shape)

    @property
    def size(self) -> "int | Node":
        """The number of elements; a node where an axis is open.

        >>> cr.variable(np.ones((2, 3))).size, cr.input("x", ("batch", 3)).size
        (6, <3 · batch, () float64>)
        """
        return count(self.shape, np.dtype(np.float64))

    @property
    def T(self) -> "Node":
        """The transpose: the same numbers, with the axes in reverse order.

        >>> cr.variable([[1.0, 2.0, 3.0]]).T.shape
        (3, 1)
        """
        return self.transpose()

    def __getitem__(self, index: Any) -> "Node":
        return opened("chainrule.graph.numpy_api.indexing:index")(self, index)

    if not TYPE_CHECKING:  # who knows the methods

        def __getattr__(self, name):
            if hasattr(type(self), name):
                return object.__getattribute__(self, name)  # what failed within a property is not missing
            if name.startswith("__"):
                raise AttributeError(f"A node has no attribute '{name}'.")
            methods = opened("chainrule.graph.numpy_api.calls:METHODS")
            method = methods[name] if name in methods else opened("chainrule.graph.guests:method")(self, name)
            return MethodType(method, self)

    _repr_html_ = Door()

    def __repr__(self) -> str:
        return show.line(self)

    def __str__(self) -> str:
        return show.text(self)

    def _repr_latex_(self) -> str:
        written = show.text(self, latex=True)
        left = f"{show.latex_name(self.name)} = " if self.name and self.inputs else ""
        return f"${left}{written}$"


# A node, or what NumPy's stubs take one for: that np.tanh(node) and np.mean(node) are nodes they cannot know.
NodeLike: TypeAlias = Node | np.ndarray[Any, np.dtype[Any]] | np.generic

# --- making nodes ---------------------------------------------------------------------------------------


def record(
    row: Primitive,
    inputs: Iterable[Any],
    attributes: Mapping[str, Any] | None = None,
    name: str = "",
    meaning: Any = None,
) -> Node:
    """Return the node that applies ``row`` to ``inputs``; shapes that do not fit raise at the user's line."""
    nodes = tuple(inputs)
    attributes = dict(attributes) if attributes else {}
    if not all([isinstance(x, Node) for x in nodes]):  # noqa: C419 -- of two or three, and often
        known = [x.dtype for x in nodes if isinstance(x, Node)]
        nodes = tuple(x if isinstance(x, Node) else as_node(x, known) for x in nodes)
    if len(nodes) > 1 and not row.results and any([x.dtype != nodes[0].dtype for x in nodes]):  # noqa: C419 -- likewise
        nodes = _with_weak_counts(nodes)
    try:
        shape = row.shape(*[x.shape for x in nodes], **attributes)
        check_rank(shape)
    except ShapeError as error:
        named = " and ".join(x.name for x in nodes if x.name)
        failed = ShapeError(f"{row.name}{' of ' if named else ''}{named}: {error}")
        failed.where = row.name, nodes
        raise failed from None
    dtype = row.dtype(*[x.dtype for x in nodes], **attributes)
    if not isinstance(dtype, np.dtype):
        raise GraphError(f"{row.name}: its dtype is {short(dtype)}; expected one of NumPy's, np.dtype(...).")
    if row.dtype is floating and any(x.dtype.kind != "f" for x in nodes):
        nodes = tuple(x if x.dtype.kind == "f" else cast(x, dtype) for x in nodes)
    return Node(row, nodes, attributes, shape, dtype, name, meaning)


def _with_weak_counts(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """Let a number made of counts alone (``1 / x.shape[0]``) take the others' dtype, as Python's numbers do."""
    floats = [x.dtype for x in nodes if x.dtype.kind == "f" and not _is_count(x)]
    if not floats:
        return nodes
    dtype = np.result_type(*floats)
    return tuple(cast(x, dtype) if x.dtype.kind == "f" and _is_count(x) else x for x in nodes)


def _is_count(node: Node) -> bool:
    """Say whether a scalar is the length of an open axis, or arithmetic of such lengths and constants."""
    if node.shape != ():
        return False
    stack, counted = [node], False
    for _ in range(20):
        if not stack:
            return counted
        x = stack.pop()
        if not x.inputs and x.primitive.leaf != "known":
            return False
        counted = counted or x.primitive.name == "length"
        stack.extend(x.inputs)
    return False


def apply(name: str, *inputs: Any, **attributes: Any) -> Node:
    """Apply the row called ``name``."""
    return record(TABLE[name], inputs, attributes)


def cast(x: Any, dtype: Any) -> Node:
    """Return ``x`` in another kind of number."""
    node = as_node(x)
    return node if node.dtype == dtype else apply("cast", node, dtype=np.dtype(dtype).name)


def broadcast(x: Node, shape: Shape) -> Node:
    """Return ``x`` stretched to ``shape``."""
    return x if x.shape == shape else apply("broadcast_to", x, shape=shape)


def as_node(value: Any, others: Iterable[np.dtype] = ()) -> Node:
    """Turn a number, an array or an extent into a node; Python's numbers take the dtype of ``others``."""
    if isinstance(value, Node):
        return value
    others = list(others)
    if isinstance(value, Extent):
        floats = [d for d in others if d.kind == "f"]
        dtype = np.result_type(*floats) if floats else np.dtype(np.float64)
        return Node(TABLE["length"], (), {"extent": value, "dtype": dtype.name}, (), dtype)
    if isinstance(value, bool | int | float) and not isinstance(value, np.generic):
        try:
            return of_array(np.asarray(value, _weak_dtype(value, others)))
        except OverflowError:
            beside = next((d.name for d in others if d.kind in "iu"), "")
            wrong = f"no {beside}, as what it meets is: widen that first, by x.astype(int)"
            raise GraphError(
                f"{short(value)} is {wrong if beside else 'more than a float holds (1.8e308)'}."
            ) from None
    return of_array(numbers(value))


def _weak_dtype(value: float, others: list[np.dtype]) -> np.dtype:
    """Return the dtype of one of Python's numbers among ``others``."""
    if len(others) == 1 and others[0].kind == "f":
        return others[0]
    return np.result_type(*others, value) if others else np.dtype(np.float64)


def of_array(array: np.ndarray, name: str = "") -> Node:
    """Return a constant of an array as it is, of whole numbers too."""
    array = np.array(array)
    array.flags.writeable = False
    return Node(TABLE["constant"], (), {"value": array}, array.shape, array.dtype, name)


@public
def variable(value: "ArrayLike", name: str = "", dtype: "DTypeLike | None" = None) -> Node:
    """Return a variable: a leaf of the graph whose value training replaces.

    Args:
        value: A number or array of any shape. Float arrays keep their dtype; whole numbers become float64.
        name: What to call it in drawings, explanations and errors.
        dtype: Another dtype, such as "float32".

    Returns:
        A node of the value's shape; ``w.value = ...`` replaces it.

    Raises:
        GraphError: If the value holds what is no real number, or one too large for the dtype.
        ShapeError: If its rows are of different lengths.

    >>> w = cr.variable(3.0, name="w")
    >>> w.value = 2.5
    >>> print((2 * w).value)
    5.0
    """
    array = np.array(numbers(value, dtype))
    array.flags.writeable = False
    return Node(TABLE["variable"], (), {"cell": Cell(array)}, array.shape, array.dtype, str(name))


@public
def constant(value: "ArrayLike", name: str = "", dtype: "DTypeLike | None" = None) -> Node:
    """Return a constant: a leaf whose value never changes.

    Numbers and arrays beside nodes become constants by themselves; this is for a constant with a name.

    Args:
        value: A number or array of any shape. Float arrays keep their dtype; whole numbers become float64.
        name: What to call it in drawings, explanations and errors.
        dtype: Another dtype, such as "float32".

    Returns:
        A node of the value's shape.

    Raises:
        GraphError: If the value holds what is no real number, or one too large for the dtype.
        ShapeError: If its rows are of different lengths.

    >>> print(cr.constant([1, 2]) * 3)
    [1., 2.] · 3
    >>> print(2 * cr.constant(3.14159, "π"))
    2 · π
    """
    return of_array(numbers(value, dtype), str(name))


@public
def input(
    name: str, shape: "int | str | Iterable[int | str | Extent]" = (), dtype: "DTypeLike" = "float64"
) -> Node:
    """Return an input: a leaf whose value each run is given.

    Args:
        name: What to call it.
        shape: A length for each axis; ``()``, the default, is a single number. A text in place of a length leaves the
            axis open, under that name: ``("batch", 3)`` takes any number of rows, and equal names mean equal lengths.
        dtype: ``"float64"``, ``"float32"``, or a whole-number dtype for labels.

    Returns:
        A node of that shape and dtype, which :func:`trace` and :func:`compile` give values.

    Raises:
        ShapeError: If the shape holds anything but lengths and names.
        GraphError: If the name is no text, or the dtype not one of real numbers.

    >>> x = cr.input("x", ("batch", 3))
    >>> mean = x.sum(axis=1) / 3
    >>> mean.shape
    (batch,)
    >>> cr.trace(mean, {x: [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]})[mean]
    array([2., 5.])
    """
    if not isinstance(name, str):
        raise GraphError(f"The name of an input comes first: cr.input('x', (4,)); found {short(name)}.")
    if isinstance(shape, int | str):
        shape = (shape,)
    extents: list[Any] = []
    for extent in shape:
        if isinstance(extent, str | Extent):
            extents.append(OpenExtent(str(extent)))
        elif hasattr(extent, "__index__") and not isinstance(extent, bool) and int(extent) >= 0:
            extents.append(int(extent))
        else:
            raise ShapeError(
                f"Input '{name}': a shape holds whole numbers, or a name for an open axis "
                f'(("batch", 3)); found {extent!r}.'
            )
    check_rank(tuple(extents))
    kind = np.dtype(dtype).newbyteorder("=")
    if kind.kind not in "biuf":
        raise GraphError(f"Input '{name}': a graph computes with numbers, not {kind.name}.")
    return Node(TABLE["input"], (), {"symbol": Symbol()}, tuple(extents), kind, str(name))


def nodes_of(found: Any, verb: str) -> list[Node]:
    """Return a node, or several, as a list; where something else was given, say so of the user's ``verb``."""
    nodes = [found] if isinstance(found, Node) or not isinstance(found, Iterable) else list(found)
    for x in nodes:
        if not isinstance(x, Node):
            raise GraphError(
                f"{verb} takes nodes; found {type(x).__name__}. A number or an array becomes one with "
                "cr.variable(value) or cr.constant(value)."
            )
    return nodes


def mark(node: Node, meaning: Any, name: str = "") -> Node:
    """Return ``node`` under a name and with a meaning; the value is the same."""
    return Node(TABLE["mark"], (node,), {}, node.shape, node.dtype, name, meaning)


def count(shape: Shape, dtype: np.dtype) -> Any:
    """Return the number of elements: a whole number, or a node where an axis is open."""
    fixed = math.prod(e for e in shape if not isinstance(e, Extent))
    result: Any = fixed
    for extent in (e for e in shape if isinstance(e, Extent)):
        length = as_node(extent, [dtype])
        result = length if isinstance(result, int) and result == 1 else result * length
    return result


def with_inputs(node: Node, inputs: tuple[Node, ...]) -> Node:
    """Return ``node`` applied to other inputs, of the same name and meaning."""
    if inputs == node.inputs:
        return node
    pairs = zip(node.inputs, inputs, strict=True)
    if any([old.shape != new.shape or old.dtype != new.dtype for old, new in pairs]):  # noqa: C419 -- of two, and often
        return record(node.primitive, inputs, node.attributes, node.name, node.meaning)
    return Node(node.primitive, inputs, node.attributes, node.shape, node.dtype, node.name, node.meaning)


def with_attributes(node: Node, attributes: Mapping[str, Any]) -> Node:
    """Return ``node`` with other attributes, of the same shape, dtype, name and meaning."""
    return Node(node.primitive, node.inputs, attributes, node.shape, node.dtype, node.name, node.meaning)


# --- flat lists, for pickling and copying ---------------------------------------------------------------


def flatten(outputs: Iterable[Node]) -> list[tuple[Any, ...]]:
    """Return the graph as a flat list; inputs are positions in it. A meaning is text here, no nodes."""
    nodes = order(outputs)
    position = {node: i for i, node in enumerate(nodes)}
    return [
        (n.primitive, tuple(position[x] for x in n.inputs), dict(n.attributes), n.shape, n.dtype, n.name)
        for n in nodes
    ]


def unflatten(flat: list[tuple[Any, ...]]) -> list[Node]:
    """Return every node of a flat list."""
    nodes: list[Node] = []
    for row, inputs, attributes, shape, dtype, name in flat:
        nodes.append(Node(row, tuple(nodes[i] for i in inputs), attributes, shape, dtype, name))
    return nodes


def unflatten_last(flat: list[tuple[Any, ...]]) -> Node:
    """Return the last node of a flat list: the one that was pickled."""
    return unflatten(flat)[-1]
