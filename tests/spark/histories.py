"""Histories that Spark and DuckDB must read alike: a generated shop's, and all that is odd."""

from datetime import timedelta

from infrastructure.cli.generator import GeneratedShop
from shared.events.model import Consent
from tests.factories import NOON, event, order

SHOP = GeneratedShop(seed=11, shoppers=450, until=NOON + timedelta(days=1), weeks=7, items=60)


def histories():
    yield from SHOP.events()
    for some in (people, oddities, copies, machines, words, refusals, shown):
        yield from some()


def people():
    """Histories that meet in every way the identity graph knows."""
    login = {"name": "", "type": "identify", "properties": {}}
    for n in range(3):  # one device, three who log in
        yield event(item=f"shared{n}", minutes=200 * n, anonymous_id="till")
        yield event(**login, minutes=200 * n + 2, anonymous_id="till", user_id=f"t{n}", verified=True)
    yield event(item="nobody's", minutes=900, anonymous_id="till")
    yield event(item="pot", minutes=1, anonymous_id="b1")
    yield event(**login, minutes=2, anonymous_id="b1", user_id="u1", verified=True)
    yield event(
        "", type="alias", properties={}, minutes=3, anonymous_id="b1", previous_id="b0", user_id="u1", verified=True
    )
    yield event(item="pan", minutes=0, anonymous_id="b0")
    for device, email in (
        ("c1", "h1"),
        ("c2", "h1"),
        ("c3", "h2"),
    ):  # a server joins devices by an address, whose key was changed
        yield event(item=device, minutes=4, anonymous_id=device)
        yield event(**login, minutes=5, anonymous_id=device, source="server", identifiers={"email": email})
    renewed = {"identifiers": {"email": "h1"}, "previous_identifiers": {"email": "h2"}}
    yield event(**login, minutes=6, anonymous_id="c4", source="server", **renewed)
    yield event(item="claimed", minutes=7, anonymous_id="d1", user_id="u9")
    said = {"identifiers": {"email": "h2"}}  # a name that has been changed since
    yield event(item="claimed by address", minutes=7, anonymous_id="d3", **said)
    yield event(item="claimed by two", minutes=7, anonymous_id="d4", user_id="u1", **said)
    yield event(item="claimed by nobody's address", minutes=7, anonymous_id="d5", identifiers={"email": "h9"})
    for user in ("u8", "u9"):
        yield event(item="claimed twice", minutes=8, anonymous_id="d2", user_id=user)


def refusals():
    """Who refused at all and links nobody, who had only let it be presumed, and who came back."""
    login = {"name": "", "type": "identify", "properties": {}, "verified": True}
    said = {"firm": {}, "presumed": {"source": "presumed"}, "back": {}}
    for who, source in said.items():
        yield event(item=f"of {who}", minutes=100, anonymous_id=f"r-{who}")
        yield event(
            "Consent Changed", minutes=110, properties=source, anonymous_id=f"r-{who}", consent=told(110, False)
        )
        yield event(**login, minutes=120, anonymous_id=f"r-{who}", user_id=f"ur-{who}", consent=told(110, False))
        if who == "back":
            yield event("Consent Changed", minutes=130, properties={}, anonymous_id="r-back", consent=told(130, True))
            for minutes in (105, 140):  # what was done before a withdrawal and came late says nothing
                received = NOON + timedelta(minutes=150)
                user = f"ur-back-{minutes}"
                yield event(**login, minutes=minutes, received_at=received, anonymous_id="r-back", user_id=user)


def told(minutes, agreed):
    return Consent(True, agreed, False, updated_at=NOON + timedelta(minutes=minutes))


def shown():
    """Recommendations, seen and clicked."""
    for n, clicked in enumerate((True, False)):
        products = [{"product_id": f"s{place}", "position": place} for place in (1, "2", "last", None)]
        answer = {"recommendation_id": f"r{n}", "placement": "home"}
        yield event("Recommendation Viewed", minutes=160 + n, properties={**answer, "products": products})
        yield event("Recommendation Viewed", minutes=165 + n, properties={**answer, "products": products[:2]})
        if clicked:
            yield event("Recommendation Clicked", minutes=170, properties={**answer, "product_id": "s2", "position": 2})
    yield event("Recommendation Clicked", minutes=171, properties={"recommendation_id": "unseen", "product_id": "s1"})
    yield event("Recommendation Viewed", minutes=172, properties={"products": [{"product_id": "no answer"}]})


def oddities():
    """What shops send in every way they can."""
    yield event(item="", minutes=1)
    yield event(minutes=2, properties={"product_id": 12345, "sku": "x"})
    yield event(minutes=3, properties={"sku": "only sku"})
    yield event(minutes=4, properties={"product_id": None, "sku": "sku of null"})
    yield event(minutes=4.5, properties={"product_id": "zelt größe", "products": "none"})
    for n, quantity in enumerate((3, "2", "many", None, 2.5, True, "", "-1", "1e1", [1], "2f", "0x1p3")):
        product = {"product_id": f"q{n}", "quantity": quantity, "price": quantity}
        yield event(
            "Order Completed",
            minutes=10 + n,
            properties={"order_id": n, "products": [product, product | {"product_id": "both"}]},
        )
    yield event("Order Completed", minutes=30, properties={"products": []})
    yield event(
        "Order Completed", minutes=31, properties={"products": [None, "tent", {"product_id": "in odd company"}]}
    )
    yield order("kept", "given back", minutes=40, order_id="again")
    yield order("kept", "given back", minutes=41, order_id="again")
    for minutes in (42, 43):
        yield event(
            "Order Refunded", minutes=minutes, properties={"products": [{"product_id": "given back", "quantity": 1}]}
        )
    yield event("Order Cancelled", minutes=44, properties={"products": [{"product_id": "kept", "quantity": 1}]})
    for n, dwell in enumerate((3, 20, "60", "long", None)):
        yield event("Page Engaged", minutes=50 + n, properties={"product_id": "read", "dwell_seconds": dwell})
    yield event(item="later than it came", received_at=NOON, minutes=600)
    yield event(item="without consent", anonymous_id="", consent=Consent())
    yield from choices()


def copies():
    """Of what came under one id the first to arrive counts."""
    for minutes, item in ((9, "came last"), (7, "came first"), (8, "came between")):
        received = NOON + timedelta(minutes=minutes)
        yield event(item=item, minutes=6, received_at=received, message_id="came thrice", anonymous_id="copier")


def choices():
    for who, made in (("left", [False]), ("back", [False, True]), ("at once", [True, False])):
        yield event(item=who, anonymous_id=who)
        same = 0 if who == "at once" else 5
        for n, agreed in enumerate(made):
            yield event(
                "Consent Changed",
                minutes=5 + same * n,
                properties={},
                anonymous_id=who,
                consent=Consent(True, agreed, False),
            )


def machines():
    yield from (event(item="bot's", minutes=n / 3, anonymous_id="bot") for n in range(2001))
    yield from (event(item="silent bot's", minutes=n / 3, anonymous_id="silent") for n in range(600))


def words():
    """What shoppers say of themselves."""
    traits = (
        {"country": "Austria"},
        {"address": {"country": "at"}, "gender": " F "},
        {"address": "Vienna", "age": "30"},
    )
    around = (
        {"locale": "de-DE"},
        {"location": {"country": "se"}},
        {"device": {"type": "Mobile"}, "timezone": "Europe/Vienna", "library": {"name": "js"}},
    )
    for n, (trait, context) in enumerate(zip(traits, around, strict=True)):
        yield event(minutes=70 + n, anonymous_id="says", traits=trait, context=context)
