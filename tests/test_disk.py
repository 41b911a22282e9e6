"""Files in places of every kind: what is replaced, written into or refused, and what is never waited on."""

import os
import re
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import chainrule as cr
from chainrule import disk

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names and devices are Unix's")


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def device(folder):
    """A device that may be spoiled: the far end of a pseudo-terminal, by a link in the folder."""
    master, slave = os.openpty()
    (folder / "device").symlink_to(os.ttyname(slave))
    return folder / "device", master


@pytest.fixture
def pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@pytest.fixture
def network():
    return cr.Network([cr.Dense(1)], input_shape=(2,), seed=0)


# --- writing --------------------------------------------------------------------------------------------


def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path):
    before = os.umask(0o027)
    try:
        disk.write_bytes(tmp_path / "new", b"1")
        disk.write_beside(tmp_path / "mine", b"1", 0o600, lasting=False)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "mine").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o444])
def test_a_file_that_is_replaced_leaves_its_mode_to_the_new_one(tmp_path, mode):
    (tmp_path / "old").touch()
    (tmp_path / "old").chmod(mode)
    disk.write_bytes(tmp_path / "old", b"new")
    assert (tmp_path / "old").read_bytes() == b"new" and names(tmp_path) == ["old"]
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == mode


@pytest.mark.parametrize("there", [True, False])
def test_behind_a_link_the_file_that_it_leads_to_is_replaced(tmp_path, there):
    (tmp_path / "far").mkdir()
    if there:
        (tmp_path / "far" / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("far/file")
    (tmp_path / "first").symlink_to("link")
    disk.write_bytes(tmp_path / "first", b"new")
    assert (tmp_path / "first").is_symlink() and (tmp_path / "link").is_symlink()
    assert (tmp_path / "far" / "file").read_bytes() == b"new" and names(tmp_path / "far") == ["file"]


def test_a_device_is_written_into_and_stays(tmp_path, network):
    place, master = device(tmp_path)
    disk.write_bytes(place, b"hello")
    assert os.read(master, 100) == b"hello" and place.is_char_device()
    cr.write_table(cr.read_table(table(tmp_path)), place)
    assert os.read(master, 100).replace(b"\r", b"") == b"a,b\n1,2\n" and place.is_char_device()
    assert network.save(os.devnull) is None and Path(os.devnull).is_char_device()


def test_a_pipe_that_somebody_reads_is_written_into_and_stays(pipe):
    blob = bytes(range(256)) * 1000  # more than a pipe holds at once
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        handle = os.open(pipe, os.O_WRONLY)  # from here on the other process has it open
        writer = threading.Thread(target=disk.write_bytes, args=(pipe, blob))
        writer.start()
        found = reader.stdout.read(len(blob))
        writer.join()
        os.close(handle)
    assert found == blob
    assert pipe.is_fifo()


@pytest.mark.parametrize("write", ["save", "table", "checkpoint", "log"])
def test_a_pipe_that_nobody_reads_is_refused_at_once(pipe, write, network):
    def fit(callback):
        network.fit([[1.0, 2.0]], [1.0], loss="mse", epochs=1, callbacks=[callback])

    with pytest.raises(cr.DataError, match="pipe: it is a pipe that nobody reads"):
        {
            "save": lambda: network.save(pipe),
            "table": lambda: cr.write_table(cr.load_table("iris")[0], pipe),
            "checkpoint": lambda: fit(cr.Checkpoint(pipe)),
            "log": lambda: fit(cr.CSVLog(pipe)),
        }[write]()
    assert pipe.is_fifo() and names(pipe.parent) == ["pipe"]


def test_a_folder_a_socket_and_a_loop_of_links_are_refused(tmp_path, network, monkeypatch):
    import socket

    (tmp_path / "loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as heard:
        monkeypatch.chdir(tmp_path)  # the name of a socket has to be short
        heard.bind("socket")
        for name, why in {
            ".": "is a folder",
            "socket": "it is a socket",
            "loop": "symbolic links",
            "a\0b": "no file name",
        }.items():
            with pytest.raises(cr.DataError, match=why):
                network.save(name)
    assert names(tmp_path) == ["loop", "socket"] and (tmp_path / "socket").is_socket()


def test_what_fails_while_it_is_written_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "old").write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(cr.DataError, match=r"old: No space left on device\. What was there is unchanged"):
        disk.write_bytes(tmp_path / "old", b"new")
    assert names(tmp_path) == ["old"] and (tmp_path / "old").read_bytes() == b"old"


def test_writers_at_once_leave_one_whole_file_and_the_umask(tmp_path):
    before = os.umask(0o022)
    try:
        blobs = [bytes([i]) * 100_000 for i in range(8)]
        threads = [
            threading.Thread(target=lambda b=b: [disk.write_bytes(tmp_path / "f", b) for _ in range(20)])
            for b in blobs
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (tmp_path / "f").read_bytes() in blobs and names(tmp_path) == ["f"]
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


def test_one_place_writes_files():
    opens = re.compile(
        r"os\.replace|os\.rename|mkstemp|\.write_bytes\(|\.write_text\(|open\([^)]*[\"'][wxa]b?[\"']"
    )
    source = Path(cr.__file__).parent
    found = {
        str(path.relative_to(source))
        for path in source.rglob("*.py")
        if path.parent.name != "_course"  # lessons are programs as learners write them
        and any(
            opens.search(line) for line in path.read_text(encoding="utf-8").splitlines() if ">>>" not in line
        )
    }
    assert found == {"disk.py"}


# --- reading --------------------------------------------------------------------------------------------


def table(folder):
    (folder / "t.csv").write_text("a,b\n1,2\n")
    return folder / "t.csv"


def test_a_pipe_is_read_if_somebody_writes(pipe, monkeypatch):
    monkeypatch.setattr(disk, "PATIENCE", 60.0)  # a busy machine takes long to begin a process
    command = [
        sys.executable,
        "-c",
        f"import time; f = open({str(pipe)!r}, 'w'); time.sleep(.2); f.write('a,b\\n1,2\\n')",
    ]
    with subprocess.Popen(command):
        assert cr.read_table(pipe).to_dict("list") == {"a": [1], "b": [2]}


def test_a_pipe_without_a_name_is_read():
    reader, writer = os.pipe()
    os.write(writer, b"a,b\n1,2\n")
    os.close(writer)
    assert len(cr.read_table(f"/dev/fd/{reader}")) == 1
    os.close(reader)


@pytest.mark.parametrize("read", [cr.read_table, cr.load])
def test_a_pipe_that_nobody_writes_into_is_refused(pipe, read, monkeypatch):
    monkeypatch.setattr(disk, "PATIENCE", 0.1)
    with pytest.raises(cr.ChainruleError, match="pipe is a pipe"):
        read(pipe)


@pytest.mark.parametrize("read", [cr.read_table, cr.load])
@pytest.mark.parametrize("name", ["/dev/null", "/dev/zero", "/dev/tty", "device"])
def test_a_device_is_not_read(tmp_path, read, name):
    if name == "device":
        name, _ = device(tmp_path)
    elif not os.access(name, os.R_OK):
        pytest.skip(f"there is no {name} here")
    with pytest.raises(
        cr.ChainruleError, match=r"is a device, where a file is expected|cannot be read: No such device"
    ):
        read(name)


@pytest.mark.parametrize("read", [cr.read_table, cr.load])
def test_a_name_with_a_nul_is_none(read):
    with pytest.raises(cr.ChainruleError, match=r"(?i)no file .*a.*b"):
        read("a\0b")


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_model_that_may_not_be_read_is_said_to_be_so(tmp_path, network):
    network.save(tmp_path / "m")
    (tmp_path / "m").chmod(0)
    with pytest.raises(cr.ChainruleError, match="cannot be read: Permission denied"):
        cr.load(tmp_path / "m")
