"""The API's document says what the API does."""

from datetime import UTC, datetime

import pytest
import yaml
from openapi_spec_validator import validate

from shared.capture.intake import take
from shared.catalog.parse import parse as parse_item
from shared.consent.request import choice, person
from shared.consent.statement import OPT_IN, PURPOSES
from shared.merchandising.desk import PlanDesk
from shared.merchandising.store import PlanStore
from shared.preferences import request as wanted
from shared.privacy.requests import HASHED, PLAIN
from shared.privacy.requests import parse as parse_privacy
from shared.recommend.loaded import mistakes
from shared.recommend.placements import PLACEMENTS
from shared.recommend.request import parse as parse_request
from shared.recommend.rerank import parse_rerank
from shared.versioned import VersionedMemory
from tests.architecture.test_template import FUNCTIONS, ROOT
from tests.factories import KEYS

DOCUMENT = yaml.safe_load((ROOT / "infrastructure" / "openapi.yaml").read_text())
METHODS = {"get", "put", "post", "patch", "delete"}


def example(path, method):
    return DOCUMENT["paths"][path][method]["requestBody"]["content"]["application/json"]["example"]


def test_the_document_is_valid():
    validate(DOCUMENT)


def test_the_document_names_the_routes_that_are_deployed_and_no_others():
    written = {
        (method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item if method in METHODS
    }
    sources = [
        s["Properties"] for f in FUNCTIONS.values() for s in f.get("Events", {}).values() if s["Type"] == "HttpApi"
    ]
    # {id+} is how the gateway takes ids with slashes; to a caller it is {id}
    assert written == {(s["Method"], s["Path"].replace("+}", "}")) for s in sources}


def test_the_documents_examples_are_accepted():
    intake = take(
        "batch",
        example("/v1/batch", "post"),
        received_at=datetime.now(UTC),
        verified=lambda u, p: False,
        new_id=lambda: "x",
        keys=KEYS,
    )
    assert intake.entries and not intake.refused
    assert parse_request(example("/v1/recommendations", "post")).count == 8
    assert parse_rerank(example("/v1/rerank", "post")).items == ("tent", "stove", "rope")
    said = example("/v1/consent", "put")
    assert person(said, lambda user, proof: False).keys and choice(said, OPT_IN, datetime.now(UTC)).personalization
    asked = example("/v1/preferences", "put")
    assert person(asked, lambda user, proof: False).keys and wanted.lists(asked)["size", "own"]
    assert all(parse_item(item, 0.0).id for item in example("/v1/catalog/items", "put")["items"])
    privacy = parse_privacy(example("/v1/privacy/requests", "post"), "x", 0.0, stored=lambda kind, raw: [raw], key=b"")
    assert privacy.id == "ticket-4711"
    desk = PlanDesk(PlanStore(VersionedMemory()), [mistakes], 0.0)
    assert desk.put_draft(example("/v1/plan/draft", "put"))["mistakes"] == []
    assert desk.publish(example("/v1/plan/publish", "post"))["current"] == "1"
    assert desk.rollback(example("/v1/plan/rollback", "post"))["who"] == "Ann"


def test_the_document_knows_every_placement():
    assert DOCUMENT["components"]["schemas"]["Placement"]["examples"] == list(PLACEMENTS)


def test_the_document_knows_every_purpose():
    assert list(DOCUMENT["components"]["schemas"]["Purposes"]["properties"]) == list(PURPOSES)


def test_the_document_knows_every_list_of_preferences_and_what_is_answered():
    schemas = DOCUMENT["components"]["schemas"]
    assert list(schemas["WantedOf"]["properties"]) == list(wanted.KINDS)
    assert {*wanted.SAID, wanted.SIZES} == set(wanted.answer([])) == set(schemas["Preferences"]["required"])
    assert {*wanted.SAID, wanted.SIZES} <= set(schemas["PreferencesSaid"]["properties"])
    assert schemas["Wanted"]["maxItems"] == wanted.MOST


@pytest.mark.parametrize(
    "field", ["anonymousId", "userId", "userHash", "items", "cart", "exclude", "count", "filter", "explain", "context"]
)
def test_every_field_of_a_request_is_described(field):
    assert field in DOCUMENT["components"]["schemas"]["Request"]["properties"]


def test_every_field_of_a_privacy_request_is_described():
    described = DOCUMENT["components"]["schemas"]["PrivacyRequest"]["properties"]
    assert set(described) == {"type", "suppress", "requestId", "identifiers", *PLAIN, *HASHED}
