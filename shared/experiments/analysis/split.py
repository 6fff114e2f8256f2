"""Whether the units were split as the plan says. If not, something loses some of them, and no difference can be believed."""

from collections.abc import Sequence

import msgspec
from scipy.special import chdtrc

# As strict as in Fabijan et al. 2019: looked at every night for weeks, it should hardly ever cry wolf.
LEAST_CHANCE = 0.0005


class Split(msgspec.Struct, frozen=True):
    """`chance` is how likely so uneven a split or a worse one is if all is well."""

    chance: float
    fine: bool
    words: str


def check(names: Sequence[str], counts: Sequence[int], shares: Sequence[float]) -> Split:
    """Pearson's chi-square test of `counts` of units against `shares`, which need not add up to 1."""
    total, whole = sum(counts), sum(shares)
    if not total or len(counts) < 2:
        return Split(1.0, fine=True, words="Nobody has taken part yet.")
    expected = [total * share / whole for share in shares]
    if any(count and not wanted for count, wanted in zip(counts, expected, strict=True)):
        return _unfit(names, counts, expected, 0.0)
    pairs = [pair for pair in zip(counts, expected, strict=True) if pair[1]]
    distance = sum((count - wanted) ** 2 / wanted for count, wanted in pairs)
    chance = float(chdtrc(len(pairs) - 1, distance)) if len(pairs) > 1 else 1.0
    if chance < LEAST_CHANCE:
        return _unfit(names, counts, expected, chance)
    return Split(chance, fine=True, words="Shoppers are split between the variants as planned.")


def _unfit(names: Sequence[str], counts: Sequence[int], expected: Sequence[float], chance: float) -> Split:
    told = ", ".join(f"{n} has {c:,} of {e:,.0f}" for n, c, e in zip(names, counts, expected, strict=True))
    words = (
        f"Shoppers are not split as planned: {told} expected; by chance that happens once in {1 / max(chance, 1e-12):,.0f} times. "
        "Something loses some of them (an error, a redirect, a cache, a changed share): find it and begin again under another salt."
    )
    return Split(chance, fine=False, words=words)
