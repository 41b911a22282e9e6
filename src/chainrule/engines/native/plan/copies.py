"""What is copied before it can be read: what no strides reach, and the operands that products need turned.

What steps of a loop need so and is the same in all of them is copied once, before the loop.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence

from chainrule.engines.native.plan.bodies import as_program, leaf_views
from chainrule.engines.native.plan.invariants import without_invariants
from chainrule.engines.native.plan.matrices import Matrices, matrices
from chainrule.engines.native.plan.views import ONE, View, is_view, seen_through, size, whole
from chainrule.graph.closed import ClosedGraph, Program
from chainrule.graph.contraction import contraction
from chainrule.graph.identity import of_attributes
from chainrule.graph.node import Node, apply, broadcast, leaf_key, with_inputs
from chainrule.graph.primitives.primitive import Primitive
from chainrule.graph.walk import order

Nodes = tuple[Node, ...]
NARROW, LONG = 4, 16  # columns of a product that is done on its side, and rows
COPY = Primitive(name="copy", text="{0}", forward=lambda x: x, partials=lambda y, x: [1])
# A copy with code of its own: squares of it are turned in registers, where a loop would go down columns.
TURN = Primitive(
    name="turn", text="{0}", forward=lambda x: x, no_derivative="It is made after all gradients."
)


def takes_registers(reader: Node) -> bool:
    """Say whether a node reads single numbers from registers; others need their address."""
    row = reader.primitive
    return is_view(reader) or row.elementwise or bool(row.reduces) or row.name == "random_uniform"


def with_copies(program: Program, leaves: Mapping[Hashable, View]) -> Program:
    """Insert a copy where a movement cannot be read in place or is itself an end, and where a product needs one.

    Args:
        program: The program.
        leaves: By the key of a leaf that does not lie row after row: how it does.
    """
    copier = _Copier(leaves)

    def finish(ends: Sequence[Node]) -> Iterator[Node]:
        before = (*[None] * len(program.outputs), *program.state)
        met: set[Node] = set()
        for node, state in zip(ends, before, strict=True):
            unchanged = state is not None and leaf_key(node) == leaf_key(state)
            elsewhere = node.primitive.leaf or is_view(node) or node in met
            end = _copied(node) if elsewhere and not unchanged else node
            met.add(end)
            yield end

    return program.rebuild(copier.visit).map_ends(finish)


class _Copier:
    """Goes through a program from its leaves on, and knows where each node will lie."""

    def __init__(self, leaves: Mapping[Hashable, View]) -> None:
        self._leaves = leaves
        self._views: dict[Node, View] = {}
        self._copies: dict[Node, Node] = {}
        self._bodies: dict[tuple[ClosedGraph, Nodes], tuple[ClosedGraph, Nodes]] = {}
        self._turned: dict[View, Node] = {}  # products that need the same operand share it
        self._before: dict[Hashable, Node] = {}  # and loops what is made before them

    def visit(self, node: Node, inputs: tuple[Node, ...]) -> Node:
        """Return a node of copies where it needs them."""

        def read(x: Node) -> Node:
            needed = x.primitive.name == "length" and not takes_registers(node)
            return self._copies.setdefault(x, _copied(x)) if needed else x

        new = with_inputs(node, tuple(map(read, inputs)))
        if new.primitive.results is not None:  # siblings stay siblings: each finds the same copy
            carried = new.attributes["carried"]
            given = (*map(self._in_rows, new.inputs[:carried]), *new.inputs[carried:])
            body, before = self._prepared(new.attributes["body"], carried, given)
            return Node(
                new.primitive, (*given, *before), {**new.attributes, "body": body}, new.shape, new.dtype
            )
        if is_view(new):
            return self._moved(new)
        return self._laid_out(new) if new.primitive.name == "contract" else new

    def _prepared(self, body: ClosedGraph, carried: int, given: Nodes) -> tuple[ClosedGraph, Nodes]:
        """Return the body of a loop with the copies that its steps need, and what of it is made before the loop."""
        if (body, given) not in self._bodies:
            leaves = leaf_views(body, carried, [self._view(x) for x in given])
            copied = as_program(body, body.outputs).rebuild(_Copier(leaves).visit).outputs
            new, same = without_invariants(ClosedGraph(body.inputs, body.shared, copied))
            outside = {leaf_key(n): x for n, x in zip(body.given, given, strict=True)}
            became: dict[Node, Node] = {}
            for n in order(same):
                inputs = tuple([became[x] for x in n.inputs])
                became[n] = self._again(n, inputs) if inputs else outside.get(leaf_key(n), n)
            self._bodies[body, given] = new, tuple([became[n] for n in same])
        return self._bodies[body, given]

    def _again(self, node: Node, inputs: Nodes) -> Node:
        """Return what a step would make of what is the same in all; who needs the same shares it."""
        if node.primitive is TURN:
            return self._turned.setdefault(self._view(inputs[0]), with_inputs(node, inputs))
        new = self.visit(node, inputs)
        return self._before.setdefault((new.primitive, new.inputs, of_attributes(new.attributes)), new)

    def _view(self, node: Node) -> View:
        return self._views.get(node) or self._leaves.get(leaf_key(node)) or whole(node)

    def _in_rows(self, x: Node) -> Node:
        """Return x, row after row without gaps: copied, if it lies otherwise."""
        view = self._view(x)
        if view.is_contiguous and not view.overlaps:
            return x
        return self._copies.setdefault(x, _copied(x))

    def _moved(self, node: Node) -> Node:
        seen = seen_through(self._view(node.inputs[0]), node)
        if seen is None:
            node = with_inputs(node, (_copied(node.inputs[0]),))
            seen = seen_through(whole(node.inputs[0]), node)
        if seen is None:
            raise AssertionError(f"no view of {node}")
        self._views[node] = seen
        return node

    def _laid_out(self, node: Node) -> Node:
        """Return a product in whose right operand the columns lie side by side."""
        found = matrices(self._view, node)
        if not found.is_turned:
            return _copied_turned(self._on_its_side(node)) if _is_narrow(found) else node
        if found.right.overlaps and (other := self._stored_otherwise(node)) is not None:
            return other
        plan, inputs = contraction(node.attributes["spec"]), list(node.inputs)
        sides, right = [plan.left, plan.right], found.position
        inputs[right], sides[right] = self._turn(inputs[right], sides[right], found)
        return Node(
            node.primitive, tuple(inputs), {"spec": f"{','.join(sides)}->{plan.out}"}, node.shape, node.dtype
        )

    def _on_its_side(self, node: Node) -> Node:
        """Return a product stored column after column, and read in its own order."""
        plan = contraction(node.attributes["spec"])
        spec = {"spec": f"{plan.left},{plan.right}->{plan.out[::-1]}"}
        return self._moved(
            apply(
                "transpose",
                Node(node.primitive, node.inputs, spec, node.shape[::-1], node.dtype),
                axes=(1, 0),
            )
        )

    def _stored_otherwise(self, node: Node) -> Node | None:
        """Return a product of windows stored in an order for which they need not be copied, and read in its own."""
        plan = contraction(node.attributes["spec"])
        extents = dict(zip(plan.out, node.shape, strict=True))
        for last in sorted(plan.rows + plan.columns, key=lambda k: -size(extents[k]).count):
            out = plan.out.replace(last, "") + last
            spec = {"spec": f"{plan.left},{plan.right}->{out}"}
            found = Node(node.primitive, node.inputs, spec, tuple(extents[k] for k in out), node.dtype)
            if extents[last] != 1 and not matrices(self._view, found).is_turned:
                return self._moved(apply("transpose", found, axes=tuple(out.index(k) for k in plan.out)))
        return None

    def _turn(self, x: Node, letters: str, found: Matrices) -> tuple[Node, str]:
        """Return an operand with the columns last, and its letters; of what repeats itself one is turned."""
        last = (found.inner, found.columns)
        once, own = x, letters
        if x.primitive.name == "broadcast_to":
            once, own = x.inputs[0], letters[len(x.shape) - len(x.inputs[0].shape) :]
            if any(k not in own or once.shape[own.index(k)] != found.extents[k] for k in last):
                once, own = x, letters
        order = [*(k for k in own if k not in last), *last]
        axes = tuple(own.index(k) for k in order)
        if axes != tuple(range(len(axes))):
            once = self._moved(apply("transpose", once, axes=axes))
        turned = self._turned.setdefault(self._view(once), _copied_turned(once))
        order = [k for k in letters if k not in own] + order
        wanted = broadcast(turned, tuple(found.extents[k] for k in order))
        return wanted if wanted is turned else self._moved(wanted), "".join(order)


def _is_narrow(found: Matrices) -> bool:
    """Say whether a product has so few columns that most lanes of a vector idle, and its rows could be columns.

    So it is with the gradient of the weights that lead to a few classes. What is larger threads share by its rows.
    """
    rows, columns = found.length(found.rows), found.length(found.columns)
    fixed = not rows.extents and not columns.extents and not found.loops and not found.sums
    return fixed and columns.count <= NARROW and rows.count >= LONG and found.by_left[found.rows] == ONE


def _copied_turned(node: Node) -> Node:
    return Node(TURN, (node,), {}, node.shape, node.dtype)


def _copied(node: Node) -> Node:
    return Node(COPY, (node,), {}, node.shape, node.dtype)
