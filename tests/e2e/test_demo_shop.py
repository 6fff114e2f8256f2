"""A shopper's visit in a real browser."""

import re

import pytest


def enter(page, address, agree=True):
    page.goto(address)
    page.click("#consent-yes" if agree else "#consent-no")
    page.wait_for_selector("main [data-placement=home] [data-item]")


def shown(page, placement="home"):
    return page.eval_on_selector_all(
        f"main [data-placement={placement}] [data-item]", "tiles => tiles.map(t => t.dataset.item)"
    )


def tier(page, placement="home"):
    return page.get_attribute(f"main [data-placement={placement}]", "data-tier")


def wait_until_nobody_is_known(page):
    """Popular with all, or with those who use such a device, if the shop has seen enough of them by now."""
    page.wait_for_selector("main [data-placement=home]:is([data-tier=popular], [data-tier=segment])")


def open_item(page, address, item):
    page.goto(f"{address}/#/product/{item}")
    page.wait_for_selector("#add, .out")


def home(page):
    page.click("#brand")
    page.wait_for_selector("main [data-placement=home][data-tier]")


def test_clicking_changes_the_home_shelf_and_the_panel_says_why(page, demo_shop, shop):
    enter(page, demo_shop)
    wait_until_nobody_is_known(page)
    before = shown(page)
    assert len(before) == 12

    ropes = [i for i in shop.items if i["product_type"] == "Climbing > Ropes" and i["stock"]]
    open_item(page, demo_shop, ropes[0]["id"])
    home(page)
    after = shown(page)
    assert after != before and tier(page) in ("lists", "live")
    assert "Climbing" in page.inner_text("#panel") or ropes[0]["title"] in page.inner_text("#panel")
    assert page.inner_text("#panel [data-placement=home] [data-tier]") == tier(page)

    open_item(page, demo_shop, ropes[1]["id"])
    page.wait_for_timeout(2500)
    home(page)
    assert tier(page) == "live"


def test_what_was_bought_is_gone_from_the_shelves(page, demo_shop, shop):
    enter(page, demo_shop)
    bought = shown(page)[0]
    page.click(f"main [data-item='{bought}']")
    page.click("#add")
    assert page.inner_text("#cart-count") == "1"
    page.click(".cart")
    page.click("#buy")
    page.wait_for_selector("text=Thank you!")
    page.wait_for_timeout(2500)
    home(page)
    assert bought not in shown(page) and len(shown(page)) == 12
    page.reload()
    page.wait_for_selector("main [data-placement=home][data-tier]")
    assert bought not in shown(page)
    assert page.inner_text("#cart-count") == "0"


def test_a_login_brings_the_known_shoppers_shelf(page, demo_shop, shop):
    enter(page, demo_shop)
    as_guest = shown(page)
    page.select_option("#account", label="Ada")
    page.wait_for_function("() => document.querySelector('main [data-placement=home]')?.dataset.tier === 'live'")
    assert shown(page) != as_guest
    page.select_option("#account", label="a guest")
    wait_until_nobody_is_known(page)


def test_without_consent_nothing_is_stored_and_the_shelf_still_shows(page, demo_shop, shop):
    requests = []
    page.on("request", lambda r: requests.append(r.post_data or "") if "/v1/" in r.url else None)
    enter(page, demo_shop, agree=False)
    open_item(page, demo_shop, shop.items[0]["id"])
    page.wait_for_timeout(1500)
    home(page)
    assert len(shown(page)) == 12
    stored = page.evaluate("() => Object.keys(localStorage)")
    assert not {"sw_id", "sw_user", "sw_items", "sw_queue"} & set(stored)
    assert requests and not any(re.search(r'"(anonymousId|userId|userAgent)"', body) for body in requests)


def test_the_privacy_panel_shows_choices_and_history_and_withdrawing_makes_the_shelf_contextual(page, demo_shop, shop):
    enter(page, demo_shop)
    rope = next(i for i in shop.items if i["product_type"] == "Climbing > Ropes" and i["stock"])
    open_item(page, demo_shop, rope["id"])
    page.wait_for_timeout(2000)
    home(page)
    assert tier(page) == "live"

    page.click("#privacy-open")
    page.wait_for_selector("#privacy .history li")
    assert page.is_checked("[data-purpose=personalization]") and not page.is_checked("[data-purpose=advertising]")
    assert "an id of this browser" in page.inner_text("#privacy")
    page.click("[data-purpose=personalization]")
    page.wait_for_function("() => document.querySelectorAll('#privacy .history li').length === 2")
    page.wait_for_selector("main [data-placement=home][data-tier=contextual]")
    assert "an id of this browser" not in page.inner_text("#privacy")
    assert "without knowing you" in page.inner_text("main [data-placement=home] header")
    assert len(shown(page)) == 12
    assert page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('sw_'))") == ["sw_consent"]

    page.click("#privacy-all")
    wait_until_nobody_is_known(page)


def test_the_privacy_panel_shows_global_privacy_control(page, demo_shop):
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    page.goto(demo_shop)
    page.click("#consent-choose")
    page.wait_for_selector("#privacy .gpc")
    assert page.is_disabled("[data-purpose=advertising]")
    page.click("#privacy-all")
    page.wait_for_selector("#privacy .history li")
    assert "advertising" not in page.inner_text("#privacy .history").lower()


@pytest.mark.parametrize("path", ["/#/category/Camping", "/#/search/lamp", "/#/cart", "/#/nowhere", "/some/deep/link"])
def test_every_page_opens_by_its_address(page, demo_shop, path):
    page.goto(demo_shop + path)
    page.click("#consent-yes")
    page.wait_for_load_state("networkidle")
    assert page.inner_text("main").strip()
