import time

import pytest
from hypothesis import assume, given
from hypothesis import settings as run
from hypothesis import strategies as st

from shared.identity.graph import DAY, DEFAULT, Known, Limit, Link, Settings, decide
from shared.identity.unmerge import taken_apart
from tests.unit.identity.histories import earliest, histories, partition
from tests.unit.identity.histories import settings as protections


def link(at, *names, source="server"):
    return Link(float(at), f"m{at}", tuple(sorted(names)), source)


def graph(*links, settings=DEFAULT, **more):
    return decide(Known(tuple(links), **more), settings)


def members(made):
    return sorted(sorted(profile.joined) for profile in made.profiles)


def test_two_devices_of_one_user_are_one_profile_named_by_the_user():
    made = graph(link(1, "user:ann", "anonymous:phone"), link(2, "user:ann", "anonymous:laptop"))
    assert [profile.id for profile in made.profiles] == ["user:ann"]
    assert members(made) == [["anonymous:laptop", "anonymous:phone", "user:ann"]]
    assert [decision.kind for decision in made.decisions] == ["linked", "linked"]


def test_a_device_of_two_users_belongs_to_neither():
    made = graph(
        link(1, "user:ann", "anonymous:kiosk", "email:a"),
        link(2, "user:bob", "anonymous:kiosk"),
        link(3, "user:bob", "anonymous:phone"),
    )
    assert made.shared == {"anonymous:kiosk"}
    assert members(made) == [["anonymous:phone", "user:bob"], ["email:a", "user:ann"]]
    assert [d.kind for d in made.decisions].count("shared") == 2


def test_an_email_that_would_join_two_users_stays_with_the_first_and_the_rest_proceeds():
    made = graph(link(1, "user:ann", "email:x"), link(2, "user:bob", "email:x", "phone:p"))
    assert members(made) == [["email:x", "user:ann"]]
    dropped = [d for d in made.decisions if d.kind == "dropped"]
    assert [d.identifiers for d in dropped] == [
        ("phone:p",),
        ("email:x",),
    ]  # the lowest rank first, until the rest fits
    assert all("at most 1 of type user" in d.reason for d in dropped)


def test_users_rank_over_emails_over_the_rest():
    protection = Settings(limits={"user": Limit(1), "email": Limit(1)})
    made = graph(link(1, "user:ann", "email:x"), link(2, "user:ann", "email:y", "loyalty:card"), settings=protection)
    assert members(made) == [["email:x", "user:ann"]]
    assert [d.identifiers for d in made.decisions if d.kind == "dropped"] == [("loyalty:card",), ("email:y",)]


@pytest.mark.parametrize(("window", "days"), [("weekly", 7), ("monthly", 30), ("annually", 365)])
def test_a_window_forgets_what_joined_before_it(window, days):
    protection = Settings(limits={"user": Limit(1), "anonymous": Limit(1, window)})
    early = link(0, "user:ann", "anonymous:1")
    too_soon = link((days - 1) * DAY, "user:ann", "anonymous:2")
    late = link((days + 1) * DAY, "user:ann", "anonymous:3")
    assert members(graph(early, too_soon, late, settings=protection)) == [["anonymous:1", "anonymous:3", "user:ann"]]


def test_merges_and_identifiers_are_capped():
    pairs = [link(n, f"email:{n}", f"phone:{n}") for n in range(5)]
    joins = [link(10 + n, "phone:0", f"phone:{n}") for n in range(1, 5)]
    roomy = Settings(others=Limit(99))
    assert [p.merges for p in graph(*pairs, *joins, settings=roomy).profiles] == [4]
    capped = graph(*pairs, *joins, settings=Settings(others=Limit(99), merges=2))
    assert sorted(len(p.joined) for p in capped.profiles) == [2, 2, 6]
    small = graph(*pairs, *joins, settings=Settings(others=Limit(99), identifiers=5))
    assert max(len(p.joined) for p in small.profiles) <= 5


def test_a_profile_without_a_user_is_named_by_its_email():
    assert [p.id for p in graph(link(1, "anonymous:d", "phone:p"), link(2, "email:z", "phone:p")).profiles] == [
        "email:z"
    ]


def test_a_new_key_for_hashing_changes_names_and_no_profile():
    before = [link(1, "user:ann", "email:old"), link(2, "email:old", "phone:p")]
    after = graph(*before, link(3, "user:ann", "email:new"), renamed={"email:old": "email:new"})
    assert members(after) == [["email:new", "phone:p", "user:ann"]]


def test_un_merging_takes_two_apart_and_leaves_the_rest():
    links = (
        link(1, "user:ann", "anonymous:phone"),
        link(2, "anonymous:phone", "email:a"),
        link(3, "email:a", "phone:p"),
    )
    cuts = taken_apart(Known(links), "user:ann", "email:a")
    assert cuts == [("anonymous:phone", "email:a")]
    assert members(graph(*links, cuts=frozenset(cuts))) == [["anonymous:phone", "user:ann"], ["email:a", "phone:p"]]


def test_a_second_way_between_the_two_is_cut_as_well():
    links = (link(1, "user:ann", "email:a"), link(2, "email:a", "phone:p"), link(3, "phone:p", "user:ann"))
    cuts = taken_apart(Known(links), "user:ann", "email:a")
    assert members(graph(*links, cuts=frozenset(cuts))) == [["email:a", "phone:p"]]


def test_nothing_is_cut_between_strangers():
    assert taken_apart(Known((link(1, "user:ann", "email:a"),)), "user:ann", "email:b") == []


@run(max_examples=1000, deadline=None)
@given(histories, protections)
def test_no_profile_ever_holds_two_verified_users(history, protection):
    made = decide(Known(earliest(history)), protection)
    names = [name for profile in made.profiles for name in profile.joined]
    assert len(names) == len(set(names))
    for profile in made.profiles:
        assert sum(name.startswith("user:") for name in profile.joined) <= 1
        assert len(profile.joined) <= protection.identifiers and profile.merges <= protection.merges


@run(max_examples=1000, deadline=None)
@given(histories, protections)
def test_every_link_is_decided_with_a_reason(history, protection):
    made = decide(Known(earliest(history)), protection)
    assert all(decision.reason and decision.identifiers for decision in made.decisions)
    whole = {name for profile in made.profiles for name in profile.joined}
    for one in earliest(history):
        apart = len({id(made.profile_of(name)) for name in one.identifiers if name in whole}) > 1
        outside = [name for name in one.identifiers if name not in whole]
        about = {name for d in made.decisions if d.message_id == one.message_id for name in d.identifiers}
        assert not (apart or outside) or about  # whoever is left out is told of


@run(max_examples=1000, deadline=None)
@given(histories, st.data())
def test_un_merging_inverts_merging(history, data):
    """A link that merges two profiles and is then undone leaves the profiles as they were."""
    links = earliest(history)
    before = decide(Known(links), DEFAULT)
    if len(before.profiles) < 2:
        return
    one, other = data.draw(st.permutations(before.profiles))[:2]
    a, b = data.draw(st.sampled_from(sorted(one.joined))), data.draw(st.sampled_from(sorted(other.joined)))
    merging = Link(40 * DAY, "merging", tuple(sorted((a, b))))
    merged = Known((*links, merging))
    assume(partition(decide(merged)) != partition(before))  # protection did not prevent it
    assume(not any(a in known.identifiers and b in known.identifiers for known in links))
    cuts = frozenset(taken_apart(merged, a, b))
    after = decide(Known(merged.links, cuts=cuts), DEFAULT)
    assert partition(after) == partition(before)


@run(max_examples=1000, deadline=None)
@given(histories, st.data())
def test_un_merging_always_separates(history, data):
    links = earliest(history)
    made = decide(Known(links), DEFAULT)
    if not made.profiles:
        return
    profile = data.draw(st.sampled_from(made.profiles))
    a, b = data.draw(st.permutations(sorted(profile.joined)))[:2]
    cuts = frozenset(taken_apart(Known(links), a, b))
    assert cuts
    after = decide(Known(links, cuts=cuts), DEFAULT)
    assert after.profile_of(a) is None or b not in after.profile_of(a).joined


def test_a_thousand_links_are_decided_within_the_time_of_one_request():
    links = [link(n, f"user:{n // 4}", f"email:{n}") for n in range(1000)]
    began = time.process_time()
    assert len(graph(*links).profiles) == 250
    assert time.process_time() - began < 30  # not quadratic: a second at most where this was written
