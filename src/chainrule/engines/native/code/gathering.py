"""Code for products whose rows or terms lie at no single stride: the kernel with tables, and loops around it."""

from collections.abc import Sequence
from contextlib import ExitStack

from chainrule.engines.native.code.frame import Part
from chainrule.engines.native.code.gathered import OFFSETS, name_of
from chainrule.engines.native.code.ir import Value
from chainrule.engines.native.code.step import Step
from chainrule.engines.native.code.types import VOID, type_of
from chainrule.engines.native.plan.gathered import Gathered
from chainrule.engines.native.plan.views import ZERO, Size, View, whole
from chainrule.graph.node import Node

Side = tuple[View, dict[str, Size]]  # an array, and the stride of each letter in it


def write_gathered(step: Step, node: Node, found: Gathered, part: Part | None) -> None:
    """Multiply by tables. A part goes along a letter, or along all rows as one axis."""
    code, form, kind = step.code, found.form, type_of(node.dtype).kind
    sides = ((form.left, form.by_left), (form.right, form.by_right), (step.plan.view(node), found.by_out))
    here = [step.address(view) for view, _ in sides]
    tables = step.context.common.tables
    rows_at, terms_at = (step.address(whole(tables[t])) for t in (found.rows, found.terms))
    rows, terms = (code.index(t.block * t.each) for t in (found.rows, found.terms))
    lengths = {k: step.size(form.length(k)) for k in found.loops + found.sums}
    if part is not None:
        along, first, last = part
        if along in lengths:
            here = _moved(step, here, sides, str(along), first)
            lengths[str(along)] = last - first
        elif along == found.rows.letters:
            rows_at, rows = code.at(rows_at, first, OFFSETS), last - first
        else:
            raise AssertionError(f"{along} of {found}")
    some, onto = code.index(1), code.index(0)
    with ExitStack() as loops:
        for letter in found.loops:
            block = found.rows.block if letter == found.rows.blocked else 1
            at = loops.enter_context(code.loop(lengths[letter], step=block)).index
            here = _moved(step, here, sides, letter, at)
            if letter == found.rows.blocked:
                rows = code.minimum(lengths[letter] - at, block) * found.rows.each
        for letter in found.sums:  # one turn at least: a sum of nothing is 0 and is written too
            block = found.terms.block if letter == found.terms.blocked else 1
            at = loops.enter_context(code.loop(code.maximum(lengths[letter], 1), step=block)).index
            here, onto = _moved(step, here, sides, letter, at), onto | at
            if letter == found.terms.blocked:
                terms = code.minimum(lengths[letter] - at, block) * found.terms.each
            else:
                some = code.minimum(some, lengths[letter])
        columns = step.size(form.length(form.columns))
        code.call(name_of(kind), VOID, *here, rows_at, rows, terms_at, terms * some, columns, onto)


def _moved(
    step: Step, here: Sequence[Value], sides: Sequence[Side], letter: str, index: Value
) -> list[Value]:
    """Return where the arrays are at a place of a letter."""
    kind = type_of(sides[0][0].base.dtype)
    return [
        step.code.at(base, index * step.size(by.get(letter, ZERO)), kind)
        for base, (_, by) in zip(here, sides, strict=True)
    ]
