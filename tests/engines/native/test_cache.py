"""The cache of object code: right after any accident, bounded, and shared by any number of processes."""

import ctypes
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.engines.native.run import build, cache
from chainrule.engines.native.run.build import host, library
from chainrule.engines.native.run.cache import SUFFIX, cached, folder
from chainrule.errors import EngineWarning


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A cache of its own."""
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "deep" / "cache"))
    return tmp_path / "deep" / "cache"


class Builder:
    """Builds what it is told to, and counts how often."""

    def __init__(self, made=b"machine code" * 100):
        self.made, self.calls = made, 0

    def __call__(self):
        self.calls += 1
        return self.made


def entries(store):
    return sorted(p for p in store.iterdir() if p.suffix == SUFFIX)


def test_the_second_time_nothing_is_built(store):
    build = Builder()
    assert cached("key", build) == cached("key", build) == build.made and build.calls == 1
    assert cached("other key", Builder(b"other")) == b"other" and len(entries(store)) == 2
    assert not [p for p in store.iterdir() if p.suffix == ".part"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:10],
        lambda content: content[:-1],
        lambda content: content + b"x",
        lambda content: content[:40] + bytes([content[40] ^ 1]) + content[41:],
        lambda content: bytes(len(content)),
    ],
    ids=["empty", "torn digest", "truncated", "longer", "one bit", "zeros"],
)
def test_a_damaged_entry_is_built_again(store, damage):
    build = Builder()
    cached("key", build)
    (entry,) = entries(store)
    entry.write_bytes(damage(entry.read_bytes()))
    assert cached("key", build) == build.made and build.calls == 2
    assert cached("key", build) == build.made and build.calls == 2  # and is whole again


def test_an_empty_name_turns_it_off(monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE", "")
    build = Builder()
    assert folder() is None
    assert cached("key", build) == cached("key", build) and build.calls == 2


def test_without_a_name_it_lies_where_the_system_keeps_caches(monkeypatch):
    monkeypatch.delenv("CHAINRULE_CACHE")
    assert folder().name == "chainrule"

    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(cache.Path, "home", homeless)
    assert folder() is None


def test_a_folder_that_cannot_be_written_costs_time_and_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "file" / "cache"))
    build = Builder()
    assert cached("key", build) == cached("key", build) == build.made and build.calls == 2


def test_a_full_disk_leaves_nothing_behind(store, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.os, "replace", full)
    build = Builder()
    assert cached("key", build) == build.made
    assert list(store.iterdir()) == []


def test_a_folder_that_can_only_be_read_is_still_of_use(store, monkeypatch):
    build = Builder()
    cached("key", build)

    def forbidden(*_):
        raise PermissionError

    monkeypatch.setattr(cache.os, "utime", forbidden)
    assert cached("key", build) == build.made and build.calls == 1


def test_the_oldest_go_when_it_is_full_and_what_is_used_stays(store, monkeypatch):
    monkeypatch.setattr(cache, "MOST_BYTES", 5000)
    start = time.time() - 1000
    for i in range(4):
        cached(f"key {i}", Builder(bytes(1000)))
        for age, entry in enumerate(entries(store)):
            if entry.stat().st_mtime > start + 500:
                os.utime(entry, (start + 10 * i, start + 10 * i + age * 0))
    cached("key 0", Builder())  # used: now the newest
    cached("big", Builder(bytes(2000)))
    assert sum(p.stat().st_size for p in store.iterdir()) <= 5000
    used, oldest = Builder(), Builder()
    cached("key 0", used)
    cached("key 1", oldest)
    assert used.calls == 0 and oldest.calls == 1


def test_what_a_killed_process_left_is_removed_but_not_what_is_being_written(store):
    cached("key", Builder())
    half = f".{entries(store)[0].name[:50]}"
    old, fresh, foreign = store / f"{half}.old.part", store / f"{half}.fresh.part", store / "notes.txt"
    download, another = store / "film.part", store / "car.object"
    for path in (old, fresh, foreign, download, another):
        path.write_bytes(b"half")
    past = time.time() - 2 * 3600
    for path in (old, foreign, download, another):
        os.utime(path, (past, past))
    cached("another key", Builder())
    assert not old.exists() and fresh.exists() and foreign.exists() and download.exists() and another.exists()


def test_files_of_somebody_else_take_no_room_and_are_never_removed(store, monkeypatch):
    """CHAINRULE_CACHE may name a folder in which other things lie."""
    monkeypatch.setattr(cache, "MOST_BYTES", 5000)
    cached("key", Builder())
    for name in ("scan.object", "film.part", f"{'0' * 63}.object", "notes.txt"):
        (store / name).write_bytes(bytes(5000))
    cached("another key", Builder())
    assert len(list(store.iterdir())) == 6
    again = Builder()
    cached("key", again)
    assert again.calls == 0


# --- whose it is ---


def foreign(store, name, monkeypatch):
    """Make the cache, with an entry in it, what somebody else might have prepared."""
    match name:
        case "folder of somebody else" | "entry of somebody else":
            path = store if name.startswith("folder") else entries(store)[0]
            if os.geteuid() == 0:
                os.chown(path, 65534, 65534)
            else:
                real = cache._fault
                other = path.stat().st_ino
                monkeypatch.setattr(
                    cache,
                    "_fault",
                    lambda s, k: "belongs to somebody else" if s.st_ino == other else real(s, k),
                )
        case "folder that a group may write":
            store.chmod(0o770)
        case "folder that all may write":
            store.chmod(0o777)
        case "sticky folder":
            store.chmod(0o1777)
        case "folder around that all may write":
            store.parent.chmod(0o777)
        case "link to a folder":
            store.rename(store.parent / "elsewhere")
            store.symlink_to(store.parent / "elsewhere")
        case "entry that all may write":
            entries(store)[0].chmod(0o666)
        case "entry that a group may write":
            entries(store)[0].chmod(0o620)
        case "link to an entry":
            (entry,) = entries(store)
            entry.rename(store.parent / "elsewhere")
            entry.symlink_to(store.parent / "elsewhere")
        case "pipe":
            (entry,) = entries(store)
            entry.unlink()
            os.mkfifo(entry)
        case "folder for an entry":
            (entry,) = entries(store)
            entry.unlink()
            entry.mkdir()


FOLDERS = [
    "folder of somebody else",
    "folder that a group may write",
    "folder that all may write",
    "sticky folder",
    "folder around that all may write",
    "link to a folder",
]
ENTRIES = [
    "entry of somebody else",
    "entry that all may write",
    "entry that a group may write",
    "link to an entry",
    "pipe",
    "folder for an entry",
]
has_owners = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs owners and modes of files")


@has_owners
@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_that_others_may_write_is_not_used_and_that_is_said_once(name, store, monkeypatch):
    build = Builder()
    cached("key", build)
    foreign(store, name, monkeypatch)
    monkeypatch.setattr(cache, "_said", set())
    with pytest.warns(EngineWarning, match=r"not kept on disk.*CHAINRULE_CACHE") as said:
        made = [cached(key, build) for key in ("key", "key", "other")]
    assert made == [build.made] * 3 and said[0].filename == __file__
    assert build.calls == 4 and len(said) == 1 and len(entries(store)) == 1
    assert said[0].filename == __file__


@has_owners
def test_the_warning_of_a_cache_that_is_off_points_at_the_users_line(store, monkeypatch):
    store.mkdir(parents=True)
    store.chmod(0o777)
    monkeypatch.setattr(cache, "_said", set())
    x = cr.input("a name of its own", ("n",))
    with pytest.warns(EngineWarning, match="not kept on disk") as said:
        cr.compile(np.tanh(x - 0.123), inputs=[x], engine="native")([1.0])
    assert [each.filename for each in said] == [__file__]


@has_owners
@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_that_is_not_the_users_own_file_is_not_read(name, store, monkeypatch):
    cached("key", Builder(b"planted"))
    foreign(store, name, monkeypatch)
    build = Builder()
    assert cached("key", build) == build.made and build.calls == 1
    if name != "folder for an entry":
        monkeypatch.undo()
        monkeypatch.setenv("CHAINRULE_CACHE", str(store))
        assert cached("key", build) == build.made and build.calls == 1  # a new one took its place
        assert entries(store)[0].is_file() and not entries(store)[0].is_symlink()


@has_owners
def test_the_folder_is_made_for_the_user_alone_whatever_the_umask(store):
    before = os.umask(0)
    try:
        cached("key", Builder())
    finally:
        os.umask(before)
    assert [stat.S_IMODE(p.stat().st_mode) for p in (store.parent, store, *entries(store))] == [
        0o700,
        0o700,
        0o600,
    ]


def test_an_entry_under_the_name_of_another_is_built_again(store):
    cached("key", Builder(b"one"))
    cached("other", Builder(b"two"))
    a, b = entries(store)
    a.write_bytes(b.read_bytes())
    one, two = Builder(b"one"), Builder(b"two")
    assert cached("key", one) == b"one" and cached("other", two) == b"two" and one.calls + two.calls == 1


RETURNS = "define i32 @{}() {{\n ret i32 {}\n}}\n"


@pytest.mark.parametrize("found", ["another function", "text", "nothing", "half", "a program"])
def test_an_entry_that_is_whole_but_no_such_code_is_built_again(found, store):
    text = RETURNS.format("wanted", 7)
    assert library(text, host(), ["wanted"]).function("wanted", returns=ctypes.c_int32)() == 7
    (entry,) = entries(store)
    code = {
        "another function": build.object_code(RETURNS.format("other", 8), host()),
        "text": b"garbage" * 100,
        "nothing": b"",
        "half": entry.read_bytes()[32:200],
        "a program": Path(sys.executable).read_bytes()[:20_000],
    }[found]
    entry.write_bytes(cache._digest(entry, code) + code)
    assert cache._read(entry) == code
    assert library(text, host(), ["wanted"]).function("wanted", returns=ctypes.c_int32)() == 7
    assert cache._read(entry) != code


def python(code, **options):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True, **options
    )


def test_many_processes_share_it(store):
    code = """
        import random
        from chainrule.engines.native.run.cache import cached
        right = 0
        for i in range(300):
            key = random.randrange(10)
            right += cached(f"key {key}", lambda: bytes([key]) * 50_000) == bytes([key]) * 50_000
        print(right)
    """
    running = [python(code) for _ in range(4)]
    assert [p.communicate()[0] for p in running] == ["300\n"] * 4
    assert len(entries(store)) == 10 and len(list(store.iterdir())) == 10


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_process_killed_while_writing_leaves_a_cache_that_works(store):
    code = """
        import itertools
        from chainrule.engines.native.run.cache import cached
        print("begun", flush=True)
        for i in itertools.count():
            cached(f"key {i % 20} {i}", lambda: bytes([i % 20]) * 3_000_000)
    """
    for wait in (0.0, 0.011, 0.023, 0.037):
        running = python(code)
        running.stdout.readline()
        time.sleep(wait)
        running.kill()
        running.communicate()
    for i in range(40):
        build = Builder(bytes([i % 20]) * 3_000_000)
        assert cached(f"key {i % 20} {i}", build) == build.made
    for entry in entries(store):
        assert cache._read(entry) is not None
