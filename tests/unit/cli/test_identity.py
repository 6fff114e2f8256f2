"""Who is who, told to people and corrected by them."""

import boto3
import pytest

from infrastructure.cli import identity
from infrastructure.local.layout import LocalStackError
from shared.errors import NotFound
from shared.events.lake import lines
from shared.events.model import encode
from shared.identity.linker import Linker
from shared.identity.links import seen
from shared.profiles.process import Processor, read
from shared.profiles.state import Choice, State
from shared.profiles.store import ShoppersStore, Versioned
from shared.versioned import VersionedTable
from tests.factories import event, record


def linked(*events):
    """The graph as it is after these events."""
    Linker(VersionedTable(boto3.client("dynamodb"), "identity")).observe([seen(one) for one in events])


def test_explain_tells_the_graph_the_decisions_and_the_consent(stack):
    linked(
        event(user_id="ann", anonymous_id="pad", verified=True),
        event(user_id="bob", anonymous_id="pad", verified=True, minutes=1),
        event(user_id="ann", anonymous_id="phone", verified=True, minutes=2),
        event(user_id="cat", anonymous_id="phone", minutes=3),
    )
    choice = Choice(1e9, "api", analytics=True)
    ShoppersStore(boto3.client("dynamodb"), "shoppers").save({"u#ann": Versioned(State(choices=[choice]), 0)}, 1e9)
    told = identity.explain(stack, "ann")
    assert "user:ann: in profile user:ann" in told and "anonymous:phone, since 2026-03-02 12:02:00" in told
    assert "shared anonymous:pad: several known shoppers use this device" in told
    assert "anonymous:phone says it is user:cat" in told
    assert "2001-09-09 01:46:40  analytics yes, personalization no, advertising no (api)" in told
    assert "belongs to none of them" in identity.explain(stack, "pad")
    with pytest.raises(LocalStackError, match=r"Nothing is known of nobody\."):
        identity.explain(stack, "nobody")


def test_unmerge_corrects_the_graph_and_the_states(stack, back):
    before = [
        event(item="tent", anonymous_id="phone"),
        event("", type="identify", properties={}, user_id="ann", anonymous_id="phone", verified=True, minutes=1),
    ]
    boto3.client("s3").put_object(
        Bucket="lake", Key="events/dt=2026-03-02/hour=12/a.jsonl.gz", Body=lines(map(encode, before))
    )
    entries = read([record(one, place + 1) for place, one in enumerate(before)], back.quarantine)
    Processor(back.shoppers, back.linker, lambda state, now: ([], []), "v1", lambda states: None).process(entries)
    told = identity.unmerge(stack, "phone", "ann", "a borrowed phone")
    assert "apart" in told and "a#phone, u#ann" in told
    states = back.shoppers.get_many(["a#phone", "u#ann"])
    assert [t.item for t in states["a#phone"].state.recent] == ["tent"] and states["u#ann"].state.recent == []
    assert "a borrowed phone" in identity.explain(stack, "ann")
    assert "a#phone, u#ann" in identity.rebuild_around(stack, "ann")
    assert [t.item for t in back.shoppers.get_many(["a#phone"])["a#phone"].state.recent] == ["tent"]
    with pytest.raises(NotFound, match="not in one profile"):
        identity.unmerge(stack, "phone", "ann", "again")
