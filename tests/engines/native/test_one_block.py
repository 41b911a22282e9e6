"""Code and its constants lie side by side, however full of holes a process's memory is.

They reach each other by 32 bits. Where each lay where there was room, LLVM ended the process now and then.
"""

import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says of a process's memory"),
]

PROGRAM = """
import mmap
import numpy as np
import chainrule as cr

def compiled(times):
    x = e = cr.input("x", ("n",))
    for _ in range(times):
        e = np.tanh(e) + np.log1p(np.exp(e))
    step = cr.compile(np.sum(e * x), inputs=[x], engine="native")
    step(np.arange(5.0))
    return step

def code_and_constants():
    lines = [line.split() for line in open("/proc/self/maps")]
    places = [line[0] for line in lines if len(line) == 5 and line[1] in ("r-xp", "r--p")]
    return {tuple(int(end, 16) for end in place.split("-")) for place in places}

kept = [compiled(0)]
private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
holes = []
for i in range(200):
    holes.append(mmap.mmap(-1, 2 * mmap.PAGESIZE, flags=private))
    kept.append(mmap.mmap(-1, 2**32, flags=private, prot=mmap.PROT_READ))
for hole in holes:
    hole.close()
for times in range(1, 16):
    before = code_and_constants()
    kept.append(compiled(times))
    new = sorted(code_and_constants() - before)
    assert len(new) == 2 and new[0][1] == new[1][0], new
"""


def test_code_and_its_constants_are_side_by_side():
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
