"""Tables in the formats of Arrow: Parquet and Feather."""

import io
import re
from typing import Any

import pandas as pd

from chainrule.data.meaning import Nothing, understood
from chainrule.data.typed import check_names, written
from chainrule.data.unpacking import Content, check_no_choice, check_size
from chainrule.errors import DataError

_INDEX = re.compile(r"__index_level_\d+__")  # pandas' own names of rows


def read_parquet(content: Content, nothing: Nothing, header: bool | None = None) -> pd.DataFrame:
    """Return the table in a Parquet file."""
    import pyarrow.parquet as parquet  # noqa: PLC0415 -- only where it is needed

    def read(file: Any) -> Any:
        whole = parquet.ParquetFile(file)
        about = whole.metadata
        groups = [about.row_group(i).total_byte_size for i in range(about.num_row_groups)]
        check_size(max(8.0 * about.num_rows * about.num_columns, sum(groups)), content)
        return whole.read()

    return _table(read, "a Parquet file", content, nothing)


def read_feather(content: Content, nothing: Nothing, header: bool | None = None) -> pd.DataFrame:
    """Return the table in a Feather file."""
    from pyarrow import feather  # noqa: PLC0415 -- only where it is needed

    return _table(feather.read_table, "a Feather file", content, nothing)


def _table(read: Any, what: str, content: Content, nothing: Nothing) -> pd.DataFrame:
    import pyarrow  # noqa: PLC0415 -- likewise

    check_no_choice(content)
    try:
        table = read(io.BytesIO(content.data))
        while any(pyarrow.types.is_struct(field.type) for field in table.schema):
            table = table.flatten()
    except (pyarrow.ArrowException, OSError, ValueError) as reason:
        if isinstance(reason, DataError):
            raise
        raise DataError(f"{content.path} is {what} that is damaged: {str(reason).splitlines()[0]}.") from None
    check_size(max(table.nbytes, 8.0 * table.num_rows * table.num_columns), content)
    places = [i for i, name in enumerate(table.column_names) if not _INDEX.fullmatch(name)]
    names = check_names([table.column_names[i].strip() for i in places], content)
    cells = {name: _column(table.column(i), pyarrow) for name, i in zip(names, places, strict=True)}
    left_out = {name: column for name, column in cells.items() if isinstance(column, str)}
    told = [
        f"Left out column {name!r}: it holds {what}, not numbers or texts." for name, what in left_out.items()
    ]
    frame = pd.DataFrame({name: column for name, column in cells.items() if not isinstance(column, str)})
    if frame.empty:
        raise DataError(
            f"{content.path} has {len(frame.columns)} columns of numbers or texts and {table.num_rows} rows, "
            "which is no table to learn from."
        )
    return understood(frame, nothing, told)


def _column(cells: Any, pyarrow: Any) -> pd.Series | str:
    """Return a column as numbers or texts, or what it holds instead."""
    types = pyarrow.types
    if types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    kind = cells.type
    if types.is_integer(kind):
        if not cells.null_count and not types.is_uint64(kind):
            return pd.Series(cells.to_numpy().astype("int64"))
        return pd.Series(cells.cast(pyarrow.string()).to_pandas(), dtype="str")  # exactly, with gaps too
    if types.is_floating(kind):
        return pd.Series(cells.cast(pyarrow.float64()).to_numpy(zero_copy_only=False))
    if types.is_string(kind) or types.is_large_string(kind) or types.is_decimal(kind) or types.is_null(kind):
        return pd.Series(cells.cast(pyarrow.string()).to_pandas(), dtype="str")
    if types.is_nested(kind):
        return "lists"
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return "bytes"
    values = (
        cells.cast(pyarrow.timestamp("us", kind.tz)) if types.is_timestamp(kind) else cells
    )  # or pandas' own
    if types.is_duration(kind):
        values = cells.cast(pyarrow.duration("us"))
    texts = pd.Series([written(value) for value in values.to_pylist()], dtype="str")
    hours = types.is_temporal(kind) and texts.str.len().gt(10)
    return (
        texts.where(texts.isna() | hours, texts + " 00:00:00")
        if types.is_timestamp(kind) and hours.any()
        else texts
    )
