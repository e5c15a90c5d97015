"""Which hosts are answered: those of ALLOWED_HOSTS, and any at the addresses that probes ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.middleware.common import CommonMiddleware

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponsePermanentRedirect

PROBED: Final = frozenset({"/healthz", "/healthz/refresh", "/metrics"})


class HostMiddleware(CommonMiddleware):
    """Refuses other hosts, as Django's own does, but not where a supervisor or Prometheus asks.

    Those ask each process by its address, which no list can foresee, and would take the refusal
    for a failure. No answer there depends on the host.
    """

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Raises DisallowedHost."""
        if request.path_info in PROBED:
            return None
        return super().process_request(request)
