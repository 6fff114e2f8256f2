"""Every hour: rollouts of the plan go on or are taken back."""

import time
from typing import TYPE_CHECKING, Any

from shared import clients
from shared.config import RolloutSettings, from_env
from shared.experiments.store import ResultsStore
from shared.merchandising.desk import PlanDesk
from shared.merchandising.rollouts import step
from shared.merchandising.store import PlanStore
from shared.observability import logger, metrics
from shared.recommend.loaded import mistakes
from shared.versioned import VersionedTable

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

settings = from_env(RolloutSettings)
store = PlanStore(VersionedTable(clients.dynamodb(), settings.plans_table))
results = ResultsStore(clients.s3(), settings.lake_bucket)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    now = time.time()
    moves = step(PlanDesk(store, [mistakes], now), results, now)
    taken_back = sum(move.move == "back" for move in moves.values())
    metrics.add_metric("RolloutsMoved", "Count", sum(move.move == "next" for move in moves.values()))
    metrics.add_metric("RolloutsTakenBack", "Count", taken_back)
    return {name: move._asdict() for name, move in moves.items()}
