"""Calls of the API as an app's server makes them."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from integrations.models import ApiKey, Project

API = "/api/v1"


def key_of(project: Project, *scopes: str, **changes: Any) -> str:
    """Return the text of a new key of ``project``."""
    return ApiKey(project=project, name="Server", scopes=list(scopes), **changes).issue()


class Caller:
    """Calls the API with one key, or none."""

    def __init__(self, key: str = "", **headers: str) -> None:
        self.key = key
        self._headers = headers | ({"x-api-key": key} if key else {})
        # Errors come back as answers, as they would from a server.
        self._client = Client(raise_request_exception=False)

    def __call__(
        self, method: str, path: str, body: Any = None, query: str = "", **headers: str
    ) -> Any:
        """Call ``path`` under the API; ``body`` is sent as JSON, or as it is where it is text."""
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        return self._client.generic(
            method,
            f"{API}{path}",
            data="" if body is None else data,
            content_type="application/json",
            query_params=None,
            QUERY_STRING=query,
            headers=self._headers | headers,
        )


def error_of(response: Any) -> dict[str, Any]:
    """Return the error in ``response``, having checked that it has the API's one shape."""
    assert response["Content-Type"].startswith("application/json")
    assert set(response.json()) == {"error"}
    error: dict[str, Any] = response.json()["error"]
    assert set(error) == {"code", "message", "request_id", "details"}
    assert error["request_id"] == response["X-Request-Id"] != ""
    assert isinstance(error["details"], dict)
    assert error["message"]
    return error


def code_of(response: Any) -> tuple[int, str]:
    """Return status and code of an error."""
    return response.status_code, error_of(response)["code"]
