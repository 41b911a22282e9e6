"""What the arithmetic of this machine can do at most: multiply-adds, and square roots with divisions.

Loops of machine code that touch no memory and depend on nothing but themselves, one on each core.
"""

import ctypes
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

TURNS = 20_000
CHAINS = 12  # independent of each other, enough to hide how long an operation takes
WINDOW = 0.003  # seconds: what a thread does without a break even where others use its core


@dataclass(frozen=True)
class Loop:
    """A loop in memory.

    Attributes:
        call: It, of the address of its chains: the first holds what all begin with, the others what they end with.
        wide: How many numbers a chain holds.
        operations: How many of each number are done in a call.
    """

    call: Callable[[int], None]
    wide: int
    operations: int


def rates(cores: int) -> tuple[float, float]:
    """Return the float32 operations, and the roots each with a division, that so many cores do in a second.

    Raises:
        ModuleNotFoundError: If llvmlite is not installed, which writes the loops.
    """
    with compiled() as loops:
        fused, roots = (CHAINS * loop.wide * loop.operations / shortest(loop.call, cores) for loop in loops)
    return fused, roots


@contextmanager
def compiled() -> Iterator[tuple[Loop, Loop]]:
    """Compile the loop of multiply-adds and that of roots for this machine, while they are needed."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    wide = 16 if features.get("avx512f") else 8 if features.get("avx2") else 4
    target = llvm.Target.from_default_triple().create_target_machine(
        llvm.get_host_cpu_name(), features.flatten() + (",-prefer-256-bit" if wide == 16 else ""), opt=3
    )
    module = llvm.parse_assembly(
        loop("fused", FUSED, wide) + loop("roots", ROOTS, wide) + DECLARED.format(n=wide)
    )
    with llvm.create_mcjit_compiler(module, target) as engine:
        engine.finalize_object()
        call = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
        yield (
            Loop(call(engine.get_function_address("fused")), wide, 2 * TURNS),
            Loop(call(engine.get_function_address("roots")), wide, TURNS),
        )


FUSED = "%y{i} = call {v} @llvm.fma.v{n}f32({v} %x{i}, {v} %c, {v} %d)"
ROOTS = "%r{i} = call {v} @llvm.sqrt.v{n}f32({v} %x{i})\n  %y{i} = fdiv {v} %d, %r{i}"
DECLARED = (
    "declare <{n} x float> @llvm.fma.v{n}f32(<{n} x float>, <{n} x float>, <{n} x float>)\n"
    "declare <{n} x float> @llvm.sqrt.v{n}f32(<{n} x float>)\n"
)


def loop(name: str, body: str, wide: int) -> str:
    """Return a function in LLVM's language that does ``body`` to each chain, so many turns; memory holds the ends."""
    v, chains = f"<{wide} x float>", range(CHAINS)
    lines = [
        f"define void @{name}(ptr %at) {{\nbegin:",
        f"  %c = load {v}, ptr %at, align 4",
        f"  %d = load {v}, ptr %at, align 4",
        "  br label %turn\nturn:",
        "  %n = phi i64 [ 0, %begin ], [ %next, %turn ]",
        *(f"  %x{i} = phi {v} [ %c, %begin ], [ %y{i}, %turn ]" for i in chains),
        *("  " + body.format(i=i, v=v, n=wide) for i in chains),
        "  %next = add i64 %n, 1",
        f"  %done = icmp eq i64 %next, {TURNS}",
        "  br i1 %done, label %end, label %turn\nend:",
        *(
            f"  %p{i} = getelementptr {v}, ptr %at, i64 {i + 1}\n  store {v} %y{i}, ptr %p{i}, align 4"
            for i in chains
        ),
        "  ret void\n}\n",
    ]
    return "\n".join(lines)


def shortest(call: Callable[[int], None], cores: int, seconds: float = 0.5) -> float:
    """Return the seconds of one call, with calls of its own on each core, over the number of cores."""
    memory = [(ctypes.c_float * (16 * (CHAINS + 1)))(*[1e-3] * 16) for _ in range(cores)]
    together = 1

    def many(place: ctypes.Array) -> None:
        for _ in range(together):
            call(ctypes.addressof(place))

    with ThreadPoolExecutor(cores) as pool:

        def once() -> float:
            began = time.perf_counter()
            list(pool.map(many, memory))
            return time.perf_counter() - began

        together = max(1, round(WINDOW / min(once() for _ in range(5))))
        found, end = [once()], time.perf_counter() + seconds
        while time.perf_counter() < end:
            found.append(once())
    return min(found) / together / cores
