"""AWS::Serverless::HttpApi: SAM puts routes and CORS into the API's `Body`, which the emulator does not read."""

import json
from typing import Any

from ministack.services import apigateway as api_gateway
from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]


def apply() -> None:
    handler = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
    create, update = handler["create"], handler["update"]

    def create_with_body(logical_id: str, properties: Properties, stack: str) -> Any:
        created = create(logical_id, _flattened(properties), stack)
        _add_routes(created[0], properties.get("Body") or {})
        return created

    def update_with_body(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Any:
        updated = update(physical_id, _flattened(old), _flattened(new), *rest)
        api_gateway._routes[updated[0]] = {}
        api_gateway._integrations[updated[0]] = {}
        _add_routes(updated[0], new.get("Body") or {})
        return updated

    handler.update(create=create_with_body, update=update_with_body)


def _flattened(properties: Properties) -> Properties:
    """Title and CORS as the emulator reads them: out of the body, with lower-case names."""
    body = properties.get("Body") or {}
    cors = properties.get("CorsConfiguration") or body.get("x-amazon-apigateway-cors")
    flat = {"Name": str(body.get("info", {}).get("title", "api")), **properties}
    if cors:
        flat["CorsConfiguration"] = {name[0].lower() + name[1:]: value for name, value in cors.items()}
    return flat


def _add_routes(api_id: str, body: Properties) -> None:
    for path, methods in (body.get("paths") or {}).items():
        for method, operation in methods.items():
            integration = operation.get("x-amazon-apigateway-integration")
            if integration:
                _add_route(api_id, f"{method.upper()} {path}", integration["uri"])


def _add_route(api_id: str, route_key: str, uri: str) -> None:
    made = api_gateway._create_integration(
        api_id, {"integrationType": "AWS_PROXY", "integrationUri": uri, "payloadFormatVersion": "2.0"}
    )
    target = f"integrations/{json.loads(made[2])['integrationId']}"
    api_gateway._create_route(api_id, {"routeKey": route_key, "target": target})
