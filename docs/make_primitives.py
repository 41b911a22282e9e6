"""Write docs/primitives.md from the table itself: ``python docs/make_primitives.py``."""

import inspect
import re
from pathlib import Path

from chainrule.graph.node import variable
from chainrule.graph.show import text
from chainrule.graph.table import TABLE
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

| primitive | written | derivative by each input | convention where there is none |
|---|---|---|---|
"""


def derivative(row) -> str:
    """Return the derivatives in words: the row's own partials, on nodes called x and y."""
    if row.no_derivative:
        return f"none: {row.no_derivative}"
    if row.partials is None:
        return "by a structural rule"
    count = (
        len(inspect.signature(row.forward).parameters) if not hasattr(row.forward, "nin") else row.forward.nin
    )
    defaults = {"exponent": 3, "low": 0.0, "high": 1.0, "tie": 0.5}
    attributes = {}
    if not hasattr(row.forward, "nin"):
        names = list(inspect.signature(row.forward).parameters)
        attributes = {n: defaults[n] for n in names if n in defaults}
        count -= len(attributes)
    if row.name == "where":
        return "0; dy where c; dy where not c"
    letters = ["x"] if count == 1 else ["a", "b", "c"][:count]
    inputs = [variable(0.5, letter) for letter in letters]
    y = variable(0.5, "y")
    found = row.partials(y, *inputs, **attributes)
    return "; ".join("0" if p is None else str(p) if isinstance(p, int | float) else text(p) for p in found)


def written(row) -> str:
    """Return how the row is written, with letters for its inputs."""
    count = len(set(re.findall(r"\{(\d)\}", row.text)))
    letters = ["x"] if count <= 1 else ["a", "b", "c"]
    shown = re.sub(r"\{(\d)\}", lambda m: letters[int(m[1])], row.text)
    plain = {"spec": "a @ b, or by an index string", "over": "", "all": "a, b, ...", "at": "..."}
    return re.sub(r"\{(\w+)\}", lambda m: plain.get(m[1], m[1]), shown)


def page() -> str:
    """Return the whole page."""
    lines = []
    for row in sorted(TABLE.values(), key=lambda r: r.name):
        if row.name in ("variable", "input", "constant", "mark"):
            continue
        cells = [row.name, f"`{written(row)}`", derivative(row), row.kink]
        lines.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("primitives.md").write_text(page(), encoding="utf-8")
