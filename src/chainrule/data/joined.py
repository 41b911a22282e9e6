"""Several files that are one table, such as a file for each month."""

import glob
from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path

import pandas as pd

from chainrule.data.cells import kind_of
from chainrule.data.meaning import Nothing, understood
from chainrule.data.words import listed
from chainrule.data.written import texts_of, written_of
from chainrule.errors import DataError, MissingFileError
from chainrule.shown import counted

Source = str | PathLike[str] | Sequence[str | PathLike[str]]


def files_of(source: Source) -> list[str]:
    """Return the files that are meant: those of a list, those that a pattern such as "data/*.csv" matches, or one.

    A file whose name is the pattern itself wins. Raises :class:`~chainrule.errors.MissingFileError` if none matches.
    """
    if not isinstance(source, str | PathLike):
        found = [fspath(each) for each in source]
        if not found:
            raise DataError("The list of files is empty; name at least one.")
        return found
    name = fspath(source)
    if not glob.has_magic(name) or "\0" in name or "://" in name or Path(name).exists():
        return [name]
    found = sorted(each for each in glob.glob(name, recursive=True) if Path(each).is_file())
    if not found:
        raise MissingFileError(f"No file matches {name!r}.{_beside(name)}")
    return found


def _beside(pattern: str) -> str:
    """Return what there is where files were looked for."""
    folder = next(str(each) for each in Path(pattern).parents if not glob.has_magic(str(each)))
    if not Path(folder).is_dir():
        return f"\nThere is no folder {folder!r}."
    where = "This folder" if folder == "." else folder
    return f"\n{where} has: {listed(sorted(glob.glob('*', root_dir=folder)), 8) or 'nothing'}."


def joined(names: Sequence[str], tables: Sequence[pd.DataFrame], nothing: Nothing) -> pd.DataFrame:
    """Return one table of the rows of several, which need the same columns; the first says in which order.

    A column of numbers in one and of texts in another holds texts. Raises :class:`~chainrule.errors.DataError` for
    tables of different columns.
    """
    first = list(tables[0])
    for name, table in zip(names, tables, strict=True):
        if set(table) != set(first):
            lacks = (
                f" It lacks {listed(c for c in first if c not in table)}." if set(first) - set(table) else ""
            )
            more = [column for column in table if column not in first]
            besides = f" It has {listed(more)} besides." if more else ""
            raise DataError(
                f"{name} has other columns than {names[0]}.{lacks}{besides}\nOne table needs the same ones."
            )
    columns, raw, gaps = {}, {}, {}
    for name in map(str, first):
        parts = [table[name] for table in tables]
        numbers = all(kind_of(part) == "number" for part in parts)
        alike = len({str(part.dtype) for part in parts}) == 1 and not isinstance(
            parts[0].dtype, pd.CategoricalDtype
        )
        texts = [texts_of(part) for part in parts] if not (numbers or alike) or _has_forms(parts) else []
        columns[name] = pd.concat(parts if numbers or alike else texts, ignore_index=True)
        if numbers and texts:
            raw[name] = pd.concat(texts, ignore_index=True).astype("str")
        words = {word for table in tables for word in written_of(table).gaps.get(name, ())}
        if words:
            gaps[name] = tuple(sorted(words))
    rows = listed(f"{name} ({counted(len(table), 'row')})" for name, table in zip(names, tables, strict=True))
    notes = dict.fromkeys(note for table in tables for note in written_of(table).notes)
    told = [f"Read {counted(len(names), 'file')} as one table: {rows}.", *notes]
    frame = pd.DataFrame(columns)
    return understood(
        frame, nothing, told, raw=pd.DataFrame(raw, index=frame.index), decimal=nothing.decimal, gaps=gaps
    )


def _has_forms(parts: Sequence[pd.Series]) -> bool:
    return any(str(part.name) in written_of(part).forms for part in parts)
