"""What is laid into a larger array, padded or joined, say, is computed where it is wanted.

A layer's result that the next one pads lies inside the frame of zeros from the start, and so do the parts of what is
joined along channels: they are views of the larger array's memory, for all who read them, and nothing is copied.
"""

from collections.abc import Mapping
from dataclasses import replace

from chainrule.engines.native.plan.gathered import gathered
from chainrule.engines.native.plan.items import Fusion, Item, Nest, Task, made, memory_source
from chainrule.engines.native.plan.laying import laying, unshaped, view_at
from chainrule.engines.native.plan.matrices import matrices
from chainrule.engines.native.plan.views import ONE, View, contiguous, is_view, seen_through, whole
from chainrule.graph.node import Node


def laid_in_place(plan: Fusion) -> Fusion:
    """Return the plan with all that can be made inside of what it is laid into made there."""
    return replace(plan, inside=_Residents(plan).run())


class _Residents:
    """Goes through a plan from its last item on: what lies in a frame may be a frame itself."""

    def __init__(self, plan: Fusion) -> None:
        self.plan = plan
        self.inside: dict[Node, View] = {}
        self.passing: set[Node] = set()  # frames whose parts are gone when others are laid over them
        self.maker: dict[Node, Item] = {n: item for item in plan.items for n in made(item)}
        self.new_state = {*plan.home, *(new for _, new in plan.commits)}
        self.ends = {*self.new_state, *plan.program.outputs}
        self.moved: dict[Node, list[Node]] = {}  # the movements of a node, in order
        self.readers: dict[Node, list[Node]] = {}  # who reads its memory, through movements too
        for node in plan.program.nodes:
            if is_view(node):
                self.moved.setdefault(memory_source(node), []).append(node)
            elif node in self.maker:
                for x in node.inputs:
                    self.readers.setdefault(memory_source(x), []).append(node)

    def run(self) -> Mapping[Node, View]:
        for item in reversed(self.plan.items):
            if not isinstance(item, Task):
                continue
            found = laying(item.node)
            if (
                found is None
                or item.node in self.new_state
                or (found.fill is not None and not found.is_framed)
            ):
                continue
            frame = self._view(item.node)
            parts = [unshaped(x, view_at(frame, index)) for x, index in found.parts]
            if found.onto is not None:
                if not self._overlays(item.node, found.onto, parts):
                    continue
                self.inside[found.onto] = frame
                self.passing.add(found.onto)
            for x, view in parts:
                if self._fits(x, item.node, view):
                    self.inside[x] = view
        return self.inside

    def _view(self, node: Node) -> View:
        return self.inside.get(node) or whole(node)

    def _fits(self, x: Node, frame: Node, view: View) -> bool:
        """Say whether a node can be made at a place in a frame, and be read there by all its readers."""
        item = self.maker.get(x)
        innermost = [s for e, s in zip(view.shape, view.strides, strict=True) if e != 1][-1:]
        if innermost != [ONE]:  # loops and products store their results side by side
            return False
        if item is None or x not in self.plan.stored or x in self.inside or x in self.ends:
            return False
        if x.dtype != frame.dtype or (frame in self.passing and set(self.readers[x]) != {frame}):
            return False
        if isinstance(item, Nest):
            can = x in item.nodes
        elif x.primitive.name == "contract":
            form = self.plan.matrices(x)
            can = (_is_even(view) and not form.sums) or gathered(x, form, view) is not None
        else:
            can = laying(x) is not None
        return can and self._is_readable(x, view)

    def _is_readable(self, x: Node, view: View) -> bool:
        """Say whether no movement of a node needs a copy of what lies there, and no product."""
        views = {x: view}
        for node in self.moved.get(x, ()):
            found = seen_through(views[node.inputs[0]], node)
            if found is None:
                return False
            views[node] = found
        return not any(
            matrices(lambda n: views.get(n) or self.plan.view(n), reader).is_turned
            for reader in self.readers.get(x, ())
            if reader.primitive.name == "contract"
        )

    def _overlays(self, node: Node, onto: Node, parts: list[tuple[Node, View]]) -> bool:
        """Say whether what parts are laid onto may lie where the result does: they alone read it, each at its place."""
        if onto not in self.maker or onto in self.inside or onto in self.ends or laying(onto) is None:
            return False
        views = {onto: self._view(node)}
        for moved in self.moved.get(onto, ()):
            found = seen_through(views[moved.inputs[0]], moved)
            if found is None:
                return False
            views[moved] = found
        places = dict(parts)
        self.passing.add(node)
        reading = [r for r in self.readers.get(onto, ()) if r is not node]
        own = all(
            r in places and views.get(x, places[r]) == places[r]
            for r in reading
            for x in r.inputs
            if memory_source(x) is onto
        )
        return own and set(reading) == set(places) and all(self._fits(x, node, v) for x, v in parts)


def _is_even(view: View) -> bool:
    """Say whether the rows of a view are as far apart as each other, so that a product may be stored there."""
    axes = [a for a, e in enumerate(view.shape) if e != 1]
    if len(axes) < 2:
        return False
    whole_strides = contiguous(view.shape)
    row = view.strides[axes[-2]]
    return all(
        view.strides[a].count * whole_strides[axes[-2]].count == row.count * whole_strides[a].count
        and view.strides[a].extents == whole_strides[a].extents
        for a in axes[:-1]
    )
