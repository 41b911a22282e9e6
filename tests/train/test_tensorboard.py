"""Event files: read back by a strict reader of what the specifications say, and held to bytes that others write."""

import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

import chainrule as cr
from chainrule.train import eventfiles
from chainrule.train.fit.resuming import Checkpoints, Keeper

X = np.random.default_rng(0).normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(int)


def crc32c(data):
    """The check by polynomial division, bit by bit: slow, and plain (RFC 3720, B.4)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(content):
    """The events of a file; every length and checksum must be right."""
    at, found = 0, []
    while at < len(content):
        length, check = struct.unpack_from("<QI", content, at)
        assert check == masked(content[at : at + 8])
        event = content[at + 12 : at + 12 + length]
        assert len(event) == length
        (check,) = struct.unpack_from("<I", content, at + 12 + length)
        assert check == masked(event)
        found.append(event)
        at += length + 16
    return found


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def message(data):
    """The fields of a message of protocol buffers: by number, a list of values."""
    at, found = 0, {}
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 2:
            length, at = varint(data, at)
            value, at = data[at : at + length], at + length
            assert len(value) == length
        else:
            form, size = {1: ("<d", 8), 5: ("<f", 4)}[kind]
            (value,), at = struct.unpack_from(form, data, at), at + size
        found.setdefault(key >> 3, []).append(value)
    return found


class Read:
    """What an event file says."""

    def __init__(self, path):
        events = [message(event) for event in records(path.read_bytes())]
        self.version = events[0][3][0]
        self.starts = [event.get(2) for event in events if 7 in event and message(event[7][0]) == {1: [1]}]
        self.scalars, self.histograms, self.tensors, self.when = {}, {}, {}, {}
        for event in events:
            for part in message(event[5][0]).get(1, []) if 5 in event else []:
                value = message(part)
                tag, (step,) = value[1][0].decode(), event[2]
                kept = self.scalars if 2 in value else self.histograms if 5 in value else self.tensors
                kept.setdefault(tag, {})[step] = (value.get(2) or value.get(5) or value.get(8))[0]
                self.when.setdefault(tag, []).append(event[1][0])


def files(folder):
    return sorted(Path(folder).iterdir())


def network():
    return cr.Network([cr.Dense(4, "tanh"), cr.Dense(1, "sigmoid")], seed=0)


def test_the_checksum_is_that_of_the_specification():
    # RFC 3720, B.4, and the check value of the catalogue of CRCs
    known = {
        bytes(32): 0x8A9136AA,
        b"\xff" * 32: 0x62A8AB43,
        bytes(range(32)): 0x46DD794E,
        b"123456789": 0xE3069283,
    }
    assert {data: eventfiles.crc32c(data) for data in known} == known


def test_a_file_begins_with_the_bytes_of_every_event_file():
    # as TensorFlow writes it: 24 bytes, the masked check of that length, a time, "brain.Event:2"
    begin = eventfiles.record(eventfiles.version(0.0))
    assert begin[:12] == bytes.fromhex("1800000000000000a37f4b22")
    assert begin[12:-4] == b"\x09" + bytes(8) + b"\x1a\x0dbrain.Event:2"


@given(st.binary(max_size=300))
def test_what_is_framed_is_read_back(data):
    assert records(eventfiles.record(data)) == [data]


@given(st.dictionaries(st.text(max_size=9), st.floats(allow_nan=False), max_size=4), st.integers(0, 2**40))
def test_scalars_are_read_back(numbers, step):
    event = message(eventfiles.scalars(1.5, step, numbers))
    assert event[1] == [1.5] and event[2] == [step]
    values = [message(part) for part in message(event[5][0]).get(1, [])]
    with np.errstate(over="ignore"):
        told = [(name.encode("utf-8", "replace"), np.float32(x)) for name, x in numbers.items()]
    assert [(value[1][0], value[2][0]) for value in values] == told


@given(st.lists(st.floats(-1e30, 1e30) | st.just(float("nan")), min_size=1, max_size=50))
def test_a_histogram_counts_every_finite_number_once(numbers):
    x = np.array(numbers)
    finite = x[np.isfinite(x)]
    values = message(message(eventfiles.spread(0.0, 1, {"W": x}))[5][0]).get(1, [])
    assert len(values) == bool(finite.size)
    for value in values:
        found = message(message(value)[5][0])
        limits, counts = (np.frombuffer(found[n][0], "<f8") for n in (6, 7))
        assert found[1] == [finite.min()] and found[2] == [finite.max()] and found[3] == [finite.size]
        assert found[4][0] == pytest.approx(finite.sum()) and len(limits) == len(counts)
        assert counts.sum() == finite.size and (np.diff(limits) >= 0).all() and limits[-1] == finite.max()


def test_a_fit_is_written_with_the_names_and_numbers_of_its_history(tmp_path):
    log = cr.TensorBoardLog(tmp_path / "made" / "here", histograms=2)
    history = network().fit(
        X,
        Y,
        epochs=5,
        metrics="accuracy",
        validation_split=0.2,
        optimizer=cr.Adam(cr.Cosine(0.01)),
        callbacks=log,
    )
    (file,) = files(tmp_path / "made" / "here")
    assert file.name.startswith("events.out.tfevents.")
    read = Read(file)
    assert read.version == b"brain.Event:2" and read.starts == [[0]]
    assert read.scalars.keys() == {*history.keys(), "learning_rate"}
    for name, line in [*history.items(), ("learning_rate", history.learning_rates)]:
        assert read.scalars[name] == {epoch: np.float32(x) for epoch, x in enumerate(line, start=1)}
        assert read.when[name] == sorted(read.when[name])
    assert {name: list(found) for name, found in read.histograms.items()} == {
        name: [2, 4] for name in ("W1", "b1", "W2", "b2")
    }
    (layout,) = read.tensors["custom_scalars__config__"].values()
    category = message(message(message(layout)[8][0])[2][0])
    charts = [message(chart) for chart in category[2]]
    assert [chart[1][0] for chart in charts] == [b"cost", b"accuracy"]
    assert message(charts[0][2][0])[1] == [b"^cost$", b"^val_cost$"]


def test_a_log_does_not_change_what_is_learned(tmp_path):
    alone, logged = network(), network()
    alone.fit(X, Y, epochs=5)
    logged.fit(X, Y, epochs=5, callbacks=cr.TensorBoardLog(tmp_path, histograms=1))
    assert all(np.array_equal(logged.parameters[name], value) for name, value in alone.parameters.items())


def test_each_of_many_networks_has_a_folder_of_its_own(tmp_path):
    networks = [network(), cr.Network([cr.Dense(1, "sigmoid")], seed=1)]
    logs = [[cr.TensorBoardLog(tmp_path / str(i))] for i in range(2)]
    histories = cr.fit_many(networks, X, Y, epochs=3, callbacks=logs)
    for i, history in enumerate(histories):
        (file,) = files(tmp_path / str(i))
        assert list(Read(file).scalars["cost"].values()) == [np.float32(x) for x in history["cost"]]


def test_a_second_fit_adds_a_file_that_comes_after_and_begins_anew(tmp_path):
    log = cr.TensorBoardLog(tmp_path)
    for epochs in (4, 2):
        history = network().fit(X, Y, epochs=epochs, callbacks=log)
    first, second = map(Read, files(tmp_path))
    assert [len(read.scalars["cost"]) for read in (first, second)] == [4, 2]
    assert second.starts == [[0]] and second.scalars["cost"][2] == np.float32(history["cost"][1])


def test_a_fit_that_goes_on_has_all_epochs_in_its_file(tmp_path):
    def broken(network, epoch, logs):
        if epoch == 2:
            raise RuntimeError("mine")

    log, keeper = cr.TensorBoardLog(tmp_path / "logs"), tmp_path / "fit.safetensors"
    kept = Keeper(Checkpoints(keeper, every=0.0))
    with pytest.raises(RuntimeError, match="mine"):
        network().fit(X, Y, epochs=6, resume=kept, callbacks=[log, broken])
    assert len(Read(files(tmp_path / "logs")[0]).scalars["cost"]) == 3  # until it broke, all is there
    history = network().fit(X, Y, epochs=6, resume=keeper, callbacks=log)
    assert not keeper.exists()
    read = Read(files(tmp_path / "logs")[1])
    assert read.scalars["cost"] == {epoch: np.float32(x) for epoch, x in enumerate(history["cost"], start=1)}
    assert len(read.scalars["learning_rate"]) == 6


def test_what_is_written_is_there_at_once(tmp_path):
    log, seen = cr.TensorBoardLog(tmp_path), []

    def look(network, epoch, logs):
        seen.append(len(Read(files(tmp_path)[0]).scalars["cost"]))

    network().fit(X, Y, epochs=3, callbacks=[log, look])
    assert seen == [1, 2, 3] and pickle.loads(pickle.dumps(log)) == log


def test_what_cannot_be_written_is_said_before_the_first_step(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(cr.DataError, match=r"Cannot write event files into the folder .*file"):
        network().fit(X, Y, callbacks=cr.TensorBoardLog(tmp_path / "file"))
    with pytest.raises(cr.DataError, match="name of a folder"):
        cr.TensorBoardLog(3)
    with pytest.raises(cr.DataError, match="histograms must be a whole number of at least 1; found 0"):
        cr.TensorBoardLog("logs", histograms=0)


def test_a_disk_that_is_full_is_said(tmp_path, monkeypatch):
    log = cr.TensorBoardLog(tmp_path)

    class Full:
        def write(self, data):
            raise OSError(28, "No space left on device")

        def close(self):
            pass

    def fill(network, epoch, logs):
        log._file.close()
        log._file = Full()

    with pytest.raises(cr.DataError, match=r"Cannot write into .*: No space left on device"):
        network().fit(X, Y, epochs=3, callbacks=[log, fill])
