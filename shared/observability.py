"""The one logger and the one metrics collector. Order of decorators: logger (`clear_state=True`), then metrics."""

from aws_lambda_powertools import Logger, Metrics

logger = Logger(service="shopwindow")
metrics = Metrics(namespace="Shopwindow", service="shopwindow")


def outage(error: Exception) -> None:
    """For an `except` block: the trace is that of the error being handled."""
    logger.exception("a service of AWS failed: %s", error)


def cache_failed(error: Exception) -> None:
    metrics.add_metric("CacheFailed", "Count", 1)
    logger.warning("the cache failed: %s", error)
