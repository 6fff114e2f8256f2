"""Training as a state machine, publishing, and going back."""

import pytest

from infrastructure.cli import models
from infrastructure.local.layout import LocalStackError
from shared.lists.store import ListsStore
from tests.integration.conftest import eventually


@pytest.fixture
def pointer(stack, aws):
    store = ListsStore(aws("dynamodb"), stack.outputs["ListsTable"])
    return lambda: store.pointer()[0]


def test_a_new_version_serves_and_the_old_one_comes_back_by_one_command(stack, aws, shop, pointer, browser_api):
    old = pointer().current
    run = models.train(stack)
    assert run["passed"] and run["current"] == old
    assert pointer().current == run["version"] != old and pointer().kept[:2] == [run["version"], old]

    def serving():
        return browser_api.call("POST", "/v1/recommendations", {"placement": "home"})["served"]["modelVersion"]

    eventually(lambda: serving() == run["version"])
    models.rollback(stack, old)
    eventually(lambda: serving() == old)
    assert old in models.versions(stack) and run["version"] in models.versions(stack)
    page = (
        aws("s3")
        .get_object(Bucket=stack.outputs["ModelsBucket"], Key=f"models/{run['version']}/report.html")["Body"]
        .read()
    )
    assert b"<svg" in page and shop.items[0]["title"].split()[0].encode() in page


def test_going_back_to_an_unknown_version_is_refused(stack, shop):
    with pytest.raises(LocalStackError, match="not kept"):
        models.rollback(stack, "19990101T000000Z")
