"""Lets the catalog describe another service in the place of the sandbox, until a test ends."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.catalog import Toolkit

ME = "/v1/me"
API_KEY = {
    "scheme": "api_key",
    "fields": [{"name": "api_key", "label": "API key", "pattern": "sk-[a-z0-9]+"}],
    "apply": {"headers": {"X-Api-Key": "{api_key}"}},
}


def toolkit_with(**facts: Any) -> Toolkit:
    """Return a toolkit whose addresses begin with ``{base_url}``."""
    usual: dict[str, Any] = {
        "slug": "sandbox",
        "name": "Acme Keys",
        "description": "A service.",
        "category": "sandbox",
        "parameters": {"base_url": "Where it is."},
        "base_url": "{base_url}/v1",
        "identity": {"url": "{base_url}" + ME, "id_path": "id", "label_paths": ["email"]},
    }
    return Toolkit.model_validate(usual | facts)


def use_toolkit(monkeypatch: pytest.MonkeyPatch, **facts: Any) -> Toolkit:
    """Have every auth config authenticate with the toolkit of these facts."""
    toolkit = toolkit_with(**facts)

    def entry(
        slug: str, described: str, scheme: str, parameters: tuple[tuple[str, str], ...]
    ) -> Toolkit:
        return toolkit.for_scheme(scheme).with_parameters(dict(parameters))

    models = "integrations.models.auth_config"
    monkeypatch.setattr(f"{models}._catalog_entry", entry)
    monkeypatch.setattr(f"{models}._whole_toolkit", lambda _slug, _described: toolkit)
    return toolkit
