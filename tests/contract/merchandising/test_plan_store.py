"""The promises of the plans table, kept in memory and on DynamoDB as moto plays it; and of the desk on both."""

import random

import boto3
import pytest
from moto import mock_aws

from shared.errors import Conflict, InvalidRequest, NotFound, TooLarge
from shared.merchandising.desk import KEPT, PlanDesk
from shared.merchandising.parse import InvalidPlan
from shared.merchandising.plan import EMPTY, Plan, Pointer, Published, decode, key
from shared.merchandising.store import DOCUMENT, Draft, PlanStore
from shared.recommend.loaded import load, mistakes
from shared.versioned import VersionedMemory, VersionedTable
from tests import tables

NOW = 1_772_452_800.0


@pytest.fixture(params=["memory", "dynamodb"])
def store(request):
    if request.param == "memory":
        yield PlanStore(VersionedMemory())
        return
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        tables.create(client, "plans")
        yield PlanStore(VersionedTable(client, "plans"))


@pytest.fixture
def desk(store):
    return PlanDesk(store, [mistakes], NOW)


def pinned(*items, name="front", **more):
    return {"rules": [{"name": name, "action": "pin", "items": list(items), **more}]}


def put(desk, document):
    return desk.put_draft({"document": document, "revision": desk.draft()["revision"], "who": "Ann"})


def publish(desk, document, **said):
    return desk.publish({"revision": put(desk, document)["revision"], **said})


def test_what_was_never_written_is_empty_and_at_revision_nought(store):
    assert store.draft() == (Draft(), 0) and store.pointer() == (Pointer(), 0)
    with pytest.raises(NotFound):
        store.document("1")


def test_a_draft_is_read_back_as_it_was_written(store):
    draft = Draft({"rules": [{"name": "größe ✓", "x": None}]}, "Ann", NOW)
    assert store.save_draft(draft, None, 0) == 1
    assert store.draft() == (draft, 1)


@pytest.mark.parametrize("late", [0, 2])
def test_two_editors_do_not_overwrite_one_another(store, late):
    store.save_draft(Draft({"rules": []}), EMPTY, 0)
    with pytest.raises(Conflict) as refused:
        store.save_draft(Draft({"segments": {}}), EMPTY, late)
    assert refused.value.field == "revision" and store.draft()[0].document == {"rules": []}


def test_a_version_and_its_pointer_are_written_together_or_not_at_all(store):
    first = Pointer("1", (Published("1", NOW),), NOW)
    store.publish(Plan(version="1"), {"rules": []}, first, 0)
    assert store.pointer() == (first, 1) and store.document("1") == {"rules": []}
    with pytest.raises(Conflict):
        store.publish(Plan(version="2"), {"timezone": "UTC"}, Pointer("2"), 0)
    with pytest.raises(NotFound):
        store.document("2")
    assert not store.items.get_many([key("2")])[key("2")].version


def test_going_back_meets_a_newer_pointer_and_is_refused(store):
    store.publish(Plan(version="1"), {}, Pointer("1"), 0)
    store.flip(Pointer("1", at=NOW), 1)
    with pytest.raises(Conflict):
        store.flip(Pointer(""), 1)


def test_what_is_forgotten_is_gone_in_both_forms_and_what_is_not_there_is_no_mistake(store):
    store.publish(Plan(version="1"), {}, Pointer("1"), 0)
    store.forget(["1", "7"])
    assert not any(kept.version for kept in store.items.get_many([key("1"), DOCUMENT + "1"]).values())


def noise(length):
    return "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=length))


def test_what_no_item_of_the_table_can_hold_is_refused_by_name(store):
    with pytest.raises(TooLarge, match="the draft has"):
        store.save_draft(Draft({"note": noise(700_000)}), None, 0)
    with pytest.raises(TooLarge, match="shorten lists of items"):
        store.publish(Plan(version="1", segments={"a": "x" * 400_000}), {}, Pointer("1"), 0)
    assert store.draft()[1] == store.pointer()[1] == 0


def test_a_draft_is_kept_with_its_mistakes_and_tells_them_all(desk):
    rows = [
        {"name": "a", "action": "pin", "items": ["tent"], "where": 'item.brand = "Alm"'},
        {"name": "a", "action": "boost", "by": 99, "where": "item.pice < 3"},
    ]
    document = {"rules": rows, "placements": {"home": {"count": 0}}, "experiments": {"e": {}}, "colour": 1}
    told = put(desk, document)
    fields = [mistake["field"] for mistake in told["mistakes"]]
    assert {
        "colour",
        "rules[0].where",
        "rules[1].by",
        "rules[1].where",
        "rules[1].name",
        "placements.home.count",
        "experiments.e.variants",
    } <= set(fields)
    expression = next(m for m in told["mistakes"] if m["field"] == "rules[1].where")["message"]
    assert "character 1" in expression and "item.price" in expression
    assert desk.draft()["document"] == document
    with pytest.raises(InvalidPlan) as refused:
        desk.publish({"revision": 1})
    assert refused.value.body()["mistakes"] == told["mistakes"]
    assert desk.versions() == {"current": "", "versions": []}


def test_what_is_published_is_what_recommend_reads(desk, store):
    answer = publish(desk, pinned("tent"), note="spring", who="Ann")
    assert answer["current"] == "1" and answer["who"] == "Ann" and answer["since"] == "2026-03-02T12:00:00Z"
    plan = decode(store.items.get_many([key("1")])[key("1")].value)
    assert plan.version == "1" and plan.rules[0].items == ("tent",) and load(plan).version == "1"
    assert desk.versions()["versions"] == [
        {"version": "1", "at": "2026-03-02T12:00:00Z", "who": "Ann", "note": "spring", "current": True}
    ]
    assert desk.read()["document"] == pinned("tent") == desk.read("1")["document"]


def test_publishing_again_what_is_current_makes_no_version(desk):
    publish(desk, pinned("tent"))
    again = desk.publish({"revision": desk.draft()["revision"]})
    assert again["current"] == "1" and again["changes"] == [] and len(desk.versions()["versions"]) == 1


def test_only_the_draft_that_was_seen_is_published(desk):
    put(desk, pinned("tent"))
    put(desk, pinned("rope"))
    with pytest.raises(Conflict):
        desk.publish({"revision": 1})
    with pytest.raises(InvalidRequest):
        desk.publish({})


def test_nothing_is_published_without_a_draft(desk):
    with pytest.raises(Conflict):
        desk.publish({"revision": 0})


def test_a_draft_begins_with_the_current_plan_and_says_what_publishing_would_change(desk):
    assert desk.draft()["document"] == {} and desk.draft()["revision"] == 0
    publish(desk, pinned("tent"))
    told = put(desk, pinned("tent", "rope"))
    assert told["changes"] == ['rule “front”: items ["tent"] → ["tent","rope"]']


def test_going_back_changes_the_current_version_and_keeps_the_draft(desk, store):
    publish(desk, pinned("tent"))
    publish(desk, pinned("rope"))
    answer = desk.rollback({"version": "1", "who": "Bo"})
    assert answer["current"] == "1" and answer["who"] == "Bo"
    assert answer["changes"] == ['rule “front”: items ["rope"] → ["tent"]']
    assert desk.read()["document"] == pinned("tent") and desk.draft()["document"] == pinned("rope")
    assert publish(desk, pinned("mat"))["current"] == "3", "a number is never given twice"
    assert [v["version"] for v in desk.versions()["versions"]] == ["3", "2", "1"]


@pytest.mark.parametrize("version", ["9", "", "pointer"])
def test_going_back_to_what_is_not_kept_is_refused(desk, version):
    publish(desk, pinned("tent"))
    with pytest.raises(NotFound):
        desk.rollback({"version": version})


def test_a_version_that_this_code_cannot_serve_is_not_gone_back_to(desk, store):
    publish(desk, pinned("tent"))
    publish(desk, pinned("rope"))
    written = {"rules": [{"name": "x", "action": "levitate"}]}
    store.forget(["1"])
    store.publish(Plan(version="1"), written, store.pointer()[0], store.pointer()[1])
    with pytest.raises(InvalidPlan):
        desk.rollback({"version": "1"})
    assert desk.versions()["current"] == "2"


def test_versions_beyond_the_kept_number_are_forgotten_even_if_that_failed_before(desk, store, monkeypatch):
    failing = store.forget
    monkeypatch.setattr(store, "forget", lambda versions: None)
    for n in range(KEPT + 2):
        publish(desk, pinned(f"i{n}"))
    assert store.document("1") and store.document("2")
    monkeypatch.setattr(store, "forget", failing)
    publish(desk, pinned("last"))
    kept = [v["version"] for v in desk.versions()["versions"]]
    assert kept == [str(n) for n in range(KEPT + 3, 3, -1)]
    for gone in ("1", "2", "3"):
        with pytest.raises(NotFound):
            store.document(gone)
    assert store.document("4") == pinned("i3")


def test_a_lost_race_of_two_publishers_is_told_and_nothing_is_half_done(desk, store, monkeypatch):
    put(desk, pinned("tent"))
    pointer = store.pointer
    monkeypatch.setattr(store, "pointer", lambda: (pointer()[0], 0))
    assert desk.publish({"revision": 1})["current"] == "1"
    put(desk, pinned("rope"))
    with pytest.raises(Conflict):
        desk.publish({"revision": 2})
    monkeypatch.setattr(store, "pointer", pointer)
    assert desk.versions()["current"] == "1" and desk.publish({"revision": 2})["current"] == "2"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], ""),
        ({"revision": 0}, "document"),
        ({"document": [], "revision": 0}, "document"),
        ({"document": {}}, "revision"),
        ({"document": {}, "revision": True}, "revision"),
        ({"document": {}, "revision": 0, "who": "x" * 101}, "who"),
        ({"document": {}, "revision": 0, "whom": ""}, "whom"),
    ],
)
def test_a_malformed_body_is_refused_by_the_name_of_its_field(desk, body, field):
    with pytest.raises(InvalidRequest) as refused:
        desk.put_draft(body)
    assert refused.value.field == field


def test_conflicts_of_the_rules_are_in_the_answers(desk):
    rows = [
        {"name": "out", "action": "exclude", "items": ["tent"]},
        {"name": "front", "action": "pin", "items": ["tent"]},
    ]
    answer = publish(desk, {"rules": rows})
    assert [clash["rules"] for clash in answer["conflicts"]] == [["out", "front"]]
    assert answer["conflicts"] == desk.draft()["conflicts"]
