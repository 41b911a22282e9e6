"""What the commands answer to mistakes: one paragraph, exit code 2, and nothing written."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import chainrule as cr
from chainrule.cli.main import cli
from chainrule.models import runs, table as table_model

QUICK = ["--epochs", "1", "--hidden", "2"]


@pytest.fixture(autouse=True)
def _houses(here):
    (here / "houses.csv").write_text(
        "rooms,city,price\n"
        + "".join(f"{i % 7},{'Oslo' if i % 2 else 'Rome'},{i * 10.5}\n" for i in range(40))
    )


@pytest.fixture
def model(here):
    table = cr.read_table(here / "houses.csv")
    cr.TableModel.train(table, "price", epochs=1, hidden=(2,)).save(here / "houses.safetensors")
    return "houses.safetensors"


def refused(*arguments):
    """The paragraph after "Error: ", from a command that wrote nothing."""
    before = contents()
    result = CliRunner().invoke(cli, list(arguments))
    assert result.exit_code == 2, result.output
    assert contents() == before
    assert result.stdout == "" and "Traceback" not in result.stderr
    told, error, paragraph = result.stderr.partition("Error: ")
    assert error and not told.startswith("Usage")
    return paragraph


def contents():
    return {path: path.read_bytes() for path in Path.cwd().iterdir() if path.is_file()}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian", "iris"], "No command 'trian'. Did you mean 'chainrule train'?"),
        (["iris"], "No command 'iris'. Did you mean 'chainrule train iris'?"),
        (["houses.csv"], "No command 'houses.csv'. Did you mean 'chainrule train houses.csv'?"),
        (
            ["xyz"],
            "No command 'xyz'. 'chainrule --help' says what each does. Commands: train, compare, config, ",
        ),
        (["--nothing"], "No such option '--nothing'."),
        (
            ["train"],
            "Missing argument 'DATA': a file, or a sample such as iris.\n'chainrule train --help' shows",
        ),
        (["train", "house.csv"], "No file 'house.csv'. Did you mean 'houses.csv'?"),
        (["train", "iriss"], "No file 'iriss'. Did you mean 'iris'?"),
        (
            ["train", "houses.csv", "--target", "prize"],
            "No column 'prize' in this table. Did you mean 'price'?",
        ),
        (["train", "houses.csv", "--target", "city", "--task", "regression"], "Column 'city', row 1: 'Rome'"),
        (
            ["train", "houses.csv", "--target", "price", "--task", "guess"],
            "Invalid value for '--task': 'guess'",
        ),
        (
            ["train", "iris", "--epochs", "ten"],
            "Invalid value for '--epochs': 'ten'; expected a whole number of at least 1.",
        ),
        (
            ["train", "iris", "--epochs", "0"],
            "Invalid value for '--epochs': '0'; expected a whole number of at least 1.",
        ),
        (
            ["train", "iris", "--hidden", "8,x"],
            "Invalid value for '--hidden': '8,x'; expected the units of each hidden layer",
        ),
        (
            ["train", "iris", "--dropout", "1"],
            "Invalid value for '--dropout': '1'; expected at least 0 and below 1.",
        ),
        (["train", "iris", "--engine", "abacus"], "Invalid value for '--engine': 'abacus'"),
        (["train", "iris", "--targt", "x"], "No such option '--targt'."),
        (
            ["train", "iris", "--out", "no/where.safetensors"],
            "No folder 'no' to write where.safetensors into.",
        ),
        (["train", "iris", "--out", "."], ". is a folder.\nGive --out the name of a file"),
        (
            ["train", "houses.csv", "--target", "price", "--out", "houses.csv", "--force"],
            "--out houses.csv would overwrite what is read.",
        ),
        (
            ["train", "iris", "--out", "houses.csv"],
            "houses.csv exists and is no model of chainrule.\n"
            "Give --out another name, or --force to replace it.\n",
        ),
    ],
)
def test_train(arguments, message):
    assert refused(*arguments).startswith(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["house.safetensors", "houses.csv"],
            "No model file 'house.safetensors'. Did you mean 'houses.safetensors'?",
        ),
        (
            ["houses.csv", "houses.csv"],
            "houses.csv is no model but a text, perhaps a table.\nchainrule train houses.csv ",
        ),
        (["houses.safetensors", "nothing.csv"], "No file 'nothing.csv'."),
        (
            ["houses.safetensors", "iris"],
            "This model was trained on 2 columns (rooms, city); this table has 5.\n",
        ),
        (["houses.safetensors", "houses.csv", "--out", "houses.csv"], "--out houses.csv would overwrite"),
        (["houses.safetensors", "houses.csv", "--out", "no/p.csv"], "No folder 'no' to write p.csv into."),
        (
            ["houses.safetensors", "houses.csv", "--out", "p.XLSX"],
            "Predictions are written as CSV, and p.XLSX would be no workbook.\nGive --out a name such as p.csv;",
        ),
        (["houses.safetensors"], "Missing argument 'DATA'."),
    ],
)
def test_predict(model, arguments, message):
    assert refused("predict", *arguments).startswith(message)


def test_a_network_that_is_larger_than_memory_is_answered_in_a_sentence():
    told = refused("train", "houses.csv", "--target", "price", "--hidden", "9000000,9000000")
    assert told.startswith("Layer 2 ") and told.endswith("numbers).\n") and told.count("\n") == 1


def test_predict_names_the_column_that_is_missing(model, here):
    (here / "new.csv").write_text("Rooms,city\n3,Oslo\n")
    assert refused("predict", model, "new.csv").endswith(
        "Missing: rooms.\nIs 'Rooms' of this table 'rooms'? Then rename it.\n"
    )
    (here / "new.csv").write_text("rooms,city\n3,Oslo\nmany,Rome\n")
    assert refused("predict", model, "new.csv").startswith(
        "Column 'rooms', row 2: 'many', where numbers are "
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["houses.safetensor", "houses.csv"],
            "No model file 'houses.safetensor'. Did you mean 'houses.safetensors'?",
        ),
        (["houses.safetensors", "iris"], "No column 'price' in this table."),
        (["houses.safetensors", "hous.csv"], "No file 'hous.csv'. Did you mean 'houses.csv'?"),
    ],
)
def test_evaluate(model, arguments, message):
    assert refused("evaluate", *arguments).startswith(message)


def test_summary(model, here):
    assert refused("summary", "nothing").startswith(
        "No model file 'nothing'.\n'chainrule train DATA' makes one."
    )
    assert refused("summary", ".").startswith("No model.safetensors in this folder")
    whole = (here / model).read_bytes()
    (here / "cut.safetensors").write_bytes(whole[: len(whole) // 2])
    told = refused("summary", "cut.safetensors")
    assert told.startswith("cut.safetensors is no whole model file") and "Error:" not in told


def test_a_network_without_its_table(here):
    cr.Network([cr.Dense(1)], input_shape=(2,), seed=0).save(here / "n.safetensors")
    for command in ("predict", "evaluate"):
        paragraph = refused(command, "n.safetensors", "houses.csv")
        assert paragraph.startswith("n.safetensors holds a network without the preparing of a table.\n")


def test_a_folder_is_checked_before_the_training(here, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    assert refused("train", "iris", "--out", "m.safetensors").startswith(
        "Nothing can be written into the folder '.'.\nGive --out another place.\n"
    )


def test_force_replaces_what_is_no_model(here):
    (here / "old.txt").write_text("old")
    result = CliRunner().invoke(cli, ["train", "iris", *QUICK, "--out", "old.txt", "--force"])
    assert result.exit_code == 0 and isinstance(cr.load(here / "old.txt"), cr.TableModel)


def test_a_bug_of_ours_is_called_one(monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("wheels came off")

    monkeypatch.setattr(cr.TableModel, "train", broken)
    assert refused("train", "iris") == (
        "chainrule has a bug: RuntimeError: wheels came off\n"
        "Run the same command with --debug and report what it prints.\n"
    )


def test_debug_shows_the_traceback():
    result = CliRunner().invoke(cli, ["train", "nothing.csv", "--debug"])
    assert isinstance(result.exception, cr.MissingFileError)


def test_what_an_error_leaves_unwritten_is_removed(model, here, monkeypatch):
    def broken(*_, **__):
        raise OSError(28, "No space left on device", "p.csv")

    monkeypatch.setattr("pandas.DataFrame.to_csv", broken)
    assert refused("predict", model, "houses.csv", "--out", "p.csv") == "p.csv: No space left on device.\n"


def interrupted(wait_for, *arguments, by=signal.SIGINT, before=lambda: None):
    """Run a command, send a signal once a line starts with ``wait_for``, and return exit code and error stream."""
    command = [sys.executable, "-c", PATIENT, *arguments]
    streams = {"stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, **streams, preexec_fn=before) as process:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if line.startswith(wait_for):
                time.sleep(0.05)
                process.send_signal(by)
        return process.wait(), "".join(lines)


# The progress line comes from the command itself; a wait before reading makes room for a Ctrl-C before training.
PATIENT = """
import sys, time
import chainrule as cr
from chainrule.cli.main import main
from chainrule.models import given
read = given.load_table
def slowly(data):
    print("reading", file=sys.stderr, flush=True)
    time.sleep(5 if "slow.csv" in sys.argv else 0)
    return read(data)
given.load_table = slowly
main()
"""


HANGUP = getattr(signal, "SIGHUP", signal.SIGTERM)


@pytest.mark.parametrize(
    ("by", "name", "expected"),
    [(signal.SIGINT, "Ctrl-C", 130), (signal.SIGTERM, "SIGTERM", 143), (HANGUP, HANGUP.name, 128 + HANGUP)],
)
def test_a_signal_before_training_saves_nothing(here, by, name, expected):
    code, told = interrupted("reading", "train", "slow.csv", "--target", "x", by=by)
    assert code == expected and told.endswith(f"Error: Stopped by {name} before anything was saved.\n")
    assert [path.name for path in here.iterdir()] == ["houses.csv"]


def test_a_first_row_is_one_of_the_table_where_that_is_said(here):
    (here / "grid.csv").write_text(
        "\n".join(f"{x},{y},{x * y + 0.5}" for x in (1900, 1950, 2000) for y in range(1, 21))
    )
    plans = {
        say: CliRunner().invoke(cli, ["train", "grid.csv", "--dry-run", *say.split()]).stdout
        for say in ("--header yes --target 1900", "--header no --target column_3")
    }
    assert "\n1 " in plans["--header yes --target 1900"]
    assert "column_1" in plans["--header no --target column_3"]
    learned = [
        "train",
        "grid.csv",
        "--header",
        "no",
        "--target",
        "column_3",
        *QUICK,
        "--out",
        "grid.safetensors",
    ]
    assert CliRunner().invoke(cli, learned).exit_code == 0
    assert "header = false" in (here / "runs/grid-column_3-001/config.toml").read_text()
    predict = ["predict", "grid.safetensors", "grid.csv", "--header"]
    assert len(CliRunner().invoke(cli, [*predict, "no"]).stdout.splitlines()) == 61
    assert "column_1" in refused(*predict, "yes")
    assert refused(*predict, "perhaps").startswith(
        "Invalid value for '--header': 'perhaps'; expected yes or no."
    )


def ends(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (
            "chainrule.models.base.refit",
            "runs/houses-price-001 keeps what was done; to go on with it:\n"
            "  chainrule train --resume runs/houses-price-001\n",
        ),
        ("chainrule.cli.outcome.judged", "The run is in runs/houses-price-001.\n"),
    ],
)
def test_who_breaks_off_a_command_is_told_what_stands(here, monkeypatch, place, told):
    with monkeypatch.context() as patch:
        patch.setattr(place, ends)
        result = CliRunner().invoke(cli, ["train", "houses.csv", "--target", "price", *QUICK])
    assert result.exit_code == 130 and result.stderr.endswith(f"Error: Stopped by Ctrl-C.\n{told}")
    assert (here / "runs/houses-price-001").is_dir()
    goes_on = CliRunner().invoke(cli, ["train", "--resume", "runs/houses-price-001"])
    assert goes_on.exit_code == (0 if "resume" in told else 2), goes_on.stderr


def test_who_breaks_off_a_prediction_is_told_whether_it_is_written(model, here, monkeypatch):
    predict = ["predict", model, "houses.csv", "--out", "p.csv", "--json"]
    monkeypatch.setattr("chainrule.cli.using.document", ends)
    assert CliRunner().invoke(cli, predict).stderr.endswith("Ctrl-C.\nThe predictions are in p.csv.\n")
    monkeypatch.setattr(cr, "write_table", ends)
    assert CliRunner().invoke(cli, predict).stderr.endswith("Ctrl-C before anything was saved.\n")
    monkeypatch.setattr(cr.TableModel, "evaluate", ends)
    assert CliRunner().invoke(cli, ["evaluate", model, "houses.csv"]).stderr.endswith("Stopped by Ctrl-C.\n")


# Of a wide network that hardly moves, the cost falls for minutes.
SLOW = ["--epochs", "100000000", "--learning-rate", "1e-8", "--hidden", "256,256"]
ENDLESS = ["train", "houses.csv", "--target", "price", *SLOW]


@pytest.mark.parametrize(
    ("by", "name", "expected"),
    [(signal.SIGINT, "Ctrl-C", 130), (signal.SIGTERM, "SIGTERM", 143), (HANGUP, HANGUP.name, 128 + HANGUP)],
)
def test_a_signal_while_training_saves_the_best_so_far(here, by, name, expected):
    code, told = interrupted("epoch", *ENDLESS, by=by)
    assert code == expected, told
    assert f"by {name}" in told and "runs/houses-price-001 has the model" in told
    assert re.search(r"\n  chainrule train --resume runs/houses-price-001\n(.|\n)*chainrule predict", told)
    assert isinstance(cr.load(here / "runs/houses-price-001"), cr.TableModel)


def test_a_comparison_that_is_ended_says_so_and_trains_the_network_that_wins_to_its_end(here, monkeypatch):
    written = []

    def late(*given):
        written.append(given)
        if len(written) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return write(*given)

    write = runs.write_comparison
    monkeypatch.setattr(runs, "write_comparison", late)
    result = CliRunner().invoke(cli, ["compare", "houses.csv", "--target", "price", *QUICK])
    assert result.exit_code == 130 and re.search(r"Stopped: of \d+ networks \d+ were tried", result.stderr)
    assert "\nEnded by Ctrl-C: the network that is kept was trained to its end.\n" in result.stderr
    assert isinstance(cr.load(here / "runs/houses-price-001"), cr.TableModel)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGHUP")
def test_what_nohup_ignores_stays_ignored(here):
    code, told = interrupted(
        "epoch",
        *ENDLESS,
        "--no-refit",
        "--time",
        "4",
        by=signal.SIGHUP,
        before=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    # The signal is sent at the first line of progress: without one this would show nothing.
    assert code == 0 and "\nepoch" in told and "the time budget of" in told


def test_a_signal_while_the_model_is_saved_lets_it_be_saved(here, monkeypatch):
    def late(model, path):
        for _ in range(2 * (str(path) == "houses.safetensors")):
            os.kill(os.getpid(), signal.SIGTERM)
        return save(model, path)

    save = cr.TableModel.save
    monkeypatch.setattr(cr.TableModel, "save", late)
    place = ["--out", "houses.safetensors"]
    result = CliRunner().invoke(cli, ["train", "houses.csv", "--target", "price", *QUICK, *place])
    assert result.exit_code == 143 and "Wrote the model to houses.safetensors" in result.stderr
    assert "Ended by SIGTERM, which came after training." in result.stderr
    assert isinstance(cr.load(here / "houses.safetensors"), cr.TableModel)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are Unix's")
def test_a_pipe_is_never_replaced_nor_waited_for(model, here, monkeypatch):
    os.mkfifo(here / "pipe")
    monkeypatch.setattr("chainrule.disk.PATIENCE", 0.1)
    for arguments in (
        ["predict", model, "houses.csv", "--out", "pipe"],
        ["train", "houses.csv", "--target", "price", *QUICK, "--out", "pipe"],
        ["predict", model, "pipe"],
        ["predict", "pipe", "houses.csv"],
        ["summary", "pipe"],
        ["train", "pipe", "--target", "price"],
    ):
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == 2 and "pipe" in result.stderr and "bug" not in result.stderr
        assert (here / "pipe").is_fifo()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are Unix's")
def test_a_signal_ends_the_writing_into_a_pipe_that_nobody_empties(here):
    os.mkfifo(here / "pipe")
    reader = os.open(here / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    large = ["--hidden", "256,256", "--epochs", "1", "--test-fraction", "0"]
    command = [sys.executable, "-m", "chainrule.cli.main", "train", "iris", *large, "--out", "pipe"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    while not select.select([reader], [], [], 0)[0]:
        time.sleep(0.05)
    process.terminate()
    told = process.communicate(timeout=30)[1]
    assert process.returncode == 143 and told.endswith(
        b"Stopped by SIGTERM.\nThe run is in runs/iris-target-001.\n"
    )
    os.close(reader)


def test_nothing_is_a_place_to_throw_results_away(model, here):
    for arguments in (["predict", model, "houses.csv"], ["train", "houses.csv", "--target", "price", *QUICK]):
        (here / "nothing").symlink_to(os.devnull)
        assert CliRunner().invoke(cli, [*arguments, "--out", "nothing"]).exit_code == 0
        assert (here / "nothing").is_symlink() and (here / "nothing").is_char_device()
        (here / "nothing").unlink()


def test_a_link_stays_where_a_result_is_written(model, here):
    (here / "far.csv").write_text("old")
    (here / "link.csv").symlink_to("far.csv")
    assert CliRunner().invoke(cli, ["predict", model, "houses.csv", "--out", "link.csv"]).exit_code == 0
    assert (here / "link.csv").is_symlink() and (here / "far.csv").read_text().startswith("price\n")


def test_a_signal_while_the_network_is_tested_lets_it_be_saved(here, monkeypatch):
    def late(*arguments):
        os.kill(os.getpid(), signal.SIGTERM)
        return score(*arguments)

    score = table_model.judged
    monkeypatch.setattr(table_model, "judged", late)
    result = CliRunner().invoke(cli, ["train", "houses.csv", "--target", "price", *QUICK])
    assert result.exit_code == 143 and "runs/houses-price-001 has the model" in result.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGHUP")
def test_a_terminal_that_closes_ends_a_training_that_is_saved(here):
    command = [sys.executable, "-m", "chainrule.cli.main", *ENDLESS]
    process, terminal = pty.fork()
    if not process:
        os.execv(command[0], command)
    shown = b""
    while not re.search(rb"[Ee]poch *[0-9]", shown):  # the plan has that word, too
        shown += os.read(terminal, 1000)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 129
    assert isinstance(cr.load(here / "runs/houses-price-001"), cr.TableModel)


def shell(line):
    """Run a line of bash in which ``chainrule`` is the command line; return the exit codes and both streams."""
    command = (
        f'chainrule() {{ "{sys.executable}" -m chainrule.cli.main "$@"; }}; {line}; echo "${{PIPESTATUS[@]}}"'
    )
    found = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120)
    *printed, codes = found.stdout.splitlines()
    assert "Traceback" not in found.stderr and "Exception" not in found.stderr and "bug" not in found.stderr
    return [int(code) for code in codes.split()], printed, found.stderr


TRAIN = "chainrule train houses.csv --target price --epochs 300 --learning-rate 1e-5 --out houses.safetensors"


@pytest.mark.skipif(os.name == "nt", reason="a shell of Unix")
def test_the_model_of_a_pipe_has_a_name_of_its_own(here):
    codes, _, told = shell("chainrule train <(cat houses.csv) --target price --epochs 1 --hidden 2")
    (run,) = (here / "runs").iterdir()
    assert codes == [0] and (run / "model.safetensors").is_file()
    assert f"\n  chainrule predict runs/{run.name} new.csv --out predictions.csv\n" in told


@pytest.mark.skipif(os.name == "nt", reason="a shell of Unix")
@pytest.mark.parametrize(
    "pipe",
    [
        "| true",
        "2>&1 | head -1",
        *(pytest.param(pipe, marks=pytest.mark.long) for pipe in ("| head -1", "2>&1 | true")),
    ],
)
def test_a_training_whose_reader_goes_away_saves_its_model(here, pipe):
    codes, _, _ = shell(f"{TRAIN} {pipe}")
    assert codes[0] == 0 and isinstance(cr.load(here / "houses.safetensors"), cr.TableModel)


@pytest.mark.skipif(os.name == "nt", reason="a shell of Unix")
def test_results_that_nobody_reads_end_quietly(model, here):
    (here / "long.csv").write_text("rooms,city\n" + "3,Oslo\n" * 50_000)
    codes, printed, told = shell(f"chainrule predict {model} long.csv | head -1")
    assert codes == [141, 0] and printed == ["price"] and told == ""
    assert shell(f"chainrule summary {model} | true")[0][0] in (0, 141)
    assert shell(f"chainrule predict {model} houses.csv --out /dev/stdout | wc -l")[1] == ["41"]


@pytest.fixture
def strange(model, here):
    """A model whose classes are texts that no table of ours may hold, and a table for it."""

    def make(*classes):
        table = pd.DataFrame({"x": [0.0, 1.0] * 20, "y": pd.Series(list(classes) * 20, dtype=object)})
        cr.TableModel.train(table, "y", epochs=1).save(here / "strange.safetensors")
        table[["x"]].to_csv(here / "x.csv", index=False)
        return here / "strange.safetensors"

    with pd.option_context("mode.string_storage", "python"):  # those of pyarrow hold no such texts
        yield make


def test_what_a_terminal_would_obey_is_shown(strange):
    summary = CliRunner().invoke(cli, ["summary", str(strange("\x1b]0;mine\x07", "\ud800\u202e"))])
    assert summary.exit_code == 0 and "\x1b" not in summary.stdout
    assert "\\x1b]0;mine\\x07" in summary.stdout and "\\ud800\\u202e" in summary.stdout


@pytest.mark.skipif(os.name == "nt", reason="a shell of Unix")
def test_letters_that_the_output_does_not_have_are_named(strange, here):
    strange("é", "e")
    predict = "chainrule predict strange.safetensors x.csv"
    codes, _, told = shell(f"PYTHONIOENCODING=ascii {predict}")
    assert (
        codes == [2]
        and "written in ascii, which has no '\\xe9'.\nSet PYTHONIOENCODING=utf-8, which has" in told
    )
    codes, printed, _ = shell(f"PYTHONIOENCODING=utf-8 {predict}")
    assert codes == [0] and len(printed) == 41
    strange("é", "\ud800")
    assert (
        refused("predict", "strange.safetensors", "x.csv", "--out", "p.csv")
        == "Cannot write p.csv: '\\ud800' in its texts is no letter.\n"
    )


@pytest.mark.skipif(os.name == "nt", reason="a shell of Unix")
def test_streams_that_were_closed_stop_nothing(here):
    codes, _, _ = shell(f"({TRAIN} <&- >&- 2>&-)")
    assert codes == [0] and isinstance(cr.load(here / "houses.safetensors"), cr.TableModel)
    codes, printed, _ = shell("chainrule predict houses.safetensors houses.csv 2>&-")
    assert codes == [0] and len(printed) == 41


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_a_full_disk_behind_the_output_is_named(model, here):
    _, _, told = shell(f"chainrule predict {model} houses.csv >/dev/full; echo $? >code")
    assert told == "Error: The standard output cannot be written: No space left on device.\n"
    assert (here / "code").read_text() == "2\n"
    _, _, told = shell(f"{TRAIN} >/dev/full")
    assert "Wrote the model" in told and "The standard output cannot be written" in told
