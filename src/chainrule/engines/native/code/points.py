"""Code for one vector of a loop nest's points: what is read there, computed, and stored."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from chainrule.engines.native.code import checks
from chainrule.engines.native.code.frame import Frame
from chainrule.engines.native.code.ir import Code, Value
from chainrule.engines.native.code.operations import write_operation
from chainrule.engines.native.code.reductions import identity
from chainrule.engines.native.code.types import Type, type_of
from chainrule.engines.native.plan.items import gathers
from chainrule.engines.native.plan.labels import LABEL
from chainrule.engines.native.plan.nest_plan import Access, NestPlan
from chainrule.engines.native.plan.views import ONE, ZERO, Size, size
from chainrule.graph.contraction import summed
from chainrule.graph.node import Node

Values = dict[Node, Value]


@dataclass
class Position:
    """Where a nest is: for each access, its address so far, in whole elements of the outer axes."""

    addresses: dict[Access, Value]
    inner: Value | None = None  # the position on the innermost axis
    lanes: int = 0
    mask: Value | None = None
    part: int = 0  # which vector of an innermost axis that is written out


class Points:
    """What a nest does at one position."""

    def __init__(self, frame: Frame, plan: NestPlan, scalars: Sequence[Value]) -> None:
        self.frame: Frame = frame
        self.plan: NestPlan = plan
        self.code: Code = frame.code
        self._scalars = scalars
        self._sites = {n: i for i, n in enumerate(plan.members)}
        self._loaded: dict[Hashable, Value] = {}

    def begin(self, node: Node) -> None:
        """Note whose code is being written."""
        self.code.site = self._sites[node]

    def forget(self) -> None:
        """Note that a loop begins or ends: what was read so far is not at hand from there on."""
        self._loaded = {}

    def write(self, here: Position) -> tuple[Values, Values]:
        """Compute all nodes and store those that are kept; return their values, and what is to be summed up."""
        code, plan = self.code, self.plan
        values: Values = {}

        def read(node: Node, position: int) -> Value:
            sort, found = plan.reads[node, position]
            if sort == "node":
                return values[found]
            if sort == "scalar":
                return self._scalars[found]
            # Windows that are written out read some arrays at one place.
            key = found, here.addresses[found].text, here.inner and here.inner.text, here.lanes
            if key not in self._loaded:
                self._loaded[key] = self.load(here, found)
            return self._loaded[key]

        for node in plan.nest.nodes:
            self.begin(node)
            if node.primitive.name == "contract":
                values[node] = self._short_product(here, node)
            elif gathers(node):
                values[node] = self._gather(here, node, read(node, 1))
            elif node.primitive is LABEL:
                values[node] = self.frame.label(read(node, 0), node.attributes["classes"], here.mask)
            else:
                given = [read(node, i) for i in range(len(node.inputs))]
                values[node] = write_operation(code, node, given)
                checks.watch(code, given, values[node], here.mask)
        terms: Values = {}
        for node in plan.sums:
            self.begin(node)
            # Before what it reads is overwritten, and the select too: LLVM moves a masked load to where that is.
            x = code.splat(code.convert(read(node, 0), type_of(node.dtype).kind), here.lanes)
            checks.taint(code, x, here.mask)
            if here.mask is not None:
                x = code.select(here.mask, x, code.constant(identity(node), x.type))
            terms[node] = x
        for node, access in plan.stores.items():
            self.begin(node)
            self.store(here, access, code.splat(values[node], here.lanes))
        return values, terms

    def _stride(self, access: Access) -> Size:
        return self.plan.strides[access][-1] if self.plan.extents else ZERO

    def load(self, here: Position, access: Access, address: Value | None = None) -> Value:
        """Read a vector along the innermost axis, or one number where the access stands still there."""
        code, stride = self.code, self._stride(access)
        type = type_of(access.view.base.dtype, here.lanes)
        base = here.addresses[access] if address is None else address
        if stride == ZERO or here.inner is None:
            return code.load(base, type.element)
        if here.lanes == 0 or stride == ONE:
            return code.load(code.at(base, here.inner * self.frame.size(stride), type), type, here.mask)
        return self.frame.gather(base, self._lane_offsets(here, stride), type, here.mask)

    def _lane_offsets(self, here: Position, stride: Size) -> Value:
        code = self.code
        lanes = code.splat(here.inner or code.index(0), here.lanes) + code.steps(Type("i64", here.lanes))
        return lanes * code.splat(self.frame.size(stride), here.lanes)

    def store(self, here: Position, access: Access, x: Value) -> None:
        """Write a vector along the innermost axis."""
        code, stride, base = self.code, self._stride(access), here.addresses[access]
        if here.inner is None or stride == ZERO:
            code.store(x, base)
        elif here.lanes == 0 or stride == ONE:
            place = here.inner * self.frame.size(stride)
            code.store(x, code.at(base, place, type_of(access.view.base.dtype)), here.mask)
        else:
            raise AssertionError("results lie without gaps")

    def _short_product(self, here: Position, node: Node) -> Value:
        code, kind = self.code, type_of(node.dtype).kind
        (terms,) = summed(node.inputs[0].shape, node.attributes["spec"])
        total = code.constant(0, Type(kind, here.lanes))
        read = []
        for k in range(terms):
            factors = []
            for position in (0, 1):
                access = self.plan.reads[node, position][1]
                step = self.frame.size(self.plan.steps[node, position]) * k
                base = code.at(here.addresses[access], step, type_of(access.view.base.dtype))
                factors.append(code.splat(code.convert(self.load(here, access, base), kind), here.lanes))
            a, b = factors
            total = code.fma(a, b, total) if k else a * b
            read += factors
        checks.watch(code, read, total, here.mask)
        return total

    def _gather(self, here: Position, node: Node, positions: Value) -> Value:
        """Read where whole numbers say; those below 0 count from the end, others out of range are reported."""
        code = self.code
        access = self.plan.reads[node, 0][1]
        length = self.frame.size(size(node.inputs[0].shape[node.attributes["axis"]]))
        at = self.frame.checked(code.convert(positions, "i64"), length, here.mask)
        step = self.frame.size(self.plan.steps[node, 0])
        kind = type_of(access.view.base.dtype)
        if at.type.lanes == 0:
            base = code.at(here.addresses[access], at * step, kind)
            return self.load(here, access, base)
        offsets = at * code.splat(step, here.lanes)
        stride = self._stride(access)
        if stride != ZERO:
            offsets = offsets + self._lane_offsets(here, stride)
        return self.frame.gather(here.addresses[access], offsets, Type(kind.kind, here.lanes), here.mask)
