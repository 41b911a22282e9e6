"""The table of primitives: a row for each, families side by side."""
