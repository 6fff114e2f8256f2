"""The bandits of the plan, and what is published of their arms every minute."""

from shared.experiments.bandits import Bandit
from shared.lists.arms import Value
from shared.lists.store import ListsStore
from shared.merchandising.store import PlanStore
from shared.recommend.loaded import read


class PlannedBandits:
    """Read anew when another version of the plan has become current."""

    def __init__(self, plans: PlanStore) -> None:
        self.plans = plans
        self.version = ""
        self.known: list[Bandit] = []

    def get(self) -> list[Bandit]:
        if self.plans.pointer()[0].current != self.version:
            plan = self.plans.current()
            self.known = list(read(plan)[0].bandits.values())
            self.version = plan.version
        return self.known


class LiveArms:
    """Writes what changed since it wrote last; a shop that never had a bandit has nothing written."""

    def __init__(self, lists: ListsStore) -> None:
        self.lists = lists
        self.written = Value()

    def put(self, value: Value) -> int:
        """Of how many bandits and segments something is published."""
        if value != self.written:
            self.lists.put_arms(value)
            self.written = value
        return len(value.chances) + len(value.beliefs)
