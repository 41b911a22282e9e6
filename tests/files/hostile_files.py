"""Model files made wrong on purpose: each must load as a model that works, or be refused by an error of our own.

Run as a program it tries so many of a seed in a process of its own, and prints what went wrong, a line for each::

    python tests/files/hostile_files.py SEED COUNT [ENGINE [CHANGE]]
"""

import contextlib
import io
import json
import random
import resource
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from model_files import HERE, OWN
from safetensors import safe_open
from safetensors.numpy import save_file

import chainrule as cr
from chainrule.graph.primitives.primitive import TABLE
from chainrule.graph.shapes import Extent
from chainrule.nn import saved
from chainrule.train import store as files

MOST_SECONDS, MOST_BYTES = 2.0, 250_000_000
CODE = "__import__('os').system('touch ran')"
TWICE = "\0twice"
LONG = "x" * 300_000
LETTERS = [
    "",
    "relu",
    "Dense",
    "batch",
    "0",
    "1",
    "nan",
    "float32",
    "object",
    "é\n'\"",
    "a" * 80,
    LONG,
    CODE,
    f"x={CODE})#",
    "0;",
    "%5",
]
NUMBERS = [
    0,
    1,
    -1,
    2,
    3,
    7,
    -2,
    2**29,
    2**30,
    2**31,
    2**32,
    2**62,
    2**63,
    -(2**63),
    10**19,
    10**400,
    0.5,
    1.0,
    -0.0,
    1e308,
    5e-324,
    1.5,
]
JUNK = [
    *[None, True, False, [], {}, [0], [[0]], {"a": 1}, {"extent": "batch"}, {"extent": 3}, {"layer": 0}],
    *[{"function": CODE}, {"settings": {"class": "L2"}}, {"tuple": [1, {"layer": {"class": "Flatten"}}]}],
    *[{"array": [1, 2], "dtype": "object"}, {"array": [[1], [2, 3]], "dtype": "float32"}],
    *[{"array": 10**30, "dtype": "int64"}, [1, None, {"extent": "batch"}]],
    *LETTERS,
    *NUMBERS,
]


def read(path):
    with safe_open(str(path), framework="numpy") as opened:
        arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 -- it is no dict
        return json.loads(opened.metadata()[files.KEY]), arrays


def write(path, header, arrays):
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    save_file(arrays, path, {files.KEY: header, files.CHECKSUM: files._checksum(header, arrays)})


# --- how files are made wrong -----------------------------------------------------------------------------


def places(value, found=None):
    """Return every (container, key) in nested lists and dicts."""
    found = [] if found is None else found
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        found.append((value, key))
        places(inner, found)
    return found


def replace_one(draw, config, arrays):
    where, key = draw.choice(places(config))
    where[key] = draw.choice(JUNK)


def change_a_number(draw, config, arrays):
    where, key = draw.choice([p for p in places(config) if isinstance(p[0][p[1]], int | float)])
    old = where[key]
    where[key] = draw.choice(
        [old + 1, old - 1, -old, float(old), bool(old), str(old), [old], old * 2**29, None, old + 0.5]
    )


def drop_one(draw, config, arrays):
    where, key = draw.choice(places(config))
    del where[key]


def add_a_key(draw, config, arrays):
    where = draw.choice([w for w, _ in places(config) if isinstance(w, dict)])
    where[draw.choice([*LETTERS, "out", "where", "dtype", "axis", "class", "initializer"])] = draw.choice(
        JUNK
    )


def attribute_that_is_code(draw, config, arrays):
    for entry in draw.sample(config["architecture"]["entries"], 1):
        keys = [f"a={CODE})#", f"a\n{CODE}", CODE]
        entry.setdefault("attributes", {})[draw.choice(keys)] = draw.choice([{"extent": "batch"}, 1, CODE])


def repeat_a_key(draw, config, arrays):
    where, key = draw.choice([p for p in places(config) if isinstance(p[0], dict)])
    where[f"{TWICE}{key}"] = draw.choice(JUNK)


def swap_two(draw, config, arrays):
    (a, i), (b, j) = draw.sample(places(config), 2)
    a[i], b[j] = b[j], a[i]


def copy_one(draw, config, arrays):
    (a, i), (b, j) = draw.sample(places(config), 2)
    a[i] = json.loads(json.dumps(b[j]))


def refer_elsewhere(draw, config, arrays):
    entries = config["architecture"]["entries"]
    entry = draw.choice([e for e in entries if "inputs" in e])
    entry["inputs"] = [draw.randrange(-2, len(entries) + 2) for _ in range(draw.randrange(4))]


def another_row_or_layer(draw, config, arrays):
    for entry in draw.sample(config["architecture"]["entries"], 1):
        if "layer" in entry and isinstance(entry["layer"], dict):
            entry["layer"]["class"] = draw.choice(
                ["Dense", "Dropout", "Flatten", "Embedding", "Activation", "Layer", "object"]
            )
        else:
            entry["row"] = draw.choice(list(TABLE))


def another_row_at_the_end(draw, config, arrays):
    """Append rows with attributes that such a row may have, or nearly, and make the last one the output."""
    part = config["architecture"]
    for _ in range(draw.choice([1, 1, 2, 5])):
        row = draw.choice([r for r in TABLE.values() if r.name not in ("variable", "input")])
        attributes = dict(draw.choice(row.cases).attributes) if row.cases else {}
        for name in attributes:
            if draw.random() < 0.6:
                attributes[name] = draw.choice(
                    [
                        *JUNK,
                        [{"extent": "batch"}, 2 ** draw.randrange(34)],
                        [{"extent": "batch"}, 1, 4096, 4096],
                        [0, 1],
                        [1],
                    ]
                )
        many = draw.choice([1, 1, 1, 2, 2, 3])
        back = len(part["entries"])
        inputs = [draw.randrange(max(0, back - 6), back) for _ in range(many)]
        part["entries"].append(
            {"row": row.name, "inputs": inputs, "attributes": json.loads(json.dumps(attributes, default=str))}
        )
    part["output"] = len(part["entries"]) - 1


def grow(draw, config, arrays):
    """Append rows that fit, most of them such as no function would draw, and make them the output."""
    part = config["architecture"]
    batch = {"extent": "batch"}
    lengths = [0, 1, 2, 3, 4, 5, 6, batch]
    entries = [0, 1, 5, None, [None] * 3, [None] * 3, [0, 2, 1], [3, None, -1], [1, 6, 2]]
    specs = ["bi,bj->bij", "bi,bi->b", "bi,ci->bc", "bij,bj->bi", "b,b->b", "bi,b->bi", "bij,ji->b"]
    values = {
        "axes": lambda: draw.sample(range(4), draw.choice([0, 1, 1, 2, 3])),
        "axis": lambda: draw.randrange(3),
        "keepdims": lambda: draw.random() < 0.5,
        "shape": lambda: [batch, *draw.choices(lengths, k=draw.randrange(4))],
        "index": lambda: draw.choices(entries, k=draw.randrange(5)),
        "spec": lambda: draw.choice(specs),
        "extent": lambda: draw.choice(lengths),
        "exponent": lambda: draw.choice([True, -1, 0, 0.5, 3, 1e300, 2**40]),
        "dtype": lambda: draw.choice(["float32", "float64", "int64", "int32", "bool", "uint8", "float16"]),
        "classes": lambda: draw.choice([0, 1, 3, 2**20]),
        "stream": lambda: draw.choice([0, 5, 2**32 - 1]),
        "value": lambda: {"array": draw.choice([1.5, [1.0, -2.0], [[0.0] * 6]]), "dtype": "float32"},
        **dict.fromkeys(("low", "high", "tie"), lambda: draw.choice([None, 0, 0.5, 1.0, 1e300])),
        "fill": lambda: draw.choice([0, -1.5, True, {"number": "-inf"}, {"number": "nan"}, 2**62, 1e300]),
        **dict.fromkeys(
            ("strides", "dilations"), lambda: draw.choices([1, 1, 1, 2, 3, 2**62], k=draw.randrange(3))
        ),
        "body": lambda: random_body(draw, batch),
        **dict.fromkeys(("carried", "take"), lambda: draw.randrange(3)),
        "length": lambda: draw.choice([0, 1, 3, 2**40, batch]),
        "reverse": lambda: draw.random() < 0.5,
        **dict.fromkeys(
            ("sizes", "extents"), lambda: draw.choices([1, 2, 3, 5, 6, 2**40], k=draw.randrange(3))
        ),
    }
    rows = [r for r in TABLE.values() if r.attributes is not None and r.name not in ("variable", "input")]
    for _ in range(30):
        row = draw.choice(rows)
        back = len(part["entries"])
        inputs = [
            max(0, back - 1 - min(int(draw.expovariate(0.4)), back))
            for _ in range(draw.choice([1, 1, 2, 2, 3]))
        ]
        entry = {
            "row": row.name,
            "inputs": inputs,
            "attributes": {name: values[name]() for name in row.attributes},
        }
        grown = {**part, "entries": [*part["entries"], entry]}
        try:
            saved.from_config({**grown, "output": part["output"]}, OWN)
        except Exception:
            continue
        part["entries"].append(entry)
        with contextlib.suppress(Exception):
            saved.from_config({**grown, "output": back}, OWN)
            part["output"] = back


def random_body(draw, batch):
    """Return the graph of a loop's step, that fits or nearly does."""
    leaves = [
        {"name": "h", "shape": draw.choice([[batch, 6], [batch, 6], [6], []]), "dtype": "float32"}
        for _ in range(draw.choice([1, 2, 2, 3]))
    ]
    rows = [("tanh", 1, {}), ("add", 2, {}), ("multiply", 2, {}), ("contract", 2, {"spec": "bi,bj->ij"})]
    entries = []
    for _ in range(draw.randrange(4)):
        row, many, attributes = draw.choice(rows)
        inputs = [draw.randrange(len(leaves) + len(entries)) for _ in range(many)]
        entries.append({"row": row, "inputs": inputs, "attributes": attributes})
    outputs = [draw.randrange(len(leaves) + len(entries)) for _ in range(draw.choice([1, 1, 2, 3]))]
    shared = draw.randrange(2)
    return {
        "graph": {
            "inputs": leaves[shared:],
            "shared": leaves[:shared],
            "entries": entries,
            "outputs": outputs,
        }
    }


def nest_deeply(draw, config, arrays):
    where, key = draw.choice(places(config))
    opened, closed = draw.choice([("[", "]"), ('{"layer":', "}"), ('{"tuple":[', "]}"), ('{"a":', "}")])
    depth = draw.choice([50, 300, 900])
    where[key] = json.loads(opened * depth + "1" + closed * depth)


def change_an_array(draw, config, arrays):
    if not arrays:
        return
    name = draw.choice(sorted(arrays))
    old = arrays[name]
    kinds = [np.float64, np.float32, np.float16, np.int64, np.uint8, bool]
    match draw.randrange(6):
        case 0:
            del arrays[name]
        case 1:
            arrays[draw.choice([*LETTERS[:-6], CODE])] = arrays.pop(name)
        case 2:
            arrays[name] = old.astype(draw.choice(kinds))
        case 3:
            arrays[name] = draw.choice(
                [old.ravel(), old[None], old[..., :0], old.T, np.zeros((3, 0, 2), old.dtype)]
            )
        case 4:
            arrays[draw.choice(LETTERS)] = np.zeros(3, old.dtype)
        case 5:
            arrays[name] = np.full_like(old, draw.choice([np.nan, np.inf, 3e38, 0]))


LENGTHS = {
    "units",
    "vocabulary",
    "filters",
    "kernel_size",
    "pool_size",
    "strides",
    "dilation_rate",
    "output_padding",
    "depth_multiplier",
    "padding",
    "cropping",
    "size",
    "groups",
    "target_shape",
}


def large_layers(draw, config, arrays):
    for where, key in places(config):
        if key in LENGTHS and draw.random() < 0.7:
            large = 2 ** draw.choice([20, 29, 31, 40, 62, 64])
            where[key] = draw.choice([large, large, [large, 1], [1, large], [[0, large], [large, 0]]])


CHANGES = [
    *[replace_one, change_a_number, add_a_key, another_row_at_the_end] * 3,
    *(
        drop_one,
        attribute_that_is_code,
        repeat_a_key,
        swap_two,
        copy_one,
        refer_elsewhere,
        another_row_or_layer,
    ),
    *(nest_deeply, change_an_array, large_layers, grow),
]


def make(draw, sources, path, changes):
    """Write one hostile file; return the names of what was done to it."""
    config, arrays = draw.choice(sources)
    config, arrays = json.loads(config), dict(arrays)
    done = []
    for change in draw.sample(changes, min(len(changes), draw.choice([1, 1, 1, 2, 3]))):
        with contextlib.suppress(Exception):  # an earlier one may have left nothing to change
            change(draw, config, arrays)
            done.append(change.__name__)
    try:
        header = json.dumps(config)
    except (ValueError, RecursionError):  # what was swapped holds itself, or it is too deep
        return make(draw, sources, path, changes)
    write(path, header.replace(json.dumps(TWICE)[1:-1], ""), arrays)
    return done


# --- what becomes of them ---------------------------------------------------------------------------------


def use(path, engine):
    """Load a model and let it predict one row; return what it is refused for, or ""."""
    try:
        model = cr.load(path, custom=OWN)
        network = getattr(model, "network", model)
        network.engine = engine
        model.summary_text()
        if isinstance(model, cr.TableModel):
            model.predict(pd.DataFrame({column.name: [None] for column in model.columns.columns}))
        else:
            inputs = network.inputs.items()
            shapes = {k: [3 if isinstance(e, Extent) else e for e in x.shape[1:]] for k, x in inputs}
            if sum(np.prod(shape, dtype=float) for shape in shapes.values()) < 1e6:
                network.predict({name: np.zeros((1, *shape)) for name, shape in shapes.items()})
    except cr.ChainruleError as error:
        if len(str(error)) > 2000:
            raise AssertionError(f"an error of {len(str(error)):,} characters") from error
        return type(error).__name__
    return ""


def main(seed, count, engine="auto", only=""):
    warnings.simplefilter("ignore")
    sources = [
        (json.dumps(config), arrays) for config, arrays in map(read, sorted(HERE.glob("*/*.safetensors")))
    ]
    began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    changes = [change for change in CHANGES if only in ("", change.__name__)]
    worked = 0
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        path = Path(folder) / "m.safetensors"
        for number in range(count):
            draw = random.Random(f"{seed} {number}")
            done = make(draw, sources, path, changes)
            start = time.process_time()
            try:
                worked += not use(path, engine)
            except Exception as error:
                print(f"{seed} {number} {done}: {type(error).__name__}: {str(error)[:300]}", flush=True)
            seconds = time.process_time() - start
            bytes_used = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - began) * 1024
            if seconds > MOST_SECONDS:
                print(f"{seed} {number} {done}: {seconds:.1f} s", flush=True)
            if bytes_used > MOST_BYTES:
                print(f"{seed} {number} {done}: {bytes_used:,} bytes", flush=True)
                began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            if Path("ran").exists():
                print(f"{seed} {number} {done}: it ran a command", flush=True)
                Path("ran").unlink()
    print(f"{count} files, {worked} of which worked; {bytes_used:,} bytes more at most", flush=True)


if __name__ == "__main__":
    with contextlib.redirect_stderr(io.StringIO()):
        main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
