"""From IR to machine code: the CPU at hand, LLVM's passes, and loading what they make."""

import ctypes
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import llvmlite
import llvmlite.binding as llvm

from chainrule.engines.native.code.ir import Module
from chainrule.engines.native.run.cache import cached


@dataclass(frozen=True)
class Machine:
    """The CPU at hand, as far as code depends on it."""

    triple: str
    cpu: str
    features: str
    vector_bytes: int
    registers: int
    has_fma: bool
    has_masks: bool
    pause: tuple[Any, ...]

    def module(self) -> Module:
        """Return an empty module for this CPU."""
        return Module(
            self.vector_bytes, self.registers, self.has_fma, self.has_masks, self.pause,
            has_yield=sys.platform != "win32",
        )  # fmt: skip

    @property
    def key(self) -> str:
        """What object code depends on beside the IR."""
        version = ".".join(map(str, llvm.llvm_version_info))
        return f"{self.triple} {self.cpu} {self.features} {llvmlite.__version__} {version}"


@lru_cache(maxsize=1)
def machine() -> Machine:
    """Return the CPU at hand; RuntimeError if LLVM does not know it."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    triple = llvm.get_process_triple()
    arm = triple.startswith(("aarch64", "arm64"))
    wide = features.get("avx512f", False) and features.get("avx512vl", False)
    vector_bytes = 64 if wide else 32 if features.get("avx2", False) else 16
    return Machine(
        triple=triple,
        cpu=llvm.get_host_cpu_name(),
        features=features.flatten(),
        vector_bytes=vector_bytes,
        registers=32 if wide or arm else 16,
        has_fma=arm or features.get("fma", False),
        has_masks=wide,
        pause=("llvm.aarch64.hint", 1)
        if arm
        else ("llvm.x86.sse2.pause",)
        if triple.startswith("x86_64")
        else (),
    )


@lru_cache(maxsize=1)
def _target() -> Any:
    here = machine()
    target = llvm.Target.from_triple(here.triple)
    return target.create_target_machine(
        cpu=here.cpu, features=here.features, opt=2, reloc="pic", codemodel="default"
    )


def optimise(text: str) -> Any:
    """Parse IR, check it, and let LLVM's passes clean it up. Loops are vectorised by us, not by them.

    NewGVN is not among them: it ends the process where it takes longer to settle than its authors expected, which
    a step with many loops brings about, and what it would find the passes before machine code find as well.
    """
    module = llvm.parse_assembly(text)
    module.triple = machine().triple
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = False
    options.slp_vectorization = False
    options.loop_unrolling = False
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_instruction_combine_pass()
    passes.add_simplify_cfg_pass()
    passes.add_loop_rotate_pass()
    passes.add_dead_code_elimination_pass()
    passes.run(module, llvm.create_pass_builder(_target(), options))
    return module


def object_code(text: str) -> bytes:
    """Compile IR to the bytes of an object file."""
    return bytes(_target().emit_object(optimise(text)))


def assembly(text: str) -> str:
    """Compile IR to assembly, for people."""
    return str(_target().emit_assembly(optimise(text)))


@lru_cache(maxsize=1)
def _jit() -> Any:
    machine()
    return llvm.create_lljit_compiler(_target(), use_jit_link=False, suppress_errors=False)


def library(text: str, names: list[str], symbols: dict[str, int] | None = None) -> "Library":
    """Return the code of IR: what was compiled before, if it still can be had from the cache."""
    found: Library = cached(
        machine().key + text, lambda: object_code(text), lambda code: Library(code, names, symbols)
    )
    return found


# How object code begins: ELF, Mach-O of 64 bits, and of COFF the CPU.
_BEGINNINGS = {
    "linux": (b"\x7fELF",),
    "darwin": (b"\xcf\xfa\xed\xfe",),
    "win32": (b"\x64\x86", b"\x64\xaa"),
}


class Library:
    """Object code in memory. It is unloaded when nothing holds it any more."""

    _count = 0

    def __init__(self, code: bytes, names: list[str], symbols: dict[str, int] | None = None) -> None:
        # LLVM may end the process over what is none.
        if not code.startswith(_BEGINNINGS.get(sys.platform, (b"",))):
            raise RuntimeError("it is no object code of this system")
        Library._count += 1
        builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
        for symbol, address in (symbols or {}).items():
            builder.import_symbol(symbol, address)
        for name in names:
            builder.export_symbol(name)
        self._tracker = builder.link(_jit(), f"chainrule{Library._count}")
        self.names = names

    def address(self, name: str) -> int:
        """Return where a function begins."""
        return int(self._tracker[name])

    def function(self, name: str, *arguments: Any, returns: Any = None) -> Callable[..., Any]:
        """Return a function of ctypes; while it runs, other Python threads run too."""
        kept = ctypes.CFUNCTYPE(returns, *arguments)(self.address(name))
        kept.library = self  # type: ignore[attr-defined]  # the code lives as long as the function
        return kept
