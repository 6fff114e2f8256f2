"""The steps of a request, in their order."""

from msgspec import json

from shared.privacy.requests import Request, Step
from shared.privacy.stores.base import Store
from shared.privacy.stores.files import Models


def steps(request: Request, stores: list[Store]) -> list[Step]:
    names, whose = [store.name for store in stores], [Step("resolve"), Step("devices")]
    if request.type == "export":
        return [*whose, *(Step(f"find {name}") for name in names), Step("write")]
    verified = [Step(f"verify {store.name}") for store in stores if not isinstance(store, Models)]
    erased = [Step(f"erase {name}") for name in names]
    if request.type == "replay":
        return [Step("recall"), Step("wait"), Step("search"), *erased, *verified, Step("receipt")]
    return [*whose, Step("suppress"), Step("wait"), *erased, *verified, Step("receipt")]


def failed(request: Request, cause: str) -> Request:
    """The request as it waits for somebody to mend what was wrong. `cause` is what Step Functions says of an error."""
    try:
        told = json.decode(cause)
        cause = f"{told['errorType']}: {told['errorMessage']}"
    except (ValueError, KeyError, TypeError):
        pass
    request.status, request.error = "failed", cause[:500]
    return request
