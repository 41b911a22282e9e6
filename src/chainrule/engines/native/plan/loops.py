"""Loops over time: what a step does, how what it reads lies in memory, and whether rows go through all steps apart."""

from chainrule.engines.native.plan.bodies import as_program
from chainrule.engines.native.plan.items import Loop
from chainrule.graph.closed import Program
from chainrule.graph.shapes import Extent
from chainrule.transform.apart import keeps_apart


def body_program(loop: Loop) -> Program:
    """Return what a step does: from what is carried, the slices and what is shared to what is read of its results."""
    outputs, carried = loop.body.outputs, loop.carried
    taken = tuple([outputs[n.attributes["take"]] for n in loop.emitted])
    return as_program(loop.body, outputs[:carried] + taken)


def rows_of_loop(loop: Loop) -> Extent | None:
    """Return the axis of the batch if each row goes through all steps by itself, with all that it needs.

    So it is where all that is carried, handed on or kept for a while has the batch first, and no row reads another's.
    """
    program = loop.plan.program
    openings = {e for x in (*program.inputs, *program.outputs) for e in x.shape if isinstance(e, Extent)}
    if len(openings) != 1:
        return None
    (rows,) = openings
    given = all(rows not in x.shape or x.shape.index(rows) == 0 for x in program.inputs)
    made = all(x.shape[:1] == (rows,) for x in program.outputs)
    kept = all(rows in x.shape for x in loop.plan.stored)
    inner = all(x.rows == rows for x in loop.plan.items if isinstance(x, Loop))
    return rows if given and made and kept and inner and keeps_apart(loop.body.outputs) else None
