"""Privacy requests from the terminal."""

import json

import pytest

from infrastructure.cli import __main__ as cli
from infrastructure.cli import privacy
from infrastructure.local.layout import LocalStackError
from shared.privacy import registry
from shared.privacy.receipt import public_key, sign

SEED = b"s" * 32


def test_words_become_fields():
    assert privacy.named(["u1"]) == {"userId": "u1"}
    assert privacy.named(["anonymousId=a=1", "email=x@y.z", "club=7"]) == {
        "anonymousId": "a=1",
        "email": "x@y.z",
        "identifiers": {"club": "7"},
    }


def test_the_table_stands_between_its_marks():
    text = f"before\n{privacy.BEGIN}\nSTALE\n{privacy.END}\nafter\n"
    made = privacy.with_table(text, registry.table())
    assert "STALE" not in made and "| table Shoppers `u#` |" in made and made.endswith("after\n")
    assert privacy.with_table(made, registry.table()) == made


def test_a_receipt_is_verified_with_the_shops_public_key(stack, monkeypatch, tmp_path):
    monkeypatch.setattr(privacy.Api, "call", lambda *_, **__: public_key(SEED))
    signed = sign({"request": "r", "completedAt": "now"}, SEED)
    (tmp_path / "receipt").write_text(json.dumps({"id": "r", "receipt": signed}))
    assert privacy.verify(stack, tmp_path / "receipt").startswith("Valid")
    (tmp_path / "receipt").write_text(json.dumps({**signed, "receipt": signed["receipt"] + " "}))
    with pytest.raises(LocalStackError, match="NOT VALID"):
        privacy.verify(stack, tmp_path / "receipt")
    (tmp_path / "receipt").write_text("no receipt")
    for name in ("receipt", "missing"):
        with pytest.raises(LocalStackError, match="cannot be read as a receipt"):
            privacy.verify(stack, tmp_path / name)


def test_the_commands_are_there(capsys):
    assert cli.main(["privacy", "table"]) == 0
    assert "Identity `x#`" in capsys.readouterr().out
    for arguments in (
        ["erase", "u1", "--forever"],
        ["export", "email=a@b.c"],
        ["status", "r"],
        ["resume", "r"],
        ["replay", "--since", "2026-11-20T10:00:00Z"],
        ["verify", "f"],
    ):
        assert cli.parser().parse_args(["privacy", *arguments]).run


@pytest.mark.parametrize("since", ["yesterday", "2026-11-20T10:00:00"])
def test_a_replay_needs_a_time_with_its_zone(stack, since):
    with pytest.raises(LocalStackError, match="with its zone"):
        privacy.replay(stack, since)
