"""States made from the event log again, after the graph was corrected."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.identity.apply import read as read_graph
from shared.identity.graph import Known, decide
from shared.identity.linker import Linker
from shared.identity.record import decode_component
from shared.identity.unmerge import unmerge
from shared.profiles.batch import entry, fold_group, groups, placed
from shared.profiles.rebuild import not_yet_archived, rebuilt
from shared.profiles.signals import read
from shared.profiles.state import State
from shared.versioned import VersionedMemory
from tests.factories import NOON, event, order


def arriving(events):
    return [replace(e, received_at=NOON + timedelta(seconds=n)) for n, e in enumerate(events)]


def live(events):
    """The states and the graph as they grow."""
    store, states = VersionedMemory(), {}
    entries = [entry(n + 1, e.anonymous_id or e.user_id, e, read(e)) for n, e in enumerate(events)]
    standings = Linker(store).observe([e.seen for e in entries])
    for group in groups(map(placed, entries, standings)):
        mine = {key: states.setdefault(key, State()) for key in group.keys}
        fold_group(group, mine)
        states.update(mine)
    return states, store


def known(store):
    parts = [decode_component(kept.value) for key, kept in store.items.items() if key.startswith("c#")]
    (part,) = [part for part in parts if not part.moved]
    return part.known()


def login(user, device, **fields):
    return event("", type="identify", properties={}, user_id=user, anonymous_id=device, verified=True, **fields)


def content(states):
    return {
        key: (sorted(t.item for t in state.recent), sorted(p.item for p in state.purchases), state.totals.events)
        for key, state in states.items()
        if state.totals.events
    }


def test_un_merging_restores_both_sides_with_their_own_history():
    """A server said by mistake that a visitor's phone has the e-mail address of Ann; then Ann logged in."""
    mistake = event(
        "", type="identify", properties={}, anonymous_id="phone", source="server", identifiers={"email": "k:a"}
    )
    events = arriving(
        [
            event(item="tent", anonymous_id="phone"),
            mistake,
            event(item="lamp", anonymous_id="laptop"),
            login("ann", "laptop", source="server", identifiers={"email": "k:a"}),
            order("rope", user_id="ann", verified=True, anonymous_id="laptop"),
        ]
    )
    states, store = live(events)
    assert content(states)["u#ann"][0] == ["lamp", "tent"]

    (part,) = unmerge(store, ("anonymous:phone", "email:k:a"), "another person's phone", 1.0)
    graph = decide(part.known())
    assert sorted(graph.profile_of("user:ann").joined) == ["anonymous:laptop", "email:k:a", "user:ann"]
    made = rebuilt(events, graph, states)
    assert content(made) == {"u#ann": (["lamp"], ["rope"], 3), "a#phone": (["tent"], [], 2)}
    assert part.log[-1].reason == "another person's phone"


def test_taking_apart_a_login_that_shared_a_device_gives_the_device_back():
    events = arriving([login("ann", "pad"), login("bob", "pad")])
    _, store = live(events)
    unmerge(store, ("anonymous:pad", "user:bob"), "a test account", 1.0)
    draft = read_graph(store, ["anonymous:pad"])
    part = draft.components[draft.home("anonymous:pad")]
    assert decide(part.known()).profile_of("anonymous:pad").id == "user:ann"
    assert Linker(store).observe([entry(9, "", login("ann", "pad", minutes=9), read(events[0])).seen])[0].joined


def test_what_was_delivered_is_known_after_rebuilding_wherever_it_belongs_now():
    events = arriving([event(item="tent", anonymous_id="phone"), login("ann", "phone")])
    states, store = live(events)
    (part,) = unmerge(store, ("anonymous:phone", "user:ann"), "no", 1.0)
    graph = decide(part.known())
    made = rebuilt(events, graph, states)
    assert made["a#phone"].watermarks == made["u#ann"].watermarks == {"phone": "2"}


def test_the_log_is_behind_while_states_know_more():
    events = arriving([event(item="tent"), event(item="lamp")])
    states, _ = live(events)
    assert not_yet_archived(events, states) == 0 and not_yet_archived(events[:1], states) == 1


steps = st.one_of(
    st.builds(lambda d, i: event(item=i, anonymous_id=d), st.sampled_from(["d1", "d2"]), st.sampled_from("xyz")),
    st.builds(lambda d: login("u", d), st.sampled_from(["d1", "d2"])),
    st.builds(lambda d: event(item="w", anonymous_id=d, user_id="u", verified=True), st.sampled_from(["d1", "d2"])),
)


@settings(max_examples=200)
@given(st.lists(steps, min_size=1, max_size=12))
def test_without_corrections_the_log_gives_what_the_stream_gave(history):
    events = arriving(history)
    states, store = live(events)
    links = known(store) if store.items else Known()
    assert content(rebuilt(events, decide(links), states)) == content(states)
