"""Targets that the inputs say nothing of, and targets of which many are wrong."""

from collections.abc import Iterator

import numpy as np

from chainrule.explaining.doctor.cases import Case
from chainrule.explaining.doctor.changes import Change
from chainrule.explaining.doctor.probes import Probe, probe, trimmed, wanted_of
from chainrule.explaining.doctor.rules.looking import Seen, measured, on_validation, seen
from chainrule.explaining.doctor.scoring import classes_of
from chainrule.explaining.doctor.suspicions import Suspicion

NOTHING = 0.03  # a share of variance that plain learners tell of shuffled targets, too
WRONG = 0.12  # wrong targets, as a share, that are many
EVEN = 1.65  # times that errors of the less certain are those of the certain, where certainty says nothing
CERTAIN = 3.0  # that, of two classes, and the kurtosis of certainty: 1 where all are as certain, 3 by chance


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Suspect the targets where no learner does better than a guess, or where even the surest are often wrong."""
    look = seen(case)
    if case.rows < 30 or not look.wanted.size or not look.z.shape[1]:
        return
    if says_nothing(case, look):
        yield from _unrelated(case, look)
    elif case.task == "classes":
        yield from _labels(case, look)
    elif case.task == "numbers":
        yield from _numbers(case, look)


# --- nothing to learn ----------------------------------------------------------------------------------


def says_nothing(case: Case, look: Seen) -> bool:
    """Say whether neither plain learners nor the network, nor any column by itself, tells anything of the targets."""
    if look.probe.skill > NOTHING or case.held > 0.06:
        return False
    n = len(look.z)
    cross = np.abs(look.z.T @ look.wanted) / n / np.maximum(look.wanted.std(axis=0), 1e-12)
    surest = float(cross.max()) * np.sqrt(n)
    return surest < np.sqrt(2 * np.log(20.0 * cross.size))


def _unrelated(case: Case, look: Seen) -> Iterator[Suspicion]:
    for step in (1, -1, 2, -2):
        moved = wanted_of(np.roll(case.targets, -step, axis=0)[look.rows], case.task)
        if probe(look.z, moved, curves=False).skill > 0.2:
            write = f"y = np.roll(y, {-step})"

            def make(case: Case, step: int = step) -> Case:
                return case.but(targets=np.roll(case.targets, -step, axis=0))

            yield Suspicion(
                "no_signal",
                0.97,
                "Targets stand beside the wrong rows: they fit the rows "
                f"{abs(step)} {'above' if step > 0 else 'below'} them.",
                f"targets are {abs(step)} row{'s' * (abs(step) > 1)} off",
                Change(write, "Put beside their rows", make),
                certain=True,
            )
            return
    told = (
        f"neither the network (rows held back: {case.held:.2f} of the way from a guess to perfection) nor lines, "
        f"curves or nearest rows tell anything of the targets"
    )
    y = np.asarray(case.targets).reshape(case.rows, -1)
    is_sorted = case.task != "labels" and bool(np.all(np.diff(y[:, 0]) >= 0)) and len(np.unique(y[:, 0])) > 1
    reason = (
        "The targets are sorted, and the rows are not."
        if is_sorted
        else "Were rows shuffled, or joined, apart from targets?"
    )
    weight = (
        0.72 if measured(case) and case.rows >= 200 else 0.3
    )  # of few rows, and of steps and words, plain learners know little
    yield Suspicion(
        "no_signal", 0.97 if is_sorted else weight, f"The inputs say nothing of the targets: {told}. {reason}", told,
        certain=is_sorted, last=not is_sorted,
    )  # fmt: skip


# --- wrong labels --------------------------------------------------------------------------------------


def _labels(case: Case, look: Seen) -> Iterator[Suspicion]:
    truth = classes_of(case.targets, np.zeros((case.rows, max(case.units, 1))))[0].reshape(-1)
    if len(truth) != case.rows:
        return
    shares = np.bincount(truth) / case.rows
    guess = 1 - shares.max()
    if guess < 0.25:
        return
    profiles = list(_profiles(case, look, truth, shares))
    there = on_validation(case)
    clean = (
        there is not None and case.learned < 0.75 and there > case.held + 0.25 and there > case.learned + 0.1
    )
    if not profiles:
        return
    wrongs = np.mean([p[0] for p in profiles], axis=0)
    kurtosis = min(p[1] for p in profiles)
    rows = min(p[2] for p in profiles)
    sure = float(wrongs[:2].mean())
    if sure < WRONG or float(wrongs.mean()) > (0.8 if measured(case) else 0.6) * guess:
        return
    ratio = float(wrongs[2] / max(wrongs[0], 0.02))
    strays = ratio * np.sqrt(2 * (1 - sure) / (sure * max(rows / 4, 1)))
    halves = float(wrongs[2:].mean() / sure)
    even = ratio + strays / 2 < EVEN if len(shares) > 2 else halves + kurtosis < CERTAIN
    if not clean and not even:
        return
    told = f"of the answers that are surest, {sure:.0%} do not have the label that is given"
    also = (
        "; on the rows to validate on the network does better than on those it learned from" if clean else ""
    )
    yield Suspicion(
        "label_noise",
        0.9 if clean else 0.86,
        f"Many labels are wrong, it seems: {told}, hardly fewer than of the others{also}. Where groups only overlap, "
        "the surest answers are right. Look at the rows whose label the network contradicts most.",
        told + also,
        certain=True,
        severity="critical" if sure > 0.25 else "warning",
    )


def _profiles(
    case: Case, look: Seen, truth: np.ndarray, shares: np.ndarray
) -> Iterator[tuple[np.ndarray, float, int]]:
    """Go through learners: how often each is wrong by quarters of certainty, the kurtosis of that, and rows."""
    plain = _chances(look.probe, shares)
    if plain is None:
        return
    every = np.full((case.rows, len(shares)), np.nan)
    every[look.probe.rows] = plain
    mixed, labels, errors = [], [], []
    for outcome, split in zip(case.outcomes, case.splits, strict=True):
        if outcome.failed or not len(outcome.said):
            continue
        chances = classes_of(case.targets[split.choosing], outcome.said)[1]
        known = np.isfinite(every[split.choosing, 0])
        if chances.shape[1] != len(shares):
            return
        if known.sum() < 20:
            continue
        other = np.clip(every[split.choosing][known], 0, 1)
        errors.append(
            [_miss(chances[known], truth[split.choosing][known]), _miss(other, truth[split.choosing][known])]
        )
        mixed.append((chances[known], other))
        labels.append(truth[split.choosing][known])
    own, plainly = np.mean(errors, axis=0) if errors else (np.inf, 0.0)
    flat = measured(case)
    if flat and own > 0.85 * plainly:
        yield _profile(plain, truth[look.probe.rows])
    if own < 1.15 * plainly:
        both = [net if own < 0.85 * plainly or not flat else (net + by_rows) / 2 for net, by_rows in mixed]
        yield _profile(np.concatenate(both), np.concatenate(labels))


def _miss(chances: np.ndarray, truth: np.ndarray) -> float:
    return float(np.mean((chances - np.eye(chances.shape[1])[truth]) ** 2))


def _chances(found: Probe, shares: np.ndarray) -> np.ndarray | None:
    if found.said.shape[1] == 1 and len(shares) == 2:
        yes = found.said[:, 0] + shares[1]
        return np.column_stack([1 - yes, yes])
    return found.said + shares if found.said.shape[1] == len(shares) else None


def _profile(chances: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, float, int]:
    surest = chances.max(axis=1)
    wrong = chances.argmax(axis=1) != truth
    order = np.argsort(-surest, kind="stable")
    beyond = np.clip(surest - 1 / chances.shape[1], 0, None)
    kurtosis = float(np.mean(beyond**4) / max(np.mean(beyond**2) ** 2, 1e-300))
    return np.array([wrong[part].mean() for part in np.array_split(order, 4)]), kurtosis, len(truth)


def _has_rare(look: Seen) -> bool:
    """Say whether few of the numbers, far from all others, make up most of the targets' variance."""
    middle = np.abs(look.wanted - np.median(look.wanted, axis=0))
    return bool(np.median(middle) < 0.4)


# --- wrong numbers -------------------------------------------------------------------------------------


def _numbers(case: Case, look: Seen) -> Iterator[Suspicion]:
    there = on_validation(case)
    if (
        there is not None
        and not _has_rare(look)
        and case.held < 0.7
        and there > case.held + 0.25
        and there > case.learned + 0.1
    ):
        told = f"{there:.2f} on the rows to validate on, {case.learned:.2f} on those it learned from"
        yield Suspicion(
            "label_noise", 0.88, f"Many targets to learn from are wrong, it seems: {told} (1 is perfect, 0 a guess).",
            told, certain=True,
        )  # fmt: skip
        return
    if look.probe.skill > 0.8 or case.held > 0.8 or case.loss == "poisson":
        return
    z, wanted = look.z, look.wanted[:, :1]
    if len(z) < 100 or z.shape[1] > 128:
        return
    said = trimmed(z, wanted)
    left = (wanted - said)[:, 0]
    core = 1.4826 * float(np.median(np.abs(left)))
    far = np.abs(left) > 3.5 * core
    share = float(far.mean())
    clean = wanted[~far, 0]
    beyond = np.mean((wanted[far, 0] < clean.min()) | (wanted[far, 0] > clean.max())) if far.any() else 1.0
    if beyond > 0.5:
        return  # numbers that no other row has are rare ones, not those of other rows
    if share < 0.08 or abs(float(np.sign(left[far]).mean())) > 0.7:
        return
    own = float(np.corrcoef(wanted[far, 0], said[far, 0])[0, 1])
    good = 1 - float(np.mean(left[~far] ** 2) / max(np.var(wanted[~far]), 1e-300))
    if own > 0.3 or good < max(look.probe.skill, case.held) + 0.15:
        return
    told = f"{share:.0%} of the targets have nothing to do with what fits all others (R² {good:.2f})"
    yield Suspicion(
        "label_noise",
        0.86,
        f"Many targets are wrong, it seems: {told}. Look at the rows that the network misses most.",
        told,
        certain=True,
        severity="critical" if share > 0.15 else "warning",
    )
