"""The files that mistakes are made with: FILES says how each is made, by its name."""

import contextlib
import functools
import gzip
import sqlite3
import tempfile
import zipfile
from pathlib import Path

import chainrule as cr

ROWS = 40


def text(content, encoding="utf-8"):
    """Make a file of a text."""
    return lambda path: path.write_bytes(content.encode(encoding))


def csv(header, line, rows=ROWS):
    """Make a table: its header, and a function of the number of a row that gives it, or a pattern with that number."""
    body = "".join((line(i) if callable(line) else line.format(i=i, j=i % 7)) + "\n" for i in range(rows))
    return text(header + "\n" + body)


def blob(content):
    """Make a file of bytes."""
    return lambda path: path.write_bytes(content)


def house(i):
    """A row of houses.csv."""
    return f"{i % 7},{'Oslo' if i % 2 else 'Rome'},{i * 10.5}"


@functools.cache
def model():
    """What is in a model file of houses.csv."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "houses.csv"
        csv("rooms,city,price", house)(path)
        found = cr.TableModel.train(cr.read_table(path), "price", epochs=1, hidden=(2,))
        found.save(path.with_suffix(".safetensors"))
        return path.with_suffix(".safetensors").read_bytes()


def binary(path):
    """Make what is no text."""
    path.write_bytes(bytes(range(256)) * 20)


def cut_gzip(path):
    """Make a gzipped table of which the end is missing."""
    lines = "a,price\n" + "".join(f"{i},{i * 7919 % 1000}\n" for i in range(3000))
    path.write_bytes(gzip.compress(lines.encode(), mtime=0)[:-50])


def database(path):
    """Make a database of two tables."""
    with contextlib.closing(sqlite3.connect(path)) as shop:
        for name in ("houses", "people"):
            shop.execute(f"CREATE TABLE {name} (rooms INTEGER, city TEXT, price REAL)")
            rows = [(i % 7, "Oslo" if i % 2 else "Rome", i * 10.5) for i in range(ROWS)]
            shop.executemany(f"INSERT INTO {name} VALUES (?, ?, ?)", rows)
        shop.commit()


def workbook(path):
    """Make what begins as a workbook does."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "")


def folder(path):
    """Make a folder with a table in it."""
    path.mkdir(exist_ok=True)
    FILES["houses.csv"](path / "houses.csv")


def damaged(path):
    """Make a model file of which some bytes have changed."""
    whole = model()
    path.write_bytes(whole[:-4] + b"????")


FILES = {
    # tables that are as they should be, and the model of one
    "houses.csv": csv("rooms,city,price", house),
    "new.csv": text("rooms,city\n3,Oslo\n4,Rome\n"),
    "houses.safetensors": lambda path: path.write_bytes(model()),
    "town.csv": csv(
        "rooms,city,sold", lambda i: f"{i % 7},{'Oslo' if i % 2 else 'Rome'},{'no' if i % 3 else 'yes'}"
    ),
    "test.csv": csv("rooms,city,price", house, 12),
    "folder": folder,
    # what is no table
    "data.json": text('{"a": [1], "b": "x"}'),
    "settings.json": text('{"colour": "red", "size": {"width": 3}}'),
    "cut.json": text('[{"rooms": 3, "price": 5}, {"rooms": 4, "pri'),
    "shop.sqlite": database,
    "houses.parquet": blob(b"PAR1\x15\x04" + bytes(90)),  # as they begin, for who lacks what reads them
    "houses.xlsx": workbook,
    "empty.csv": text(""),
    "blank.csv": text("\n\n\n"),
    "header.csv": text("rooms,city,price\n"),
    "binary.csv": binary,
    "photo.png": blob(b"\x89PNG\r\n\x1a\n" + bytes(range(200))),
    "page.html": text("<!DOCTYPE html><html><body><table><tr><td>1</td></tr></table></body></html>"),
    "letter.txt": text("Dear reader,\nthis is a letter.\nYours\n"),
    "renamed.csv.gz": text("a,price\n1,2\n2,3\n"),
    "cut.csv.gz": cut_gzip,
    # tables with something wrong
    "title.csv": text(
        "Houses of the town,,\nrooms,city,price\n" + "".join(house(i) + "\n" for i in range(20))
    ),
    "units.csv": csv("rooms,area,price", lambda i: f"{i % 7},{i * 3} m2,{i} EUR"),
    "no_price.csv": csv("rooms,price", "{i},"),
    "one_class.csv": csv("rooms,floor,sold", "{i},{j},yes"),
    "one_price.csv": csv("rooms,floor,price", "{i},{j},5"),
    "one_column.csv": csv("price", "{i}"),
    "three_rows.csv": csv("rooms,price", "{i},{j}2", 3),
    "no_values.csv": csv("a,b,price", "NA,,{i}"),
    "infinite.csv": csv("rooms,price", lambda i: f"{'inf' if i == 3 else i},{i * 2}"),
    "infinite_price.csv": csv("rooms,price", lambda i: f"{i},{'inf' if i == 3 else i * 2}"),
    "huge.csv": csv("rooms,price", lambda i: f"{i},{i * 1e306}"),
    "ragged.csv": text("rooms,price\n1,2\n1,2,3\n2,3\n"),
    "twice.csv": text("rooms,rooms,price\n1,2,3\n2,3,4\n"),
    "no_header.csv": csv("0.5,0,y", lambda i: f"{i}.5,{i * 2},{'x' if i % 2 else 'y'}"),
    "open_quote.csv": text('rooms,price\n1,2\n"3,4\n5,6\n'),
    "names.csv": csv("rooms,floor,name", "{i},{j},Mr. Number {i}", 30),
    "halves.csv": csv("rooms,share", lambda i: f"{i},{i % 3 / 2}"),
    "cyrillic.csv": csv("комнаты,цена", "{i},{j}.5"),
    "commas.csv": csv('rooms,"price, in EUR"', "{i},{j}.5"),
    "dates.csv": csv(
        "sold_on,rooms,price", lambda i: f"2020-02-{i % 28 + 1 if i != 9 else 30:02},{i % 7},{i}.5"
    ),
    "word.csv": csv("rooms,price", lambda i: f"{'many' if i == 7 else i},{i * 2}.5"),
    "spellings.csv": csv("rooms,sold", lambda i: f"{i},{['yes', 'Yes', 'no'][i % 3]}"),
    "leak.csv": csv("rooms,tax,price", lambda i: f"{i % 7},{i * 0.1:.2f},{i}.5"),
    "constant.csv": csv("rooms,floor,one,price", "{j},{i},1,{i}.5"),
    "rare.csv": csv(
        "rooms,floor,sold", lambda i: f"{i},{i % 7},{'rare' if i == 3 else 'yes' if i % 2 else 'no'}"
    ),
    # rows that judge, or are to be predicted, that do not fit
    "town_test.csv": csv(
        "rooms,city,sold", lambda i: f"{i},Oslo,{'maybe' if i == 3 else 'yes' if i % 2 else 'no'}", 9
    ),
    "wordy_test.csv": csv("rooms,city,price", lambda i: f"{'many' if i > 2 else i},Oslo,{i * 2}.5", 9),
    "no_city.csv": text("rooms\n3\n"),
    "many.csv": text("rooms,city\n3,Oslo\nmany,Rome\n"),
    "capital.csv": text("Rooms,city\n3,Oslo\n"),
    # model files that are none
    "cut.safetensors": lambda path: path.write_bytes(model()[:1000]),
    "damaged.safetensors": damaged,
    "empty.safetensors": blob(b""),
    "network.safetensors": lambda path: cr.Network([cr.Dense(1)], input_shape=(2,), seed=0).save(path),
}
