"""A key is replaced while shoppers and servers go on with the one before."""

import json
from dataclasses import replace

import boto3
import pytest

from infrastructure.cli import __main__ as cli
from infrastructure.cli import api
from infrastructure.cli.aws import identity_keys
from infrastructure.local.layout import LocalStackError, Stack
from shared import auth


@pytest.fixture
def keyed(stack, monkeypatch):
    """The stack with its two secrets, found by the command line."""
    secrets = boto3.client("secretsmanager")
    secrets.create_secret(Name="identity-key", SecretString='{"current": "ik"}')
    secrets.create_secret(Name="arn:of:secret", SecretString='{"secretKey": "sk"}')
    monkeypatch.setattr(cli, "stack", lambda name: stack)
    return stack


def held(name):
    return json.loads(boto3.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])


def test_the_identity_key_is_followed_by_a_new_one_and_the_former_hash_stays_known(keyed, capsys):
    before = identity_keys(keyed).hashed("email", "jo@shop.de")
    assert cli.main(["rotate-key", "identity"]) == 0
    assert held("identity-key")["previous"] == "ik" and len(held("identity-key")["current"]) == 64
    turned = identity_keys(keyed)
    assert turned.previous("email", "jo@shop.de") == before != turned.hashed("email", "jo@shop.de")
    assert cli.main(["rotate-key", "identity", "--finish"]) == 0
    assert set(held("identity-key")) == {"current"} and identity_keys(keyed).previous("email", "jo@shop.de") == ""
    shown = capsys.readouterr().out
    assert turned.secret()["current"] not in shown and "five minutes" in shown


def test_the_former_secret_key_opens_until_the_rotation_is_finished(keyed):
    def opens(key):
        try:
            return auth.access(key, "wk", auth.SecretKey(lambda: boto3.client("secretsmanager"), "arn:of:secret"))
        except auth.Unauthorized:
            return "nothing"

    assert cli.main(["rotate-key", "secret"]) == 0
    fresh = held("arn:of:secret")["secretKey"]
    assert len(fresh) == 40 and fresh.isalnum() and opens("sk") == opens(fresh) == "secret"
    assert cli.main(["rotate-key", "secret", "--finish"]) == 0
    assert opens("sk") == "nothing" and opens(fresh) == "secret"


@pytest.mark.parametrize("which", ["identity", "secret"])
def test_two_rotations_at_once_are_refused_and_so_is_finishing_none(keyed, which, capsys):
    assert cli.main(["rotate-key", which, "--finish"]) == 1
    assert cli.main(["rotate-key", which]) == 0
    before = held("identity-key"), held("arn:of:secret")
    assert cli.main(["rotate-key", which]) == 1 and "--finish" in capsys.readouterr().err
    assert (held("identity-key"), held("arn:of:secret")) == before


def test_the_facts_of_a_local_stack_follow(stack, tmp_path, monkeypatch):
    monkeypatch.setenv("SHOPWINDOW_STACK", str(tmp_path / "stack.json"))
    api.remember(replace(stack, endpoint="http://127.0.0.1:1", secret_key="new"))
    assert Stack.load(tmp_path / "stack.json").secret_key == api.stack().secret_key == "new"
    (tmp_path / "stack.json").unlink()
    api.remember(stack)  # of an account: asked every time
    with pytest.raises(LocalStackError):
        api.stack()
