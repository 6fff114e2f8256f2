"""`plan …`: what is said of drafts and versions. The handler stands behind a real API over HTTP."""

import importlib
import json
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest

from infrastructure.cli import __main__ as shopwindow
from infrastructure.cli import plan
from infrastructure.local.layout import LocalStackError
from shared import clients
from tests import tables

CONTEXT = SimpleNamespace(function_name="f", memory_limit_in_mb=128, invoked_function_arn="arn", aws_request_id="r")
PIN = {"name": "front", "action": "pin", "items": ["tent"]}


class Gateway(BaseHTTPRequestHandler):
    """What API Gateway makes of a request."""

    def __init__(self, *args, handler):
        self.handler = handler
        super().__init__(*args)

    def answer(self):
        url = urlsplit(self.path)
        event = {
            "routeKey": f"{self.command} {url.path}",
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "queryStringParameters": dict(parse_qsl(url.query)),
            "body": self.rfile.read(int(self.headers.get("Content-Length", 0))).decode(),
        }
        answer = self.handler(event, CONTEXT)
        body = answer["body"].encode()
        self.send_response(answer["statusCode"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = answer  # noqa: N815

    def log_message(self, *args):
        """Quiet."""


@pytest.fixture
def shop(stack, monkeypatch):
    monkeypatch.setenv("PLANS_TABLE", "plans")
    monkeypatch.setenv("LAKE_BUCKET", "lake")
    monkeypatch.setenv("SECRET_ARN", "secret")
    for made in (clients.dynamodb, clients.s3, clients.secrets):
        made.cache_clear()
    tables.create(boto3.client("dynamodb"), "plans")
    boto3.client("secretsmanager").create_secret(Name="secret", SecretString='{"secretKey": "sk"}')
    handler = importlib.reload(importlib.import_module("functions.plan.handler")).lambda_handler
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Gateway, handler=handler))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    object.__setattr__(stack, "api_url", f"http://127.0.0.1:{server.server_port}")
    yield stack
    server.shutdown()
    server.server_close()


@pytest.fixture
def file(tmp_path):
    def written(document, name="plan.json"):
        path = tmp_path / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    return written


def test_from_a_file_to_a_plan_and_back_again(shop, file):
    told = plan.edit(shop, file({"rules": [PIN]}), None, "Ann")
    assert "In the draft: rule “front” is new" in told and "Draft at revision 1, by Ann." in told
    assert plan.publish(shop, "spring", "Ann").startswith("Version 1 is current.")
    plan.edit(shop, file({"rules": [{**PIN, "items": ["rope"]}]}), 1, "Bo")
    assert plan.diff(shop, "current", "draft") == 'rule “front”: items ["tent"] → ["rope"]'
    assert '  rule “front”: items ["tent"] → ["rope"]' in plan.publish(shop, "", "Bo")
    assert 'items ["rope"] → ["tent"]' in plan.rollback(shop, "1", "Ann")
    newer, older = plan.versions(shop).splitlines()
    assert newer.startswith("  2  20") and older.startswith("* 1  20") and older.endswith("Ann  spring")
    document, told = plan.show(shop, "current")
    assert json.loads(document) == {"rules": [PIN]} and told.startswith("* 1")
    assert json.loads(plan.show(shop, "draft")[0])["rules"][0]["items"] == ["rope"]
    assert plan.diff(shop, str(file({"rules": []})), "1").startswith("rule “front” is new")
    assert plan.diff(shop, "1", "current") == "They say the same."


def test_before_the_first_plan_there_is_something_to_say_too(shop):
    assert plan.versions(shop) == "No plan has been published yet."
    assert plan.show(shop, "current") == ("{}", "No plan has been published yet; this is an empty one.")
    with pytest.raises(LocalStackError, match="plan edit FILE"):
        plan.publish(shop, "", "")


def test_mistakes_are_listed_and_nothing_is_published(shop, file):
    told = plan.edit(shop, file({"rules": [{**PIN, "slots": [0]}, {"name": "x", "action": "fly"}]}), None, "")
    assert "It has mistakes:\n  rules[0].slots: " in told and "\n  rules[1].action: must be one of" in told
    with pytest.raises(LocalStackError, match=r"nothing is published:\n  rules\[0\].slots: [^\n]*\n  rules\[1\]"):
        plan.publish(shop, "", "")


def test_who_comes_late_is_told_so(shop, file):
    plan.edit(shop, file({"rules": [PIN]}), None, "")
    with pytest.raises(LocalStackError, match="somebody else changed the draft"):
        plan.edit(shop, file({}), 0, "")


def test_a_file_is_checked_without_a_stack(file, capsys):
    clash = {"name": "out", "action": "exclude", "items": ["tent"]}
    assert shopwindow.main(["plan", "check", str(file({"rules": [PIN, clash]}))]) == 0
    told = capsys.readouterr().out
    assert "is a plan: 2 rules that hold." in told and "In each other's way: item tent: “out” takes it out" in told
    assert shopwindow.main(["plan", "check", str(file({"rules": [{**PIN, "slots": [1, 2]}]}))]) == 1
    assert "rules[0].slots: must be as many as" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "words"), [("[]", "must hold a JSON object"), ("{", "cannot be read as JSON")])
def test_a_file_that_is_no_document_is_refused(file, text, words):
    with pytest.raises(LocalStackError, match=words):
        plan.check(file(text))
