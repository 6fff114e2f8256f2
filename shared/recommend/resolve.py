"""What the shop wants of a placement for this shopper now: strategy, then the bandit's arm, then experiments, each over the one before."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from shared.experiments.arms import Drawn, draw
from shared.experiments.assignment import Assigned, assign
from shared.experiments.bandits import segment_of
from shared.experiments.model import MIXED
from shared.expressions.facts import ContextFacts, ShopperFacts
from shared.lists.arms import Arms
from shared.merchandising.matching import Matched
from shared.recommend.facts import Asker, context_facts, shopper_facts
from shared.recommend.loaded import Loaded, Part, Strategy
from shared.recommend.request import Request
from shared.recommend.settings import changed
from shared.recommend.shelves import segments


class Side(NamedTuple):
    request: Request
    rules: Matched


class Resolved(NamedTuple):
    """`request` has the placement's settings; `rules` are those that hold. `unit` is who takes part in experiments, and `sides` what each
    variant of an interleaving makes of the answer, where the shopper sees both."""

    request: Request
    shopper: ShopperFacts
    context: ContextFacts
    rules: Matched
    version: str = ""  # of the plan
    strategy: str = ""
    assigned: tuple[Assigned, ...] = ()
    drawn: Drawn | None = None
    unit: str = ""
    sides: tuple["Side", ...] = ()

    def covering(self, covers: Mapping[str, float]) -> "Resolved":
        """With the days that the stock of items lasts, which rules may ask."""
        sides = tuple(one._replace(rules=one.rules._replace(covers=covers)) for one in self.sides)
        return self._replace(rules=self.rules._replace(covers=covers), sides=sides)

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
    strategy = strategy_of(request, shopper, context, loaded)
    drawn = _drawn(request, asker, loaded, arms, now)
    assigned = tuple(assign(loaded.experiments, asker.unit, request.placement, now))
    both = next((one for one in assigned if one.variant.name == MIXED), None)
    took: list[Part] = [("bandit", drawn.bandit.name, drawn.arm.name)] if drawn else []
    took += [("experiment", one.experiment.name, one.variant.name) for one in assigned if one is not both]
    matched = loaded.matcher.match(shopper, context, now)
    asked, rules = side(request, strategy, took, matched, loaded)
    variants = [("experiment", both.experiment.name, one.name) for one in both.experiment.variants] if both else []
    sides = tuple(side(request, strategy, [*took, variant], matched, loaded) for variant in variants)
    name = strategy.name if strategy else ""
    return Resolved(asked, shopper, context, rules, loaded.version, name, assigned, drawn, asker.unit, sides)


def strategy_of(request: Request, shopper: ShopperFacts, context: ContextFacts, loaded: Loaded) -> Strategy | None:
    strategies = loaded.strategies.get(request.placement, ())
    return next((one for one in strategies if one.when.holds(None, shopper, context)), None)


def side(request: Request, strategy: Strategy | None, took: Iterable[Part], matched: Matched, loaded: Loaded) -> Side:
    """The placement and the rules, once the strategy and the parts of the recipe are laid over them, the last one last."""
    found, switches = loaded.placements[request.placement], dict[str, bool]()
    if strategy:
        found = changed(found, strategy.changes)
    for part in took:
        found = changed(found, loaded.changes.get(part, {}))
        switches.update(loaded.switches.get(part, {}))
    asked = replace(request, changed=found, count=request.count if request.counted else found.count)
    return Side(asked, matched._replace(active=loaded.switched(matched.active, switches)))


def _drawn(request: Request, asker: Asker, loaded: Loaded, arms: Arms, now: float) -> Drawn | None:
    bandit = loaded.bandits.get(request.placement)
    if bandit is None:
        return None
    state = asker.state
    own = segments(request, state, contextual=not state.totals.events)
    return draw(bandit, segment_of(bandit, own, state.totals.orders, now), arms, asker.chance)
