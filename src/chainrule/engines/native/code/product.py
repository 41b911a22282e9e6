"""The kernels of matrix products and transposes, generated for a CPU's registers.

A product walks blocks that caches hold, in them column panels that are a few vectors wide, in those tiles of
rows whose sums stay in registers. Each element is one chain of multiply-adds in the order of the inner index,
whichever tile computes it: the bits of a result depend neither on tiles nor on how rows are split up.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from chainrule.engines.native.code.ir import Code, Module, Value
from chainrule.engines.native.code.types import I64, PTR, VOID, Type

KINDS = ("f32", "f64")
# In f32 a block of A takes 240 KiB and a panel of B up to 64: both fit a second-level cache of 512 KiB.
BLOCK_INNER = 256
BLOCK_ROWS = 240  # a multiple of every tile's height: only the last block ends in smaller tiles
IN_FLIGHT = 8  # sums that a CPU works on at once: two multiply-adds a cycle, each of which takes four

_PRODUCT = ("A", "a_row", "a_inner", "B", "b_row", "C", "c_row", "rows", "columns", "inner", "accumulate")
_TRANSPOSE = ("X", "x_row", "Y", "y_row", "rows", "columns")


def write_kernels(module: Module, kind: str) -> list[str]:
    """Write the kernels of one kind of float and return their names. Strides count elements.

    ``cr_product_{kind}(A, a_row, a_inner, B, b_row, C, c_row, rows, columns, inner, accumulate)``:
    C[i, j] = (C[i, j] if accumulate else 0) + Σ_k A[i, k] · B[k, j], with A[i, k] at i · a_row + k · a_inner,
    B[k, j] at k · b_row + j and C[i, j] at i · c_row + j.

    ``cr_transpose_{kind}(X, x_row, Y, y_row, rows, columns)``: Y[j, i] = X[i, j], with X[i, j] at
    i · x_row + j and Y[j, i] at j · y_row + i.
    """
    _write_product(module, kind)
    _write_transpose(module, kind)
    return names(kind)


def names(kind: str) -> list[str]:
    """Return what the kernels of a kind of float are called."""
    return [f"cr_{what}_{kind}" for what in ("product", "transpose")]


@dataclass(frozen=True)
class Panel:
    """Columns that are multiplied at once: so many vectors, in tiles of so many rows, the last for what is left."""

    vectors: int
    lanes: int
    heights: tuple[int, ...]
    least: int  # of fewer columns than it has, masks leave out the rest

    @property
    def width(self) -> int:
        """How many columns it has."""
        return self.vectors * self.lanes


def panels(module: Module, kind: str) -> list[Panel]:
    """Return the panels of a machine, from wide to narrow."""
    lanes, masks = module.lanes(kind), module.machine.has_masks
    # Six rows of sums, the vectors of B and one element of A take 29 of 32 registers, or 15 of 16. Taller
    # tiles read more rows of A at once than a cache of eight ways keeps, where rows are 4 KiB apart.
    tiles = [(4, 6), (2, 8), (1, 10)] if module.machine.registers >= 32 else [(2, 6), (1, 12)]
    found: list[Panel] = []
    for vectors, height in tiles:
        # The widest does without: masks cost it a twentieth, and narrower ones do what is left as fast.
        least = (vectors - 1) * lanes + 1 if masks and found else vectors * lanes
        found.append(Panel(vectors, lanes, _heights(height, IN_FLIGHT // vectors), least))
    while not masks and lanes > 1:
        lanes //= 2
        found.append(Panel(1, lanes, (IN_FLIGHT,), lanes))
    return found


def _heights(most: int, least: int) -> tuple[int, ...]:
    """Return how many rows tiles have: where the lowest have less than half of the highest, some are in between.

    Sixteen rows, a part of a batch, are 6, 6 and 4; as 6, 6, 2 and 2 they took two fifths more time.
    """
    between = [(most + least) // 2] if most > 2 * least else []
    return (most, *between, least)


def _parameters(names: Sequence[str]) -> list[tuple[str, Type]]:
    return [(name, PTR if name.isupper() else I64) for name in names]


# --- products ---


def _write_product(module: Module, kind: str) -> None:
    """Write a product that is done block after block: what caches hold is used often before the next comes."""
    block = _write_block_of_product(module, kind)
    with module.function(f"cr_product_{kind}", _parameters(_PRODUCT)) as code:
        A, a_row, a_inner, B, b_row, C, c_row, rows, columns, inner, accumulate = code.parameters
        type = Type(kind)
        # One turn at least: a sum of nothing is 0 and is written too.
        with code.loop(code.maximum(inner, 1), step=BLOCK_INNER) as along:
            depth = code.minimum(inner - along.index, BLOCK_INNER)
            onto = accumulate | code.convert(along.index.differs(0), "i64")
            a_along, b = code.at(A, along.index * a_inner, type), code.at(B, along.index * b_row, type)
            with code.loop(rows, step=BLOCK_ROWS) as down:
                height = code.minimum(rows - down.index, BLOCK_ROWS)
                a, c = code.at(a_along, down.index * a_row, type), code.at(C, down.index * c_row, type)
                given = [a, a_row, a_inner, b, b_row, c, c_row, height, columns, depth, onto]
                code.call(block, VOID, *given)


def _write_block_of_product(module: Module, kind: str) -> str:
    """Write the product that goes panel after panel."""
    name = f"block_{kind}"
    written = [(panel, _write_panel(module, kind, panel)) for panel in panels(module, kind)]
    with module.function(name, _parameters(_PRODUCT), words="internal") as code:
        A, a_row, a_inner, B, b_row, C, c_row, rows, columns, inner, accumulate = code.parameters
        j = code.index(0)
        for panel, does in written:
            with code.loop(columns - (panel.least - 1), start=j, step=panel.width) as across:
                j = across.index
                b, c = code.at(B, j, Type(kind)), code.at(C, j, Type(kind))
                left = code.minimum(columns - j, panel.width)
                code.call(does, VOID, A, a_row, a_inner, b, b_row, c, c_row, rows, left, inner, accumulate)
    return name


def _write_panel(module: Module, kind: str, panel: Panel) -> str:
    """Write the product of any number of rows and a panel's columns.

    Where fewer rows are left than the last height, the last is done several times: nothing is lost by it, for a CPU
    would wait for the sums of so few. Left alone, LLVM would find each row's element by an addition to where the last
    row's was found, one after the other; that costs time to run, and to compile.
    """
    name, lanes = f"panel_{kind}_{panel.vectors}x{panel.lanes}", panel.lanes
    with module.function(name, _parameters(_PRODUCT), words="internal") as code:
        A, a_row, a_inner, B, b_row, C, c_row, rows, columns, inner, accumulate = code.parameters
        vector, begins = Type(kind, lanes), accumulate.differs(0)
        starts = [v * lanes for v in range(panel.vectors)]
        whole = panel.least == panel.width
        masks = [None if whole else code.first(columns - start, lanes) for start in starts]
        done = code.index(0)
        for height in panel.heights:
            is_last = height == panel.heights[-1]
            with code.loop(rows if is_last else rows - (height - 1), start=done, step=height) as down:
                a, c = code.at(A, down.index * a_row, vector), code.at(C, down.index * c_row, vector)
                lines = [code.index(r) for r in range(height)]
                if is_last:
                    lines = [code.minimum(r, rows - down.index - 1) for r in lines]
                cells = [
                    (code.at(c, c_row * r + start, vector), mask)
                    for r in lines
                    for start, mask in zip(starts, masks, strict=True)
                ]
                sums = [begin(code, vector, *cell, begins) for cell in cells]
                offsets = [a_row * (vector.bits // 8) * r for r in lines]
                with code.loop(inner, [*sums, a, B]) as along:
                    *sums, a, b = along.carried
                    bs = [
                        code.load(code.at(b, start, vector), vector, mask)
                        for start, mask in zip(starts, masks, strict=True)
                    ]
                    elements = [code.load(code.at(a, x, Type("i8")), vector.element) for x in offsets]
                    factors = [(code.splat(x, lanes), y) for x in elements for y in bs]
                    sums = [code.fma(x, y, s) for (x, y), s in zip(factors, sums, strict=True)]
                    following = code.at(a, a_inner, vector), code.at(b, b_row, vector)
                    along.next = [*sums, *map(code.opaque, following)]
                for (address, mask), total in zip(cells, along.carried, strict=False):
                    code.store(total, address, mask)
            done = down.index
    return name


def begin(code: Code, vector: Type, address: Value, mask: Value | None, accumulate: Value) -> Value:
    """Return what a sum begins with: what stands at its address, if it is to be added to that, else 0."""
    if mask is not None:
        return code.load(address, vector, mask & code.splat(accumulate, vector.lanes))
    return code.select(accumulate, code.load(address, vector), code.constant(0, vector))


# --- transposes ---


def _write_transpose(module: Module, kind: str) -> None:
    size = module.lanes(kind)
    with module.function(f"cr_transpose_{kind}", _parameters(_TRANSPOSE)) as code:
        X, x_row, Y, y_row, rows, columns = code.parameters
        if module.machine.has_masks:
            with _squares(code, size) as (i, j):
                _write_part(code, kind, i, j)
        else:
            small = (rows < size) | (columns < size)
            with code.when(small), code.loop(rows) as down, code.loop(columns) as across:
                i, j = down.index, across.index
                one = code.load(code.at(X, i * x_row + j, Type(kind)), Type(kind))
                code.store(one, code.at(Y, j * y_row + i, Type(kind)))
            # The last blocks reach back over the ones before: what is written twice is the same.
            with code.when(~small), _squares(code, size) as (i, j):
                _write_block(code, kind, code.minimum(i, rows - size), code.minimum(j, columns - size))


@contextmanager
def _squares(code: Code, size: int) -> Iterator[tuple[Value, Value]]:
    """Go over squares of a matrix, a few at a time in each direction; say where each begins.

    Where rows lie a power of 2 apart, a cache holds few lines of one column: they are used up one after the other.
    """
    *_, rows, columns = code.parameters
    few = 4 * size
    with (
        code.loop(columns, step=few) as right,
        code.loop(rows, step=few) as below,
        code.loop(code.minimum(columns, right.index + few), start=right.index, step=size) as across,
        code.loop(code.minimum(rows, below.index + few), start=below.index, step=size) as down,
    ):
        yield down.index, across.index


def _write_part(code: Code, kind: str, i: Value, j: Value) -> None:
    """Write the transpose of a block of which masks leave out what is beyond the matrix."""
    X, x_row, Y, y_row, rows, columns = code.parameters
    size = code.module.lanes(kind)
    vector = Type(kind, size)
    height, width = (code.minimum(n - at, size) for n, at in ((rows, i), (columns, j)))
    mask = code.first(width, size)
    x, y = code.at(X, i * x_row + j, vector), code.at(Y, j * y_row + i, vector)
    lines = [code.at(x, code.minimum(code.index(r), height - 1) * x_row, vector) for r in range(size)]
    turned = _transposed(code, [code.load(line, vector, mask) for line in lines])
    mask = code.first(height, size)
    # Columns beyond the matrix land on its last one, which is written after them.
    for r in reversed(range(size)):
        code.store(turned[r], code.at(y, code.minimum(code.index(r), width - 1) * y_row, vector), mask)


def _write_block(code: Code, kind: str, i: Value, j: Value) -> None:
    X, x_row, Y, y_row, *_ = code.parameters
    size = code.module.lanes(kind)
    vector = Type(kind, size)
    x, y = code.at(X, i * x_row + j, vector), code.at(Y, j * y_row + i, vector)
    lines = [code.load(code.at(x, x_row * r, vector), vector) for r in range(size)]
    for r, line in enumerate(_transposed(code, lines)):
        code.store(line, code.at(y, y_row * r, vector))


def _transposed(code: Code, lines: Sequence[Value]) -> list[Value]:
    """Return the columns of a square: swap the off-diagonal quarters of 2 by 2 squares, then of 4 by 4 ..."""
    lines = list(lines)
    size, half = len(lines), 1
    while half < size:
        upper = [n if not n & half else n - half + size for n in range(size)]
        lower = [n + half if not n & half else n + size for n in range(size)]
        for r in range(size):
            if not r & half:
                a, b = lines[r], lines[r + half]
                lines[r], lines[r + half] = code.shuffle(a, upper, b), code.shuffle(a, lower, b)
        half *= 2
    return lines
