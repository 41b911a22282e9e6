"""The kernel of products whose operands lie scattered, as the windows of a convolution do: offsets stand in tables.

Where row r of A and term k of its sum lie, is the sum of two offsets, one of the row and one of the term: that is so
of all operands that are strided views, overlapping or not. So no window is ever copied, the pixels of a picture are
rows that follow each other without short tiles between, and the code depends neither on a picture's size nor on a
window's. As in the plain product each element is one chain of multiply-adds in the order of k.
"""

from dataclasses import replace

from chainrule.engines.native.code.ir import Code, Module, Value
from chainrule.engines.native.code.product import IN_FLIGHT, Panel, begin, panels
from chainrule.engines.native.code.types import I64, PTR, VOID, Type

OFFSETS = I64  # an entry of a table: two offsets of 32 bits each, the first in the lower half
_PARAMETERS = [
    *((name, PTR) for name in ("A", "B", "C", "rows_at")),
    ("rows", I64),
    ("terms_at", PTR),
    *((name, I64) for name in ("terms", "columns", "accumulate")),
]


def write_kernel(module: Module, kind: str) -> str:
    """Write the kernel of one kind of float and return its name. Offsets count elements.

    ``cr_gathered_{kind}(A, B, C, rows_at, rows, terms_at, terms, columns, accumulate)``, where the tables hold
    the offsets (a_r, c_r) of each row and (a_k, b_k) of each term: C[c_r + j] = (C[c_r + j] if accumulate
    else 0) + Σ_k A[a_r + a_k] · B[b_k + j].
    """
    written = [(panel, _write_panel(module, kind, panel)) for panel in _panels(module, kind)]
    with module.function(name_of(kind), _PARAMETERS) as code:
        A, B, C, rows_at, rows, terms_at, terms, columns, accumulate = code.parameters
        j = code.index(0)
        for panel, does in written:
            with code.loop(columns - (panel.least - 1), start=j, step=panel.width) as across:
                j = across.index
                b, c = code.at(B, j, Type(kind)), code.at(C, j, Type(kind))
                left = code.minimum(columns - j, panel.width)
                code.call(does, VOID, A, b, c, rows_at, rows, terms_at, terms, left, accumulate)
    return name_of(kind)


def _panels(module: Module, kind: str) -> list[Panel]:
    """Return the panels of a machine; where masks leave out what is beyond few columns, there is one of half a vector.

    First layers have few filters, and some CPUs multiply and add twice as many vectors of half the width.
    """
    *wide, narrow = panels(module, kind)
    if not module.machine.has_masks:
        return [*wide, narrow]
    half = replace(narrow, lanes=narrow.lanes // 2)
    return [*wide, replace(narrow, least=half.lanes + 1), half]


def name_of(kind: str) -> str:
    """Return what the kernel of a kind of float is called."""
    return f"cr_gathered_{kind}"


def heights(panel: Panel) -> list[int]:
    """Return the heights of a panel's tiles, from high to low: where few rows are left, a lower one does them."""
    # A row's address takes a register too: of more than 10, some would be read anew for each term.
    top, step = min(panel.heights[0], 10), max(IN_FLIGHT // panel.vectors, 1)
    return [top, *range((top - 1) // step * step, 0, -step)]


def _write_panel(module: Module, kind: str, panel: Panel) -> str:
    """Write the product of any number of rows and a panel's columns.

    Where fewer rows are left than a tile is high, its last row is done several times.
    """
    name, lanes = f"gathered_{kind}_{panel.vectors}x{panel.lanes}", panel.lanes
    with module.function(name, _PARAMETERS, words="internal") as code:
        A, B, C, rows_at, rows, terms_at, terms, columns, accumulate = code.parameters
        vector, begins = Type(kind, lanes), accumulate.differs(0)
        starts = [v * lanes for v in range(panel.vectors)]
        whole = panel.least == panel.width
        masks = [None if whole else code.first(columns - start, lanes) for start in starts]
        done, high = code.index(0), heights(panel)
        for height, lower in zip(high, (*high[1:], 0), strict=True):
            with code.loop(rows - lower, start=done, step=height) as down:
                last = rows - down.index - 1
                tops, cells = [], []
                for r in range(height):
                    line = code.index(r) if r <= lower else code.minimum(code.index(r), last)
                    a, c = _offsets(code, rows_at, down.index + line)
                    tops.append(code.at(A, a, vector))
                    to = code.at(C, c, vector)
                    cells += [(code.at(to, v, vector), mask) for v, mask in zip(starts, masks, strict=True)]
                with code.loop(terms, [begin(code, vector, *cell, begins) for cell in cells]) as along:
                    a, b = _offsets(code, terms_at, along.index)
                    line = code.at(B, b, vector)
                    bs = [
                        code.load(code.at(line, v, vector), vector, mask)
                        for v, mask in zip(starts, masks, strict=True)
                    ]
                    elements = [code.load(code.at(top, a, vector), vector.element) for top in tops]
                    factors = [(code.splat(x, lanes), y) for x in elements for y in bs]
                    along.next = [code.fma(x, y, s) for (x, y), s in zip(factors, along.carried, strict=True)]
                for (address, mask), total in zip(cells, along.carried, strict=True):
                    code.store(total, address, mask)
            done = down.index
    return name


def _offsets(code: Code, table: Value, position: Value) -> tuple[Value, Value]:
    """Return the two offsets that stand at a position of a table."""
    both = code.load(code.at(table, position, OFFSETS), OFFSETS)
    return code.convert(code.convert(both, "i32"), "i64"), both >> 32
