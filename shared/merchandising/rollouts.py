"""Every hour: the plan's rollouts go on, stay, or are taken back, by what the analysis of their stage says."""

from typing import Protocol

from shared.errors import NotFound
from shared.experiments.model import Experiment
from shared.experiments.rollout import Move, Seen, decide, seen_in, staged
from shared.merchandising.desk import PlanDesk
from shared.recommend.loaded import read

WHO = "rollout"


class Kept(Protocol):
    def get(self, name: str) -> bytes:
        """Results of an experiment, as they were written. Raises NotFound."""
        ...


def step(desk: PlanDesk, results: Kept, now: float) -> dict[str, Move]:
    """What was decided of each running rollout, and done. Raises Conflict when somebody published meanwhile: the next hour tries again."""
    running = [one for one in read(desk.store.current())[0].experiments if one.kind == "rollout" and one.runs(now)]
    return {one.name: _move(desk, one, _seen(results, one.name), now) for one in running}


def _move(desk: PlanDesk, rollout: Experiment, seen: Seen | None, now: float) -> Move:
    move = decide(rollout, seen, now)
    if move.move != "hold":
        onto = "taken back" if move.move == "back" else f"{move.share:.0%}"
        note = f"Rollout {rollout.name}: {onto}. {move.why}"
        desk.amend(lambda document: staged(document, rollout.name, move, now), note, WHO)
    return move


def _seen(results: Kept, name: str) -> Seen | None:
    try:
        return seen_in(results.get(name))
    except NotFound:
        return None
