"""The machine that code is written for: what the pipeline needs to know of it, whether it is at hand or not."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """A CPU, as far as code depends on it.

    Attributes:
        triple: The architecture, the maker and the system, as LLVM names them.
        cpu: LLVM's name of the CPU.
        features: What it has beside what every such CPU has: "+avx2,-sse4a".
        vector_bytes: How much its widest register holds.
        registers: How many of them there are.
        has_fma: Whether it multiplies and adds with one rounding.
        has_masks: Whether it loads and stores some lanes of a vector without harm to the others.
        pause: The intrinsic that waits a moment, and its arguments, if there is one.
        has_yield: Whether the C library has ``sched_yield``.
        flushes: Whether it takes long over subnormal numbers, and can be told to take them for 0.
    """

    triple: str
    cpu: str = "generic"
    features: str = ""
    vector_bytes: int = 16
    registers: int = 16
    has_fma: bool = False
    has_masks: bool = False
    pause: tuple[str, tuple[int, ...]] | None = None
    has_yield: bool = False
    flushes: bool = False


def known(triple: str, cpu: str, features: Mapping[str, bool]) -> Machine:
    """Return a machine by what LLVM says of it.

    >>> known("aarch64-unknown-linux-gnu", "generic", {}).has_fma
    True
    >>> known("x86_64-unknown-linux-gnu", "znver3", {"avx2": True, "fma": True}).vector_bytes
    32
    """
    arm, x86 = triple.startswith(("aarch64", "arm64")), triple.startswith("x86_64")
    wide = features.get("avx512f", False) and features.get("avx512vl", False)
    return Machine(
        triple,
        cpu,
        ",".join(f"{'+' if has else '-'}{name}" for name, has in sorted(features.items())),
        vector_bytes=64 if wide else 32 if features.get("avx2", False) else 16,
        registers=32 if wide or arm else 16,
        has_fma=arm or features.get("fma", False),
        has_masks=wide,
        pause=("llvm.aarch64.hint", (1,)) if arm else ("llvm.x86.sse2.pause", ()) if x86 else None,
        has_yield=not ("windows" in triple or triple.startswith("wasm")),
        flushes=x86,
    )
