"""Time chainrule and its peers on the same work, and print the ratios: python -m benchmarks.run --help."""

import argparse
import os
import sys
from pathlib import Path

import chainrule as cr
from benchmarks import machine, peers
from benchmarks.measured import measure
from benchmarks.peers import MODULES, OURS, OURS_ON_NUMPY, TITLES
from benchmarks.report import Report, as_json, markdown, text
from benchmarks.work import ROWS, Work, shortened

PRINTED = Path("-")


def main() -> None:
    """Measure what the command line asks for."""
    asked = arguments()
    if asked.threads and asked.threads < machine.cores():
        restart(asked.threads)
    found, missing = present(asked.peers or [name for name in MODULES if name != OURS])
    if asked.peers and missing:
        sys.exit("\n".join(f"{TITLES[name]}: {why}" for name, why in missing.items()))
    if asked.engine == "numpy":
        found = [name for name in found if name != OURS_ON_NUMPY]
    rows = [shortened(row) for row in asked.rows] if asked.quick else asked.rows
    report = Report([], found, missing, machine.peak(), machine.description(), asked.engine, asked.repeats)
    for row in rows:
        say(row.title)
        measured = measure(row, found, asked.repeats, asked.fresh, asked.engine, asked.data)
        say("  " + ", ".join(f"{name} {seconds:.4g} s" for name, seconds in measured.seconds.items()))
        report.rows.append(measured)
        # After every row, so that a run that is cut short leaves what it has measured.
        for path, write in ((asked.json, as_json), (asked.markdown, markdown)):
            if path not in (None, PRINTED):
                path.write_text(write(report), encoding="utf-8")
    print(markdown(report) if asked.markdown == PRINTED else text(report))


def restart(threads: int) -> None:
    """Begin this command again on so many cores: every library counts them once, when it is loaded."""
    if not hasattr(os, "sched_setaffinity"):
        sys.exit("--threads needs Linux; elsewhere set what each library reads, such as OMP_NUM_THREADS.")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    os.execv(sys.executable, [sys.executable, "-m", "benchmarks.run", *sys.argv[1:]])


def present(names: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return ourselves and the peers that are installed here, and why the others are not."""
    found, missing = [OURS], {}
    for name in names:
        try:
            peers.load(name)
        except ModuleNotFoundError as error:
            missing[name] = f"{error.name} is not installed: pip install chainrule[bench]"
        else:
            found.append(name)
    return found, missing


def say(words: str) -> None:
    """Show how far it is."""
    print(words, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    listed = ", ".join(row.name for row in ROWS)
    parser.add_argument("--rows", type=rows_named, default="", help=f"some of: {listed}")
    parser.add_argument(
        "--peers", type=peers_named, default="", help=f"some of {', '.join(MODULES)}; none for all"
    )
    parser.add_argument(
        "--engine", choices=["auto", *cr.ENGINES], default="auto", help="the one chainrule runs on"
    )
    parser.add_argument("--threads", type=int, help="how many cores all may use; without it, all there are")
    parser.add_argument("--repeats", type=int, default=3, help="of how many warm runs the best counts")
    parser.add_argument("--fresh", type=int, default=2, help="of how many fresh processes; 0 for none")
    parser.add_argument(
        "--quick", action="store_true", help="a fiftieth of the work, to see that everything runs"
    )
    parser.add_argument(
        "--data",
        default=os.environ.get("CHAINRULE_DATA"),
        help="the folder of the larger tables, or $CHAINRULE_DATA",
    )
    parser.add_argument("--json", type=Path, help="a file for everything that was measured")
    parser.add_argument(
        "--markdown", type=Path, nargs="?", const=PRINTED, help="print the tables as Markdown, or to a file"
    )
    return parser.parse_args()


def rows_named(names: str) -> list[Work]:
    """Return the rows of these names, or all."""
    known = {row.name: row for row in ROWS}
    return [known[name] for name in known_names(names, list(known), "row") or known]


def peers_named(names: str) -> list[str]:
    """Return the peers of these names, ourselves not among them."""
    return [name for name in known_names(names, list(MODULES), "peer") if name != OURS]


def known_names(names: str, known: list[str], what: str) -> list[str]:
    """Return the names between commas, or say which is none."""
    chosen = [name for name in names.split(",") if name]
    for name in chosen:
        if name not in known:
            raise argparse.ArgumentTypeError(f"no {what} is called {name!r}; there are {', '.join(known)}")
    return chosen


if __name__ == "__main__":
    main()
