"""How a text cuts its rows into cells, told from its head: the delimiter, quotation marks, lines that are no rows."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import mode

SNIFFED = 1 << 16  # letters from which all is told
BLANKS = r"\s+"  # the delimiter where any number of blanks stands between cells
_DELIMITERS = (",", ";", "\t", "|")
_RARE = "~^:\x01\x1f"  # which now and then stand between cells, and are too frequent within them to be sure
_EXCEL = re.compile(r"sep=(.)\s*?\n", re.IGNORECASE)
_WORD = re.compile(r'"[^"\n]*"|\S+')
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_MISQUOTED = re.compile(r'\\"[^",;|\t\r\n]')  # within quotation marks that another would double

Rows = list[tuple[int, list[str]]]


@dataclass(frozen=True)
class Dialect:
    """What a reader of lines is told.

    Attributes:
        delimiter: What stands between cells, or ``BLANKS``.
        quote: What stands around a cell that holds the delimiter; "" if nothing does.
        escape: What stands before a quotation mark within a cell; "" where the mark is doubled.
        passed: How many lines at the top are no rows.
    """

    delimiter: str
    quote: str = '"'
    escape: str = ""
    passed: int = 0

    def rows(self, text: str) -> Iterator[tuple[int, list[str]]]:
        """Return the rows of a text that hold anything, each with the number of lines that end with it."""
        if self.delimiter == BLANKS:
            for number, line in enumerate(text.splitlines(), 1):
                if found := [each.strip('"') for each in _WORD.findall(line)]:
                    yield number, found
            return
        quoting = {"quotechar": self.quote} if self.quote else {"quoting": csv.QUOTE_NONE}
        escape = {"escapechar": self.escape, "doublequote": False} if self.escape else {}
        lines = io.StringIO(text, newline="")
        reader = csv.reader(lines, delimiter=self.delimiter, skipinitialspace=True, **quoting, **escape)  # type: ignore[arg-type]
        try:
            for row in reader:
                if row:
                    yield reader.line_num, row
        except csv.Error:  # a cell of a hundred thousand letters
            return


def sniff(head: str) -> tuple[Dialect, Rows]:
    """Return how the text that begins so is cut, and its rows below what is passed over at the top.

    >>> dialect, rows = sniff("# of 2020\\n'a';'b, c'\\n1;'x; y'\\n2;'z'\\n")
    >>> dialect
    Dialect(delimiter=';', quote="'", escape='', passed=1)
    >>> rows
    [(2, ['a', 'b, c']), (3, ['1', 'x; y']), (4, ['2', 'z'])]
    """
    told = _EXCEL.match(head)
    kinds = [Dialect(told[1])] if told else [Dialect(delimiter) for delimiter in _DELIMITERS]
    cuts = [(kind, list(kind.rows(head))) for kind in kinds]
    dialect, rows = max(cuts, key=lambda cut: _evenness(cut[1]))
    for other, suffices in _others(dialect, rows, head):
        found = list(other.rows(head))
        gained = _evenness(found), len(found) if not other.quote else 0
        if gained > (before := (_evenness(rows), len(rows) if not other.quote else 0)) or (
            suffices and gained == before
        ):
            dialect, rows = other, found
    words = list(Dialect(BLANKS).rows(head))
    if not told and _are_columns(words, rows) and _in_blanks(dialect, rows):
        dialect, rows = Dialect(BLANKS), words
    passed = 1 if told else _title(rows)
    return replace(dialect, passed=rows[passed - 1][0] if passed else 0), rows[passed:]


def uncut(rows: Rows) -> str:
    """Return what seems to stand between the cells of rows that no delimiter cuts, "" if nothing does.

    >>> uncut([(1, ["a~b"]), (2, ["1~2"]), (3, ["3~4"])]), uncut([(1, ["time"]), (2, ["10:15"]), (3, ["10:20"])])
    ("'~'", '')
    """
    lines = [row[0].strip() for _, row in rows if len(row) == 1]
    if len(lines) < max(3, len(rows)):
        return ""
    marks = {repr(mark): [line.count(mark) for line in lines] for mark in _RARE}
    marks["blanks"] = [len(re.findall(r"\s{2,}", line)) for line in lines]
    return next((mark for mark, counts in marks.items() if len(set(counts)) == 1 and counts[0]), "")


def _evenness(rows: Rows) -> tuple[float, int]:
    widths = [len(row) for _, row in rows]
    usual = mode(widths) if widths else 0
    return (widths.count(usual) / len(widths) if usual > 1 else 0.0, usual)


def _others(dialect: Dialect, rows: Rows, head: str) -> Iterator[tuple[Dialect, bool]]:
    """Return what else the quotation marks of a text may mean, and whether it suffices that rows are cut as evenly."""
    if _MISQUOTED.search(head):
        yield replace(dialect, escape="\\"), True
    # a mark that opens what another closes rows later leaves fewer rows; who writes tabs often quotes nothing
    if '"' in head and dialect.delimiter == "\t":
        yield replace(dialect, quote=""), False
    names = rows[0][1] if rows else []
    for delimiter in {dialect.delimiter: 0, **dict.fromkeys(_DELIMITERS)} if "'" in head else ():
        between = rf"[{re.escape(delimiter)}\n]"
        begun = len(re.findall(rf"(?<={between})[ ]*'", f"\n{head}"))
        whole = rf"(?<={between})[ ]*'(?:[^'\n]|''|\\')*'[ ]*\r?(?={between}|\Z)"
        if begun and begun == len(re.findall(whole, f"\n{head}")):
            escape = "\\" if "\\'" in head else ""
            all_names = all(re.fullmatch(r"\s*'[^']*'\s*", name) for name in names)
            yield replace(dialect, delimiter=delimiter, quote="'", escape=escape), all_names


def _are_columns(words: Rows, rows: Rows) -> bool:
    """Tell whether blanks cut every line into as many words, in more than one of which numbers stand."""
    widths = {len(row) for _, row in words}
    if len(widths) != 1 or len(words) < 3 or max(widths) <= max(len(row) for _, row in rows):
        return False
    return any(
        all(_NUMBER.fullmatch(cell) or cell in ("?", "NA") for cell in column)
        for column in zip(*(row for _, row in words[1:]), strict=True)  # the first may have names
        if len(set(column)) > 1
    )


def _in_blanks(dialect: Dialect, rows: Rows) -> bool:
    """Tell whether the delimiter that was found is none: some cell is a row of numbers itself."""
    return _evenness(rows)[0] < 1 or any(
        sum(bool(_NUMBER.fullmatch(word)) for word in cell.split()) > 2 for _, row in rows for cell in row
    )


def _title(rows: Rows) -> int:
    """Return how many rows at the top are none of the table: remarks, and lines of a single text."""
    _, usual = _evenness(rows)
    passed = 0
    for _, row in rows[:-1]:
        remark = row[0].startswith("#") and (len(row) != usual or usual < 2)
        alone = len(row) == 1 < usual and (" " in row[0].strip() or not row[0][:1].isalnum())
        if not (remark or alone):
            break
        passed += 1
    return passed if passed < len(rows) else 0


def without_remarks(content: bytes, width: int, delimiter: str, sure: bool) -> tuple[bytes, int]:
    """Return a text whose lines with # at their beginning are empty, and how many there were.

    Such a line is a row like others where it has as many cells. ``sure`` says that remarks stood above the table too;
    without, a text with quotation marks, whose cells may go over several lines, stays as it is.

    >>> without_remarks(b"a,b\\n1,2\\n# half of it\\n#3,4\\n", 2, ",", False)
    (b'a,b\\n1,2\\n\\n#3,4\\n', 1)
    """
    if b"#" not in content or b"\n#" not in content or delimiter == BLANKS or (not sure and b'"' in content):
        return content, 0
    found = 0
    between = delimiter.encode()

    def emptied(line: re.Match[bytes]) -> bytes:
        nonlocal found
        if line[0].count(between) == width - 1 and width > 1:
            return line[0]
        found += 1
        return b"\n"

    changed = re.sub(rb"\n#[^\r\n]*", emptied, content)
    return (changed, found) if width > 1 or sure else (content, 0)
