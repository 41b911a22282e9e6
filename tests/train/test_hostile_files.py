"""A file from anywhere is a model that works, or is refused: nothing in it runs, and nothing of it is waited for."""

import contextlib
import json
import os
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import hostile_files
import numpy as np
import pytest
from click.testing import CliRunner
from hostile_files import read, write
from model_files import HERE

import chainrule as cr
from chainrule import plain
from chainrule.cli.main import cli
from chainrule.nn.layers import LAYERS
from chainrule.nn.saved import from_config
from chainrule.train import store as files

NETWORK, BRANCHES, TABLE = (HERE / "0.1.0" / f"{name}.safetensors" for name in ("layers", "moves", "classes"))
CODE = "__import__('os').system('touch ran')"
ROWS = {"extent": "batch"}


def changed(source, change, path):
    """Write a file that differs from ``source`` by ``change``, whole in itself; return its path."""
    config, arrays = read(source)
    header = change(config) or json.dumps(config)
    with contextlib.suppress(cr.ChainruleError):  # arrays of no layer would be refused for that alone
        found = from_config(config["architecture"])
        arrays = {name: arrays[name] for name in (*found.parameters, *found.statistics) if name in arrays}
    write(path, header, arrays)
    return path


def appending(row, *inputs, **attributes):
    """Return the change that makes one more row the output."""

    def change(config):
        part = config["architecture"]
        part["entries"].append({"row": row, "inputs": list(inputs), "attributes": attributes})
        part["output"] = len(part["entries"]) - 1

    return change


def chained(*changes):
    def change(config):
        for each in changes:
            each(config)

    return change


def put(value, *path):
    """Return the change that puts ``value`` at a path of the configuration."""

    def change(config):
        *before, last = path
        for key in before:
            config = config[key]
        config[last] = value

    return change


def broadcasts(count, *shape):
    """Return the change that spreads the first input ``count`` times, and joins what comes out."""

    def change(config):
        start = len(config["architecture"]["entries"])
        for _ in range(count):
            appending("broadcast_to", 0, shape=[*shape, ROWS, 6])(config)
        appending("concatenate", *range(start, start + count), axis=0)(config)
        appending("sum", start + count, axes=list(range(len(shape))), keepdims=False)(config)

    return change


def sliding(row, **attributes):
    """Return the change that appends windows of the last entry, or what overlaps there, where one axis is wrong."""

    def change(config):
        at = {"axes": [1], "sizes": [2], "strides": [1], "dilations": [1]} | attributes
        appending(row, len(config["architecture"]["entries"]) - 1 if row == "windows" else 0, **at)(config)

    return change


def product_of_products(config):
    start = len(config["architecture"]["entries"])
    appending("broadcast_to", 0, shape=[2048, ROWS, 6])(config)
    appending("contract", start, start, spec="ibk,jbk->bij")(config)
    appending("contract", start + 1, start + 1, spec="bij,bjk->bik")(config)


CRAFTED = {
    "code as an attribute's name": appending("add", 0, 0, **{f"a={CODE})#": ROWS}),
    "code as an attribute's value": appending("sum", 0, axes=CODE, keepdims=False),
    "code as a length": appending("broadcast_to", 0, shape=[{"extent": f"batch{CODE}"}, 6]),
    "text in a slice": appending("slice", 0, index=[[None, None, None], "0) ; ret void"]),
    "text in a slice's ends": appending("slice", 0, index=[[None, None, None], ["0", "1", 1]]),
    "a slice outside": appending("slice", 0, index=[[None, None, None], [1000000, 1000003, 1]]),
    "a slice before": appending("slice", 0, index=[[None, None, None], -1000000]),
    "a slice of a fraction": appending("slice", 0, index=[[None, None, None], 1.5]),
    "a place outside": appending("pad", 0, index=[[None, None, None], [10**9, 10**9 + 6, 1]], shape=[ROWS, 8]),
    "a place in another shape": appending("pad", 0, index=[[None, None, None], 7], shape=[ROWS, 8]),
    "infinity among whole numbers": chained(
        appending("argmax", 0, axis=1),
        lambda config: appending("pad_with", len(config["architecture"]["entries"]) - 1, index=[[None] * 3, 0],
                                 shape=[ROWS, 2], fill={"number": "inf"})(config),
    ),
    "text around": appending("pad_with", 0, index=[[None] * 3, [0, 6, 1]], shape=[ROWS, 6], fill=CODE),
    "windows beyond the end": sliding("windows", sizes=[7]),
    "windows far apart": sliding("windows", sizes=[2**62], dilations=[2**62]),
    "windows of nothing": sliding("windows", sizes=[0]),
    "windows that go back": sliding("windows", strides=[-1]),
    "windows that stay": sliding("windows", strides=[0]),
    "windows of text": sliding("windows", sizes=[CODE]),
    "windows along the batch": sliding("windows", axes=[0]),
    "windows along an axis that is none": sliding("windows", axes=[9]),
    "windows of more axes than sizes": sliding("windows", axes=[0, 1]),
    "windows of windows of windows": chained(*[sliding("windows", sizes=[1]) for _ in range(40)]),
    "what overlaps, beyond all memory": sliding("overlap_add", sizes=[6], axes=[0], extents=[2**40], strides=[2**40]),
    "what overlaps, in a negative length": sliding("overlap_add", sizes=[6], axes=[0], extents=[-6]),
    "what overlaps along the batch": sliding("overlap_add", sizes=[6], axes=[0], extents=[11]),
    "what overlaps and is of another shape": sliding("overlap_add", sizes=[2], axes=[0], extents=[7]),
    "positions that are no whole numbers": appending("gather", 0, 0, axis=1),
    "an argument of NumPy's": appending("add", 0, 0, out=None),
    "a third input, which NumPy writes to": appending("add", 0, 0, 0),
    "a leaf": appending("variable"),
    "an input that is no input": appending("input", symbol=1),
    "an axis that is none": appending("softmax", 0, axes=[5]),
    "an axis twice": appending("transpose", 0, axes=[0, 0]),
    "an index string of something else": appending("contract", 0, 0, spec="ij;,ij->i"),
    "a cast to objects": appending("cast", 0, dtype="object"),
    "a cast to bytes": appending("cast", 0, dtype="S1000000000"),
    "a constant of objects": appending("constant", value={"array": [{}], "dtype": "object"}),
    "a constant of text": appending("constant", value={"array": ["1"], "dtype": "float32"}),
    "a constant of other words": appending("constant", value={"array": ["infinity"], "dtype": "float32"}),
    "a whole number that is infinite": appending("constant", value={"array": ["inf"], "dtype": "int64"}),
    "a number of other words": appending("clip", 0, low={"number": "1e5"}, high=None),
    "an open axis of nobody": appending("broadcast_to", 0, shape=[{"extent": "rows"}, 6]),
    "no examples": appending("sum", 0, axes=[0, 1], keepdims=False),
    "a later entry": put([99], "architecture", "entries", 2, "inputs"),
    "an entry from the end": put([-1], "architecture", "entries", 2, "inputs"),
    "an entry by a truth value": put([True], "architecture", "entries", 2, "inputs"),
    "an output that is none": put(-1, "architecture", "output"),
    "an input twice": chained(put("a", "architecture", "entries", 1, "input")),
    "another dtype": put("int64", "architecture", "dtype"),
    "a gigabyte": appending("broadcast_to", 0, shape=[ROWS, 2**30, 6]),
    "more than there are numbers": appending("broadcast_to", 0, shape=[ROWS, *[2**62] * 30, 6]),
    "gigabytes beside nothing": chained(
        appending("slice", 0, index=[[None, None, None], [0, 0, 1], None]),
        lambda config: appending("broadcast_to", len(config["architecture"]["entries"]) - 1, shape=[ROWS, 0, 2**40])(
            config
        ),
    ),
    "more classes than memory, for no label": chained(
        appending("argmax", 0, axis=1),
        lambda config: appending("one_hot", len(config["architecture"]["entries"]) - 1, classes=2**25, dtype="bool")(
            config
        ),
    ),
    "gigabytes one by one": broadcasts(9, 500_000),
    "a product of a product": product_of_products,
    "a huge number": put(10**400, "seed"),
    "a negative number of runs": put(-1, "runs"),
    "a truth value as seed": put("1", "seed"),
    "a loss of another kind": put([1], "loss"),
    "a loss made of something else": put({"class": "Dense", "units": 1}, "loss"),
    "extra data that are none": put(3, "extra"),
    "another field": put(3, "surprise"),
}  # fmt: skip


def refused(path, most=1000):
    """Assert that a file is refused at once, by an error of our own that does not repeat the file."""
    began = time.process_time()
    tracemalloc.start()
    with pytest.raises(cr.FileFormatError) as error:
        cr.load(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(str(error.value)) < len(str(path)) + most
    assert time.process_time() - began < 2 and peak < 50e6
    return str(error.value)


@pytest.mark.parametrize("name", CRAFTED)
def test_crafted_graphs_are_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(changed(BRANCHES, CRAFTED[name], tmp_path / "m"))
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


SETTINGS = [
    *[("units", value) for value in (2**29, 2**62, 10**400, -1, 6.0, "6", True, None, [6])],
    *[
        ("use_bias", "yes"),
        ("name", 3),
        ("class", "Conv"),
        ("class", ["Dense"]),
        ("x" * 300_000, 3),
        ("__class__", 3),
    ],
    ("activation", "rellu" * 60_000),
    ("activation", {"function": "zeros"}),
    ("activation", {"function": "os.system"}),
    ("activation", {"settings": {"class": "L2"}}),
    ("activation", {"layer": {"class": "Dropout"}}),
    ("initializer", 10**400),
    ("initializer", {"function": "relu"}),
    ("initializer", {"settings": {"class": "Normal", "std": 10**400}}),
    ("initializer", {"settings": {"class": "Scaled", "fan": []}}),
    ("initializer", {"settings": {"class": ["Normal"]}}),
    ("regularizer", "l2"),
    ("regularizer", {"regularizer": {"class": "L2", "factor": "1"}}),
    ("regularizer", {"regularizer": {"class": "Dense"}}),
    ("regularizer", {"regularizer": 0.5}),
    ("regularizer", {"settings": {"class": "LeakyReLU"}}),
]


@pytest.mark.parametrize(("field", "value"), SETTINGS, ids=range(len(SETTINGS)))
def test_layers_with_other_settings_are_refused(field, value, tmp_path):
    refused(changed(NETWORK, put(value, "architecture", "entries", 2, "layer", field), tmp_path / "m"))


TABLES = {
    "a deviation of nothing": put(0, "columns", "columns", 0, "std"),
    "one end alone": put(0.5, "columns", "columns", 0, "low"),
    "a median that is text": put("3", "columns", "columns", 0, "median"),
    "a huge mean": put(10**400, "columns", "columns", 0, "mean"),
    "a column of another kind": put("date", "columns", "columns", 0, "kind"),
    "a column without a name": put(None, "columns", "columns", 0, "name"),
    "no columns": put([], "columns", "columns"),
    "notes that are none": put(7, "columns", "notes"),
    "a task that is none": put("clustering", "target", "task"),
    "another task": put("regression", "target", "task"),
    "one class": put(["low"], "target", "classes"),
    "classes that are lists": put([[1], [2], [3]], "target", "classes"),
    "no target": put([], "target", "columns"),
    "rows that are text": put("many", "report", "rows"),
    "seconds that are text": put("long", "report", "seconds"),
    "stopped by a number": put(3, "report", "stopped"),
    "scores that are text": put("good", "report", "scores"),
    "a score that is text": put({"accuracy": "good"}, "report", "scores", "network"),
    "a score without a baseline": put({}, "report", "scores", "baseline"),
    "another field": put(1, "report", "surprise"),
    "a report that is a list": put([], "report"),
    "no report": chained(lambda table: table.pop("report")),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_that_do_not_fit_together_are_refused(name, tmp_path):
    refused(changed(TABLE, lambda c: TABLES[name](c["extra"]["chainrule.table"]), tmp_path / "m"))


TEXTS = {
    "lists in lists": "[" * 100_000 + "]" * 100_000,
    "layers in layers": '{"layer":' * 5_000 + "1" + "}" * 5_000,
    "beyond all floats": "1e999",
    "infinite": "Infinity",
    "no number": "NaN",
    "many digits": "9" * 5_000,
    "long": '"' + "x" * 300_000 + '"',
}
UNITS = ("architecture", "entries", 2, "layer", "units")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("path", [("seed",), ("extra", "notes"), UNITS], ids=lambda path: path[-1])
def test_text_that_json_reads_unwillingly_is_refused(text, path, tmp_path):
    def change(config):
        put("THERE", *path)(config)
        return json.dumps(config).replace('"THERE"', text)

    file = changed(NETWORK, change, tmp_path / "m")
    if path[0] == "extra" and text[0] in '"':
        assert cr.load(file).extra["notes"] == "x" * 300_000
    else:
        refused(file)


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a.pop("W1"),
        lambda a: a.update(W9=a["W1"]),
        lambda a: a.update(W1=a["W1"].astype(np.float64)),
        lambda a: a.update(W1=a["W1"][:, :-1]),
        lambda a: a.update(W1=a["W1"][None]),
        lambda a: a.update(W1=a["gamma_1"]),
        lambda a: a.update({"x" * 300_000: a["W1"]}),
    ],
    ids=range(7),
)
def test_arrays_that_are_not_those_of_the_layers_are_refused(change, tmp_path):
    config, arrays = read(NETWORK)
    change(arrays)
    write(tmp_path / "m", json.dumps(config), arrays)
    refused(tmp_path / "m")


@pytest.mark.parametrize("source", [BRANCHES, TABLE], ids=lambda path: path.stem)
def test_no_command_runs_anything_from_a_file(source, tmp_path, monkeypatch):
    """Not even training that would replace it, and reads it to see whether it may."""
    monkeypatch.chdir(tmp_path)
    output = read(source)[0]["architecture"]["output"]
    file = changed(
        source, appending("add", output, output, **{f"a={CODE})#": ROWS}), tmp_path / "m.safetensors"
    )
    before = file.read_bytes()
    for command in (
        ["summary", "m.safetensors"],
        ["predict", "m.safetensors", "iris"],
        ["evaluate", "m.safetensors", "iris"],
        ["train", "iris", "--epochs", "1", "--out", "m.safetensors"],
    ):
        result = CliRunner().invoke(cli, command)
        assert result.exit_code == 2, result.output
    assert file.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["m.safetensors"]


@pytest.mark.parametrize("layer", ["Flatten", "Dropout", "Dense"])
def test_a_thousand_layers_are_read_in_time_that_grows_with_their_number(layer, tmp_path):
    settings = {"Dropout": {"rate": 0.5}, "Dense": {"units": 3, "use_bias": False, "activation": "relu"}}.get(
        layer, {}
    )

    def change(config):
        entries = config["architecture"]["entries"]
        while len(entries) < 1000:
            entries.append({"layer": {"class": layer, **settings}, "inputs": [len(entries) - 1]})
        config["architecture"]["output"] = len(entries) - 1

    if layer == "Dense":
        began = time.process_time()
        with pytest.raises(cr.FileFormatError, match="is missing"):
            cr.load(changed(NETWORK, change, tmp_path / "m"))
        assert time.process_time() - began < 5
        return
    file = changed(NETWORK, change, tmp_path / "m")
    began = time.process_time()
    assert len(cr.load(file).layers) > 900 and time.process_time() - began < 5  # it took minutes


# --- older and newer files --------------------------------------------------------------------------------


def test_what_was_renamed_is_found_by_its_old_name(tmp_path, monkeypatch):
    """One line each, for a row, an attribute, a layer, a field, a class with settings, functions and losses."""
    old = {
        ("row", "joined"): "concatenate",
        ("concatenate", "along"): "axis",
        ("layer", "FullyConnected"): "Dense",
        ("Dense", "width"): "units",
        ("activation", "tangent"): "tanh",
        ("loss", "squares"): "mse",
        ("class", "Ridge"): "L2",
        ("L2", "price"): "factor",
        ("initializer", "nothing"): "zeros",
    }

    def change(config):
        entries = config["architecture"]["entries"]
        for entry in entries:
            if entry.get("row") == "concatenate":
                entry |= {"row": "joined", "attributes": {"along": entry["attributes"]["axis"]}}
            if "layer" in entry:
                assert entry["layer"].pop("class") == "Dense" and entry["layer"]["activation"] == "tanh"
                entry["layer"] |= {
                    "class": "FullyConnected",
                    "width": entry["layer"].pop("units"),
                    "activation": "tangent",
                }
                entry["layer"]["regularizer"] = {"regularizer": {"class": "Ridge", "price": 0.5}}
                entry["layer"]["initializer"] = "nothing"
        config["loss"] = "squares"

    file = changed(BRANCHES, change, tmp_path / "m")
    with pytest.raises(cr.FileFormatError):
        cr.load(file)
    monkeypatch.setattr(plain, "OLD_NAMES", old)
    found, same = cr.load(file), cr.load(BRANCHES)
    X = {name: np.ones((2, *node.shape[1:])) for name, node in same.inputs.items()}
    np.testing.assert_array_equal(found.predict(X), same.predict(X))
    assert found.loss == "mse" and found.layers[0].regularizer == cr.L2(0.5)
    assert found.layers[0].initializer == "zeros" and found.layers[0].activation == "tanh"
    found.save(file)
    assert '"joined"' not in read(file)[0].__repr__() and cr.load(file).loss == "mse"


def test_an_older_format_is_read_through_every_step_that_led_to_this_one(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "FORMAT", 3)
    monkeypatch.setattr(
        files,
        "UPGRADES",
        {
            1: lambda config, arrays: ({**config, "extra": {"from": [1]}}, arrays),
            2: lambda config, arrays: (
                put([*config["extra"]["from"], 2], "extra", "from")(config) or config,
                arrays,
            ),
        },
    )
    assert cr.load(NETWORK).extra == {"from": [1, 2]}
    network = cr.load(NETWORK)
    network.save(tmp_path / "m", extra={"new": True})
    assert cr.load(tmp_path / "m").extra == {"new": True}
    files.UPGRADES[1] = lambda config, arrays: config["nothing"]
    refused(NETWORK)


def test_every_layer_and_row_is_in_a_file_that_is_read():
    """So that whoever renames one is told by `test_older_files`."""
    rows, layers = set(), set()
    for path in HERE.glob("*/*.safetensors"):
        for entry in read(path)[0]["architecture"]["entries"]:
            rows.add(plain.renamed("row", entry.get("row")))  # "place" is "pad" today
            layers.add(entry["layer"]["class"] if isinstance(entry.get("layer"), dict) else None)
    assert set(LAYERS) - {"Cell"} <= layers  # a cell stands within a layer
    assert rows >= {
        "slice",
        "concatenate",
        "reshape",
        "contract",
        "maximum",
        "where",
        "transpose",
        "gather",
        "pad",
        "scatter_add",
    }


def test_an_input_under_another_name_comes_back(tmp_path):
    network = cr.Network(lambda a: cr.Dense(1)(a.named("again") * a), {"a": 3}, seed=0)
    network.save(tmp_path / "m")
    np.testing.assert_array_equal(
        cr.load(tmp_path / "m").predict(np.ones((2, 3))), network.predict(np.ones((2, 3)))
    )


def test_a_layer_larger_than_any_memory_is_refused():
    with pytest.raises(cr.ShapeError, match="more than the memory of this machine holds"):
        cr.Network([cr.Dense(10**12)], input_shape=4)


# --- thousands --------------------------------------------------------------------------------------------


def tried(seed, count, engine, change=""):
    program = hostile_files.__file__
    paths = [str(Path(cr.__file__).parents[1]), str(Path(program).parent)]
    found = subprocess.run(
        [sys.executable, program, str(seed), str(count), engine, change],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    *faults, total = found.stdout.splitlines() or [""]
    assert not faults and found.returncode == 0 and total.startswith(f"{count} files"), (
        found.stdout + found.stderr
    )


def test_changed_files_work_or_are_refused(engine):
    tried(0, 300, engine)


@pytest.mark.long
def test_thousands_of_changed_files_work_or_are_refused(engine):
    tried(1, 4000, engine)
    tried(2, 400, engine, "grow")
