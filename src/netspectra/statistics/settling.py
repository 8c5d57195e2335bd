"""How many networks would decide a claim, and how sure to be when it is judged again and again."""

import numpy as np
from scipy.special import stdtrit

from netspectra.statistics.estimates import Estimate
from netspectra.statistics.judging import Tolerance, distance_to
from netspectra.statistics.scales import slope


def required_replicates(estimate: Estimate, tolerance: Tolerance, *, limit: int, power: float = 0.5) -> int | None:
    """How many networks would decide a claim, if its value and the spread between networks stayed as they are.

    The least n from which the interval clears the bound by t(n - 1) standard errors, which fall as sqrt(1 / n) down to
    the estimate's floor: about n (half width / margin)^2. The next interval then decides with a chance of a half, or
    of `power`.

    Judging again and again errs more often. Where the true value lies on the bound and five networks are followed by up
    to 1, 2 and 4 further looks at 95 %, the claim is called reproduced in 6, 8 and 10 % of simulations, by
    `level_of_look` in 4 to 5 %.

    Args:
        estimate: What was measured.
        tolerance: What is asked of it.
        limit: Greatest number of networks that may be trained.
        power: Chance that this number decides, from a half up to but not including 1.

    Returns:
        The number; three where there is no interval yet; None where the limit does not decide.
    """
    if not 0.5 <= power < 1:
        raise ValueError(f"power: wanted 0.5 up to but not including 1, found {power}")
    if estimate.exact or estimate.low is None:
        return estimate.units if estimate.exact else 3 if estimate.units < 3 <= limit else None
    n = np.arange(estimate.units, limit + 1)
    freedom = estimate.freedom + n - estimate.units
    factor = stdtrit(freedom, (1 + estimate.level) / 2) + stdtrit(freedom, power)
    floor = estimate.floor * float(slope(estimate.value, estimate.scale))
    decided = np.ones(len(n), bool)
    for bound in _to_clear(estimate, tolerance):
        distance, arm = distance_to(estimate, bound)
        error = np.sqrt(floor**2 + max(arm**2 - floor**2, 0) * estimate.units / n)
        decided &= factor * error <= abs(distance)
    return int(n[decided][0]) if decided.any() else None


def _to_clear(estimate: Estimate, tolerance: Tolerance) -> list[float]:
    """Bounds that the interval has to leave behind: both from inside, the near one from outside."""
    if tolerance.holds(estimate.value):
        return [b for b in (tolerance.low, tolerance.high) if estimate.bounds[0] < b < estimate.bounds[1]]
    return [tolerance.low if tolerance.too_low(estimate.value) else tolerance.high]


def level_of_look(look: int, level: float = 0.95) -> float:
    """Level of the interval at the k-th judgement of one claim: 1 - (1 - level) / 2^(k - 1).

    The chances of a wrong verdict halve from look to look and add up to less than twice that of the first, however many
    looks follow.
    """
    return 1 - (1 - level) / 2 ** (look - 1)
