"""CloudWatch metrics that functions print in the embedded metric format (as Powertools does); the emulator reads no logs."""

import json
from typing import TYPE_CHECKING, Any

from ministack.services import cloudwatch, lambda_svc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def apply() -> None:
    emit: Callable[..., None] = lambda_svc._emit_lambda_logs

    def emit_and_measure(function: dict[str, Any], request_id: str, text: str, *args: Any, **kwargs: Any) -> None:
        emit(function, request_id, text, *args, **kwargs)
        for line in (text or "").splitlines():
            if '"CloudWatchMetrics"' in line:
                _record(line)

    lambda_svc._emit_lambda_logs = emit_and_measure


def _record(line: str) -> None:
    try:
        for namespace, metric, value, unit, dimensions in _metrics(json.loads(line)):
            cloudwatch.record_metric(namespace, metric, float(value), unit, dimensions)
    except (ValueError, KeyError, TypeError, AttributeError):
        return  # CloudWatch drops what it cannot read, too


def _metrics(entry: dict[str, Any]) -> "Iterator[tuple[str, str, Any, str, dict[str, str]]]":
    for directive in entry["_aws"]["CloudWatchMetrics"]:
        for metric in directive["Metrics"]:
            values = entry[metric["Name"]]
            for value in values if isinstance(values, list) else [values]:
                for names in directive.get("Dimensions") or [[]]:
                    dimensions = {name: str(entry[name]) for name in names}
                    yield directive["Namespace"], metric["Name"], value, metric.get("Unit", "None"), dimensions
