"""Tests of machine code, which is made where llvmlite is installed."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("llvmlite") else ["test_*.py"]
