"""Which records a suppression stops."""

from dataclasses import dataclass, field

from shared.privacy.keys import hidden
from shared.privacy.person import ANONYMOUS, USER
from shared.privacy.suppression import FRESH, Gate, Suppressed, short, who
from shared.streams import Record
from tests.factories import NOON, event, record

AT = NOON.timestamp()


@dataclass
class Known:
    suppressed: dict
    asked: list = field(default_factory=list)
    listed: bool = True

    def key(self):
        return b"key"

    def known(self):
        return frozenset(short(hidden(b"key", *i)) for i in self.suppressed) if self.listed else None

    def find(self, identifiers):
        wanted = set(identifiers)
        self.asked.append(wanted)
        return {i: self.suppressed[i] for i in wanted & set(self.suppressed)}


def test_a_record_says_whose_it_is():
    named = event(user_id="u1", anonymous_id="a1", identifiers={"email": "k:1"}, previous_identifiers={"email": "j:1"})
    assert who(record(named, 1)) == ({(USER, "u1"), (ANONYMOUS, "a1"), ("email", "k:1"), ("email", "j:1")}, AT)
    alias = event(type="alias", anonymous_id="", user_id="u1", previous_id="old", event="")
    assert who(record(alias, 1))[0] == {(USER, "u1"), (USER, "old"), (ANONYMOUS, "old")}
    assert who(Record("s", 1, "u1", b"{no json", AT)) == ({(USER, "u1"), (ANONYMOUS, "u1")}, AT)


def test_events_from_before_the_erasure_are_dropped_and_later_ones_are_not():
    gate = Gate(Known({(USER, "u1"): Suppressed(AT + 60, False)}))
    before, after = event(user_id="u1"), event(user_id="u1", minutes=1)
    other = event(user_id="u2")
    records = [record(before, 1), record(after, 2), record(other, 3)]
    assert gate.keep(records) == records[1:]


def test_forever_is_forever():
    gate = Gate(Known({(ANONYMOUS, "a1"): Suppressed(AT, True)}))
    assert gate.keep([record(event(minutes=100_000), 1)]) == []


def test_erased_for_good_is_who_asked_for_it_and_nobody_else():
    known = {(ANONYMOUS, "a1"): Suppressed(AT, True), (USER, "u1"): Suppressed(AT, False)}
    gate = Gate(Known(known))
    assert gate.erased_for_good([(USER, "u1"), (ANONYMOUS, "a1")])
    assert not gate.erased_for_good([(USER, "u1"), (ANONYMOUS, "a2")])


def test_one_name_is_enough_and_nobodys_events_go_on():
    gate = Gate(Known({("email", "k:1"): Suppressed(AT + 1, False)}))
    nobody = record(event(anonymous_id=""), 2)
    assert gate.keep([record(event(identifiers={"email": "k:1"}), 1), nobody]) == [nobody]


def test_only_who_is_on_the_list_is_asked_for_and_the_list_is_read_again_soon():
    now = [0.0]
    known = Known({})
    gate = Gate(known, lambda: now[0])
    known.suppressed[ANONYMOUS, "a1"] = Suppressed(AT + 1, False)
    gate.keep([record(event(anonymous_id="a2"), 1)])
    assert known.asked == []
    known.suppressed[ANONYMOUS, "a3"] = Suppressed(AT + 1, False)
    now[0] = FRESH - 1
    assert len(gate.keep([record(event(anonymous_id="a3"), 2)])) == 1
    now[0] = FRESH
    assert gate.keep([record(event(anonymous_id="a3"), 3)]) == [] and known.asked == [{(ANONYMOUS, "a3")}]


def test_when_there_are_too_many_for_a_list_everybody_is_asked_for():
    known = Known({(ANONYMOUS, "a1"): Suppressed(AT + 1, False)}, listed=False)
    other = record(event(anonymous_id="a2"), 2)
    assert Gate(known).keep([record(event(), 1), other]) == [other]
    assert known.asked == [{(ANONYMOUS, "a1"), (ANONYMOUS, "a2")}]
