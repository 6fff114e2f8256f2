"""The promises of versioned items, kept in memory and on DynamoDB as moto plays it; and a graph whose writers meet."""

import boto3
import pytest
from moto import mock_aws

from shared.errors import Conflict
from shared.identity.graph import Link, decide
from shared.identity.linker import RETENTION, Linker
from shared.identity.links import Seen
from shared.identity.record import decode_component, decode_node
from shared.versioned import Kept, VersionedMemory, VersionedTable
from tests import tables


@pytest.fixture(params=["memory", "dynamodb"])
def store(request):
    if request.param == "memory":
        yield VersionedMemory()
        return
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        tables.create(client, "identity")
        yield VersionedTable(client, "identity")


def login(user, device, at=1.0):
    names = tuple(sorted((f"user:{user}", f"anonymous:{device}")))
    return Seen(Link(at, f"m{at}", names), user=f"user:{user}", device=f"anonymous:{device}", arrived=(at, ""))


def test_what_was_never_written_has_version_nought(store):
    assert store.get_many(["a", "b"]) == {"a": Kept(), "b": Kept()}


def test_what_is_saved_at_its_version_is_read_back_with_the_next(store):
    store.save({"a": Kept(b"1"), "b": Kept(b"2")})
    store.save({"a": Kept(b"3", 1)})
    assert store.get_many(["a", "b"]) == {"a": Kept(b"3", 2), "b": Kept(b"2", 1)}


@pytest.mark.parametrize("late", [{"a": Kept(b"x")}, {"a": Kept(b"x", 7)}, {"a": Kept(b"x"), "c": Kept(b"y")}])
def test_a_write_that_is_too_late_is_refused_whole(store, late):
    store.save({"a": Kept(b"1")})
    with pytest.raises(Conflict):
        store.save(late)
    assert store.get_many(["a", "c"]) == {"a": Kept(b"1", 1), "c": Kept()}


def test_what_is_deleted_is_at_version_nought_again(store):
    store.save({"a": Kept(b"1"), "b": Kept(b"2")})
    store.delete(["a", "never"])
    assert store.get_many(["a", "b"]) == {"a": Kept(), "b": Kept(b"2", 1)}


def test_nothing_to_save_is_no_write(store):
    store.save({})


def test_two_writers_that_merge_the_same_nodes_lose_no_link(store):
    """The second reads before the first has written, and writes after."""
    first, second = Linker(store), Linker(store)
    get_many, raced = store.get_many, []

    def interrupted(keys):
        found = get_many(keys)
        if not raced:
            raced.append(True)
            first.observe([login("ann", "phone")])
        return found

    store.get_many = interrupted
    assert second.observe([login("ann", "laptop", 2.0)])[0].joined
    store.get_many = get_many
    kept = store.get_many(["i#user:ann"])["i#user:ann"]
    home = decode_component(store.get_many([f"c#{_home(kept)}"])[f"c#{_home(kept)}"].value)
    profile = decide(home.known()).profile_of("user:ann")
    assert sorted(profile.joined) == ["anonymous:laptop", "anonymous:phone", "user:ann"]


def _home(kept):
    return decode_node(kept.value).component


def test_the_graph_is_kept_for_as_long_as_is_told(store):
    if isinstance(store, VersionedMemory):
        return  # it is gone with the process
    Linker(store, wall=lambda: 1000.0).observe([login("ann", "phone")])
    items = store.client.scan(TableName="identity")["Items"]
    assert {int(item["expires"]["N"]) for item in items} == {1000 + RETENTION}
