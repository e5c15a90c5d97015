"""The ways in which an answer can be wrong, as pure functions from switches to responses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.http import HttpResponse, JsonResponse

if TYPE_CHECKING:
    from integrations.sandbox.switches import Switches

HTML = (
    "<!doctype html><html><head><title>Acme Notes</title></head>"
    "<body><h1>We are down for maintenance</h1></body></html>"
)


def describe_fault(switches: Switches) -> str:
    """Return the name under which calls list the fault, or an empty string."""
    if switches.fail_status is not None:
        return f"fail_status:{switches.fail_status}"
    if switches.error is not None:
        return f"error:{switches.error}"
    if switches.garbage is not None:
        return f"garbage:{switches.garbage}"
    if switches.commit_then_cut:
        return "cut"
    return "delay" if switches.delay_ms else ""


def needs_work(switches: Switches) -> bool:
    """Whether the call is carried out before the fault strikes.

    A truncated or cut answer is a real one that got damaged, so the work was done.
    """
    return switches.commit_first or not (
        switches.fail_status is not None
        or switches.error is not None
        or switches.garbage in {"html", "empty", "error_in_200"}
    )


def spoil(switches: Switches, answer: HttpResponse | None) -> HttpResponse:
    """Return what the client gets instead of ``answer`` (None where no work was done).

    Of several faults the first in this order wins: fail_status, error, garbage, commit_then_cut.
    """
    substitute = _substitute(switches)
    if substitute is not None:
        return substitute
    if answer is None:
        raise ValueError("a fault that keeps the answer needs one")
    if switches.garbage == "truncated":
        return _first_half(answer)
    if switches.commit_then_cut:
        # More promised than sent: the server closes the connection and the client sees it break.
        cut = _first_half(answer)
        cut["Content-Length"] = str(len(answer.content) + 1)
        return cut
    return answer


def shape_token_answer(switches: Switches, answer: HttpResponse, grant_type: str) -> HttpResponse:
    """Leave out of a successful token answer what the switches say.

    ``omit_refresh_token`` concerns refreshes only: the exchange of a code must give one to begin.
    """
    omitted = set()
    if switches.omit_refresh_token and grant_type == "refresh_token":
        omitted |= {"refresh_token", "refresh_expires_in"}
    if switches.omit_expires_in:
        omitted |= {"expires_in"}
    if answer.status_code == 200 and omitted:
        body = json.loads(answer.content)
        answer.content = json.dumps({k: v for k, v in body.items() if k not in omitted}).encode()
    return answer


def _substitute(switches: Switches) -> HttpResponse | None:
    """Return the answer that stands in for the real one, or None where the real one is used."""
    if switches.fail_status is not None:
        return _failure(switches.fail_status, switches.retry_after)
    if switches.error is not None:
        return _oauth_error(switches.error, 401 if switches.error == "invalid_client" else 400)
    match switches.garbage:
        case "html":
            return HttpResponse(HTML)
        case "empty":
            return HttpResponse(b"", content_type="application/json")
        case "error_in_200":
            return _oauth_error("invalid_grant", 200)
    return None


def _first_half(answer: HttpResponse) -> HttpResponse:
    half = HttpResponse(answer.content[: len(answer.content) // 2], status=answer.status_code)
    half["Content-Type"] = answer.get("Content-Type", "application/json")
    return half


def _failure(status: int, retry_after: int | str | None) -> HttpResponse:
    response = HttpResponse("upstream failure\n", status=status, content_type="text/plain")
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def _oauth_error(code: str, status: int) -> HttpResponse:
    response = JsonResponse(
        {"error": code, "error_description": "Answered by a sandbox switch."}, status=status
    )
    response["Cache-Control"] = "no-store"
    if code == "invalid_client" and status == 401:
        response["WWW-Authenticate"] = 'Basic realm="Acme Notes"'
    return response
