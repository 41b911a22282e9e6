"""Tables in JSON: a list of records, lines of them, columns, or what pandas writes."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from chainrule.data.headers import has_names
from chainrule.data.meaning import Nothing
from chainrule.data.textfile import text_in
from chainrule.data.typed import table_of, written
from chainrule.data.unpacking import Content, check_no_choice, choose
from chainrule.errors import DataError

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_HOW = (
    'A table in JSON is a list of records, [{"size": 3, "town": "Bern"}, ...], such records line by line, '
    'or columns, {"size": [3, ...], "town": ["Bern", ...]}.'
)


def read(content: Content, nothing: Nothing, header: bool | None = None) -> pd.DataFrame:
    """Return the table in JSON; objects within a record become columns such as ``place.town``."""
    text = text_in(content).decode()
    values = list(_values(text, content))
    if _SURROGATE.search(text):
        _check_letters(values, content)
    value: Any = values[0] if len(values) == 1 else values
    names = _tables(value)
    if names:
        value = value[choose(names, content, "lists of records")]
    else:
        check_no_choice(content)
    notes: list[str] = []
    return table_of(_columns(value, content, header, notes), content, nothing, notes)


def _check_letters(values: list[Any], content: Content) -> None:
    """Raise for half a letter, which an escape of JSON can write and no text can hold."""
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError as reason:
        half = ascii(reason.object[reason.start])
        raise DataError(
            f"{content.path} holds {half}, half of a letter, which no text can hold.\n"
            "Write the other half behind it, or U+FFFD (\\ufffd) for a letter that was lost."
        ) from None


def _values(text: str, content: Content) -> Iterator[Any]:
    decoder, at = json.JSONDecoder(), 0
    try:
        while at < len(text):
            if text[at].isspace():
                at += 1
                continue
            value, at = decoder.raw_decode(text, at)
            yield value
    except json.JSONDecodeError as reason:
        raise DataError(
            f"{content.path} is no whole JSON: {reason.msg} in line {reason.lineno}.\n{_HOW}"
        ) from None
    except (ValueError, RecursionError) as reason:  # a number of thousands of digits, lists in lists in lists
        raise DataError(f"{content.path} holds JSON that cannot be read: {reason}.\n{_HOW}") from None


def _tables(value: Any) -> list[str]:
    """Return by which names an object holds lists of records."""
    if not isinstance(value, dict) or "columns" in value or "schema" in value:
        return []
    found = [name for name, each in value.items() if _is_records(each)]
    others = [name for name, each in value.items() if isinstance(each, list) and not _is_records(each)]
    return [] if others else found


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _columns(value: Any, content: Content, header: bool | None, notes: list[str]) -> dict[str, list[Any]]:
    if isinstance(value, dict) and isinstance(
        value.get("data"), list
    ):  # as pandas writes "split" and "table"
        if isinstance(value.get("columns"), list):
            return _of_rows([value["columns"], *value["data"]], content, True, notes)
        if "schema" in value:
            value = [{k: v for k, v in each.items() if k != "index"} for each in value["data"]]
    if isinstance(value, dict) and value:
        inner = list(value.values())
        if all(isinstance(each, dict) for each in inner):
            by_row = all(name.isdecimal() for name in value) and not all(k.isdecimal() for k in inner[0])
            if by_row:
                value = inner
            else:
                rows = list(dict.fromkeys(key for each in inner for key in each))
                return {name: [each.get(key) for key in rows] for name, each in value.items()}
        elif all(isinstance(each, list) for each in inner):
            if len(set(map(len, inner))) > 1:
                lengths = ", ".join(f"{name} {len(each)}" for name, each in list(value.items())[:3])
                raise DataError(f"{content.path} has columns of different lengths: {lengths}.\n{_HOW}")
            return value
        else:
            value = [value]
    if _is_records(value):
        records = [dict(_flat(each)) for each in value]
        names = dict.fromkeys(name for each in records for name in each)
        return {name: [each.get(name) for each in records] for name in names}
    if isinstance(value, list) and value and all(isinstance(each, list) for each in value):
        return _of_rows(value, content, header, notes)
    raise DataError(f"{content.path} holds JSON, but no table.\n{_HOW}")


def _of_rows(
    rows: Sequence[Any], content: Content, header: bool | None, notes: list[str]
) -> dict[str, list[Any]]:
    width = len(rows[0])
    wrong = next((i for i, row in enumerate(rows) if not isinstance(row, list) or len(row) != width), None)
    if wrong is not None or not width:
        raise DataError(f"{content.path} has rows of different lengths: the first has {width} cells.\n{_HOW}")
    named, nameless = has_names(*_texts(rows), header, content.path)
    notes.append(nameless)
    names = [str(cell) for cell in rows[0]] if named else [f"column_{i + 1}" for i in range(width)]
    if len(set(names)) < width:
        raise DataError(f"{content.path} calls two columns the same.\nGive each a name of its own.")
    return {name: [row[i] for row in rows[named:]] for i, name in enumerate(names)}


def _texts(rows: Sequence[Sequence[Any]]) -> tuple[list[str], list[list[str]]]:
    first, *below = [[written(cell) or "" for cell in row] for row in rows[:1000]]
    return first, below


def _flat(record: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value if value != {} else None
