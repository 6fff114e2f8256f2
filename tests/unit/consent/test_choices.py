"""The history of consent does not depend on how it was delivered, and what was said on purpose weighs more."""

from hypothesis import given
from hypothesis import strategies as st

from shared.consent import choices
from shared.consent.choices import API, EVENT, PRESUMED, UPDATED, changes, effective, join, record, refused
from shared.events.model import Consent
from shared.profiles.state import Choice
from tests.factories import NOON, event

said = st.builds(
    Choice,
    at=st.integers(0, 12).map(float),
    source=st.sampled_from([PRESUMED, EVENT, UPDATED, API]),
    analytics=st.booleans(),
    personalization=st.booleans(),
    advertising=st.just(False),
)


def yes(at, source=EVENT):
    return Choice(at, source, True, True)


def no(at, source=API):
    return Choice(at, source)


def told(statements):
    history = []
    for one in statements:
        history = record(history, one)
    return history


@given(st.lists(said, max_size=14), st.data())
def test_order_and_repetition_of_delivery_change_nothing(statements, data):
    shuffled = data.draw(st.permutations(statements + statements[: len(statements) // 2]))
    assert told(shuffled) == told(statements)


@given(st.lists(said, max_size=14), st.integers(0, 14), st.integers(1, 5))
def test_histories_joined_are_the_history_of_all(statements, cut, most):
    kept, choices.MOST = choices.MOST, most
    try:
        assert join(told(statements[:cut]), told(statements[cut:])) == told(statements)
    finally:
        choices.MOST = kept


@given(st.lists(said, max_size=14))
def test_what_holds_is_in_no_doubt_although_repetitions_are_not_kept(statements):
    def on(history):
        holds = effective(sorted(history, key=choices._place))
        return holds and (holds.analytics, holds.personalization, holds.advertising)

    assert on(told(statements)) == on(statements)


@given(st.lists(said, max_size=14))
def test_the_history_as_it_is_read_holds_changes_only_and_ends_with_what_holds(statements):
    history = told(statements)
    read = changes(history)
    agreed = [(c.analytics, c.personalization, c.advertising) for c in read]
    assert all(a != b for a, b in zip(agreed, agreed[1:], strict=False))
    assert [c.at for c in read] == sorted(c.at for c in read)
    holds = effective(history)
    assert (holds is None) == (not read) and (
        not read or agreed[-1] == (holds.analytics, holds.personalization, holds.advertising)
    )


def test_every_choice_made_on_purpose_is_kept():
    statements = [yes(1, API), no(2), yes(3, API), no(4), yes(5, API)]
    assert told(statements) == statements == changes(told(statements))


def test_what_events_say_all_day_takes_two_places():
    history = told(yes(float(at)) for at in range(1000))
    assert history == [yes(0.0), yes(999.0)] and changes(history) == [yes(0.0)]


def test_a_late_statement_lands_in_its_place():
    assert changes(told([yes(1, API), yes(3, API), no(2)])) == [yes(1, API), no(2), yes(3, API)]


def test_a_later_statement_wins():
    assert refused(told([yes(1), no(2, EVENT)])) and not refused(told([no(1, EVENT), yes(2)])) and not refused([])


def test_a_choice_told_to_the_api_yields_to_the_api_or_to_an_event_that_tells_a_later_time():
    assert refused(told([no(5), yes(9)]))
    assert not refused(told([yes(5, API), no(9, EVENT)]))
    assert refused(told([no(5), yes(4, UPDATED), yes(9)]))
    assert not refused(told([no(5), yes(6, UPDATED)])) and not refused(told([no(5), yes(6, API)]))
    assert refused(told([no(5), yes(6, UPDATED), no(7, EVENT)]))


def test_silence_never_overrides_a_word():
    assert refused(told([no(1, EVENT), yes(2, PRESUMED)])) and not refused(told([yes(2, PRESUMED)]))


def test_of_one_moment_a_no_counts():
    assert refused(told([yes(1, API), no(1, API)])) and refused(told([no(1, API), yes(1, API)]))


def test_what_an_event_says():
    at = NOON.timestamp()
    assert choices.of_event(event()) == Choice(at, EVENT, True, True, False)
    assert choices.of_event(event(consent=Consent(True, True, updated_at=NOON), minutes=5)) == Choice(
        at, UPDATED, True, True
    )
    assert choices.of_event(event(consent=Consent(True, True, presumed=True))).source == PRESUMED
    assert choices.of_event(event(consent=Consent())) is None
    assert choices.of_event(event(choices.CHANGED, consent=Consent())) == Choice(at, API)
    assert choices.of_event(event(choices.CHANGED, consent=Consent(), properties={"source": EVENT})) == Choice(
        at, EVENT
    )
