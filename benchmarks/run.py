"""Time chainrule and its peers on the same work, and print the ratios: python -m benchmarks.run --help."""

import argparse
import os
import sys
from pathlib import Path

import chainrule as cr
from benchmarks import machine
from benchmarks.measured import Crew, measure
from benchmarks.peers import OURS, OURS_ON_NUMPY, PEERS, with_older_jax
from benchmarks.report import Report, as_json, markdown, readme, text
from benchmarks.work import ROWS, Work, shortened

PRINTED = Path("-")
MARK = "<!-- the benchmark table -->"


def main() -> None:
    """Measure what the command line asks for."""
    asked = arguments()
    if asked.threads and asked.threads < machine.cores():
        restart(asked.threads)
    if asked.readme:
        with_table(
            asked.readme.read_text(encoding="utf-8"), ""
        )  # it has a mark, or nothing is measured in vain
    chosen = with_older_jax(asked.older_jax) if asked.older_jax else PEERS
    if asked.engine == "numpy":
        chosen = {name: peer for name, peer in chosen.items() if name != OURS_ON_NUMPY}
    chosen = {name: peer for name, peer in chosen.items() if name in (OURS, *(asked.peers or PEERS))}
    rows = [shortened(row) for row in asked.rows] if asked.quick else asked.rows
    missing: dict[str, str] = {}
    crew = Crew(chosen, missing)
    measured = []
    said = machine.peak(), machine.description(), asked.engine, asked.rounds
    try:
        for row in rows:
            say(row.title)
            found = measure(row, crew, asked.rounds, asked.fresh, asked.engine, asked.data)
            measured.append(found)
            best = {name: found.best(name) for name in found.tried}
            say(
                "  "
                + ", ".join(f"{name} {b[1].seconds:.4g} s {b[0]}".rstrip() for name, b in best.items() if b)
            )
            report = Report(measured, list(crew.peers), missing, *said)
            # After every row, so that a run that is cut short leaves what it has measured.
            for path, write in ((asked.json, as_json), (asked.markdown, markdown)):
                if path not in (None, PRINTED):
                    path.write_text(write(report), encoding="utf-8")
    finally:
        crew.close()
    if asked.peers and missing:
        sys.exit("\n".join(f"{PEERS[name].title}: {why}" for name, why in missing.items()))
    if asked.readme:
        asked.readme.write_text(
            with_table(asked.readme.read_text(encoding="utf-8"), readme(report)), encoding="utf-8"
        )
    print(markdown(report) if asked.markdown == PRINTED else text(report))


def with_table(page: str, table: str, mark: str = MARK) -> str:
    """Return a page with ``table`` in place of the one that follows the mark.

    Raises:
        ValueError: If the page has no mark.
    """
    before, found, after = page.partition(mark)
    if not found:
        raise ValueError(f"the page has no line {mark}")
    lines = after.lstrip("\n").split("\n")
    rest = next((i for i, line in enumerate(lines) if not line.startswith("|")), len(lines))
    return "\n".join([before + mark, table, *lines[rest:]])


def restart(threads: int) -> None:
    """Begin this command again on so many cores: every library counts them once, when it is loaded."""
    if not hasattr(os, "sched_setaffinity"):
        sys.exit("--threads needs Linux; elsewhere set what each library reads, such as OMP_NUM_THREADS.")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    os.execv(sys.executable, [sys.executable, "-m", "benchmarks.run", *sys.argv[1:]])


def say(words: str) -> None:
    """Show how far it is."""
    print(words, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    listed = ", ".join(row.name for row in ROWS)
    parser.add_argument("--rows", type=rows_named, default="", help=f"some of: {listed}")
    parser.add_argument(
        "--peers", type=peers_named, default="", help=f"some of {', '.join(PEERS)}; none for all"
    )
    parser.add_argument(
        "--engine", choices=["auto", *cr.ENGINES], default="auto", help="the one chainrule runs on"
    )
    parser.add_argument("--threads", type=int, help="how many cores all may use; without it, all there are")
    parser.add_argument("--rounds", type=int, default=5, help="of how many turns the median counts")
    parser.add_argument("--fresh", type=int, default=1, help="of how many fresh processes; 0 for none")
    parser.add_argument(
        "--older-jax", metavar="PYTHON", help="the interpreter of a virtual environment with jax==0.6.2"
    )
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
    parser.add_argument("--readme", type=Path, help="a page whose table of times is to be renewed")
    return parser.parse_args()


def rows_named(names: str) -> list[Work]:
    """Return the rows of these names, or all."""
    known = {row.name: row for row in ROWS}
    return [known[name] for name in known_names(names, list(known), "row") or known]


def peers_named(names: str) -> list[str]:
    """Return the peers of these names, ourselves not among them."""
    return [name for name in known_names(names, list(PEERS), "peer") if name != OURS]


def known_names(names: str, known: list[str], what: str) -> list[str]:
    """Return the names between commas, or say which is none."""
    chosen = [name for name in names.split(",") if name]
    for name in chosen:
        if name not in known:
            raise argparse.ArgumentTypeError(f"no {what} is called {name!r}; there are {', '.join(known)}")
    return chosen


if __name__ == "__main__":
    main()
