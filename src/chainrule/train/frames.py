"""Tables that have names: columns go by name, rows by index.

Tables of other libraries are known by what they answer, as pandas' and polars' do: ``columns``, and a list of names
in brackets.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from chainrule.errors import DataError, short

Names = tuple[Any, ...]


def names(table: Any) -> Names | None:
    """Return what the columns of a table are called, or None if it does not say."""
    found = getattr(table, "columns", None)
    if not isinstance(found, Iterable) or not hasattr(table, "__getitem__"):
        return None
    called = tuple(found)
    return called if all(isinstance(name, Hashable) for name in called) else None


def telling(table: Any) -> Names:
    """Return the names that tell a table's columns apart, or none."""
    called = names(table) or ()
    return called if len(set(called)) == len(called) else ()


def spoken(table: Any) -> tuple[str, ...]:
    """Return the names that tell a table's columns apart, or none where they are numbered, as pandas does by itself."""
    called = telling(table)
    return () if called == tuple(range(len(called))) else tuple(map(str, called))


def plain(names: Names) -> bool:
    """Say whether a file can hold these names."""
    return all(type(name) in (str, int) for name in names)


def are_inputs(X: Any) -> bool:
    """Say whether X is a dict of inputs by name; SciPy has sparse matrices that are dicts of their entries."""
    return isinstance(X, Mapping) and not hasattr(X, "toarray")


def parts(X: Any, what: str, inputs: int) -> dict[str, Any]:
    """Return what a network's inputs are by what the user calls each: one table, a dict of them, or a list."""
    if are_inputs(X):
        return {f"the input {short(name)}": part for name, part in X.items()}
    if isinstance(X, list | tuple) and inputs > 1:
        return {f"{what}[{i}]": part for i, part in enumerate(X)}
    return {what: X}


def by_name(table: Any, wanted: Names, what: str) -> Any:
    """Return the columns that are wanted, in their order; whatever has no names goes by position.

    Further columns are passed over.

    Raises:
        DataError: If a column is not there, or there twice.
    """
    have = names(table)
    if not wanted or have is None or have == wanted:
        return table
    counts = Counter(have)
    missing = [name for name in wanted if name not in counts]
    numbered = wanted == tuple(range(len(wanted)))  # as pandas does for an array: such names say nothing
    if missing and numbered and len(have) == len(wanted):
        return table
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        listed = ", ".join(short(name) for name in have[:5]) + (", ..." if len(have) > 5 else "")
        raise DataError(
            f"{what} has no column {short(missing[0])}{more}, on which this network was fitted; it has {listed}. "
            "Columns go by name: rename them, or give an array (.to_numpy()), whose columns go by position."
        )
    twice = [name for name in wanted if counts[name] > 1]
    if twice:
        raise DataError(f"{what} has two columns called {short(twice[0])}. Rename or drop one of them.")
    return table[list(wanted)]


def check_index(parts: Mapping[str, Any]) -> None:
    """Raise if two of pandas' tables, of the same number of rows, call their rows by different names.

    Args:
        parts: What belongs together row by row, by what the user calls it; what has no index fits any.
    """
    tables = [(what, part) for what, part in parts.items() if hasattr(part, "iloc")]
    indexed = [(what, table.index) for what, table in tables if hasattr(table.index, "equals")]
    for what, index in indexed[1:]:
        first, wanted = indexed[0]
        if len(index) != len(wanted) or index.equals(wanted):
            continue
        place = next((i for i, (a, b) in enumerate(zip(wanted, index, strict=True)) if a != b), None)
        if place is not None:
            raise DataError(
                f"{first} and {what} have different indexes: row {place} is {short(wanted[place])} in {first} and "
                f"{short(index[place])} in {what}. If rows belong together by index, align them first, as in "
                "y.loc[X.index]; if by position, give arrays (.to_numpy())."
            )
