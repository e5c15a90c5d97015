"""Who calls the API: the key in ``x-api-key`` or ``Authorization: Bearer``, and no guessing.

Addresses that keep presenting wrong keys are refused before any key is looked up. The counting is
allauth's, as for sign-ins: the same idea of a client's address, IPv6 by network. It lives in
Django's default cache; with a cache per process, each web process counts for itself.
"""

from __future__ import annotations

import math
import re
import time
from functools import lru_cache
from typing import Final

from allauth.core.internal import ratelimit
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import APIKeyHeader
from ninja.security.http import HttpAuthBase

from integrations.errors import EvergrantError
from integrations.models import ApiKey
from integrations.tokens import digest

# Wrong keys per client address: 20 in any minute.
RATE: Final = "20/m/key"
KNOWN_GOOD_SECONDS: Final = 3600
# Every call writing it would cost more than it is worth. When this process did, by what it wrote.
REMEMBER_EVERY_SECONDS: Final = 60
MOST_REMEMBERED: Final = 10_000
_remembered: dict[str, float] = {}
_COUNTER: Final = {"app": "config", "action": "api_key"}
_CONFIG: Final = {"api_key": RATE}
[_RATE] = ratelimit.parse_rates(RATE)
_TELL_ADDRESS: Final = ("REMOTE_ADDR", "HTTP_X_FORWARDED_FOR")
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]{1,200}")


class MalformedKey(EvergrantError):
    """The API key is empty or holds characters that no API key has."""

    code = "invalid_request"
    status = 400


class TooManyWrongKeys(EvergrantError):
    """Too many calls from this address gave a wrong API key. Wait, and check the key."""

    code = "rate_limited"
    status = 429
    retryable = True


class KeyHeader(APIKeyHeader):
    """The key in ``x-api-key``."""

    param_name = "x-api-key"

    def authenticate(self, request: HttpRequest, key: str | None) -> ApiKey | None:
        """Return the valid key, which carries the project. Raises what `find_key` raises."""
        # Granian hands an empty text on where a header holds bytes that are not ASCII.
        return None if key is None else find_key(request, key)


class KeyBearer(HttpAuthBase):
    """The key in ``Authorization: Bearer``.

    Not ninja's HttpBearer: with DEBUG that one logs the header of any other scheme.
    """

    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> ApiKey | None:
        """Return the valid key, which carries the project. Raises what `find_key` raises."""
        header = request.headers.get("Authorization", "other")
        scheme, _, key = header.partition(" ")
        if header and scheme.lower() != self.openapi_scheme:
            return None
        return find_key(request, key.strip(" "))


def find_key(request: HttpRequest, text: str) -> ApiKey | None:
    """Return the valid key whose text is ``text``; None where there is none.

    Raises:
        MalformedKey: it could not be a key.
        TooManyWrongKeys: this address gave too many wrong ones; this one was not looked up.
    """
    if not _PRINTABLE.fullmatch(text):
        raise MalformedKey
    address = _address(request)
    known_good = f"evergrant:good-key:{address}:{digest(text)}"
    if (wait := _seconds_to_wait(address)) and not cache.get(known_good):
        raise TooManyWrongKeys(retry_after=wait)
    now = timezone.now()
    found = ApiKey.objects.presented(text, now=now)
    if found is None:
        ratelimit.consume(request, **_COUNTER, key=address, config=_CONFIG, limit_get=True)
        return None
    _remember(known_good)
    found.note_use(now=now)
    return found


def _seconds_to_wait(address: str) -> int:
    """Return for how long this address is refused; 0 where it is not. Takes no lock."""
    if not (wrong := cache.get(_counter_key(address))):
        return 0
    now = time.time()
    allowed, history = ratelimit.apply_rate(wrong, now, _RATE, dry_run=True)
    return 0 if allowed else math.ceil(history[-1] + _RATE.duration - now)


@lru_cache(maxsize=4096)
def _counter_key(address: str) -> str:
    """Return where allauth keeps the wrong keys of ``address``."""
    return str(ratelimit.get_cache_key(HttpRequest(), **_COUNTER, key=address, rate=_RATE))


def _remember(known_good: str) -> None:
    """Keep that the key works from there: no neighbour at the same address locks it out."""
    now = time.monotonic()
    if now - _remembered.get(known_good, -math.inf) < REMEMBER_EVERY_SECONDS:
        return
    if len(_remembered) >= MOST_REMEMBERED:
        _remembered.clear()
    cache.set(known_good, 1, KNOWN_GOOD_SECONDS)
    _remembered[known_good] = now


def _address(request: HttpRequest) -> str:
    """Return the client's address as allauth sees it: behind a proxy where TRUST_PROXY says so."""
    told = (request.META.get(name, "") for name in _TELL_ADDRESS)
    return _address_of(*told, settings.ALLAUTH_TRUSTED_PROXY_COUNT)


@lru_cache(maxsize=4096)
def _address_of(remote: str, forwarded: str, proxies: int) -> str:
    bare = HttpRequest()
    bare.META = dict(zip(_TELL_ADDRESS, (remote, forwarded), strict=True))
    bare.META = {name: value for name, value in bare.META.items() if value}
    try:
        return str(ratelimit.get_ip(bare))
    except PermissionDenied:
        # On a Unix socket without a proxy's header: they are all counted as one.
        return "unknown"
