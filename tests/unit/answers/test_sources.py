"""What a draft that asks other sources would have shown, made again from the log and the tables."""

import pytest
from msgspec.structs import replace

from shared.answers.line import read, written
from shared.answers.recreate import ready, recreated
from shared.answers.simulation.simulate import Shop, simulate
from shared.answers.simulation.worth import measured
from shared.answers.sources import Sources, shaping
from shared.catalog.model import encode as encode_item
from shared.lists.model import Pointer, encode
from shared.merchandising.parse import parse as parse_plan
from shared.profiles.state import State, Totals, Touch
from shared.profiles.state import encode as encode_state
from shared.recommend.loaded import load, mistakes
from shared.recommend.logged import answered
from shared.recommend.pipeline import answer
from shared.recommend.plans import Draft
from shared.recommend.reads import Reader
from shared.recommend.request import parse
from shared.recommend.shopper import Shopper
from shared.recommend.tables import Names, Tables
from tests.unit.recommend.shop import NOW, candidates, item, scored
from tests.unit.recommend.test_reads import DynamoDB

NAMES = [f"i{n:02}" for n in range(40)]
IN_FORCE = {"placements": {"home": {"count": 4}}}
SHOPPERS = {
    "a#known": State(
        candidates=candidates(*NAMES[:12]),
        again=candidates("i30", "i31", reason="buy_again"),
        recent=[Touch("i01", NOW - 9), Touch("i02", NOW - 5)],
        totals=Totals(events=5, orders=1),
        traits={"country": "DE", "gender": "female"},
    ),
    "a#new": State(recent=[Touch("i02", NOW)], totals=Totals(events=1)),
}


def no(error):
    raise error


@pytest.fixture
def tables():
    db = DynamoDB()
    db.tables["lists"] = {
        "pointer": encode(Pointer("v2", ["v2", "v1"])),
        "live#popular#all": encode(scored(*NAMES[20:30])),
        "live#popular#country:DE": encode(scored(*NAMES[25:35])),
        "live#trending#all": encode(scored(*NAMES[10:20])),
        "live#on-sale#all": encode(scored(*NAMES[5:9])),
    }
    for version, step in (("v1", 1), ("v2", 7)):
        for n, name in enumerate(NAMES):
            near = [NAMES[(n + step * k) % 40] for k in range(1, 9)]
            db.tables["lists"][f"{version}#similar#{name}"] = encode(scored(*near))
            db.tables["lists"][f"{version}#together#{name}"] = encode(scored(*reversed(near)))
    db.tables["catalog"] = {name: encode_item(item(name)) for name in NAMES}
    db.tables["shoppers"] = {key: encode_state(state) for key, state in SHOPPERS.items()}
    db.names = Names("shoppers", "lists", "catalog", "plans")
    return Tables(db, db.names, None, no)


def loaded(document):
    return load(parse_plan(document, NOW, [mistakes]))


def serve(tables, document, body, shopper, model="v2"):
    """(what is shown by the plan, the answer as the log keeps it)"""
    reader = Reader(tables, list, no, lambda: NOW)
    reader.plans = Draft(loaded(document))
    request = parse(body, placements=reader.placements)
    reads = reader.read(request, shopper)
    asked = reads.asked(request)
    made = answer(asked, reads, reader.items, NOW)
    told = answered("0" * 23, made, asked, reads, model)
    return [pick.item for pick in made.picks], read(written(told))


def again(tables, kept=("v2", "v1")):
    return Sources(tables, kept, no, lambda: NOW).again


ITEMS = {name: item(name) for name in NAMES}
ASKED = [
    ({"placement": "home", "items": ["i03"]}, Shopper("a#known", named=True)),
    ({"placement": "home"}, Shopper("a#known", named=True)),
    ({"placement": "home", "exclude": ["i25"], "cart": ["i26"]}, Shopper("a#new", named=True)),
    ({"placement": "home"}, Shopper("a#nobody", named=True)),
    ({"placement": "home", "items": ["i03"]}, Shopper()),
]
DRAFTS = [
    {"sources": {"similar": 1.0, "live": 0.2}},
    {"sources": {"together": 1.0}, "count": 6},
    {"sources": {"recent": 1.0}, "strict": True},
    {"sources": {"again": 1.0, "live": 0.1}},
    {"sources": {"list": 1.0}, "list": "on-sale"},
    {"fallback": {"trending": 1.0}, "sources": {"together": 1.0}},
    {"count": 12},
]


@pytest.mark.parametrize("draft", DRAFTS, ids=str)
@pytest.mark.parametrize(("body", "shopper"), ASKED, ids=str)
def test_what_a_draft_would_have_shown_is_what_it_shows(tables, body, shopper, draft):
    """The answer of the plan in force is all that is known; the draft's is the one that the shop would have given."""
    document = {"placements": {"home": {**IN_FORCE["placements"]["home"], **draft}}}
    before, kept = serve(tables, IN_FORCE, body, shopper)
    would, _ = serve(tables, document, body, shopper)
    one = ready(kept, loaded(document))
    assert shaping(one.resolved.request) != shaping(ready(kept, loaded(IN_FORCE)).resolved.request)
    assert [pick.item for pick in recreated(again(tables)(one), ITEMS).picks] == would
    assert [pick.item for pick in recreated(again(tables)(ready(kept, loaded(IN_FORCE))), ITEMS).picks] == before


def test_neighbours_are_those_of_the_model_of_then_while_it_is_kept(tables):
    body = {"placement": "product", "items": ["i03"]}
    one = ready(serve(tables, {}, body, Shopper(), model="v1")[1], loaded({}))
    assert [pick.item for pick in recreated(again(tables)(one), ITEMS).picks][:3] == ["i04", "i05", "i06"]
    assert [pick.item for pick in recreated(again(tables, ["v2"])(one), ITEMS).picks][:3] == ["i10", "i17", "i24"]


def simulated(tables, draft, logged):
    worth = measured(logged, lambda *pair: pair[1] == "i00", ITEMS, 1, 4)
    return simulate(logged, loaded(IN_FORCE), loaded(draft), Shop(ITEMS, worth, again(tables)))


def test_the_simulator_asks_anew_only_where_a_draft_changes_the_sources(tables):
    logged = [serve(tables, IN_FORCE, *one)[1] for one in ASKED]
    more = {"placements": {"home": {"count": 4, "dials": {"brandCap": 9}}}}
    assert simulated(tables, more, logged).anew == (0, 0, 0)
    other = simulated(tables, {"placements": {"home": {"count": 4, "sources": {"together": 1.0}}}}, logged)
    assert other.anew == (5, 20, 20) and other.changed >= 3 and not other.skipped
    assert other.brings.clicks.mean < 0, "i00, which was clicked, is shown less"


def test_of_answers_that_were_logged_before_it_is_said_that_the_sources_cannot_be_asked(tables):
    old = replace(serve(tables, IN_FORCE, *ASKED[0])[1], own=None)
    made = simulated(tables, {"placements": {"home": {"sources": {"together": 1.0}}}}, [old])
    assert made.answers == 0
    assert made.skipped == {"the draft asks other sources, and the log did not keep yet what they are asked by": 1}
    with pytest.raises(ValueError, match=old.id):
        again(tables)(ready(old, loaded(IN_FORCE)))


def test_a_rule_of_a_draft_with_other_sources_has_its_price(tables):
    rule = {"name": "hero", "action": "pin", "items": ["i39"], "slots": [1]}
    draft = {"placements": {"home": {"count": 4, "sources": {"together": 1.0, "live": 1.0}}}, "rules": [rule]}
    (price,) = simulated(tables, draft, [serve(tables, IN_FORCE, *one)[1] for one in ASKED]).rules
    assert (price.rule, price.answers) == ("hero", 5)
