"""Every setting of every peer does the same work: from the same weights, on the same batches, to the same cost."""

import multiprocessing
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from itertools import product

import numpy as np
import pytest
from benchmarks.peers import BEFORE_THUNKS, JAX, OURS, PEERS, CannotExpress, with_older_jax
from benchmarks.peers.by_hand import trainer as by_hand
from benchmarks.peers.chainrule import trainer as ours
from benchmarks.work import ROWS, Job, job
from costs_of import costs_of

from benchmarks import peers

KNOWN = {row.name: row for row in ROWS}
SETTINGS = {s.name: s for peer in PEERS.values() for s in peer.settings}
# A process that is held on one core does the same.
DISTINCT = list({(s.module, str(dict(s.options))): s.name for s in reversed(SETTINGS.values())}.values())
OWN_ORDER = (OURS, "chainrule-numpy", "sklearn", "keras")
SLOW = "torch-network"  # it writes loops out, and takes a minute and more to compile
NEEDS = {"torch": "torch", "torch_compiled": "torch", "jax": "jax", "keras": "keras"}


def small(name: str, epochs: int) -> Job:
    """Return a row with few epochs, and with hundred and three examples of its table: the last batch is smaller."""
    whole = job(replace(KNOWN[name], epochs=epochs, times=1), "native", None)
    rows = slice(0, 103)
    orders = np.array(
        [np.random.default_rng(epoch).permutation(103) for epoch in range(len(whole.orders))], np.int64
    )
    return replace(whole, X=whole.X[rows], y=whole.y[rows], orders=orders.reshape(-1, 103))


@pytest.fixture(scope="module")
def elsewhere():
    """Return a process for libraries that would change this one: some fork no more, some calculate otherwise."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.mark.parametrize("row", ["circles", "digits", "housing", "deep"])
@pytest.mark.parametrize("name", [n for n in DISTINCT if n not in OWN_ORDER])
def test_a_setting_ends_where_numpy_by_hand_ends(name, row, elsewhere):
    setting = SETTINGS[name]
    if not find_spec(NEEDS.get(setting.module, "numpy")):
        pytest.skip(f"{setting.module} is not installed")
    if setting.module == "c" and shutil.which("cc") is None:
        pytest.skip("no C compiler")
    work = small(row, 11 if row == "circles" else 3)
    found = elsewhere.submit(costs_of, setting.module, dict(setting.options), work).result()
    if isinstance(found, str):
        assert found  # it goes into the report
        return
    # The second begins from the first weights again.
    assert found == pytest.approx([by_hand(work)()] * 2, rel=2e-3)


def grid():
    """Return every setting with every row: long, but for two rows of each setting, which take turns."""
    names = [n for n in DISTINCT if SETTINGS[n].module in NEEDS and n != SLOW]
    rows = ["cnn32", "cnn1d", "lstm", "gru", "char"]
    for (i, name), (j, row) in product(enumerate(names), enumerate(rows)):
        yield pytest.param(name, row, marks=[] if (j - i) % 5 in (0, 2) else pytest.mark.long)


@pytest.mark.parametrize(("name", "row"), [*grid()])
def test_a_convolutional_or_recurrent_setting_ends_where_chainrule_ends(name, row, elsewhere):
    setting = SETTINGS[name]
    if not find_spec(NEEDS[setting.module]):
        pytest.skip(f"{setting.module} is not installed")
    work = few(row)
    found = elsewhere.submit(costs_of, setting.module, dict(setting.options), work).result()
    if isinstance(found, str):
        assert found  # it goes into the report
        return
    assert found == pytest.approx([ours(work)()] * 2, rel=2e-3)


def few(name: str) -> Job:
    """Return three full batches of twelve examples: in whatever order, all see the same."""
    whole = job(replace(KNOWN[name], epochs=3, batch_size=12), "numpy", None)
    orders = np.tile(np.arange(12, dtype=np.int64), (3, 1))
    return replace(whole, X=whole.X[:12], y=whole.y[:12], orders=orders)


@pytest.mark.parametrize("peer", ["numpy", "sklearn", "c"])
def test_who_knows_dense_layers_only_says_so(peer):
    (setting,) = PEERS[peer].settings
    if setting.module == "sklearn":
        pytest.importorskip("sklearn")
    with pytest.raises(CannotExpress, match=r"dense layers only|no C compiler"):
        peers.load(setting.module).trainer(few("cnn28"))()
    with pytest.raises(CannotExpress, match=r"dense layers only|no C compiler"):
        peers.load(setting.module).trainer(few("lstm"))()


def test_c_says_what_it_cannot_do(monkeypatch):
    c = peers.load("c")
    with pytest.raises(CannotExpress, match="two or three"):
        c.definitions(small("deep", 1))
    monkeypatch.setenv("CC", "a-compiler-that-is-not-there")
    with pytest.raises(CannotExpress, match="no C compiler"):
        c.library(small("iris", 1))


def test_c_that_is_refused_leaves_the_row_out(monkeypatch, tmp_path):
    refusing = tmp_path / "cc"
    refusing.write_text("#!/bin/sh\necho 'error: what is -march' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("CC", str(refusing))
    with pytest.raises(CannotExpress, match="what is -march"):
        peers.load("c").library(small("iris", 1))


def test_older_jax_is_measured_in_an_environment_of_its_own():
    usual, older = PEERS[JAX].settings, with_older_jax("elsewhere/python")[JAX].settings
    assert older[: len(usual)] == usual
    added = older[len(usual) :]
    assert added and all(s.python == "elsewhere/python" and s.environment == BEFORE_THUNKS for s in added)
    assert len({s.name for s in older}) == len(older)


def test_names_and_words_tell_settings_apart():
    assert len(SETTINGS) == sum(len(peer.settings) for peer in PEERS.values())
    for peer in PEERS.values():
        assert len({s.words for s in peer.settings}) == len(peer.settings)


def test_c_leaves_the_arithmetic_of_the_process_alone():
    if shutil.which("cc") is None:
        pytest.skip("no C compiler")
    peers.load("c").library(small("iris", 1))
    assert np.float32(1e-30) * np.float32(1e-10) > 0  # a subnormal number
