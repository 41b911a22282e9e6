"""Runs with a known fault, and healthy ones: what the doctor is measured on (python -m benchmarks.doctor)."""
