"""Tables in databases: SQLite, which Python brings along, and DuckDB."""

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Timer
from typing import Any

import pandas as pd

from chainrule.data.meaning import Nothing
from chainrule.data.typed import table_of
from chainrule.data.unpacking import Content, check_size, choose
from chainrule.errors import DataError

_ROWS = 100  # that are fetched at once: each may hold megabytes
_STEPS = 10_000  # of a query between two looks at how long it goes on
MOST_STEPS = 1 << 29  # of SQLite's machine, for a view; a few seconds
MOST_SECONDS = 60.0  # of DuckDB, for a view


def read_sqlite(content: Content, nothing: Nothing, header: bool | None = None) -> pd.DataFrame:
    """Return a table or view of a SQLite database, which is only read."""
    try:
        with closing(_opened(content)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            kinds = dict(
                database.execute(
                    "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') "
                    "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, rowid"
                )
            )
            name = choose([*kinds], content, "tables")
            if kinds[name] == "view" and content.bound < float("inf"):
                left = iter(range(MOST_STEPS // _STEPS))
                database.set_progress_handler(lambda: next(left, None) is None, _STEPS)
            cursor = database.execute(f'SELECT * FROM "{name.replace(chr(34), 2 * chr(34))}"')
            names = [column[0] for column in cursor.description]
            return table_of(_fetched(cursor, names, content), content, nothing)
    except sqlite3.Error as reason:
        if "interrupted" in str(reason):
            raise _endless(content) from None
        raise DataError(f"{content.path} is a SQLite database that cannot be read: {reason}.") from None


def _opened(content: Content) -> sqlite3.Connection:
    if not content.lies_there:
        database = sqlite3.connect(":memory:")
        database.deserialize(content.data)
        return database
    where = f"{Path(content.path).absolute().as_uri()}?mode=ro"
    database = sqlite3.connect(where, uri=True)
    try:
        database.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError:  # it may not write beside the file, which it need not
        database.close()
        beside = Path(f"{content.path}-wal")
        if beside.exists() and beside.stat().st_size:
            raise
        database = sqlite3.connect(f"{where}&immutable=1", uri=True)
    return database


def read_duckdb(content: Content, nothing: Nothing, header: bool | None = None) -> pd.DataFrame:
    """Return a table or view of a DuckDB database, which is only read and reaches no other file."""
    import duckdb  # noqa: PLC0415 -- only where it is needed

    if not content.lies_there:
        raise DataError(
            f"{content.path} holds a DuckDB database, which is read from its file.\nUnpack it first."
        )
    try:
        with closing(duckdb.connect(str(content.path), read_only=True)) as database:
            database.execute("SET enable_external_access = false")
            found = database.execute(
                "SELECT table_schema, table_name, table_type FROM information_schema.tables ORDER BY 3, 1, 2"
            ).fetchall()
            kinds = {
                name if schema == "main" else f"{schema}.{name}": (schema, name) for schema, name, _ in found
            }
            schema, name = kinds[choose([*kinds], content, "tables")]
            described = database.execute(
                "SELECT column_name, data_type FROM information_schema.columns "
                "WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position", [schema, name]
            ).fetchall()  # fmt: skip
            chosen = ", ".join(_exactly(column, kind) for column, kind in described)
            bound = Timer(MOST_SECONDS, database.interrupt)
            if ("VIEW" in str(found)) and content.bound < float("inf"):
                bound.start()
            try:
                cursor = database.execute(f"SELECT {chosen} FROM {_quoted(schema)}.{_quoted(name)}")
                return table_of(
                    _fetched(cursor, [column for column, _ in described], content), content, nothing
                )
            finally:
                bound.cancel()
    except duckdb.InterruptException:
        raise _endless(content) from None
    except duckdb.Error as reason:
        raise DataError(
            f"{content.path} is a DuckDB database that cannot be read: {str(reason).splitlines()[0]}"
        ) from None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _exactly(column: str, kind: str) -> str:
    """Return how a column is selected: numbers that floats would round come as texts."""
    exact = kind.startswith(("HUGEINT", "UHUGEINT", "DECIMAL", "ENUM", "UUID"))
    return f"CAST({_quoted(column)} AS VARCHAR)" if exact else _quoted(column)


def _fetched(cursor: Any, names: list[str], content: Content) -> dict[str, list[Any]]:
    if len(set(names)) < len(names):
        raise DataError(f"{content.path}: two columns of this table are called the same.")
    columns: dict[str, list[Any]] = {name: [] for name in names}
    size = 0.0
    while rows := cursor.fetchmany(_ROWS):
        size += sum(8 + len(cell) if isinstance(cell, str | bytes) else 8 for row in rows for cell in row)
        check_size(size, content)
        for cells, new in zip(columns.values(), zip(*rows, strict=True), strict=True):
            cells.extend(new)
    return columns


def _endless(content: Content) -> DataError:
    return DataError(
        f"The view of {content.path} that was asked for takes longer than reading a table does.\n"
        "Write what it shows into a table; or wait for it, if it ends: any_size=True."
    )
