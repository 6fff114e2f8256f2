"""The promises of the catalog store, kept on DynamoDB as moto plays it."""

import itertools
import threading

import pytest
from botocore.exceptions import ClientError

from shared.catalog.desk import CatalogDesk
from shared.catalog.store import CatalogStore
from shared.errors import Conflict, InvalidRequest, NotFound, Unavailable


class MemoryCache:
    def __init__(self):
        self.values = {}

    def get_many(self, keys):
        return {key: self.values[key] for key in keys if key in self.values}

    def put_many(self, values, ttl):
        self.values.update(values)

    def delete_many(self, keys):
        for key in keys:
            self.values.pop(key, None)


def test_an_older_update_never_overwrites_a_newer_one(store, item):
    assert store.put_many([item("a", 2.0, title="new")]) == [True]
    assert store.put_many([item("a", 1.0, title="old"), item("b")]) == [False, True]
    assert store.get_many(["a", "b", "nope"])["a"].title == "new"


def test_whatever_the_order_of_updates_the_newest_stays(store, item):
    for number, order in enumerate(itertools.permutations([1.0, 2.0, 3.0])):
        for at in order:
            store.put_many([item(f"i{number}", at, title=str(at))])
        assert store.get_many([f"i{number}"])[f"i{number}"].title == "3.0"


def test_updates_of_one_item_in_one_batch_are_written_in_their_order(store, item):
    batch = [item(f"i{n % 5}", title=f"write {n}") for n in range(50)]
    assert store.put_many(batch) == [True] * 50
    assert {i.title for i in store.get_many(f"i{n}" for n in range(5)).values()} == {
        f"write {n}" for n in range(45, 50)
    }


def test_writing_the_same_again_changes_nothing(store, item):
    store.put_many([item("a", title="same")])
    assert store.put_many([item("a", title="same")]) == [True]
    assert list(store.scan()) == [item("a", title="same", first_seen=1.0)]


def test_the_catalog_remembers_when_it_first_had_an_item(store, item):
    store.put_many([item("a", 1.0), item("b", 3.0)])
    store.put_many([item("a", 5.0, stock=3), item("c", 2.0), item("b", 2.0)])
    store.replace(item("a", 6.0, first_seen=99.0), read_at=5.0)
    assert {i.id: i.first_seen for i in store.scan()} == {"a": 1.0, "b": 3.0, "c": 2.0}
    assert store.newest(10) == ["b", "c", "a"] and store.newest(2) == ["b", "c"]
    store.delete("b")
    store.put_many([item("b", 7.0)])
    assert store.newest(1) == ["b"], "what was deleted is new when it comes back"


def test_many_items_are_found_with_repeats_and_unknown_ones_among_the_ids(store, item):
    store.put_many([item(f"i{n}") for n in range(230)])
    ids = [f"i{n}" for n in range(230)]
    assert store.get_many([*ids, *ids, "nope"]) == {name: item(name, first_seen=1.0) for name in ids}
    assert store.get_many([]) == {}


def test_what_a_batch_read_leaves_is_read_again(store, item, monkeypatch):
    store.put_many([item("a"), item("b")])
    read = store.client.batch_get_item

    def half(RequestItems):
        keys = RequestItems["catalog"]["Keys"]
        answer = read(RequestItems={"catalog": {**RequestItems["catalog"], "Keys": keys[:1]}})
        answer["UnprocessedKeys"] = {"catalog": {"Keys": keys[1:]}} if keys[1:] else {}
        return answer

    monkeypatch.setattr(store.client, "batch_get_item", half)
    monkeypatch.setattr("shared.tables.time.sleep", lambda _: None)
    assert set(store.get_many(["a", "b"])) == {"a", "b"}
    monkeypatch.setattr(
        store.client, "batch_get_item", lambda RequestItems: {"Responses": {}, "UnprocessedKeys": RequestItems}
    )
    with pytest.raises(Unavailable):
        store.get_many(["a"])


def test_a_replacement_needs_what_was_read(store, item):
    store.put_many([item("a", 1.0)])
    assert store.replace(item("a", 2.0, title="mine"), read_at=1.0)
    assert not store.replace(item("a", 3.0, title="theirs"), read_at=1.0)
    store.delete("a")
    assert not store.replace(item("a", 3.0), read_at=2.0)
    assert store.get_many(["a"]) == {}


def test_every_item_is_listed_once_over_pages(store, item):
    store.put_many([item(f"i{n}") for n in range(25)])
    seen, cursor = [], ""
    while True:
        page, cursor = store.page(10, cursor)
        seen += [i.id for i in page]
        if not cursor:
            break
    assert sorted(seen) == sorted(f"i{n}" for n in range(25)) == sorted(i.id for i in store.scan())


@pytest.mark.parametrize("cursor", ["\u2603", "!", "_w=="])
def test_a_cursor_that_is_not_ours_is_refused(store, cursor):
    with pytest.raises(InvalidRequest) as refused:
        store.page(10, cursor)
    assert refused.value.field == "cursor"


def test_what_was_written_or_deleted_leaves_the_cache_at_once(aws, item):
    cache = MemoryCache()
    store = CatalogStore(aws("dynamodb"), "catalog", cache)
    store.put_many([item("a"), item("b", 9.0), item("c")])
    cache.values = {f"c:{name}": b"old" for name in "abcd"}
    store.put_many([item("a", 2.0), item("b", 2.0)])
    assert set(cache.values) == {"c:b", "c:c", "c:d"}
    store.replace(item("c", 2.0), read_at=1.0)
    store.delete("d")
    assert set(cache.values) == {"c:b"}


def test_the_cache_forgets_what_was_written_before_a_failure(aws, item, monkeypatch):
    cache = MemoryCache()
    store = CatalogStore(aws("dynamodb"), "catalog", cache)
    cache.values = {"c:a": b"old", "c:b": b"old"}
    put, first = store.client.update_item, threading.Event()

    def fails_on_b(**request):
        if request["Key"]["pk"]["S"] == "b":
            first.wait(5)
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateItem")
        put(**request)
        first.set()

    monkeypatch.setattr(store.client, "update_item", fails_on_b)
    with pytest.raises(ClientError):
        store.put_many([item("a"), item("b")])
    assert set(cache.values) == {"c:b"}


@pytest.fixture
def desk(store):
    return CatalogDesk(store, now=5.0)


def test_the_desk_judges_every_item_on_its_own(desk, store, item):
    store.put_many([item("newer", 9.0)])
    answer = desk.put_many({"items": [{"id": "a", "title": "A"}, {"id": "b"}, {"id": "newer", "title": "N"}, 7]})
    assert answer["written"] == 1 and answer["older"] == ["newer"]
    assert [(bad["index"], bad["id"], bad.get("field")) for bad in answer["rejected"]] == [
        (1, "b", "title"),
        (3, "", None),
    ]
    assert set(store.get_many(["a", "b"])) == {"a"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"items": [{"id": "b"}]}, "items[0].title"),
        ({"items": [7]}, "items[0]"),
        ({"items": []}, "items"),
        ({"items": [{}] * 1001}, "items"),
        ({}, "items"),
        ([], "items"),
    ],
)
def test_a_request_of_which_nothing_can_be_taken_is_refused(desk, body, field):
    with pytest.raises(InvalidRequest) as refused:
        desk.put_many(body)
    assert refused.value.field == field


def test_one_item_is_put_read_patched_and_deleted(desk, store):
    desk.put("a", {"title": "A", "stock": 3})
    assert desk.patch("a", {"stock": 0})["stock"] == 0
    assert not store.get_many(["a"])["a"].in_stock
    assert desk.get("a") == {"id": "a", "title": "A", "availability": "in_stock", "stock": 0}
    assert desk.delete("a") == {"deleted": "a"}
    for call in (lambda: desk.get("a"), lambda: desk.delete("a"), lambda: desk.patch("a", {})):
        with pytest.raises(NotFound):
            call()


def test_an_item_is_not_put_over_a_newer_one_nor_under_another_id(desk, store, item):
    store.put_many([item("a", 9.0)])
    with pytest.raises(Conflict):
        desk.put("a", {"title": "A"})
    with pytest.raises(InvalidRequest) as refused:
        desk.put("b", {"id": "c", "title": "C"})
    assert refused.value.field == "id" and store.get_many(["b", "c"]) == {}
    with pytest.raises(InvalidRequest):
        desk.put("b", ["title"])


def test_of_two_patches_at_one_moment_both_are_kept(desk, store, monkeypatch):
    desk.put("a", {"title": "A"})
    read = store.get_many
    others = iter([{"brand": "Alm"}])

    def read_then_another_patches(ids):
        found = read(ids)
        for changes in others:
            desk.patch("a", changes)
        return found

    monkeypatch.setattr(store, "get_many", read_then_another_patches)
    desk.patch("a", {"stock": 3})
    assert (read(["a"])["a"].brand, read(["a"])["a"].stock) == ("Alm", 3)


def test_a_patch_gives_up_when_others_never_rest(desk, store, monkeypatch):
    desk.put("a", {"title": "A"})
    monkeypatch.setattr(store, "replace", lambda item, read_at: False)
    with pytest.raises(Conflict):
        desk.patch("a", {"stock": 1})


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "", "9" * 5000, "\u00b2"])
def test_a_page_has_a_sensible_size(desk, limit):
    with pytest.raises(InvalidRequest) as refused:
        desk.page(limit, "")
    assert refused.value.field == "limit"
