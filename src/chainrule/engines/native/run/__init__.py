"""From code to results: building, keeping, threads, the engine's interface."""
