"""Two rankers in one list: team-draft interleaving (Radlinski, Kurup, Joachims 2008).

Every shopper judges both at once, so that a preference shows with a tenth or less of the shoppers that a split needs (Chapelle, Joachims,
Radlinski, Yue 2012). It says which list is liked better and nothing of orders or money.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec

Team = Literal["a", "b"]
BOTH = "-"  # in `teams`: what both have in this place
WORTH = {"a": -1, "b": 1}


class Mixed(NamedTuple):
    """`teams` has a letter an item: whose pick it was."""

    items: list[str]
    teams: str


def anything(item: str, picks: Sequence[str]) -> bool:  # noqa: ARG001 - the form of `fits`
    return True


class Limits(NamedTuple):
    """`fixed` items stand in their places, counted from 1, whoever picks; `fits(item, picks)` says whether one may stand beside others.
    What does not fit now never will."""

    fixed: Mapping[int, str] = {}
    fits: Callable[[str, Sequence[str]], bool] = anything


FREE = Limits()


def interleave(
    a: Sequence[str], b: Sequence[str], count: int, coin: Callable[[], bool], limits: Limits = FREE
) -> Mixed:
    """At most `count` different items. The side with fewer picks is next, and `coin` (True: a) decides between equals; each picks the
    best of its list that is not there yet and fits. Where one list ends the other goes on; where both do, the last fixed items move up."""
    fixed, fits = limits
    taken = set(fixed.values())
    left = {"a": _left(a, taken, picks := list[str](), fits), "b": _left(b, taken, picks, fits)}
    sizes, teams = {"a": 0, "b": 0}, ""
    for slot in range(1, count + 1):
        if slot in fixed:
            picks.append(fixed[slot])
            teams += BOTH
            continue
        order = _order(sizes["a"] - sizes["b"], coin)
        found = next(((team, item) for team in order for item in left[team]), None)
        if found is None:
            rest = [item for at, item in sorted(fixed.items()) if slot < at <= count]
            return Mixed([*picks, *rest], teams + BOTH * len(rest))
        team, item = found
        taken.add(item)
        picks.append(item)
        sizes[team] += 1
        teams += team
    return Mixed(picks, teams)


def _order(ahead: int, coin: Callable[[], bool]) -> tuple[Team, Team]:
    first = coin() if ahead == 0 else ahead < 0
    return ("a", "b") if first else ("b", "a")


def _left(
    ranked: Sequence[str], taken: Collection[str], picks: Sequence[str], fits: Callable[[str, Sequence[str]], bool]
) -> Iterator[str]:
    """`taken` and `picks` grow meanwhile."""
    return (item for item in ranked if item not in taken and fits(item, picks))


def credit(items: Sequence[str], teams: str, clicked: Collection[str]) -> int:
    """Clicks on b's picks less those on a's; what both have in the same place counts for neither."""
    return sum(WORTH.get(team, 0) for item, team in zip(items, teams, strict=True) if item in clicked)


class Preference(msgspec.Struct, frozen=True):
    """Of shoppers, each counting once: how many prefer a, b, and neither. `p_value` holds at every look; `better` is the chance that
    more of those with a preference have one for b, if before any was seen every share was as likely."""

    a: int
    b: int
    neither: int
    p_value: float
    better: float


def preference(credits_: Sequence[float]) -> Preference:
    """Of the sums of each shopper's credits. The p-value is that of a sign test with a uniform mixture over the share of b (Robbins 1970),
    a martingale while a and b are alike, so that one may look as often as one likes."""
    a, b = sum(one < 0 for one in credits_), sum(one > 0 for one in credits_)
    evidence = math.lgamma(a + 1) + math.lgamma(b + 1) - math.lgamma(a + b + 2) + (a + b) * math.log(2)
    return Preference(a, b, len(credits_) - a - b, math.exp(-max(evidence, 0.0)), _above_half(a, b))


def _above_half(a: int, b: int) -> float:
    """P(p > ½) of p ~ Beta(1 + b, 1 + a): as of a binomial number of a + b + 1 halves, P(X ≤ b); a normal one where they are many."""
    n = a + b + 1
    if n > 1000:
        return 0.5 * math.erfc(-(b + 0.5 - n / 2) / math.sqrt(n / 2))
    return sum(math.comb(n, k) for k in range(b + 1)) / (1 << n)
