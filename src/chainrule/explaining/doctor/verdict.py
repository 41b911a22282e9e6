"""What the doctor says: verdicts, the worst first."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from chainrule.arguments import public
from chainrule.doors import Door
from chainrule.explaining.doctor.scoring import Score
from chainrule.friendly import Friendly
from chainrule.shown import counted, cut, screen

Severity = Literal["critical", "warning", "note"]
SURE = 2.5  # standard deviations of chance
LEAST = 0.03  # of the way from the best guess to perfection: a smaller gain is none to speak of


@dataclass(frozen=True)
class Trial(Friendly):
    """The same training twice: as it is, and with one change; each several times, with other seeds and splits.

    Args:
        metric: What is told: "accuracy", "balanced accuracy" or "R²", of rows that were not learned from.
        before: That of the training as it is, the mean over the seeds.
        after: That of the training with the change.
        gain: By how much the change is better, where 1 leads from the best guess without inputs to perfection.
        noise: How far such a gain strays by chance alone: a standard deviation.

    >>> trial = cr.Trial("accuracy", 0.35, 0.92, 0.88, 0.05)
    >>> trial.proven, str(trial)
    (True, 'accuracy 92% instead of 35%')
    """

    metric: str
    before: float
    after: float
    gain: float
    noise: float

    @property
    def proven(self) -> bool:
        """Whether the gain is beyond what chance does.

        >>> cr.Trial("R²", 0.5, 0.52, 0.02, 0.05).proven
        False
        """
        return self.gain > max(SURE * self.noise, LEAST)

    def __str__(self) -> str:
        before, after = (Score(self.metric, v, 0.0) for v in (self.before, self.after))
        return f"{'' if self.metric == 'R²' else self.metric + ' '}{after} instead of {before}"


@dataclass(frozen=True)
class Verdict(Friendly):
    """What is wrong with a training, how that is known, and what to write instead.

    Args:
        cause: Which of the causes, "learning_rate_too_high" or the like.
        severity: "critical" where much is lost, "warning" where something is; "note" where nothing need be done.
        sentence: What is wrong and what mends it, with numbers.
        evidence: What was seen.
        change: What to write instead; "" where no option mends it.
        trial: The training as it is and with that change; None where none was made,
            or where the training as it is was refused.

    >>> verdict = cr.Verdict("too_few_epochs", "warning", "The cost was still falling.", "the last step", "epochs=400")
    >>> print(verdict)
    warning: too_few_epochs. The cost was still falling.
      write: epochs=400
    """

    cause: str
    severity: Severity
    sentence: str
    evidence: str
    change: str = ""
    trial: Trial | None = None

    def __str__(self) -> str:
        lines = [f"{self.severity}: {self.cause}. {self.sentence}"]
        return "\n".join(lines + ([f"  write: {self.change}"] if self.change else []))

    def __repr__(self) -> str:
        return f"<Verdict {self.severity}: {cut(self.cause, 40)}. {cut(self.sentence, 80)}>"


class Verdicts(Friendly, list[Verdict]):
    """A list of verdicts, the worst first; printed, it is what one reads. :func:`diagnose` makes one.

    Args:
        verdicts: The verdicts.
        tried: How many changes to the training were tried.

    Attributes:
        tried: Likewise.

    >>> print(cr.Verdicts(tried=14))
    Nothing was found to be wrong; 14 changes were tried.
    >>> cr.Verdicts().healthy
    True
    """

    _repr_html_ = Door()

    @public
    def __init__(self, verdicts: Iterable[Verdict] = (), tried: int = 0) -> None:
        super().__init__(verdicts)
        self.tried = tried

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong: there are no verdicts, or notes alone.

        >>> cr.Verdicts([cr.Verdict("no_signal", "critical", "", "")]).healthy
        False
        """
        return all(v.severity == "note" for v in self)

    @public
    def to_dict(self) -> list[dict[str, Any]]:
        """Return plain data: a list of dicts.

        Returns:
            For each verdict what it says, by name.

        >>> cr.Verdicts([cr.Verdict("no_signal", "note", "It is so.", "")]).to_dict()[0]["cause"]
        'no_signal'
        """
        return [
            {
                **{k: v for k, v in vars(each).items() if k != "trial"},
                "trial": each.trial and vars(each.trial),
            }
            for each in self
        ]

    def __str__(self) -> str:
        if not self:
            tried = f"; {counted(self.tried, 'change')} {'was' if self.tried == 1 else 'were'} tried"
            return f"Nothing was found to be wrong{tried if self.tried else ''}."
        return "\n".join(screen([line for v in self for line in str(v).split("\n")]))

    def __repr__(self) -> str:
        if not self:
            return "<Verdicts: nothing was found to be wrong>"
        return f"<{counted(len(self), 'verdict')}; first: {self[0].severity}, {cut(self[0].cause, 40)}>"
