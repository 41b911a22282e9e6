"""Write docs/primitives.md from the table itself: ``python docs/make_primitives.py``."""

import math
import re
from pathlib import Path

from chainrule.graph.node import input, record, variable
from chainrule.graph.primitives.primitive import boolean
from chainrule.graph.ranges import range_of
from chainrule.graph.show import text
from chainrule.graph.table import TABLE
from chainrule.graph.walk import order
from chainrule.nn import activations, losses  # noqa: F401 -- all rows are there once these are imported

HEAD = """# The primitives

Every primitive is one row of one table (`src/chainrule/graph/primitives/`). This page is made from the table by
`python docs/make_primitives.py`, and a test keeps the two alike.

`y` stands for the primitive's own output: a derivative in terms of it costs nothing. Where a function has a corner it
has no derivative; what we take there is the convention in the last column, and it is tested.

A derivative that is a condition, or stands under one (`where(c, p, 0)`), chooses: what was not chosen gets gradient 0,
exactly, and so does what an index, a slice or `where` leaves out, however steep the steps below: the gradient of
`np.log(v)[1]` at v = [0, 1] is [0, 1]. Within a matrix product this holds for whole rows and columns: where one number
of a row was chosen and another was not, an infinite number in that row still meets the 0 of the other.

Division, and with it `//` and `%`, is done in floats: of whole numbers beyond 2^53 it does not see the last digits.
`np.hypot` squares as it is written, so it overflows where the squares do.

Of a linear primitive, forward mode is the primitive itself and reverse mode its adjoint, which is made of the
primitives named. What is known of the numbers holds for whatever finite inputs; rewrites and engines rely on it, and
tests hold it to examples. The last column says what an element costs, in additions.

| primitive | written | derivative by each input | convention where there is none | what is known | cost |
|---|---|---|---|---|---|
"""


SAMPLES = {"exponent": 3, "low": 0.0, "high": 1.0, "tie": 0.5}  # attributes of elementwise rows


def elementwise_inputs(row):
    """Return leaves for the inputs of an elementwise row, and its attributes."""
    count = max(1, len(row.domain))
    letters = ["x"] if count == 1 else ["a", "b", "c"][:count]
    return [variable(0.5, letter) for letter in letters], {k: SAMPLES[k] for k in row.attributes}


def derivative(row) -> str:
    """Return the derivatives in words: the row's own partials, on nodes called x and y."""
    if row.no_derivative:
        return f"none: {row.no_derivative}"
    if row.adjoint is not None:
        return f"linear; the adjoint: {adjoint(row)}"
    if row.partials is None:
        return "by a structural rule"
    if row.name == "where":
        return "0; dy where c; dy where not c"
    inputs, attributes = elementwise_inputs(row)
    found = row.partials(variable(0.5, "y"), *inputs, **attributes)
    return "; ".join("0" if p is None else str(p) if isinstance(p, int | float) else text(p) for p in found)


def adjoint(row) -> str:
    """Return the primitives that the adjoint of a linear row is made of, for the first of its cases."""
    case = row.cases[0]
    kinds = ["int64" if not isinstance(x, tuple) else "float64" for x in case.shapes]
    shapes = [x if isinstance(x, tuple) else x.shape for x in case.shapes]
    inputs = [input("x", shape, kind) for shape, kind in zip(shapes, kinds, strict=True)]
    y = record(row, inputs, case.attributes)
    dy = input("dy", y.shape, y.dtype)
    made = order([g for g in row.adjoint(dy, y, *inputs, **case.attributes) if g is not None])
    return ", ".join(dict.fromkeys(n.primitive.name for n in made if n.inputs)) or "dy"


def known(row) -> str:
    """Return what is known of the row's numbers, in words."""
    found = {"together": "linear", "each": "linear in each", "first": "linear in a"}.get(row.linear, "")
    facts = [found] if row.adjoint is None and found else []
    facts += ["linear in each"] if row.adjoint is not None and row.linear == "each" else []
    facts += ["commutative"] if row.commutative else []
    facts += {"view": ["moves numbers, by strides"], "copy": ["moves numbers"]}.get(row.moves, [])
    facts += bounds(row)
    facts += ["never NaN"] if row.nan == "never" and row.dtype is not boolean else []
    facts += [f"joins by {row.reduces}"] if row.reduces else []
    facts += ["written in others"] if row.made_of else []
    return ", ".join(facts)


def bounds(row) -> list[str]:
    """Return between which bounds the numbers of an elementwise row lie, whatever comes in."""
    if not row.domain:
        return ["positive"] if row.nonzero else []
    inputs, attributes = elementwise_inputs(row)
    low, high, *_ = range_of(record(row, inputs, attributes))
    if row.dtype is boolean or (low, high) == (-math.inf, math.inf):
        return []
    if high == math.inf:
        return ["positive" if row.nonzero else f"≥ {low:g}"]
    return [f"≤ {high:g}" if low == -math.inf else f"in [{low:g}, {high:g}]"]


def cost(row) -> str:
    """Return what an element costs, from the least to the most."""
    costs = [row.work(case.attributes) for case in row.cases] or [row.work({})]
    return " to ".join(f"{c:g}" for c in dict.fromkeys([min(costs), max(costs)]))


def written(row) -> str:
    """Return how the row is written, with letters for its inputs."""
    count = len(set(re.findall(r"\{(\d)\}", row.text)))
    letters = ["x"] if count <= 1 else ["a", "b", "c"]
    shown = re.sub(r"\{(\d)\}", lambda m: letters[int(m[1])], row.text)
    plain = {"spec": "a @ b, or by an index string", "over": "", "all": "a, b, ...", "at": "..."}
    plain |= {"which": "last", "recurrence": "h_t = ..., h_0 = ..."}
    return re.sub(r"\{(\w+)\}", lambda m: plain.get(m[1], m[1]), shown)


def plain(row) -> tuple[str, str]:
    """Return how the row and its derivatives are written, as code and in words."""
    return f"`{written(row)}`", derivative(row)


def page(formulas=plain) -> str:
    """Return the whole page; ``formulas`` says of a row how it and its derivatives are written."""
    lines = []
    for row in sorted(TABLE.values(), key=lambda r: r.name):
        if row.name in ("variable", "input", "constant", "mark"):
            continue
        cells = [row.name, *formulas(row), row.kink, known(row), cost(row)]
        lines.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("primitives.md").write_text(page(), encoding="utf-8")
