"""Processes that take turns: what they answer, and how they fail."""

import ctypes
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.learnable import read
from benchmarks.limits import CHAINS, compiled
from benchmarks.measured import Crew, measure
from benchmarks.networks import parameters, shapes
from benchmarks.peers import PEERS, CannotExpress, Peer, Setting
from benchmarks.peers.by_hand import trainer
from benchmarks.work import ROWS, job, operations, roots, steps
from benchmarks.worker import Turn, hired, in_turns, spread, typical, written

IRIS = replace(next(row for row in ROWS if row.name == "iris"), epochs=2)
BY_HAND = PEERS["numpy"].settings[0]


def test_a_worker_does_the_work_of_each_job_it_is_given():
    one, other = job(IRIS, "numpy", None), job(replace(IRIS, epochs=5), "numpy", None)
    with written(one, other) as (first, second), hired([BY_HAND]) as (worker,):
        for path, work in ((first, one), (second, other), (second, other), (first, one)):
            turn = worker.turn(path)
            assert turn.cost == trainer(work)()
            assert turn.seconds > 0 and turn.cpu > 0


def test_a_worker_says_what_it_cannot_do_and_goes_on():
    deep = job(replace(next(row for row in ROWS if row.name == "deep"), epochs=1), "numpy", None)
    with (
        written(deep, job(IRIS, "numpy", None)) as (cannot, can),
        hired([PEERS["sklearn"].settings[0]]) as (worker,),
    ):
        for _ in range(2):
            with pytest.raises(CannotExpress):
                worker.turn(cannot)
        assert worker.turn(can).cost > 0


def test_a_peer_that_is_not_installed_is_left_out_of_the_report():
    absent = Peer("Absent", (Setting("absent", "", "not_there"),))
    missing: dict[str, str] = {}
    crew = Crew({"numpy": PEERS["numpy"], "absent": absent}, missing)
    try:
        found = measure(IRIS, crew, rounds=2, afresh=0, engine="numpy", folder=None)
    finally:
        crew.close()
    assert list(missing) == ["absent"] and "not_there" in missing["absent"]
    assert list(crew.peers) == ["numpy"] and found.tried["numpy"][""].turns == 2


def test_a_worker_that_ends_is_an_error():
    with written(job(IRIS, "numpy", None)) as (path,), hired([BY_HAND]) as (worker,):
        worker.turn(path)
        worker._process.kill()
        worker._process.wait()
        with pytest.raises(RuntimeError, match="ended"):
            worker.turn(path)


def test_turns_alternate():
    said = []
    turns = [lambda name=name: said.append(name) or Turn(1.0, 1.0, 0.0) for name in "ab"]
    found = in_turns(turns, 3)
    assert "".join(said) == "abbaab" and [len(f) for f in found] == [3, 3]
    assert (
        typical([Turn(s, 0, 0) for s in (3, 1, 2)]) == 2 and spread([Turn(s, 0, 0) for s in (3, 1, 2)]) == 1
    )


def test_what_the_optimizer_and_the_products_need_is_counted():
    digits = job(next(row for row in ROWS if row.name == "digits"), "numpy", None)
    assert steps(digits) == 50 * 45
    assert parameters(digits.work.network) == 64 * 64 + 64 + 64 * 10 + 10
    assert roots(digits) == steps(digits) * parameters(digits.work.network)
    assert operations(digits) == 2 * 1437 * 50 * (2 * 64 * 64 + 3 * 640)
    circles = job(next(row for row in ROWS if row.name == "circles"), "numpy", None)
    assert roots(circles) == 0


def test_what_convolutions_need_is_counted():
    work = next(row for row in ROWS if row.name == "cnn28")
    assert shapes(work.network)[::3] == [(28, 28, 1), (13, 13, 8), (5, 5, 16)]
    assert parameters(work.network) == (9 + 1) * 8 + (9 * 8 + 1) * 16 + (400 + 1) * 10
    first, second, last = 26 * 26 * 9 * 8, 11 * 11 * 9 * 8 * 16, 400 * 10
    assert operations(job(work, "numpy", None)) == 2 * 12_800 * (2 * first + 3 * second + 3 * last)


def test_loops_that_measure_the_machine_compute_what_they_say():
    pytest.importorskip("llvmlite.binding")
    with compiled() as (fused, roots):
        for function, fixed in ((fused, 1e-3 / (1 - 1e-3)), (roots, 1e-3 ** (2 / 3))):
            memory = (ctypes.c_float * (16 * (CHAINS + 1)))(*[1e-3] * 16)
            function.call(ctypes.addressof(memory))
            ends = np.array(memory[function.wide : function.wide * (CHAINS + 1)])
            assert ends == pytest.approx(fixed, rel=1e-5)


@pytest.mark.parametrize("name", ["xor", "circles", "digits", "digits01", "iris"])
def test_peers_get_examples_as_floats(name):
    # PyTorch refuses products of whole numbers, and only an embedding takes them
    assert read(name, None)[0].dtype == np.float32
