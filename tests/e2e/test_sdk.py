"""The SDK in a real browser, against a server that records what it gets."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SDK = Path(__file__).parents[2] / "storefront" / "sdk" / "shopwindow.js"
PAGE = b"<!doctype html><body style='height:4000px'><script src=/shopwindow.js></script></body>"


class Recorder(ThreadingHTTPServer):
    """Keeps every batch. `answers` are the next statuses to give; then 200."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.batches, self.asked, self.answers, self.consents = [], [], [], []
        self.wished = []
        self.answer = {"success": True, "accepted": 1}

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def events(self):
        return [event for status, body in self.batches if status == 200 for event in body["batch"]]

    def named(self, name):
        return [e for e in self.events if (e.get("event") or e["type"]) == name]


class Handler(BaseHTTPRequestHandler):
    def do_PUT(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.server.answers.pop(0) if self.server.answers else 200
        if self.path == "/v1/preferences":
            self.server.wished.append(body)
            return self._reply(status, json.dumps({"hidden": {"items": ["stove"]}}).encode())
        self.server.consents.append((status, body))
        return self._reply(status, json.dumps({"known": True, "updatedAt": "2026-03-02T12:00:00.000Z"}).encode())

    def do_GET(self):
        if self.path.startswith("/v1/preferences"):
            self.server.asked.append(self.path)
            return self._reply(200, json.dumps({"hidden": {"items": ["rope"]}}).encode())
        if self.path.startswith("/v1/consent"):
            self.server.asked.append(self.path)
            return self._reply(200, json.dumps({"known": True, "history": [{"source": "api"}]}).encode())
        script = self.path == "/shopwindow.js"
        return self._reply(200, SDK.read_bytes() if script else PAGE, "text/javascript" if script else "text/html")

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.server.answers.pop(0) if self.server.answers else 200
        if self.path == "/v1/recommendations":
            self.server.asked.append(body)
            self._reply(
                status,
                json.dumps(
                    {"recommendationId": "r1", "placement": "home", "items": [], "served": {"tier": "live"}}
                ).encode(),
            )
        else:
            self.server.batches.append((status, body))
            self._reply(status, json.dumps(self.server.answer).encode())

    def _reply(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Quiet."""


@pytest.fixture
def server():
    recorder = Recorder()
    threading.Thread(target=recorder.serve_forever, daemon=True).start()
    yield recorder
    recorder.shutdown()
    recorder.server_close()


@pytest.fixture
def sdk(page, server):
    """`sdk(script)` runs a script on a page where the SDK is ready and the shopper has agreed."""
    page.goto(server.url)
    page.evaluate(
        f"shopwindow.init({{host: '{server.url}', writeKey: 'wk', consent: {{analytics: true, personalization: true}}}})"
    )
    return page.evaluate


def wait(page, check, milliseconds=8000):
    for _ in range(milliseconds // 50):
        if check():
            return
        page.wait_for_timeout(50)
    raise AssertionError("not in time")


def test_the_script_is_at_most_six_kilobytes():
    assert len(gzip.compress(SDK.read_bytes(), 9)) <= 6 * 1024


def test_events_go_out_in_batches_with_who_and_what(page, server, sdk):
    sdk(
        "shopwindow.viewProduct({product_id: 'tent', price: 20}); shopwindow.track('Product Added', {product_id: 'tent'})"
    )
    wait(page, lambda: len(server.events) == 2)
    [(_, body)] = server.batches
    first = body["batch"][0]
    assert body["writeKey"] == "wk" and body["sentAt"] and len({e["messageId"] for e in body["batch"]}) == 2
    assert (
        first["event"] == "Product Viewed"
        and first["anonymousId"]
        and first["context"]["consent"]["categoryPreferences"]["personalization"]
    )


def test_what_the_server_could_not_take_is_sent_again_and_nothing_twice(page, server, sdk):
    server.answers = [503, 429]
    sdk("for (let i = 0; i < 5; i++) shopwindow.track('Step', {i})")
    wait(page, lambda: len(server.named("Step")) == 5, 15000)
    assert [status for status, _ in server.batches] == [503, 429, 200]
    assert len({e["messageId"] for e in server.events}) == 5


def test_what_the_server_refuses_is_dropped_with_a_warning_that_names_the_field(page, server, sdk):
    server.answers = [400]
    server.answer = {"success": False, "rejected": [{"index": 0, "field": "event"}]}
    with page.expect_console_message(lambda m: "refused" in m.text):
        sdk("shopwindow.track('Step', {})")
    assert sdk("shopwindow.state().waiting") == 0


def test_events_survive_a_page_that_closes_before_they_are_taken(page, server, sdk):
    server.answers = [503] * 3
    sdk("shopwindow.track('Kept', {})")
    wait(page, lambda: server.batches)
    server.answers = []
    page.goto(server.url)
    page.evaluate(f"shopwindow.init({{host: '{server.url}', writeKey: 'wk'}})")
    wait(page, lambda: server.named("Kept"))


def test_leaving_a_product_page_tells_how_long_and_how_far(page, server, sdk):
    sdk("shopwindow.viewProduct({product_id: 'tent'})")
    page.mouse.wheel(0, 2000)
    page.wait_for_timeout(1600)
    page.goto("about:blank")
    wait(page, lambda: server.named("Page Engaged"))
    [engaged] = server.named("Page Engaged")
    told = engaged["properties"]
    assert told["product_id"] == "tent" and 1.0 <= told["dwell_seconds"] <= 6.0 and 0.3 < told["scroll_depth"] <= 1.0


def test_without_consent_nothing_is_stored_and_no_id_is_sent(page, server):
    page.goto(server.url)
    page.evaluate(
        f"shopwindow.init({{host: '{server.url}', writeKey: 'wk'}}); shopwindow.identify('u1', {{email: 'a@b.c'}}); shopwindow.page()"
    )
    wait(page, lambda: len(server.events) == 2)
    assert not any(name in e for e in server.events for name in ("anonymousId", "userId", "traits"))
    assert page.evaluate("Object.keys(localStorage)") == []


def test_withdrawn_consent_deletes_what_was_stored(page, server, sdk):
    sdk("shopwindow.viewProduct({product_id: 'tent'})")
    wait(page, lambda: server.events)
    sdk("shopwindow.consent({personalization: false})")
    assert sdk("Object.keys(localStorage)") == ["sw_consent"]


def test_a_change_of_consent_is_told_to_the_server_with_the_ids_of_before_they_are_forgotten(page, server, sdk):
    sdk("shopwindow.identify('u1', {}, {userHash: 'ff'})")
    known = sdk("(shopwindow.page(), shopwindow.state().anonymousId)")
    sdk("shopwindow.consent({personalization: false})")
    wait(page, lambda: server.consents)
    [(_, told)] = server.consents
    assert (told["anonymousId"], told["userId"], told["userHash"], told["writeKey"]) == (known, "u1", "ff", "wk")
    assert told["consent"] == {"analytics": True, "personalization": False, "advertising": False}
    assert told["updatedAt"] <= told["sentAt"]
    wait(page, lambda: sdk("shopwindow.state().updatedAt") == "2026-03-02T12:00:00.000Z")
    sdk("shopwindow.consent({personalization: false}); shopwindow.page()")
    wait(page, lambda: any(e["type"] == "page" and "anonymousId" not in e for e in server.events))
    assert len(server.consents) == 1
    assert sdk("JSON.parse(localStorage.sw_consent).updatedAt") == "2026-03-02T12:00:00.000Z"


def test_consent_that_could_not_be_told_is_told_again(page, server, sdk):
    server.answers = [503, 503]
    sdk("shopwindow.consent({advertising: true})")
    wait(page, lambda: len(server.consents) == 3)
    assert [status for status, _ in server.consents] == [503, 503, 200]
    assert len({body["updatedAt"] for _, body in server.consents}) == 1


def test_who_never_agreed_is_not_told_of_and_says_nothing_before_being_asked(page, server):
    page.goto(server.url)
    page.evaluate(f"shopwindow.init({{host: '{server.url}', writeKey: 'wk'}}); shopwindow.recommend({{}})")
    wait(page, lambda: server.asked)
    assert "categoryPreferences" not in server.asked[0]["context"]["consent"] and "anonymousId" not in server.asked[0]
    page.evaluate("shopwindow.consent({personalization: false}); shopwindow.recommend({})")
    wait(page, lambda: len(server.asked) == 2)
    assert server.asked[1]["context"]["consent"]["categoryPreferences"]["personalization"] is False
    assert server.consents == []


def test_agreeing_tells_the_server_with_a_new_id_and_the_history_can_be_asked_for(page, server):
    page.goto(server.url)
    page.evaluate(
        f"shopwindow.init({{host: '{server.url}', writeKey: 'wk'}}); shopwindow.consent({{personalization: true}})"
    )
    wait(page, lambda: server.consents)
    [(_, told)] = server.consents
    assert told["consent"]["personalization"] and told["anonymousId"] == page.evaluate("shopwindow.state().anonymousId")
    found = page.evaluate("shopwindow.getConsent()")
    assert found["known"] and found["history"] == [{"source": "api"}] and found["consent"]["personalization"]
    assert f"anonymousId={told['anonymousId']}" in server.asked[0]


def test_global_privacy_control_is_passed_on(page, server):
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    page.goto(server.url)
    page.evaluate(f"shopwindow.init({{host: '{server.url}', writeKey: 'wk'}}); shopwindow.page()")
    wait(page, lambda: server.events)
    assert server.events[0]["context"]["consent"]["gpc"] is True
    assert page.evaluate("shopwindow.getConsent()")["gpc"] is True


def test_a_banner_of_the_iab_framework_is_heard(page, server):
    page.goto(server.url)
    page.evaluate("""() => { window.__tcfapi = (command, version, heard) => {
      window.say = (status, yes) => heard({eventStatus: status, tcString: 'CTC', purpose: {consents: yes}}, true); } }""")
    page.evaluate(
        f"shopwindow.init({{host: '{server.url}', writeKey: 'wk', tcf: true}}); say('cmpuishown', {{1: true}})"
    )
    assert not page.evaluate("shopwindow.state().updatedAt")
    page.evaluate("say('useractioncomplete', {1: true, 5: true, 6: true, 3: true}); shopwindow.page()")
    wait(page, lambda: server.events)
    said = server.events[0]["context"]["consent"]
    assert said["tcfString"] == "CTC"
    assert said["categoryPreferences"] == {"analytics": False, "personalization": True, "advertising": False}


GA4 = [
    ("view_item", "Product Viewed"),
    ("add_to_cart", "Product Added"),
    ("remove_from_cart", "Product Removed"),
    ("view_cart", "Cart Viewed"),
    ("begin_checkout", "Checkout Started"),
    ("purchase", "Order Completed"),
    ("refund", "Order Refunded"),
    ("view_item_list", "Product List Viewed"),
    ("select_item", "Product Clicked"),
    ("search", "Products Searched"),
    ("view_promotion", "Promotion Viewed"),
    ("select_promotion", "Promotion Clicked"),
]


def test_what_the_shop_tells_google_is_understood(page, server, sdk):
    items = [
        {
            "item_id": "tent",
            "item_name": "Tent",
            "item_category": "Camping",
            "item_category2": "Tents",
            "price": 20,
            "quantity": 2,
        }
    ]
    ecommerce = {"transaction_id": "o1", "value": 40, "currency": "EUR", "items": items, "search_term": "tent"}
    before, after = GA4[:2], GA4[2:]
    page.evaluate(
        "([before, e]) => { window.dataLayer = before.map(n => ({event: n, ecommerce: e})); shopwindow.bridge(dataLayer) }",
        [[n for n, _ in before], ecommerce],
    )
    page.evaluate(
        "([after, e]) => after.forEach(n => dataLayer.push({event: n, ecommerce: e}))",
        [[n for n, _ in after], ecommerce],
    )
    wait(page, lambda: len([e for e in server.events if e["type"] == "track"]) >= len(GA4))
    assert {e["event"] for e in server.events if e["type"] == "track"} == {name for _, name in GA4}
    [viewed], [bought] = server.named("Product Viewed"), server.named("Order Completed")
    assert viewed["properties"]["product_id"] == "tent" and viewed["properties"]["category"] == "Camping > Tents"
    assert bought["properties"]["order_id"] == "o1" and bought["properties"]["products"][0]["quantity"] == 2


def test_a_recommendation_request_carries_the_last_clicks_and_the_cart(page, server, sdk):
    sdk(
        "shopwindow.viewProduct({product_id: 'a'}); shopwindow.viewProduct({product_id: 'b'}); shopwindow.track('Product Added', {product_id: 'b'})"
    )
    assert sdk("shopwindow.recommend({placement: 'home'})")["served"]["tier"] == "live"
    [asked] = server.asked
    assert (asked["items"], asked["cart"], asked["placement"]) == (["a", "b"], ["b"], "home") and asked["anonymousId"]


def test_what_a_shopper_hides_is_kept_under_their_id(page, server, sdk):
    assert sdk("shopwindow.hide('items', 'stove')") == {"hidden": {"items": ["stove"]}}
    [told], known = server.wished, sdk("shopwindow.state().anonymousId")
    assert told == {"writeKey": "wk", "hidden": {"items": ["rope", "stove"]}, "anonymousId": known}
    assert f"anonymousId={known}" in server.asked[0]


def test_hiding_needs_no_consent_and_its_id_is_used_for_nothing_else(page, server):
    page.goto(server.url)
    page.evaluate(f"shopwindow.init({{host: '{server.url}', writeKey: 'wk'}}); shopwindow.page()")
    assert page.evaluate("shopwindow.preferences()") == {"favourites": {}, "hidden": {}, "sizes": {}}
    page.evaluate("shopwindow.setPreferences({sizes: ['M']}).then(() => shopwindow.page())")
    page.evaluate("shopwindow.recommend({})")
    wait(page, lambda: len(server.events) == 2 and server.asked)
    own = server.wished[0]["anonymousId"]
    assert server.asked[-1]["anonymousId"] == own and not any("anonymousId" in event for event in server.events)
    assert page.evaluate("Object.keys(localStorage)") == ["sw_own"]
    page.evaluate("shopwindow.consent({personalization: true})")
    assert page.evaluate("(shopwindow.page(), shopwindow.state().anonymousId)") == own, (
        "so that it stays with the shopper"
    )
    page.evaluate("shopwindow.reset()")
    assert page.evaluate("localStorage.sw_own") is None


def test_a_recommendation_that_fails_is_an_empty_answer(page, server, sdk):
    server.answers = [503]
    answer = sdk("shopwindow.recommend({placement: 'home'})")
    assert answer["items"] == [] and answer["served"] == {"tier": "none", "fallback": True}


def test_a_click_on_a_shelf_is_told_and_credited_to_what_follows(page, server, sdk):
    sdk("""() => {
      document.body.innerHTML = '<div id=shelf style="height:200px"><a data-item="tent" href="#">Tent</a></div>';
      shopwindow.observe(document.getElementById('shelf'), {recommendationId: 'r9', placement: 'home', items: [{id: 'tent', position: 1}]});
    }""")
    wait(page, lambda: server.named("Recommendation Viewed"))
    page.click("[data-item=tent]")
    sdk("shopwindow.track('Order Completed', {order_id: 'o1', products: [{product_id: 'tent'}]})")
    wait(page, lambda: server.named("Order Completed"))
    [clicked], [bought] = server.named("Recommendation Clicked"), server.named("Order Completed")
    assert clicked["properties"]["recommendation_id"] == "r9" and clicked["properties"]["position"] == 1
    assert bought["properties"]["products"][0]["recommendation_id"] == "r9"
