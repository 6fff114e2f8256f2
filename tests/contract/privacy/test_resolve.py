"""Whom a request finds: by the live graph, by the lake, by both, and however often the work stops on the way."""

import pytest

from shared.privacy import work
from shared.privacy.stores import lake
from shared.privacy.stores.lake import Unreadable
from tests.factories import event

USER, PHONE, LAPTOP, TABLET = "user-of-anna", "phone-of-anna", "laptop-of-anna", "family-tablet"


def login(device, user=USER, **fields):
    return event(anonymous_id=device, user_id=user, verified=True, **fields)


@pytest.fixture
def pieces(shop, monkeypatch):
    """Every object of the lake is a piece of its own, and every invocation stops as soon as it may."""
    monkeypatch.setattr(lake, "MOST_FILES", 1)
    shop.left = 0
    return shop


def names(shop, status):
    return {one["value"] for one in shop.export(status)["person"]["identifiers"]}


def test_what_only_the_graph_knows_is_found_and_erased(shop):
    """Linked live; the lake has lost the log-ins, as it keeps them for a shorter time, and has only what was done under the names."""
    shop.linked(
        login(PHONE, source="server", identifiers={"email": "k:anna"}),
        event(anonymous_id=LAPTOP, source="server", identifiers={"email": "k:anna"}),
    )
    shop.events(event(anonymous_id=PHONE), event(anonymous_id=LAPTOP), event(anonymous_id="somebody"))
    shop.state(f"a#{LAPTOP}")
    assert names(shop, shop.done("export", userId=USER)) == {USER, PHONE, LAPTOP, "k:anna"}
    shop.done("erase", anonymousId=LAPTOP)
    assert shop.holding(USER, PHONE, LAPTOP, "k:anna") == [] and len(shop.holding("somebody")) == 1


def test_what_only_the_lake_knows_is_found(shop):
    shop.events(login(PHONE, source="server", identifiers={"email": "k:anna"}))
    assert names(shop, shop.done("export", anonymousId=PHONE)) == {USER, PHONE, "k:anna"}


def test_names_under_a_former_key_are_found_in_the_lake(shop):
    """While the key was replaced events had both hashes; before, only the former."""
    now, was = {"email": "k:anna"}, {"email": "j:anna", "user": "j:user", "anonymous": ""}
    shop.events(login(PHONE, source="server", identifiers=now, previous_identifiers=was))
    shop.events(login("", "somebody"), name="s.jsonl.gz")
    shop.events(login("old-phone", "j:user", minutes=-100, source="server", identifiers={"email": "j:anna"}))
    assert names(shop, shop.done("export", userId=USER)) >= {USER, PHONE, "k:anna", "j:anna", "j:user", "old-phone"}
    shop.done("erase", userId=USER)
    assert shop.holding(USER, "j:user", "old-phone", "j:anna") == [] != shop.holding("somebody")


def test_names_from_the_lake_lead_on_in_the_graph_and_back_again(pieces):
    """The phone's log-in was imported, the laptop's came live, and the lake knows of a loyalty card told of the laptop alone."""
    pieces.events(login(PHONE), name="1.jsonl.gz")
    pieces.linked(login(LAPTOP))
    pieces.events(
        event(anonymous_id=LAPTOP, source="server", identifiers={"loyalty": "k:card"}, minutes=-100), name="0.jsonl.gz"
    )
    status = pieces.ask("export", anonymousId=PHONE)
    assert pieces.work(status) > 3
    assert names(pieces, pieces.status(status)) == {USER, PHONE, LAPTOP, "k:card"}
    resolved = pieces.worker.requests.get(status).steps[0]
    assert resolved.rounds == 3


def test_a_device_that_the_graph_knows_to_be_shared_leads_from_nobody_to_nobody(shop):
    shop.linked(login(TABLET), login(TABLET, "user-of-bert", minutes=1))
    shop.events(event(anonymous_id=TABLET))
    status = shop.done("erase", anonymousId=TABLET)
    assert status["found"] and shop.holding(USER) and shop.holding("user-of-bert")
    assert names(shop, shop.done("export", userId=USER)) == {USER}


def test_a_stretch_that_goes_on_in_the_next_object_is_judged_as_one(pieces):
    first = pieces.events(event(anonymous_id=TABLET, minutes=50, message_id="stretch-of-anna"), name="z.jsonl.gz")
    last = pieces.events(
        login(TABLET, minutes=70, message_id="login"),
        event(anonymous_id=TABLET, minutes=71, message_id="berts"),
        login(TABLET, "user-of-bert", minutes=72),
    )
    pieces.work(pieces.ask("erase", userId=USER))
    assert pieces.holding(USER, "stretch-of-anna", '"login"') == []
    assert pieces.lines(last) and not pieces.s3.list_objects_v2(Bucket="lake", Prefix=first)["KeyCount"]
    assert b"berts" in pieces.lines(last)[0]


def test_resolving_that_fails_in_the_middle_goes_on_behind_what_was_read(pieces, monkeypatch):
    for hour in range(4):
        pieces.events(login(f"device-{hour}-of-anna", minutes=60 * hour), name="a.jsonl.gz")
    bad = "events/dt=2026-03-02/hour=14/b.jsonl.gz"
    pieces.s3.put_object(Bucket="lake", Key=bad, Body=b"no gzip")
    request_id = pieces.ask("erase", userId=USER)
    with pytest.raises(Unreadable, match=bad) as stopped:
        pieces.work(request_id)
    pieces.fail(request_id, stopped.value)
    assert "at the step “resolve”" in pieces.status(request_id)["message"]
    assert pieces.worker.requests.get(request_id).cursor == "events/dt=2026-03-02/hour=14/a.jsonl.gz"
    [version] = pieces.s3.list_object_versions(Bucket="lake", Prefix=bad)["Versions"]
    pieces.s3.delete_object(Bucket="lake", Key=bad, VersionId=version["VersionId"])
    read, fetch = [], pieces.worker.lake.read
    monkeypatch.setattr(pieces.worker.lake, "read", lambda version: read.append(version.key) or fetch(version))
    pieces.once(request_id)
    assert read == ["events/dt=2026-03-02/hour=15/a.jsonl.gz"]
    pieces.work(request_id)
    assert pieces.holding(USER, *(f"device-{hour}-of-anna" for hour in range(4))) == []


def test_when_names_lead_on_and_on_the_request_stops_before_it_erases_and_resumes(shop, monkeypatch):
    monkeypatch.setattr(work, "PASSES", 1)
    shop.events(login(PHONE), login(LAPTOP))
    request_id = shop.ask("erase", anonymousId=PHONE)
    for number in (1, 2):
        with pytest.raises(work.Incomplete, match=f"after {number} passes") as stopped:
            shop.work(request_id)
        shop.fail(request_id, stopped.value)
        assert "at the step “resolve”" in shop.status(request_id)["message"] and shop.holding(LAPTOP)
        request = shop.worker.requests.get(request_id)
        request.attempts += 1
        shop.worker.requests.save(request)
    shop.work(request_id)
    assert shop.holding(USER, PHONE, LAPTOP) == []
