"""Who is meant, and what is theirs on a device of several people."""

from shared.privacy.person import ANONYMOUS, USER
from shared.privacy.resolve import closure, linked


def links(*pairs):
    return linked((user, {"key": kind, "value": value}) for user, kind, value in pairs)


KNOWN = links(
    ("anna", "anonymousId", "phone"),
    ("anna", "anonymousId", "family"),
    ("bert", "anonymousId", "family"),
    ("anna", "email", "k:anna"),
    ("anna", "email", "k:both"),
    ("bert", "email", "k:both"),
)
ANNA = {(USER, "anna"), (ANONYMOUS, "phone"), ("email", "k:anna")}


def test_a_user_brings_what_only_they_have():
    assert closure(KNOWN, [(USER, "anna")]) == ANNA


def test_a_device_or_an_address_of_one_person_brings_the_person():
    assert closure(KNOWN, [(ANONYMOUS, "phone")]) == closure(KNOWN, [("email", "k:anna")]) == ANNA


def test_a_shared_device_leads_to_nobody():
    assert closure(KNOWN, [(ANONYMOUS, "family")]) == set()


def test_an_address_of_two_people_means_both_of_them():
    assert closure(KNOWN, [("email", "k:both")]) == ANNA | {
        (USER, "bert"),
        ("email", "k:both"),
        (ANONYMOUS, "family"),
    }


def test_the_unknown_stays_what_was_said():
    assert closure(KNOWN, [(USER, "nobody")]) == {(USER, "nobody")}
    assert closure(KNOWN, [(ANONYMOUS, "new")]) == {(ANONYMOUS, "new")}
