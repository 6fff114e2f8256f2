"""What the shop wants of a placement for this shopper now: strategy, then the bandit's arm, then experiments, each over the one before."""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from shared.experiments.arms import Drawn, draw
from shared.experiments.assignment import Assigned, assign
from shared.experiments.bandits import segment_of
from shared.expressions.facts import ContextFacts, ShopperFacts
from shared.lists.arms import Arms
from shared.merchandising.matching import Matched
from shared.recommend.facts import Asker, context_facts, shopper_facts
from shared.recommend.loaded import Loaded
from shared.recommend.request import Request
from shared.recommend.settings import changed
from shared.recommend.shelves import segments


class Resolved(NamedTuple):
    """`request` has the placement's settings; `rules` are those that hold."""

    request: Request
    shopper: ShopperFacts
    context: ContextFacts
    rules: Matched
    version: str = ""  # of the plan
    strategy: str = ""
    assigned: tuple[Assigned, ...] = ()
    drawn: Drawn | None = None

    @property
    def propensity(self) -> float:
        """The chance with which just this recipe was shown."""
        chance = self.drawn.propensity if self.drawn else 1.0
        for one in self.assigned:
            chance *= one.propensity
        return chance


def resolve(request: Request, asker: Asker, loaded: Loaded, arms: Arms, now: float) -> Resolved:
    """Raises KeyError for a placement that the plan does not have."""
    context = context_facts(request, loaded.plan, now)
    shopper = shopper_facts(request, asker, loaded.matcher, now)
    found = loaded.placements[request.placement]
    strategies = loaded.strategies.get(request.placement, ())
    strategy = next((one for one in strategies if one.when.holds(None, shopper, context)), None)
    if strategy:
        found = changed(found, strategy.changes)
    drawn = _drawn(request, asker, loaded, arms, now)
    if drawn:
        found = changed(found, loaded.changes["bandit", drawn.bandit.name, drawn.arm.name])
    assigned = tuple(assign(loaded.experiments, asker.unit, request.placement, now))
    for one in assigned:
        found = changed(found, loaded.changes.get(("experiment", one.experiment.name, one.variant.name), {}))
    rules = loaded.matcher.match(shopper, context, now)
    switched = _switches(assigned, drawn)
    rules = rules._replace(active=loaded.switched(rules.active, switched))
    name = strategy.name if strategy else ""
    asked = replace(request, changed=found, count=request.count if request.counted else found.count)
    return Resolved(asked, shopper, context, rules, loaded.version, name, assigned, drawn)


def _drawn(request: Request, asker: Asker, loaded: Loaded, arms: Arms, now: float) -> Drawn | None:
    bandit = loaded.bandits.get(request.placement)
    if bandit is None:
        return None
    state = asker.state
    own = segments(request, state, contextual=not state.totals.events)
    return draw(bandit, segment_of(bandit, own, state.totals.orders, now), arms, asker.chance)


def _switches(assigned: Iterable[Assigned], drawn: Drawn | None) -> dict[str, bool]:
    """Rules by name that this answer's recipe switches on or off."""
    made: dict[str, bool] = dict(drawn.arm.rules) if drawn else {}
    for one in assigned:
        made.update(one.variant.rules)
    return made
