"""`experiment …`: what is told of the plan's experiments. The handler stands behind a real API over HTTP."""

import importlib
import threading
from functools import partial
from http.server import ThreadingHTTPServer

import boto3
import numpy as np
import pytest
from msgspec import json

from infrastructure.cli import __main__ as shopwindow
from infrastructure.cli import experiment, plan
from infrastructure.local.layout import LocalStackError
from shared import clients
from shared.experiments.analysis.results import analyse
from shared.experiments.store import ResultsStore
from tests import tables
from tests.unit.cli.test_plan import Gateway
from tests.unit.experiments.analysis import shop as made_up

PLAN = '{"experiments": {"blend": {"placements": ["home"], "variants": [{"name": "now", "share": 0.5}, {"name": "fresh", "share": 0.5}]}}}'


@pytest.fixture
def shop(stack, monkeypatch):
    for name, value in {"PLANS_TABLE": "plans", "LAKE_BUCKET": "lake", "SECRET_ARN": "secret"}.items():
        monkeypatch.setenv(name, value)
    for made in (clients.dynamodb, clients.s3, clients.secrets):
        made.cache_clear()
    tables.create(boto3.client("dynamodb"), "plans")
    boto3.client("secretsmanager").create_secret(Name="secret", SecretString='{"secretKey": "sk"}')
    handler = importlib.reload(importlib.import_module("functions.plan.handler")).lambda_handler

    def routed(event, context):
        """As API Gateway matches a path with a name in it."""
        method, _, path = event["routeKey"].partition(" ")
        if path.startswith("/v1/experiments/"):
            event |= {
                "routeKey": f"{method} /v1/experiments/{{name}}/results",
                "pathParameters": {"name": path.split("/")[3]},
            }
        return handler(event, context)

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Gateway, handler=routed))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    object.__setattr__(stack, "api_url", f"http://127.0.0.1:{server.server_port}")
    yield stack
    server.shutdown()
    server.server_close()


@pytest.fixture
def analysed():
    units = made_up.units(np.random.default_rng(1), 20_000, lift=1.3)
    found = analyse(made_up.experiment(), units, 0.0, 10 * made_up.DAY)
    ResultsStore(boto3.client("s3"), "lake").put("blend", json.encode(found))
    return found


def test_experiments_are_listed_with_what_they_say(shop, tmp_path):
    assert experiment.listed(shop) == "The plan has no experiments."
    (tmp_path / "plan.json").write_text(PLAN)
    plan.edit(shop, tmp_path / "plan.json", None, "Ann")
    plan.publish(shop, "", "Ann")
    assert experiment.listed(shop) == "blend: no results yet"


def test_results_are_a_table_and_a_verdict(shop, analysed):
    told = experiment.results(shop, "blend")
    assert told.startswith("blend: after 10.0 days, as of 1970-01-11 00:00 UTC, by clicks per answer\n")
    assert "fresh, clicks per answer: +" in told and told.endswith(analysed.verdict)
    assert len({len(line) for line in told.splitlines()[2:5]}) == 1, "columns stand below one another"


def test_where_nothing_is_there_it_says_how_to_make_it(shop):
    with pytest.raises(LocalStackError, match="experiment results blend --now"):
        experiment.results(shop, "blend")


def test_the_command_line_knows_them(shop, analysed, monkeypatch, capsys):
    monkeypatch.setattr("infrastructure.cli.experiment_commands.stack", lambda name: shop)
    assert shopwindow.main(["experiment", "list"]) == 0
    assert shopwindow.main(["experiment", "results", "blend"]) == 0
    assert analysed.verdict in capsys.readouterr().out
