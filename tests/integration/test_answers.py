"""From an answer to the log, and back: on the deployed stack."""

import contextlib
import csv
import gzip
import io
import json
import re

import pytest

from infrastructure.cli import answers, plan
from infrastructure.cli.__main__ import main
from infrastructure.cli.api import Api
from infrastructure.local.layout import LocalStackError
from tests.integration.conftest import YES, eventually, view


@pytest.fixture
def told(stack):
    """What the command prints; it must come through."""

    def run(*words):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(list(words))
        return code, out.getvalue() + err.getvalue()

    return run


def asked(api, placement="home", **fields):
    return api.call("POST", "/v1/recommendations", {"placement": placement, **fields})


def test_an_answer_can_be_made_again_by_its_id(stack, browser_api, shop, shopper, told):
    item = next(i["id"] for i in shop.items if i["stock"])
    browser_api.call("POST", "/v1/track", view(shopper, item))

    def plain():
        """Another test's experiment may stay known to the function for a moment."""
        found = asked(browser_api, anonymousId=shopper, context=YES, items=[item], count=6)
        return found if not found["served"].get("experiment") else None

    shelf = eventually(plain)
    code, text = told("answer", shelf["recommendationId"])
    assert code == 0 and "it is the same" in text, text
    assert all(one["id"] in text for one in shelf["items"])
    code, kept = told("answer", shelf["recommendationId"], "--json")
    kept = json.loads(kept)
    assert kept["shown"] == [one["id"] for one in shelf["items"]] and kept["ms"] > 0 and not kept["unit"]
    assert kept["question"]["items"] == [item]
    code, text = told("answer", "0197a1b2c3d" + "0" * 12)
    assert code == 1 and "no answer" in text
    assert told("answer", "nonsense")[0] == 1


def test_each_shelf_of_a_page_and_a_list_in_order_are_logged_and_a_preview_is_not(stack, browser_api, server_api, shop):
    page = browser_api.call("POST", "/v1/recommendations", {"page": [{"placement": "home"}, {"placement": "popular"}]})
    listed = [i["id"] for i in shop.items[:30]]
    order = browser_api.call("POST", "/v1/rerank", {"items": listed})
    ids = [shelf["recommendationId"] for shelf in page["shelves"]] + [order["recommendationId"]]
    assert len({answers.answer(stack, one, as_json=True) for one in ids}) == 3
    server_api.call("PUT", "/v1/plan/draft", {"document": {}, "revision": plan.read(stack, plan.DRAFT)["revision"]})
    preview = asked(server_api, plan="draft")
    with pytest.raises(LocalStackError, match="previews are not logged"):
        answers.answer(stack, preview["recommendationId"])


def test_a_draft_is_simulated_on_what_was_asked(stack, browser_api, shop, told, tmp_path):
    for _ in range(20):
        asked(browser_api, count=5)
    top = asked(browser_api, count=5)["items"][0]["id"]
    draft = tmp_path / "draft.json"
    draft.write_text(json.dumps({"rules": [{"name": "no best", "action": "exclude", "items": [top]}]}))
    code, text = told("simulate", "--draft", str(draft), "--last", "1h", "--placement", "home")
    assert code == 0 and "no best (exclude): changes" in text, text
    assert int(re.search(r"changes ([\d,]+) answers", text)[1].replace(",", "")) >= 20
    draft.write_text(json.dumps({"placements": {"home": {"sources": {"list": 1.0}, "list": "best-sellers"}}}))
    code, text = told("simulate", "--draft", str(draft), "--last", "1h", "--placement", "home")
    found = re.search(
        r"In ([\d,]+) answers the draft changes where candidates come from.*bring back (\d+)% of", text, re.S
    )
    assert code == 0 and int(found[1].replace(",", "")) >= 20, text
    assert int(found[2]) > 20, text  # popular lists of a shop this young move on within the minute
    assert re.search(r"Changed: [1-9]", text), text
    draft.write_text('{"rules": [{"name": "x", "action": "explode"}]}')
    code, text = told("simulate", "--draft", str(draft))
    assert code == 1 and "rules[0].action" in text


def test_who_takes_part_in_an_experiment_is_told_apart_on_all_devices(
    stack, browser_api, server_api, shop, told, tmp_path
):
    """Two devices of one shopper get one variant, and the log says whose it was by a hash."""
    file = tmp_path / "plan.json"
    variants = [
        {"name": "plain", "share": 0.5},
        {"name": "lively", "share": 0.5, "settings": {"dials": {"diversity": 0.5}}},
    ]
    file.write_text(json.dumps({"experiments": {"both": {"placements": ["home"], "variants": variants}}}))
    before = plan.read(stack, plan.CURRENT)["version"]
    plan.edit(stack, file, None, "test")
    plan.publish(stack, "a test", "test")
    try:
        api = Api(stack, stack.secret_key)
        seen = set()
        for n in range(6):
            who = f"sticky-{n}"
            eventually(
                lambda who=who: (
                    asked(api, userId=who, anonymousId=f"d-{who}", context=YES)["served"]["experiment"] == "both"
                )
            )
            first = asked(api, userId=who, anonymousId=f"phone-{who}", context=YES)
            second = asked(api, userId=who, anonymousId=f"desk-{who}", context=YES)
            assert first["served"]["variant"] == second["served"]["variant"]
            kept = [json.loads(answers.answer(stack, one["recommendationId"], as_json=True)) for one in (first, second)]
            assert kept[0]["unit"] == kept[1]["unit"] != "" and who not in json.dumps(kept)
            assert kept[0]["assigned"] == [["both", first["served"]["variant"]]]
            seen.add(first["served"]["variant"])
        assert seen == {"plain", "lively"}
    finally:
        file.write_text("{}")
        plan.edit(stack, file, None, "test")
        plan.publish(stack, f"back to {before}", "test")


def test_a_segment_is_written_to(stack, shop, told, tmp_path, aws):
    table = tmp_path / "mail.csv"
    code, text = told("batch", "--who", "shopper.orders >= 1", "--count", "4", "--csv", str(table))
    assert code == 0 and "s3://" in text, text
    bucket, key = re.search(r"s3://([^/]+)/(batch/email/\S+?\.gz)", text).groups()
    rows = [
        json.loads(line)
        for line in gzip.decompress(aws("s3").get_object(Bucket=bucket, Key=key)["Body"].read()).splitlines()
    ]
    listed = list(csv.DictReader(io.StringIO(table.read_text())))
    assert [row["userId"] for row in rows] == [row["userId"] for row in listed] and len(rows) > 5
    assert all(1 <= len(row["items"]) <= 4 for row in rows) and listed[0]["title1"] == rows[0]["items"][0]["title"]
    code, again = told("answer", rows[0]["recommendationId"])
    assert code == 0 and rows[0]["items"][0]["id"] in again
    assert told("batch", "--placement", "attic")[0] == 1
    code, text = told("batch", "--who", "shopper.orders > 9999")
    assert code == 1 and "Nobody" in text
