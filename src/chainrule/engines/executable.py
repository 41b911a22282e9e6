"""What an engine makes of a program, whatever the engine: something that takes a step, and runs epochs."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from chainrule.engines.epochs import Epochs, Run, run_epochs
from chainrule.graph.evaluate import Arrays


class Executable(ABC):
    """A compiled program. An engine writes ``step``; ``run`` is made of steps, unless it has a loop of its own."""

    engine: str  # the name of the one that it runs on

    @abstractmethod
    def step(self, state: Sequence[np.ndarray], batch: Sequence[np.ndarray]) -> tuple[Arrays, Arrays]:
        """Run the program once; return (new state, outputs)."""

    def run(self, asked: Epochs) -> Run:
        """Run epochs."""
        return run_epochs(self.step, asked)
