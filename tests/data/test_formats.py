"""One table in every format is read to the same table; what is hostile or damaged ends in a sentence."""

import bz2
import gzip
import json
import lzma
import sqlite3
import sys
import zipfile
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest

import chainrule as cr
from chainrule.data import databases, unpacking
from chainrule.data.written import written_of

N = 40
TABLE = pd.DataFrame({
    "share": [i / 8 - 1 for i in range(N)],
    "whole": range(N),
    "gap": [None if i % 5 == 0 else i + 0.5 for i in range(N)],
    "town": ["Bern", "Zürich, ZH", "it's", 'O "k"'] * (N // 4),
    "day": [f"2020-01-{i % 28 + 1:02}" for i in range(N)],
    "ok": ["yes", "no"] * (N // 2),
    "zip": ["007", "010", "123", "900"] * (N // 4),
    "hole": ["a", None, "b", "c"] * (N // 4),
})  # fmt: skip


def csv(**how):
    return TABLE.to_csv(index=False, **how).encode()


def records():
    return TABLE.to_json(orient="records")


def zipped(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../t.csv", csv())
        archive.writestr("__MACOSX/._t.csv", b"\0")


def zstd(path):
    import zstandard

    path.write_bytes(zstandard.compress(csv()))


def sqlite(path):
    database = sqlite3.connect(path)
    TABLE.to_sql("t", database, index=False)
    database.close()


def packed_sqlite(path):
    sqlite(path.with_suffix(".plain"))
    path.write_bytes(gzip.compress(path.with_suffix(".plain").read_bytes()))


def duckdb(path):
    import duckdb

    with duckdb.connect(str(path)) as database:
        database.register("frame", TABLE)
        database.execute("create table t as select * replace (cast(day as date) as day) from frame")


def arff(path):
    def cell(value):
        escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
        return "?" if pd.isna(value) else f"'{escaped}'" if isinstance(value, str) else str(value)

    kinds = {"share": "REAL", "whole": "integer", "gap": "numeric", "town": "string", "day": "date 'yyyy-MM-dd'",
             "ok": "{yes, no}", "zip": "string", "hole": "{b,'a',c}"}  # fmt: skip
    head = [f"@attribute '{name}' {kind}" for name, kind in kinds.items()]
    rows = [",".join(map(cell, row)) for row in TABLE.itertuples(index=False)]
    path.write_text(
        "\n".join(["% of us", "@RELATION 'a b'", *head, "@DATA", "% rows", *rows]), encoding="utf-8"
    )


def typed():
    return TABLE.assign(day=pd.to_datetime(TABLE["day"]), town=TABLE["town"].astype("category"))


def text(make):
    return lambda path: path.write_text(make(), encoding="utf-8")


WRITERS = {
    "t.tsv": lambda path: path.write_bytes(csv(sep="\t")),
    "t.txt": lambda path: path.write_bytes(csv(sep=";", decimal=",")),
    "bar.csv": lambda path: path.write_bytes(csv(sep="|")),
    "utf16.csv": lambda path: path.write_bytes(csv().decode().encode("utf-16")),
    "nameless.csv": lambda path: path.write_bytes(csv(header=False)),
    "remarks.csv": lambda path: path.write_bytes(b"# of us\n# and others\n" + csv()),
    "excel.csv": lambda path: path.write_bytes(b"sep=;\r\n" + csv(sep=";")),
    "single.csv": lambda path: path.write_bytes(csv(quotechar="'", quoting=2)),
    "escaped.csv": lambda path: path.write_bytes(csv(escapechar="\\", doublequote=False)),
    "t.csv.gz": lambda path: path.write_bytes(gzip.compress(csv())),
    "t.csv.bz2": lambda path: path.write_bytes(bz2.compress(csv())),
    "t.csv.xz": lambda path: path.write_bytes(lzma.compress(csv())),
    "t.csv.zst": zstd,
    "t.zip": zipped,
    "records.json": text(records),
    "columns.json": text(lambda: TABLE.to_json(orient="columns")),
    "index.json": text(lambda: TABLE.to_json(orient="index")),
    "split.json": text(lambda: TABLE.to_json(orient="split")),
    "values.json": text(lambda: TABLE.to_json(orient="values")),
    "table.json": text(lambda: TABLE.to_json(orient="table")),
    "lists.json": text(lambda: json.dumps({n: json.loads(TABLE[n].to_json(orient="values")) for n in TABLE})),
    "wrapped.json": text(lambda: json.dumps({"count": N, "rows": json.loads(records())})),
    "t.jsonl": text(lambda: TABLE.to_json(orient="records", lines=True)),
    "t.json.gz": lambda path: path.write_bytes(gzip.compress(records().encode())),
    "t.arff": arff,
    "t.sqlite": sqlite,
    "t.db.gz": packed_sqlite,
    "t.duckdb": duckdb,
    "t.parquet": lambda path: TABLE.to_parquet(path),
    "typed.parquet": lambda path: typed().to_parquet(path),
    "index.parquet": lambda path: typed().set_index(pd.Index(range(5, N + 5), name=None)).to_parquet(path),
    "t.feather": lambda path: typed().to_feather(path),
    "t.xlsx": lambda path: TABLE.to_excel(path, index=False),
    "typed.xlsx": lambda path: typed().to_excel(path, index=False, startrow=2, startcol=1),
}


def cells(frame):
    return frame.astype(object).where(frame.notna(), None).to_dict("list")


@pytest.mark.parametrize("name", WRITERS)
def test_one_table_is_read_from_every_format(tmp_path, name):
    (tmp_path / "t.csv").write_bytes(csv())
    WRITERS[name](tmp_path / name)
    expected, found = cr.read_table(tmp_path / "t.csv"), cr.read_table(tmp_path / name)
    assert cells(expected) == cells(TABLE)
    if name.startswith(("nameless", "values")):
        assert list(found) == [f"column_{i + 1}" for i in range(len(TABLE.columns))]
        assert any("reads as data" in note for note in written_of(found).notes)
        found.columns = TABLE.columns
    assert cells(found) == cells(expected) and list(found) == list(expected)
    assert [found[name].dtype for name in ("share", "whole", "gap")] == ["float64", "int64", "float64"]
    # what is nominal in ARFF keeps its order
    if name == "t.arff":
        assert list(found["hole"].cat.categories) == ["b", "a", "c"]


@pytest.mark.parametrize("name", ["t.parquet", "t.feather", "t.xlsx", "t.csv.zst", "t.duckdb"])
def test_without_the_extra_one_sentence_says_what_to_install(tmp_path, name, monkeypatch):
    WRITERS[name](tmp_path / name)
    for library in ("pyarrow", "openpyxl", "zstandard", "duckdb"):
        monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(
        cr.MissingLibraryError, match=r"^[^\n]* needs [^\n]*: pip install 'chainrule\[tables\]'$"
    ):
        cr.read_table(tmp_path / name)


def several_sqlite(path):
    with sqlite3.connect(path) as database:
        database.executescript("create table houses (a, b); insert into houses values (1, 2), (3, 4); "
                               "create table towns (a, c); insert into towns values (5, 6);")  # fmt: skip
    database.close()


def several_xlsx(path):
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"a": [1, 3], "b": [2, 4]}).to_excel(book, sheet_name="houses", index=False)
        pd.DataFrame({"a": [5], "c": [6]}).to_excel(book, sheet_name="towns", index=False)


def several_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("houses", "a,b\n1,2\n3,4\n")
        archive.writestr("towns", "a,c\n5,6\n")


def several_json(path):
    path.write_text('{"houses": [{"a": 1, "b": 2}, {"a": 3, "b": 4}], "towns": [{"a": 5, "c": 6}]}')


@pytest.mark.parametrize("write", [several_sqlite, several_xlsx, several_zip, several_json])
def test_of_several_tables_one_is_chosen_by_its_name(tmp_path, write):
    write(tmp_path / "t")
    with pytest.raises(
        cr.DataError, match=r"holds 2 .*: houses, towns\.\nSay which is meant: table='houses'"
    ):
        cr.read_table(tmp_path / "t")
    with pytest.raises(cr.DataError, match=r"None is called 'house'\. Did you mean 'houses'\?"):
        cr.read_table(tmp_path / "t", table="house")
    assert cells(cr.read_table(tmp_path / "t", table="Houses")) == {"a": [1, 3], "b": [2, 4]}
    assert cr.load_table(tmp_path / "t", table="towns")[0]["c"].tolist() == [6]


def test_codes_of_a_workbook_keep_the_zeros_that_it_shows(tmp_path):
    book = pytest.importorskip("openpyxl").Workbook()
    for row in [
        ["zip", "ssn", "rooms", "share"],
        *([501 + i, 21378432 + i, 3 + i % 4, i / 2] for i in range(30)),
    ]:
        book.active.append(row)
    for below in range(2, 32):
        for column, shown in zip("ABC", ("00000", r"000\-00\-0000", "0"), strict=True):
            book.active[f"{column}{below}"].number_format = shown
    book.save(tmp_path / "codes.xlsx")
    found = cr.read_table(tmp_path / "codes.xlsx")
    assert found.iloc[0].tolist() == ["00501", "021-37-8432", 3, 0.0]
    found.to_csv(tmp_path / "codes.csv", index=False)
    assert cells(cr.read_table(tmp_path / "codes.csv")) == cells(found)


def test_a_table_without_a_name_is_not_chosen_by_one(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(cr.DataError, match="holds a single table, without a name; table='x' chooses none"):
        cr.read_table(tmp_path / "t.csv", table="x")


def test_a_view_is_read_and_one_without_end_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(databases, "MOST_STEPS", 1 << 20)
    monkeypatch.setattr(unpacking, "MOST_UNPACKED", 1 << 22)
    several_sqlite(tmp_path / "t.db")
    with sqlite3.connect(tmp_path / "t.db") as database:
        endless = "with recursive c(x) as (select 1 union all select x + 1 from c) select x from c"
        views = {
            "both": "select b * 2 as twice from houses",
            "more": endless,
            "none": f"{endless} where x < 0",
            "big": f"select zeroblob(1 << 20), * from ({endless})",
        }
        for name, query in views.items():
            database.execute(f"create view {name} as {query}")
    database.close()
    assert cells(cr.read_table(tmp_path / "t.db", table="both")) == {"twice": [4, 8]}
    for name in ("more", "none", "big"):
        with pytest.raises(cr.DataError, match=r"takes longer than reading a table|unpacks to more than"):
            cr.read_table(tmp_path / "t.db", table=name)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, "zip", "zst"])
def test_no_packing_makes_far_more_of_a_file(tmp_path, pack, monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_UNPACKED", 1 << 16)
    content, path = b"a,b\n" + b"1,2\n" * (1 << 20), tmp_path / "t"
    if pack == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("t.csv", content)
    elif pack == "zst":
        import zstandard

        path.write_bytes(zstandard.compress(content))
    else:
        path.write_bytes(pack(content))
    with pytest.raises(cr.DataError, match=r"unpacks to more than .*\n.*any_size=True"):
        cr.read_table(path)
    assert len(cr.read_table(path, any_size=True)) == 1 << 20


def test_a_parquet_file_or_workbook_of_far_more_cells_than_bytes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_UNPACKED", 1 << 16)
    frame = pd.DataFrame({"a": np.zeros(300_000), "b": np.zeros(300_000)})
    frame.to_parquet(tmp_path / "t.parquet")
    frame[:5000].to_excel(tmp_path / "t.xlsx", index=False)
    monkeypatch.setattr(unpacking, "MOST_TIMES", 1)
    for name in ("t.parquet", "t.xlsx"):
        with pytest.raises(cr.DataError, match=r"unpacks to more than .*\n.*any_size=True"):
            cr.read_table(tmp_path / name)
    assert len(cr.read_table(tmp_path / "t.parquet", any_size=True)) == 300_000


@pytest.mark.parametrize(
    "name", [name for name in WRITERS if "csv" not in name and not name.endswith((".tsv", ".txt"))]
)
@pytest.mark.parametrize("keep", [0.9, 0.5, 60])
def test_a_file_that_was_cut_off_is_told(tmp_path, name, keep):
    WRITERS[name](tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(keep if keep > 1 else keep * len(whole))])
    if name in ("t.arff", "t.jsonl") and keep != 60:  # lines of a text are whole, each for itself
        with suppress(cr.DataError):
            assert len(cr.read_table(tmp_path / name)) < N
        return
    with pytest.raises(cr.ChainruleError) as caught:
        cr.read_table(tmp_path / name)
    assert str(caught.value).count("\n") < 6 and len(str(caught.value)) < 800


JSON = {
    '{"a": 1}\n{"a": 2, "b": {"c": "x", "d": {"e": true}}}': {
        "a": [1, 2],
        "b.c": [None, "x"],
        "b.d.e": [None, "True"],
    },
    '[["a", "b"], [1, "x"], [2, "y"]]': {"a": [1, 2], "b": ["x", "y"]},
    '[{"price": "$400,000"}, {"price": "1"}]': {"price": [400000, 1]},
    '[{"a": 9007199254740993}, {"a": null}]': {"a": [9007199254740993, None]},
    '[{"a": 1, "b": [1, 2]}, {"a": 2, "b": []}]': {"a": [1, 2]},
}


@pytest.mark.parametrize("written", JSON)
def test_json_is_read_as_it_is_meant(tmp_path, written):
    (tmp_path / "t").write_text(written)
    assert cells(cr.read_table(tmp_path / "t")) == JSON[written]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[" * 100_000, "JSON that cannot be read"),
        ('[{"a": ' + "9" * 10_000 + "}]", "JSON that cannot be read"),
        ('[{"a": 1}, {"a": ', "no whole JSON: .* in line 1"),
        ('{"a": [1, 2], "b": [1]}', "columns of different lengths: a 2, b 1"),
        ('[{"a": [1]}, {"a": [2]}]', "no column of numbers or texts: a"),
        ("[[1, 2], [3]]", "rows of different lengths"),
        ("@relation x\n@attribute a numeric\n1\n", "without @data"),
        ("@relation x\n@data\n1\n", "without an @attribute"),
        ("@relation x\n@attribute a {u,v}\n@data\nw\n", "'a' .*declared as one of u, v; found 'w'"),
        (
            "@relation x\n@attribute a numeric\n@attribute b numeric\n@data\n1,2\n1,2,3\n",
            "Line 6 .*has 3 cells",
        ),
        ("@relation x\n@attribute a relational\n@data\n1\n", "holds tables"),
        ("@relation x\n@attribute a numeric\n@data\n{7 1}\n", "Line 4 .*names column 7; there are 1"),
        (b"SQLite format 3\0" + b"\0" * 5000, "SQLite database that cannot be read"),
        (b"PAR1\1" * 99, "Parquet file that is damaged"),
        (b"ARROW1\0" + b"\xff" * 99, "Feather file that is damaged"),
        (b"12345678DUCK" + b"\xff" * 99, "DuckDB database that cannot be read"),
        (b"\x80\x04\x95", "a pickle, which may run code"),
    ],
)
def test_what_is_no_table_of_its_format_is_told(tmp_path, content, told):
    (tmp_path / "t").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(cr.DataError, match=told) as caught:
        cr.read_table(tmp_path / "t")
    assert len(str(caught.value)) < 800


def test_sparse_rows_of_arff_are_whole_ones(tmp_path):
    head = "@relation x\n@attribute n numeric\n@attribute 'a b' {u, 'v w'}\n@attribute m numeric\n@data\n"
    (tmp_path / "t").write_text(head + "{0 5, 1 'v w'}\n{2 ?}\n{}\n")
    assert cells(cr.read_table(tmp_path / "t")) == {
        "n": [5, 0, 0],
        "a b": ["v w", "u", "u"],
        "m": [0, None, 0],
    }


def test_a_model_of_one_format_predicts_on_another(tmp_path):
    for name in ("t.arff", "t.parquet"):
        WRITERS[name](tmp_path / name)
    (tmp_path / "t.csv").write_bytes(csv())
    model = cr.TableModel.train(cr.read_table(tmp_path / "t.csv"), "ok", epochs=2, hidden=(2,))
    expected = model.predict(cr.read_table(tmp_path / "t.csv"))
    for name in ("t.arff", "t.parquet"):
        pd.testing.assert_frame_equal(model.predict(cr.read_table(tmp_path / name)), expected)
    of_arff = cr.TableModel.train(cr.read_table(tmp_path / "t.arff"), "ok", epochs=2, hidden=(2,))
    assert of_arff.predict(cr.read_table(tmp_path / "t.csv")).shape == expected.shape


def test_files_of_the_same_columns_are_one_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("code,x,form,y\n007,1,1.50,NA\n010,2,2.00,b\n")
    (tmp_path / "b.json").write_text(
        '[{"y": "c", "x": 2.5, "code": 12, "form": 3.0}, {"y": "d", "x": null, "code": "8"}]'
    )
    with gzip.open("c.csv.gz", "wt") as file:
        file.write("code;x;form;y\n11;4,5;1,25;?\n12;4;2;e\n")
    table = cr.read_table("?.*")
    assert cells(table) == {
        "code": ["007", "010", "12", "8", "11", "12"],
        "x": [1, 2, 2.5, None, 4.5, 4],
        "form": [1.5, 2, 3, None, 1.25, 2],
        "y": [None, "b", "c", "d", None, "e"],
    }
    known = written_of(table)
    assert known.notes == ("Read 3 files as one table: a.csv (2 rows), b.json (2 rows), c.csv.gz (2 rows).",)
    assert cr.read_table(["a.csv", tmp_path / "b.json", "c.csv.gz"]).equals(table)
    assert len(cr.load_table("*.csv")[0]) == 2
    (tmp_path / "d[1].csv").write_text("a\n1\n")
    assert cells(cr.read_table("d[1].csv")) == {"a": [1]}


def test_files_of_other_columns_are_no_one_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "b.csv").write_text("x,z\n1,2\n")
    with pytest.raises(
        cr.DataError, match=r"^b.csv has other columns than a.csv. It lacks y. It has z besides.\n"
    ):
        cr.read_table("*.csv")
    with pytest.raises(cr.MissingFileError, match=r"No file matches '\*.tsv'"):
        cr.read_table("*.tsv")
    with pytest.raises(cr.DataError, match="list of files is empty"):
        cr.read_table([])


def test_half_a_letter_in_json_is_named_and_whole_ones_are_read(tmp_path):
    for name, text in {
        "half": r"b\ud800",
        "tail": r"\udc00 b",
        "whole": r"\ud83d\ude00",
        "escaped": r"\\ud800",
    }.items():
        (tmp_path / f"{name}.json").write_text(f'[{{"a": 1, "b": "{text}"}}, {{"a": 2, "b": "c"}}]')
    for name in ("half", "tail"):
        with pytest.raises(cr.DataError, match=r"holds '\\ud[8c]00', half of a letter"):
            cr.read_table(tmp_path / f"{name}.json")
    assert cr.read_table(tmp_path / "whole.json")["b"].tolist() == ["\U0001f600", "c"]
    assert cr.read_table(tmp_path / "escaped.json")["b"].tolist() == ["\\ud800", "c"]
