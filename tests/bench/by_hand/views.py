"""Reads a token, refreshed first where it has run out."""

from __future__ import annotations

import os
from datetime import timedelta

import requests
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from tests.bench.by_hand.models import ApiKey, Grant

CLIENT = ("bench-client", "bench-client-secret")


def credentials(request: HttpRequest, grant_id: int) -> JsonResponse:
    """Return an access token that is good for a minute."""
    api_key = ApiKey.objects.filter(key=request.headers.get("x-api-key", "")).first()
    if api_key is None:
        return JsonResponse({"error": "unauthorized"}, status=401)
    grant = get_object_or_404(Grant, pk=grant_id, customer=api_key.customer)
    if grant.expires_at < timezone.now() + timedelta(seconds=60):
        refresh(grant)
    return JsonResponse(
        {
            "id": grant.pk,
            "access_token": grant.access_token,
            "token_type": grant.token_type,
            "expires_at": grant.expires_at,
        }
    )


def refresh(grant: Grant) -> None:
    """Trade the refresh token for new tokens and save them."""
    answer = requests.post(
        os.environ["TOKEN_URL"],
        data={"grant_type": "refresh_token", "refresh_token": grant.refresh_token},
        auth=CLIENT,
        timeout=20,
    )
    answer.raise_for_status()
    tokens = answer.json()
    grant.access_token = tokens["access_token"]
    grant.refresh_token = tokens.get("refresh_token", grant.refresh_token)
    grant.refreshed_at = timezone.now()
    grant.expires_at = grant.refreshed_at + timedelta(seconds=tokens["expires_in"])
    grant.generation += 1
    grant.save()
