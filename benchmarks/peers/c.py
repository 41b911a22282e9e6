"""C in which every size is a constant, on one thread: an anchor that no release of a library moves."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.peers import CannotExpress, perceptron
from benchmarks.work import Job

SOURCE = Path(__file__).with_name("mlp.c")
OPTIONS = (
    "-O3",
    "-march=native",
    "-mprefer-vector-width=512",
    "-ffast-math",
    "-fPIC",
    "-std=gnu11",
)


def trainer(job: Job) -> Callable[[], float]:
    """Return a function that trains from the first weights."""
    train, y = library(job).train, np.ascontiguousarray(job.y, np.float32)
    train.restype = ctypes.c_double
    first = np.concatenate([p.ravel() for W in job.weights for p in (W, np.zeros(W.shape[1], np.float32))])
    orders = np.ascontiguousarray(job.orders, np.int64)

    def run() -> float:
        w, m, v = first.copy(), np.zeros_like(first), np.zeros_like(first)
        places = [a.ctypes.data_as(ctypes.c_void_p) for a in (w, m, v, job.X, y, orders)]
        return float(train(*places, ctypes.c_long(job.work.epochs), ctypes.c_float(job.work.learning_rate)))

    return run


def predictor(job: Job) -> Callable[[], np.ndarray]:
    """Refuse: it trains only."""
    raise CannotExpress("it trains only")


def library(job: Job) -> ctypes.CDLL:
    """Return the training of a job, compiled for its sizes."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        raise CannotExpress("there is no C compiler here")
    with tempfile.TemporaryDirectory() as folder:
        compiled, built = (str(Path(folder) / name) for name in ("mlp.o", "mlp.so"))
        # Linked with -ffast-math, a library would take subnormal numbers for 0 in all of the process that loads it.
        for command in (
            [compiler, *OPTIONS, *definitions(job), "-c", str(SOURCE), "-o", compiled],
            [compiler, "-shared", compiled, "-o", built, "-lm"],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise CannotExpress(
                    f"the C compiler refuses it ({(done.stderr.splitlines() or ['no word'])[0]})"
                )
        return ctypes.CDLL(built)


def definitions(job: Job) -> list[str]:
    """Return the sizes and kinds of a job for the preprocessor."""
    work, network, layers = job.work, perceptron(job), len(job.weights)
    if network.normalized or layers not in (2, 3):
        raise CannotExpress("it has two or three dense layers")
    if network.hidden not in ("relu", "tanh"):
        raise CannotExpress("it has relu and tanh only")
    found = {f"S{i}": size for i, size in enumerate(network.sizes)} | {
        "LAYERS": layers,
        "ROWS": len(job.X),
        "BATCH": work.batch_size or len(job.X),
        "SHUFFLED": int(work.batch_size is not None),
        "ADAM": int(work.optimizer == "adam"),
        "TANH": int(network.hidden == "tanh"),
        work.output.upper(): 1,
    }
    return [f"-D{name}={value}" for name, value in found.items()]
