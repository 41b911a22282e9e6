"""What is too large is told at once: files that unpack to far more, numbers beyond floats, layers beyond memory."""

import gzip
import tracemalloc

import numpy as np
import pandas as pd
import pytest

import chainrule as cr
from chainrule.data import unpacking

HUGE = ["9" * 500, "-" + "9" * 500, "1e500", "1" + "0" * 400 + ".5", "9" * 400 + "e5"]


def bomb(folder, megabytes):
    path = folder / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * (megabytes << 18), 9, mtime=0))
    return path


def test_a_file_that_unpacks_to_far_more_than_itself_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_UNPACKED", 1 << 20)
    path, read_table = bomb(tmp_path, 32), cr.read_table  # imported before memory is counted
    tracemalloc.start()
    with pytest.raises(
        cr.DataError, match=r"unpacks to more than [\d,]+, as hardly any table does.\n.*any_size=True"
    ):
        read_table(path)
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()
    assert len(cr.read_table(bomb(tmp_path, 2), any_size=True)) == 2 << 18


def test_a_file_of_several_parts_and_one_within_its_bound_are_read(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n", mtime=0) + gzip.compress(b"1,2\n" * 100_000, mtime=0))
    assert len(cr.read_table(path)) == 100_000


@pytest.mark.parametrize("cell", HUGE)
@pytest.mark.parametrize("column", ["x", "y"])
def test_a_cell_beyond_floats_is_named_in_training(tmp_path, cell, column):
    rows = [[cell, 1], *([i % 7, i / 3] for i in range(30))]
    if column == "y":
        rows = [row[::-1] for row in rows]
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{x},{y}\n" for x, y in rows))
    with pytest.raises(
        cr.DataError, match=f"Column '{column}', row 1: .*where finite numbers are expected"
    ) as caught:
        cr.TableModel.train(cr.read_table(tmp_path / "t.csv"), "y", epochs=1)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("cell", HUGE)
def test_a_cell_beyond_floats_is_named_in_prediction(tmp_path, cell):
    model = cr.TableModel.train(pd.DataFrame({"x": range(30), "y": [0, 1] * 15}), "y", epochs=1, hidden=(2,))
    (tmp_path / "t.csv").write_text(f"x\n1\n{cell}\n")
    with pytest.raises(cr.DataError, match=r"Column 'x', row 2: .*where finite numbers are expected"):
        model.predict(cr.read_table(tmp_path / "t.csv"))
    with pytest.raises(cr.DataError, match=r"Column 'x', row 1: .*where finite numbers are expected"):
        model.predict(pd.DataFrame({"x": [2**2000, None]}, dtype=object))


def test_whole_numbers_beyond_floats_are_refused_at_every_door():
    network = cr.Network([cr.Dense(1)], input_shape=(2,), seed=0)
    X, y = np.ones((3, 2)), np.ones(3)
    bad, bad_y = [[1, 2], [3, -(2**2000)], [5, 6]], np.array([1, 2**2000, 3], dtype=object)
    weights = [1, 10**400, 1]
    for call in (
        lambda: network.predict(bad),
        lambda: network.fit(bad, y, loss="mse", epochs=1),
        lambda: network.fit(X, bad_y, loss="mse", epochs=1),
        lambda: network.fit(X, y, loss="mse", epochs=1, sample_weight=weights),
        lambda: network.fit(X, y, loss="mse", epochs=1, validation_data=(bad, y)),
    ):
        with pytest.raises(cr.DataError, match=r"in row 1.* more than a float holds"):
            call()
    with pytest.raises(cr.GraphError, match="more than a float holds"):
        cr.variable([1.0]) * 2**2000


@pytest.mark.parametrize("units", [10**10, 10**12, 10**30])
def test_a_layer_beyond_memory_names_its_size(units):
    for make in (
        lambda: cr.Network([cr.Dense(units)], input_shape=(2,), seed=0),
        lambda: cr.Network([cr.Embedding(units, 4)], input_shape=(2,), seed=0),
        lambda: cr.TableModel.train(cr.load_table("iris")[0], "target", hidden=(units,), epochs=1),
    ):
        with pytest.raises(cr.ShapeError, match=f"{units}.*more than the memory of this machine"):
            make()


def test_memory_that_is_used_up_is_an_error_of_ours(monkeypatch):
    network = cr.Network([cr.Dense(1)], input_shape=(2,), seed=0)

    def used_up(*_, **__):
        raise MemoryError("Unable to allocate 14.9 GiB")

    monkeypatch.setattr(cr.Network, "_take", used_up)
    with pytest.raises(
        cr.OutOfMemoryError, match=r"used up \(Unable to allocate 14.9 GiB\). Take fewer rows"
    ):
        network.fit(np.ones((3, 2)), np.ones(3), loss="mse", epochs=1)
