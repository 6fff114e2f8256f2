"""The lake as a whole against the graph as it grew: the same profiles, and every event with one owner."""

from datetime import timedelta

import duckdb
import pytest
from hypothesis import given
from hypothesis import settings as run
from hypothesis import strategies as st

from shared.events import lake
from shared.events.model import Consent, encode
from shared.identity.graph import DEFAULT, Known, Limit, Settings, decide
from shared.identity.linker import Linker
from shared.identity.links import seen
from shared.identity.recompute import compare, own, recompute
from shared.identity.record import decode_component
from shared.models.prepare import EVENTS
from shared.versioned import VersionedMemory
from tests.factories import NOON, event
from tests.unit.identity.histories import TIGHT, earliest, histories, partition
from tests.unit.identity.histories import settings as protections


@pytest.fixture(scope="module")
def lake_file(tmp_path_factory):
    return tmp_path_factory.mktemp("lake") / "a.jsonl.gz"


def owned(path, *events, settings=DEFAULT, cuts=()):
    """Shopper by message id, and the profiles."""
    path.write_bytes(lake.lines(encode(e) for e in events))
    with duckdb.connect() as db:
        db.execute(EVENTS, [[str(path)]])
        profiles = own(db, settings, cuts)
        return dict(db.execute("SELECT messageId, shopper FROM owned").fetchall()), profiles


def grouped(profiles):
    groups = {}
    for name, profile in profiles.items():
        groups.setdefault(profile, set()).add(name)
    return {frozenset(names) for names in groups.values()}


def login(user, device, minutes, **fields):
    return event(
        "", type="identify", properties={}, user_id=user, anonymous_id=device, verified=True, minutes=minutes, **fields
    )


@run(max_examples=1500, deadline=None)
@given(histories, protections)
def test_the_whole_lake_at_once_gives_the_profiles_of_the_replay(history, protection):
    links = earliest(history)
    made = recompute(links, protection, frozenset(), {})
    whole = decide(Known(links), protection)
    assert grouped(made.profiles) == partition(whole) and made.shared == whole.shared


names = st.sampled_from(["", "x", "y", "z"])
logged = st.builds(
    lambda user, device, proven, server, email, alias, minutes: event(
        "" if alias else "Product Viewed",
        type="alias" if alias and user and device else "track",
        user_id=user,
        anonymous_id="" if alias else device,
        previous_id=device if alias else "",
        verified=bool(user) and (proven or server),
        source="server" if server else "browser",
        identifiers={"email": f"k:{email}"} if email else {},
        previous_identifiers={"email": f"j:{email}"} if email == "x" else {},
        minutes=minutes,
    ),
    names, names, st.booleans(), st.booleans(), names, st.booleans(), st.integers(0, 600),
)  # fmt: skip


@run(max_examples=150, deadline=None)
@given(st.lists(logged, min_size=1, max_size=12), st.sampled_from([DEFAULT, TIGHT]))
def test_replay_from_the_lake_gives_the_profiles_of_the_live_graph(lake_file, history, protection):
    """The same events, once through the stream and once as they lie in the lake: read by other code, decided alike."""
    store = VersionedMemory()
    linker = Linker(store, protection)
    for one in history:
        linker.observe([seen(one)])
    parts = [decode_component(kept.value) for key, kept in store.items.items() if key.startswith("c#")]
    live = {group for part in parts if not part.moved for group in partition(decide(part.known(), protection))}
    assert grouped(owned(lake_file, *history, settings=protection)[1].profiles) == live


@run(max_examples=100, deadline=None)
@given(st.lists(logged, min_size=1, max_size=10))
def test_every_event_has_one_owner(lake_file, history):
    owner, _ = owned(lake_file, *history)
    assert owner.keys() == {e.message_id for e in history}
    for e in history:
        if e.verified:
            assert owner[e.message_id] == f"u#{e.user_id}"


def test_what_a_device_did_belongs_to_the_only_shopper_who_logged_in_on_it(lake_file):
    before, after = event(minutes=0), event(minutes=90)
    owner, _ = owned(lake_file, before, login("u1", "a1", 5), after)
    assert owner[before.message_id] == owner[after.message_id] == "u#u1"


def test_on_a_shared_device_a_session_belongs_to_the_login_that_follows_in_it(lake_file):
    ann, bob, nobody = event(minutes=0), event(minutes=200), event(minutes=400)
    owner, made = owned(lake_file, ann, login("ann", "a1", 1), bob, login("bob", "a1", 201), nobody)
    assert made.shared == {"anonymous:a1"}
    assert owner[ann.message_id] == "u#ann" and owner[bob.message_id] == "u#bob"
    assert owner[nobody.message_id].startswith("a#a1~")


def test_a_claim_counts_for_attribution_unless_two_are_claimed(lake_file):
    one = event(user_id="ann", anonymous_id="a1")
    two = [event(user_id=user, anonymous_id="a2") for user in ("ann", "bob")]
    owner, made = owned(lake_file, one, *two)
    assert owner[one.message_id] == "u#ann" and {owner[e.message_id] for e in two} == {"a#a2"}
    assert made.profiles == {}


def test_a_claimed_address_counts_for_attribution_when_it_leads_to_one_profile(lake_file):
    told = login("ann", "a9", 0, identifiers={"email": "k:ann"}, source="server")
    other = login("bob", "a8", 0, identifiers={"email": "k:bob"}, source="server")
    one = event(anonymous_id="a1", identifiers={"email": "k:ann"}, minutes=3)
    same = event(anonymous_id="a2", user_id="ann", identifiers={"email": "k:ann"}, minutes=3)
    two = [event(anonymous_id="a3", identifiers={"email": f"k:{name}"}, minutes=3) for name in ("ann", "bob")]
    mixed = event(anonymous_id="a4", user_id="ann", identifiers={"email": "k:bob"}, minutes=3)
    nobodys = event(anonymous_id="a5", identifiers={"email": "k:cleo"}, minutes=3)
    owner, made = owned(lake_file, told, other, one, same, *two, mixed, nobodys)
    assert owner[one.message_id] == owner[same.message_id] == "u#ann"
    assert {owner[e.message_id] for e in two} == {"a#a3"}
    assert owner[mixed.message_id] == "a#a4" and owner[nobodys.message_id] == "a#a5"
    assert not {"anonymous:a1", "anonymous:a2"} & made.profiles.keys(), "a claim is no link"


def test_an_address_claimed_under_the_former_key_leads_to_the_same_shopper(lake_file):
    told = login("ann", "a9", 5, identifiers={"email": "new"}, previous_identifiers={"email": "old"}, source="server")
    claimed = event(anonymous_id="a1", identifiers={"email": "old"})
    assert owned(lake_file, claimed, told)[0][claimed.message_id] == "u#ann"


def consent(minutes, yes, device="a1", source="api"):
    at = NOON + timedelta(minutes=minutes)
    said = Consent(yes, yes, yes, at)
    return event("Consent Changed", minutes=minutes, anonymous_id=device, properties={"source": source}, consent=said)


@pytest.mark.parametrize(
    ("words", "linked"),
    [
        ([consent(2, False)], False),
        ([consent(2, False), consent(3, True)], True),
        ([consent(2, False), consent(3, True, source="event-updated")], True),
        ([consent(2, False, source="event-updated")], True),  # the yes of the log-in is the later word
        ([consent(6, False), consent(7, True)], True),
        ([consent(2, False, device="a2")], True),
    ],
)
def test_links_from_a_time_of_refusal_are_not_used(lake_file, words, linked):
    _, made = owned(lake_file, event(minutes=0), *words, login("u1", "a1", 5))
    assert ("anonymous:a1" in made.profiles) is linked


def test_a_claim_from_a_time_of_refusal_is_not_used(lake_file):
    claim = event(user_id="ann", minutes=5)
    assert owned(lake_file, consent(2, False), claim)[0][claim.message_id] == "a#a1"


def test_both_names_of_a_shopper_by_two_keys_are_one(lake_file):
    later = login("new", "a1", 5, previous_identifiers={"user": "old"})
    owner, made = owned(lake_file, event(minutes=-1), login("old", "a1", 0), login("old", "a2", 1), later)
    assert not made.shared and made.profiles["anonymous:a1"] == made.profiles["anonymous:a2"] == "user:new"


def test_devices_that_a_server_linked_by_email_are_one_shopper(lake_file):
    told = [
        event(anonymous_id=device, source="server", identifiers={"email": "k:1"}, minutes=n)
        for n, device in enumerate("ab")
    ]
    owner, _ = owned(lake_file, *told)
    assert set(owner.values()) == {"p:email:k:1"}


def test_what_an_operator_took_apart_stays_apart(lake_file):
    viewed = event(minutes=0)
    owner, _ = owned(lake_file, viewed, login("u1", "a1", 5), cuts=[("anonymous:a1", "user:u1")])
    assert owner[viewed.message_id] == "a#a1"


def test_disagreement_is_about_who_is_together_not_about_names():
    lake_says = {"a": "1", "b": "1", "c": "2", "d": "2", "e": "3", "f": "3"}
    live = {"a": "x", "b": "x", "c": "y", "d": "z", "k": "z"}
    told = compare(lake_says, live)
    assert told == (2, ["e", "f"], ["k"], ["c", "d"])


def test_limits_hold_in_the_whole_lake(lake_file):
    protection = Settings(limits={"user": Limit(1), "anonymous": Limit(2)})
    logins = [login("u1", device, n) for n, device in enumerate("abc")]
    _, made = owned(lake_file, *logins, settings=protection)
    assert sorted(made.profiles) == ["anonymous:a", "anonymous:b", "user:u1"]
