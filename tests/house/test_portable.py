"""Windows and macOS, by construction: what would be wrong there is not written, what can be is tried by their rules.

This is run on Linux. What only such a system can show is said in docs/platforms.md.
"""

import ast
import contextlib
import io
import json
import ntpath
import os
import re
import runpy
import signal
import subprocess
import sys
import unicodedata
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

import chainrule as cr
from chainrule import disk, terminal
from chainrule.cli import completion, front
from chainrule.cli.main import cli
from chainrule.models import runs

PACKAGE = Path(cr.__file__).parent
ROOT = Path(__file__).parents[2]
DOCS = [*(ROOT / "docs").rglob("*.py"), ROOT / "noxfile.py"]  # benchmarks are measured on Linux
MODULES = sorted(PACKAGE.rglob("*.py"))
UNIX = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "curses", "posix", "readline", "syslog"}
SIGNALS = {
    "SIGINT", "SIGTERM", "SIG_DFL", "SIG_IGN", "Signals", "Handlers", "default_int_handler", "getsignal", "signal",
}  # fmt: skip
# What os has on Unix alone, each with what has to be looked for before it is used.
OS = {
    name: name
    for name in (
        "O_NONBLOCK", "O_NOFOLLOW", "chown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getloadavg", "getpgid",
        "getuid", "killpg", "mkfifo", "nice", "openpty", "register_at_fork", "sched_getaffinity", "setsid", "statvfs",
        "sysconf", "uname", "wait",
    )
} | {"set_blocking": "O_NONBLOCK"}  # fmt: skip


@cache
def nodes(path):
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def called(path, *names):
    """The calls in a file of functions or methods with such names."""
    for node in nodes(path):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in names:
                yield name, node


def place(path, node):
    return f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)[:80]}"


def of(node):
    """What a method is called of, such as "os"."""
    return getattr(getattr(node.func, "value", None), "id", "")


# --- what is not written ----------------------------------------------------------------------------------


def test_each_text_is_read_and_written_in_an_encoding_that_is_said():
    wrong = []
    for path in [*MODULES, *DOCS]:
        for name, node in called(path, "open", "read_text", "write_text", "fdopen"):
            if of(node) in ("os", "webbrowser", "archive", "self", "found", "gzip") and name == "open":
                continue
            at = 0 if isinstance(node.func, ast.Attribute) and name == "open" else 1
            mode = [a for a in node.args[at:] if isinstance(a, ast.Constant)]
            binary = name in ("open", "fdopen") and mode and "b" in str(mode[0].value)
            passed_on = any(k.arg is None for k in node.keywords)  # **text
            if not binary and not passed_on and "encoding" not in [k.arg for k in node.keywords]:
                wrong.append(place(path, node))
    assert wrong == []


def test_one_function_renames_files():
    wrong = []
    for path in MODULES:
        for name, node in called(path, "rename", "replace", "renames", "move", "symlink", "symlink_to"):
            text = name == "replace" and of(node) != "os"  # or an array, a record
            columns = name == "rename" and node.keywords
            if not text and not columns and path.name != "disk.py":
                wrong.append(place(path, node))
    assert wrong == []


def test_what_windows_has_not_is_looked_for_first():
    wrong = []
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        for node in nodes(path):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {a.name.partition(".")[0] for a in node.names} | {getattr(node, "module", "") or ""}
                wrong += [place(path, node)] * bool(names & UNIX)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                needed = OS.get(node.attr, "") if node.value.id == "os" else ""
                if node.value.id == "signal" and node.attr not in SIGNALS:
                    needed = node.attr
                looked = rf'(?:has|get)attr\({node.value.id}, "{needed}"|except \(AttributeError'
                if needed and not re.search(looked, text):
                    wrong.append(place(path, node))
    assert wrong == []


def test_paths_are_taken_apart_by_the_system_that_made_them():
    asked = (
        "split",
        "rsplit",
        "rfind",
        "find",
        "partition",
        "rpartition",
        "strip",
        "rstrip",
        "startswith",
        "endswith",
    )
    found = {
        f"{path.name}: {ast.unparse(node)}"
        for path in MODULES
        for _, node in called(path, *asked)
        if node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value in ("/", "\\")
    }
    formulas = {
        "answering.py: text.partition('/')",
        "mathml.py: token.startswith('\\\\')",
        "show.py: name.partition('/')",
    }
    assert found == formulas


def test_what_is_printed_goes_through_one_function_and_so_do_words_for_shells():
    wrong = [path.name for path in MODULES if "import shlex" in path.read_text(encoding="utf-8")]
    assert wrong == ["terminal.py"]
    printed = {
        path.name
        for path in MODULES
        if "lessons/_course" not in path.as_posix()
        for _, node in called(path, "print")
        if isinstance(node.func, ast.Name) and "file" not in [k.arg for k in node.keywords]
    }
    assert printed == {"terminal.py", "course.py"}  # scikit-learn's own words, in ASCII


def test_files_of_the_repository_can_lie_on_any_disk():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True)
    if listed.returncode:
        pytest.skip("no checkout of git")
    names = listed.stdout.decode().split("\0")[:-1]
    assert len({unicodedata.normalize("NFC", name).lower() for name in names}) == len(names) > 1000
    for name in names:
        assert len(name) < 130, f"{name}: Windows has 260 characters for all of a path"
        for part in name.split("/"):
            assert not re.search(r'[<>:"|?*\\\x00-\x1f]|[. ]$', part), name
            assert not re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", part, re.IGNORECASE), name


# --- files that are open elsewhere --------------------------------------------------------------------------


def in_use(*_):
    error = PermissionError(13, "Access is denied")
    error.winerror = 32  # what Windows calls it
    raise error


@pytest.fixture
def waited(monkeypatch):
    seconds = []
    monkeypatch.setattr(disk.time, "sleep", seconds.append)
    return seconds


def test_a_file_that_somebody_reads_is_replaced_when_he_has_read_it(tmp_path, monkeypatch, waited):
    real, tries = os.replace, []
    monkeypatch.setattr(
        disk.os, "replace", lambda *x: in_use() if len(tries) < 2 and not tries.append(x) else real(*x)
    )
    (tmp_path / "model").write_bytes(b"old")
    disk.write_bytes(tmp_path / "model", b"new")
    assert (tmp_path / "model").read_bytes() == b"new" and waited == list(disk.WAITS[:2])


def test_a_file_that_stays_open_is_told_and_kept(tmp_path, monkeypatch, waited):
    monkeypatch.setattr(disk.os, "replace", in_use)
    (tmp_path / "model").write_bytes(b"old")
    with pytest.raises(cr.DataError) as told:
        cr.Network([cr.Dense(1)], input_shape=2, seed=0).save(tmp_path / "model")
    assert str(told.value).endswith(
        "Access is denied; it is open in another program, or write-protected. What was there is unchanged."
    )
    assert waited == list(disk.WAITS) and sum(waited) < 1
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("model", b"old")]


def test_nobody_waits_where_another_system_refuses(tmp_path, monkeypatch, waited):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(disk.os, "replace", refuse)
    with pytest.raises(cr.DataError, match="Operation not permitted"):
        disk.write_bytes(tmp_path / "model", b"new")
    assert waited == []


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="the system does not say what is open")
def test_no_model_file_stays_open_once_it_is_loaded(tmp_path):
    place = tmp_path / "network.safetensors"
    cr.Network([cr.Dense(4)], input_shape=3, seed=0).save(place)
    network = cr.load(place)
    opened = [os.path.realpath(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd")]
    assert str(place) not in opened and str(place) not in Path("/proc/self/maps").read_text(encoding="utf-8")
    assert network.predict([[1.0, 2.0, 3.0]]).shape == (1, 4)


@pytest.mark.parametrize("name", ["con.2024", "NUL.v2", "com1.data", "aux.tar"])
def test_a_run_is_not_called_like_a_device_of_windows(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert runs._free(name).name == f"_{name}-001"
    assert runs._free("console.2024").name == "console.2024-001"


# --- signals, pipes, separators -----------------------------------------------------------------------------


def test_signals_are_those_that_a_system_has(monkeypatch):
    monkeypatch.delattr(signal, "SIGHUP")
    monkeypatch.setattr(signal, "SIGBREAK", signal.SIGUSR1, raising=False)
    names = runpy.run_path(str(PACKAGE / "signals.py"))["NAMES"]
    assert list(names.values()) == ["Ctrl-C", "SIGTERM", "Ctrl-Break"]


def test_separators_are_those_of_the_system(monkeypatch):
    assert completion._folder("data/houses.csv") == "data/" and completion._folder("houses") == ""
    with monkeypatch.context() as patched:
        patched.setattr(completion.os, "path", ntpath)
        found = [completion._folder(begun) for begun in (r"C:\data\hou", r"data/hou", "C:hou", "hou")]
    assert found == ["C:\\data\\", "data/", "C:", ""]


def parsed(line):
    """The words that a program of Windows gets, by the rules of its C library."""
    words, word, quoted, i = [], None, False, 0
    while i < len(line):
        slashes = len(line[i:]) - len(line[i:].lstrip("\\"))
        i += slashes
        if line[i : i + 1] == '"':
            word = (word or "") + "\\" * (slashes // 2) + ('"' if slashes % 2 else "")
            quoted ^= slashes % 2 == 0
            i += 1
            continue
        word = word if word is None and not slashes else (word or "") + "\\" * slashes
        if line[i : i + 1] in (" ", "\t") and not quoted:
            words, word = ([*words, word] if word is not None else words), None
        elif i < len(line):
            word = (word or "") + line[i]
        i += 1
    return [*words, word] if word is not None else words


@given(st.lists(st.text(st.sampled_from('ab \\"-.:%&[]*σ'), max_size=8), max_size=4))
def test_words_come_through_a_shell_of_windows_as_they_are(words):
    assert parsed(terminal.quoted(*words, windows=True)) == words


def test_a_proposed_command_can_be_pasted_on_windows():
    line = terminal.quoted("chainrule", "predict", r"runs\iris-target-001", "my flowers.csv", windows=True)
    assert line == r'chainrule predict runs\iris-target-001 "my flowers.csv"'


# --- outputs that have not all letters ------------------------------------------------------------------------


@cache
def signs():
    """What the library writes beside ASCII, but for letters of languages, which it looks for in tables."""
    texts = (n.value for path in MODULES for n in nodes(path) if isinstance(n, ast.Constant))
    found = {
        c for text in texts if isinstance(text, str) and not text.isascii() for c in text if not c.isascii()
    }
    return {c for c in found if not unicodedata.category(c).startswith("Lo")}


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii", "koi8-r"])
def test_what_the_library_writes_can_be_spelled_in_each_encoding(encoding):
    found = {
        sign for sign in signs() if unicodedata.name(sign, "").startswith(("GREEK SMALL", "SUBSCRIPT", "BOX"))
    }
    assert len(found) > 25
    for sign in found | {*terminal._WORDS}:
        spelled = terminal.spelled(sign, encoding)
        assert spelled and "\\" not in spelled, f"{sign} {unicodedata.name(sign)}"
    for sign in signs():
        terminal.spelled(sign, encoding)


class Output(io.TextIOWrapper):
    """A standard output with the letters of an encoding alone."""

    def __init__(self, encoding):
        super().__init__(io.BytesIO(), encoding=encoding, newline="")

    def text(self):
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)


def ran(monkeypatch, encoding, *words):
    output = Output(encoding)
    monkeypatch.setattr(sys, "stdout", output)
    with contextlib.suppress(SystemExit):
        cli.main([*words, "--debug"])
    assert output.errors == "strict"
    return output.text()


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_text("σ,größe,y\n" + "1,2,σ\n2,1,ja\n3,2,σ\n4,4,ja\n" * 20, encoding="utf-8")
    found = cr.TableModel.train("table.csv", "y", seed=0, epochs=2, members=1, doctor=False)
    found.save("model.safetensors")
    return "model.safetensors"


def test_commands_print_in_each_encoding_what_people_read(model, monkeypatch):
    for encoding in ("cp1252", "latin-1"):
        summary = ran(monkeypatch, encoding, "summary", model)
        assert "sigma" in summary and "--------" in summary
        told = ran(monkeypatch, encoding, "explain", model, "table.csv", "--row", "2")
        assert "sigma" in told and "Row 2" in told and "größe" in told
    document = ran(monkeypatch, "cp1252", "summary", model, "--json")
    assert "\\u03c3" in document and "σ" in json.dumps(json.loads(document), ensure_ascii=False)


def test_what_programs_read_is_never_spelled(model, monkeypatch):
    with pytest.raises(cr.DataError, match=r"is written in cp1252, which has no '\\u03c3'"):
        ran(monkeypatch, "cp1252", "predict", model, "table.csv")
    assert "σ" in ran(monkeypatch, "utf-8", "predict", model, "table.csv")


def test_what_python_prints_comes_through_a_pipe_of_windows(tmp_path):
    code = (
        "import chainrule as cr\n"
        "cr.Network([cr.Dense(2, 'tanh'), cr.Dense(1)], input_shape=3, seed=0).summary()\n"
        "cr.show_versions()\n"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr.decode()
    assert "----" in done.stdout.decode("cp1252") and "chainrule" in done.stdout.decode("cp1252")


def test_a_closed_pipe_of_windows_is_no_error_of_the_command(monkeypatch):
    broken = OSError(22, "Invalid argument")
    monkeypatch.setattr(front, "_give_up", lambda stream: None)
    for gone, ends in ((front.GONE, cr.DataError), ((22,), front.click.exceptions.Exit)):
        monkeypatch.setattr(front, "GONE", gone)
        with pytest.raises(ends), front.printing():
            raise broken
