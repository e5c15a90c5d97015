"""When and from where a session was last used: noted now and then, so that its owner can tell."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from allauth.account.signals import user_logged_in
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.dispatch import receiver

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

# Between two notes, in seconds: a page is looked at more often than this is worth a write.
INTERVAL: Final = 300
_SEEN: Final = "seen_at"


class ActivityMiddleware:
    """Notes the use of sessions that were begun on the sign-in pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Note it where the last note is old. Nothing is asked of the database otherwise."""
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return
        seen = request.session.get(_SEEN)
        if seen is not None and time.time() - seen > INTERVAL and request.user.is_authenticated:
            request.session[_SEEN] = time.time()
            UserSession.objects.create_from_request(request)


@receiver(user_logged_in, dispatch_uid="session_seen")
def begin(request: HttpRequest, **kwargs: Any) -> None:
    """Begin to note the use of a session."""
    request.session[_SEEN] = time.time()
