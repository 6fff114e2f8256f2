"""Whose the names are, from what the graph and the lake tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.identity.graph import Link
from shared.privacy.person import ANONYMOUS, USER
from shared.privacy.search import Search, closure, identifier, node, person, seeking, ties

ANNA = {"user:anna", "anonymous:phone", "email:k:anna"}


def links(*told):
    return [Link(float(n), f"m{n}", tuple(sorted(names))) for n, names in enumerate(told)]


KNOWN = links(
    ("user:anna", "anonymous:phone"),
    ("user:anna", "anonymous:family"),
    ("user:bert", "anonymous:family"),
    ("user:anna", "email:k:anna"),
    ("user:anna", "email:k:both"),
    ("user:bert", "email:k:both"),
)


def meant(*given, known=KNOWN, **more):
    search = Search(given=list(given), links=list(known), **more)
    return closure(ties(search), search.given, search.renamed).own


def test_a_user_brings_what_only_they_have():
    assert meant("user:anna") == ANNA


def test_a_device_or_an_address_of_one_person_brings_the_person():
    assert meant("anonymous:phone") == meant("email:k:anna") == ANNA


def test_a_shared_device_leads_to_nobody():
    assert meant("anonymous:family") == set()
    assert meant("device:tv", known=links(("user:anna", "device:tv"), ("user:bert", "device:tv"))) == set()


def test_an_address_of_two_people_means_both_of_them():
    assert meant("email:k:both") == ANNA | {"user:bert", "email:k:both", "anonymous:family"}


def test_the_unknown_stays_what_was_said():
    assert meant("user:nobody") == {"user:nobody"} and meant("anonymous:new") == {"anonymous:new"}


def test_what_a_server_linked_without_a_user_is_one_person_and_a_later_user_has_it_all():
    told = links(("anonymous:x", "email:k:1"), ("anonymous:y", "email:k:1"))
    whole = {"anonymous:x", "anonymous:y", "email:k:1"}
    assert meant("anonymous:x", known=told) == meant("email:k:1", known=told) == whole
    told += [Link(9.0, "m9", ("email:k:1", "user:u"))]
    assert meant("anonymous:x", known=told) == meant("user:u", known=told) == {*whole, "user:u"}


def test_a_log_in_counts_beyond_the_limits_of_a_profile():
    told = links(*(("user:u", f"anonymous:{n}") for n in range(9)))  # of which five a week join the profile
    assert len(meant("user:u", known=told)) == 10


def test_what_an_operator_took_apart_stays_apart():
    cut = ("anonymous:phone", "user:anna")
    assert meant("user:anna", cuts=[cut]) == ANNA - {"anonymous:phone"}
    assert meant("anonymous:phone", cuts=[cut]) == {"anonymous:phone"}


def test_a_device_that_met_others_according_to_the_graph_is_not_the_persons_though_no_link_says_so():
    assert "anonymous:phone" not in meant("user:anna", met=[("anonymous:phone", "user:carl")])
    assert "anonymous:phone" not in meant("user:anna", shared=["anonymous:phone"])
    assert meant("anonymous:phone", shared=["anonymous:phone"]) == set()


def test_names_under_a_former_key_are_the_persons_too():
    renamed = {"email:j:anna": "email:k:anna", "user:j:x": "user:anna"}
    assert meant("user:anna", renamed=renamed) == ANNA | set(renamed)
    assert meant("email:j:anna", renamed=renamed) == ANNA | set(renamed)


def test_a_name_without_a_value_is_nobodys():
    search = Search(given=["user:anna"], links=links(("user:anna", "email:"), ("user:anna", "anonymous:")))
    search.add([], {"anonymous:": "user:anna", "email:j:x": "email:"})
    assert person(search).identifiers == [(USER, "anna")]


def test_the_lake_is_asked_for_all_that_may_be_theirs_and_not_for_a_shared_device():
    search = Search(given=["user:anna"], links=KNOWN)
    assert seeking(search) == ANNA | {"email:k:both"}


def test_a_person_has_the_shared_devices_and_the_neighbours_whose_states_may_name_them():
    who = person(Search(given=["user:anna"], links=KNOWN))
    assert set(who.identifiers) == {(USER, "anna"), (ANONYMOUS, "phone"), ("email", "k:anna")}
    assert who.shared == ["family"] and who.opened == [] and who.near == ["anonymous:family", "user:bert"]
    alone = person(Search(given=["anonymous:family"], links=KNOWN))
    assert (alone.identifiers, alone.opened, alone.shared) == ([], ["family"], ["family"])


@pytest.mark.parametrize("name", [(USER, "a:b"), (ANONYMOUS, "x"), ("email", "k1:9e"), ("club", "7")])
def test_names_of_requests_and_of_the_graph_are_the_same_names(name):
    assert identifier(node(name)) == name


pairs = st.tuples(st.sampled_from("uvw"), st.sampled_from(["anonymous:a", "anonymous:b", "email:e", "phone:p"]))


@given(st.lists(pairs, max_size=10), st.sampled_from(["user:u", "anonymous:a", "email:e"]), st.randoms())
def test_the_order_of_what_is_found_changes_nothing_and_no_user_comes_over_a_shared_device(found, start, random):
    told = links(*((f"user:{user}", name) for user, name in found))
    search, other = Search(given=[start]), Search(given=[start])
    for link in told:
        search.add([link], {})
    shuffled = [*told, *told]
    random.shuffle(shuffled)
    other.add(shuffled, {})
    assert person(search) == person(other)
    users = {value for kind, value in person(search).identifiers if kind == USER}
    for user in users - ({"u"} if start == "user:u" else set()):
        assert (user, start) in found
    if start.startswith("anonymous:"):
        assert len(users) <= 1
