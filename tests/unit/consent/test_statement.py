"""Whatever form consent comes in: all that speak must agree, and silence is a no unless a country's law says otherwise."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.consent.statement import OPT_IN, PURPOSES, Policy, policy, read
from shared.events.model import Consent
from tests.unit.consent.test_tcf import encode

ALL = frozenset(range(1, 25))
US = Policy(opt_out=frozenset({"US"}))
GPC = Policy(gpc=True)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
YES = dict.fromkeys(PURPOSES, True)


def consent(said, held=OPT_IN, **context):
    read_ = read({"consent": said, **context}, held, NOW).consent
    return {purpose for purpose in PURPOSES if getattr(read_, purpose)}


@pytest.mark.parametrize("preferences", [None, [], {}, "yes", {"personalization": "true"}, {"personalization": 1}])
def test_only_an_explicit_true_is_a_yes(preferences):
    assert consent({"categoryPreferences": preferences}) == set()


@pytest.mark.parametrize(
    "said", [None, 1, "x", [], {"tcfString": 7}, {"usPrivacy": {}}, {"gpc": "no"}, {"updatedAt": []}]
)
def test_nonsense_is_a_no_and_no_error(said):
    assert read({"consent": said}).consent == Consent()


@pytest.mark.parametrize(
    ("purposes", "expected"),
    [
        ({1, 8}, {"analytics"}),
        ({1, 5, 6}, {"personalization"}),
        ({1, 3, 4}, {"advertising"}),
        ({5, 6, 8, 3, 4}, set()),
        ({1, 5}, set()),
        (ALL, set(PURPOSES)),
    ],
)
def test_a_tc_string_gives_each_purpose_that_has_all_of_its_numbers(purposes, expected):
    assert consent({"tcfString": encode(purposes)}) == expected


def test_of_several_that_speak_all_must_agree():
    assert consent({"categoryPreferences": YES, "tcfString": encode({1, 8})}) == {"analytics"}
    assert consent({"categoryPreferences": {"analytics": True}, "tcfString": encode(ALL)}) == set(PURPOSES)
    assert consent({"categoryPreferences": YES, "tcfString": "broken"}) == set()


@pytest.mark.parametrize("held", [GPC, Policy()])
def test_global_privacy_control_says_no_to_advertising_and_to_nothing_else(held):
    said = {"categoryPreferences": YES} if held.gpc else {"categoryPreferences": YES, "gpc": True}
    assert consent(said, held) == {"analytics", "personalization"}


@pytest.mark.parametrize(
    ("us_privacy", "advertising"),
    [
        ("1YYN", False),
        ("1yyn", False),
        ("1YNN", True),
        ("1---", True),
        ("1NN-", True),
        ("2YNN", False),
        ("1YY", False),
        ("1AAA", False),
    ],
)
def test_an_opt_out_of_sale_says_no_to_advertising(us_privacy, advertising):
    assert ("advertising" in consent({"categoryPreferences": YES, "usPrivacy": us_privacy})) is advertising


def test_not_to_have_opted_out_of_sale_is_no_consent():
    assert consent({"usPrivacy": "1YNN"}) == set()


def test_where_the_law_allows_it_missing_means_yes_until_the_shopper_objects():
    here, there = {"location": {"country": "us"}}, {"location": {"country": "DE"}}
    assert consent({}, US, **here) == set(PURPOSES) and consent({}, US, **there) == set() == consent({}, US)
    assert consent({"categoryPreferences": {"personalization": False}}, US, **here) == {"analytics", "advertising"}
    assert consent({"usPrivacy": "1YYN"}, US, **here) == {"analytics", "personalization"}
    assert consent({}, US._replace(gpc=True), **here) == {"analytics", "personalization"}
    assert consent({"tcfString": "broken"}, US, **here) == set()
    assert (
        read(here, US).consent.presumed
        and not read({"consent": {"categoryPreferences": YES}, **here}, US).consent.presumed
    )


def test_only_a_well_formed_no_is_a_denial():
    def denied(**preferences):
        return read({"consent": {"categoryPreferences": preferences}}).denied

    assert denied(personalization=False)
    assert not (denied() or denied(analytics=False) or denied(personalization="no") or denied(personalization=True))
    assert read({"consent": {"tcfString": encode(set())}}).denied and not read({"consent": {"tcfString": "?"}}).denied


def test_when_it_was_said_is_kept_unless_it_lies_in_the_future():
    def at(value):
        return read({"consent": {"updatedAt": value}}, received=NOW).consent.updated_at

    assert at("2026-03-02T11:00:00.000Z") == datetime(2026, 3, 2, 11, tzinfo=UTC) == at("2026-03-02T12:00:00+01:00")
    assert at("2026-03-02T12:00:01Z") is at("soon") is at(5) is at("0001-01-01T00:00:00+23:59") is None


def test_the_policy_of_a_call_is_read_from_its_header_and_the_setting():
    assert policy({"sec-gpc": "1"}, " us, CA,") == Policy(True, frozenset({"US", "CA"}))
    assert policy({"sec-gpc": "0"}) == policy({}) == Policy()


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.sampled_from(["1YYN", encode(ALL), "2026-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from([*PURPOSES, "categoryPreferences", "tcfString", "gpc", "usPrivacy", "updatedAt"]), inner
        )
    ),
    max_leaves=8,
)


@settings(max_examples=500)
@given(anything, anything, st.booleans())
def test_no_context_makes_it_fail_and_a_second_voice_never_adds_a_yes(said, location, gpc):
    alone = consent(said, Policy(gpc), location=location)
    assert alone <= set(PURPOSES)
    if isinstance(said, dict):
        for second in ({"tcfString": encode({1, 8})}, {"gpc": True}, {"usPrivacy": "1YYN"}):
            spoke = isinstance(said.get("categoryPreferences"), dict) and all(
                said["categoryPreferences"].get(p) is not None for p in PURPOSES
            )
            if spoke and not said.keys() & second.keys():
                assert consent({**said, **second}, Policy(gpc), location=location) <= alone
