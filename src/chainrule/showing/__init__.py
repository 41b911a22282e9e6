"""Showing: what others look at, written from what the rooms below know."""
