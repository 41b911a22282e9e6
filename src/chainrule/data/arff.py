"""Tables in ARFF, the format of Weka, OpenML and Mulan."""

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd

from chainrule.data.delimited import Lines
from chainrule.data.dialect import Dialect
from chainrule.data.meaning import Nothing
from chainrule.data.textfile import text_in
from chainrule.data.typed import check_names
from chainrule.data.unpacking import Content, check_no_choice
from chainrule.data.words import listed
from chainrule.data.written import texts_of
from chainrule.errors import DataError

_TOKEN = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s,{}'"]+"""
_ATTRIBUTE = re.compile(rf"@attribute\s+({_TOKEN})\s*(.*)", re.IGNORECASE)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_HOW = "Such a file has lines @attribute NAME TYPE, then @data, then a row in each line."


def read(content: Content, nothing: Nothing, header: bool | None = None) -> pd.DataFrame:
    """Return the table in an ARFF file: what is nominal becomes categories, in the order in which they are declared."""
    check_no_choice(content)
    text = text_in(content)
    found = re.search(rb"^[ \t]*@data\b[^\n]*\n?", text, re.IGNORECASE | re.MULTILINE)
    if found is None:
        raise DataError(f"{content.path} is an ARFF file without @data.\n{_HOW}")
    nominal, names = {}, []
    for line in text[: found.start()].decode().splitlines():
        if not line.strip().lower().startswith("@attribute"):
            continue
        told = _ATTRIBUTE.fullmatch(line.strip())
        if told is None:
            raise DataError(f"{content.path} has a line that declares no column: {line.strip()[:60]}\n{_HOW}")
        names.append(_bare(told[1]).strip())
        if told[2].startswith("{"):
            nominal[names[-1]] = [
                _bare(each) for each in re.findall(_TOKEN, told[2].strip()[1:].rpartition("}")[0])
            ]
        elif told[2].lower().startswith("relational"):
            raise DataError(
                f"{content.path}: column {names[-1]!r} holds tables (relational), which are not read."
            )
    names = check_names(names, content)
    if not names:
        raise DataError(f"{content.path} is an ARFF file without an @attribute.\n{_HOW}")
    top = text[: found.end()].count(b"\n")
    body = re.sub(rb"(?m)^[ \t]*%[^\n]*", b"", text[found.end() :])
    first = next((line for line in body.splitlines() if line.strip()), b"").strip()
    if first.startswith(b"{"):
        body = "\n".join(_dense(body.decode(), names, nominal, content, top)).encode()
    quote, escape = ("'" if b"'" in body and b'"' not in body else '"'), "\\" if b"\\" in body else ""
    if b"'" in body and b'"' in body:
        body = re.sub(rb"'(?:[^'\\\n]|\\.)*'", _requoted, body)
    delimiter = "\t" if b"\t" in first and b"," not in first else ","
    rows = [
        row for _, row in Dialect(delimiter, quote, escape).rows(body[: 1 << 16].decode("utf-8", "ignore"))
    ][:500]
    dialect = Dialect(delimiter, quote, escape)
    frame = Lines(body, dialect, names, content.path, False, rows, nothing, above=top).table([])
    for name, categories in nominal.items():
        frame[name] = _nominal(frame[name], categories, content)
    return frame


def _bare(token: str) -> str:
    if token[:1] not in ("'", '"'):
        return token
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), token[1:-1])


def _requoted(found: re.Match[bytes]) -> bytes:
    inner = found[0][1:-1].replace(b"\\'", b"'").replace(b'"', b'\\"')
    return b'"' + inner + b'"'


def _dense(
    text: str, names: list[str], nominal: dict[str, list[str]], content: Content, top: int
) -> Iterator[str]:
    """Yield whole rows for sparse ones, {1 5, 4 'a b'}: what is not named is 0, or the first of its categories."""
    usual = [_quoted(nominal[name][0]) if nominal.get(name) else "0" for name in names]
    for number, line in enumerate(text.splitlines(), top + 1):
        row = [*usual]
        if line.strip():
            for place, value in re.findall(rf"(\d+)\s+({_TOKEN})", line.strip()[1:].partition("}")[0]):
                if int(place) >= len(names):
                    raise DataError(
                        f"Line {number} of {content.path} names column {place}; there are {len(names)}."
                    )
                row[int(place)] = value
        yield ",".join(row) if line.strip() else ""


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _nominal(cells: pd.Series, categories: list[str], content: Content) -> Any:
    texts = texts_of(cells)
    strangers = [each for each in texts.dropna().unique() if each not in categories]
    if strangers:
        by_number = {float(each): each for each in categories if _is_number(each)}
        same = {
            each: by_number[float(each)]
            for each in strangers
            if _is_number(each) and float(each) in by_number
        }
        if len(same) < len(strangers):
            lost = [each for each in strangers if each not in same]
            raise DataError(
                f"Column {cells.name!r} of {content.path} is declared as one of {listed(categories)}; "
                f"found {listed(map(repr, lost))}."
            )
        texts = texts.replace(same)
    return pd.Categorical(texts, categories=list(dict.fromkeys(categories)))


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text))
