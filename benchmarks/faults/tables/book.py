"""How the runs about data are written: each by one function, with its fault and without."""

from collections.abc import Callable

from benchmarks.faults.planted import Planted, Run


def run(
    runs: list[Planted], *causes: str, twin: bool = False
) -> Callable[[Callable[[int, bool], Run]], Callable[[int, bool], Run]]:
    """Put what is decorated into a list of runs, and where asked its healthy twin too, the same without the fault."""

    def put(written: Callable[[int, bool], Run]) -> Callable[[int, bool], Run]:
        name = written.__name__.replace("_", " ")
        runs.append(Planted(name, causes, lambda seed: written(seed, bool(causes))))
        if twin:
            runs.append(Planted(f"{name}: mended", (), lambda seed: written(seed, False)))
        return written

    return put
