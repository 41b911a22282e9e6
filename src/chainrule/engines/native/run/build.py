"""From IR to machine code, and loading it; and which machine is at hand."""

import ctypes
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import llvmlite
import llvmlite.binding as llvm

from chainrule.engines.native.machine import Machine, known
from chainrule.engines.native.run.cache import cached


@lru_cache(maxsize=1)
def host() -> Machine:
    """Return the machine at hand; RuntimeError if LLVM does not know it."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return known(llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features())


def llvm_version() -> str:
    """Return LLVM's version."""
    return ".".join(map(str, llvm.llvm_version_info))


@lru_cache(maxsize=8)
def _target(machine: Machine) -> Any:
    target = llvm.Target.from_triple(machine.triple)
    return target.create_target_machine(
        cpu=machine.cpu, features=machine.features, opt=1, reloc="pic", codemodel="default"
    )


def _parsed(text: str, machine: Machine) -> Any:
    """Parse IR and check it.

    LLVM's passes over IR are left out: they take a sixth of the time to compile, and code was measured to be no faster
    by them. Loops are vectorised, expressions simplified and values kept in registers where code is written, and the
    selection of instructions does the rest.
    """
    module = llvm.parse_assembly(text)
    module.triple = machine.triple
    module.data_layout = str(_target(machine).target_data)
    module.verify()
    return module


def object_code(text: str, machine: Machine) -> bytes:
    """Compile IR to the bytes of an object file."""
    return bytes(_target(machine).emit_object(_parsed(text, machine)))


def assembly(text: str, machine: Machine) -> str:
    """Compile IR to assembly, for people."""
    return str(_target(machine).emit_assembly(_parsed(text, machine)))


@lru_cache(maxsize=1)
def _jit() -> Any:
    # LLVM's older linker takes memory for code and for its constants each by itself. Where no room is left beside the
    # code, they are further apart than 32 bits reach, and it ends the process. JITLink takes one block for both.
    in_one_block = sys.platform != "win32"  # there it was not tried
    return llvm.create_lljit_compiler(_target(host()), use_jit_link=in_one_block, suppress_errors=False)


def library(
    text: str, machine: Machine, names: list[str], symbols: dict[str, int] | None = None
) -> "Library":
    """Return the code of IR: what was compiled before, if it still can be had from the cache."""
    versions = f"{llvmlite.__version__} {llvm_version()}"
    found: Library = cached(
        f"{machine.triple} {machine.cpu} {machine.features} {versions}{text}",
        lambda: object_code(text, machine),
        lambda code: Library(code, names, symbols),
    )
    return found


# How object code begins: ELF, Mach-O of 64 bits, and of COFF the CPU.
_BEGINNINGS = {"linux": (b"\x7fELF",), "darwin": (b"\xcf\xfa\xed\xfe",), "win32": (b"\x64\x86", b"\x64\xaa")}


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
