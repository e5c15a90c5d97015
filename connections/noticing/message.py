"""The mail itself: HTML and text, in the person's language, with the project's name and colour."""

from __future__ import annotations

from email.utils import formataddr, parseaddr
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_supported_language_variant, override
from django.utils.translation import gettext as _

from connections.bidi import isolated
from connections.models import NoticeCause
from connections.portal.wording import why_it_ended
from integrations.branding import colors_of, logo_url

if TYPE_CHECKING:
    from connections.models import ExpiryNotice


def write_message(notice: ExpiryNotice, *, token: str) -> EmailMultiAlternatives:
    """Return the mail of ``notice``, whose links hold ``token``; nothing is sent.

    A mail program offers to unsubscribe with one click (RFC 8058), and no program answers it
    (RFC 3834).
    """
    entity = notice.account.entity
    with override(_language(entity.language)):
        context = _context(notice, token)
        message = EmailMultiAlternatives(
            subject=" ".join(context["subject"].split()),
            body=render_to_string("email/expiry_notice.txt", context),
            from_email=_sender(notice),
            to=[entity.email],
            headers={
                "Auto-Submitted": "auto-generated",
                "List-Unsubscribe": f"<{context['stop_url']}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "Message-ID": f"<{notice.pk}@{_address().rpartition('@')[2]}>",
            },
        )
        message.attach_alternative(
            render_to_string("email/expiry_notice.html", context), "text/html"
        )
    return message


def _language(wanted: str) -> str:
    """Return the nearest language that there are texts in."""
    try:
        return get_supported_language_variant(wanted)
    except LookupError:
        return settings.LANGUAGE_CODE


def _sender(notice: ExpiryNotice) -> str:
    """Return the instance's address under the project's name: whom the person knows."""
    name = " ".join(notice.project.name.split())
    return formataddr((name, _address()))


def _address() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def _context(notice: ExpiryNotice, token: str) -> dict[str, Any]:
    account, project = notice.account, notice.project
    service = account.auth_config.toolkit_name
    names = {"service": isolated(service), "project": isolated(project.name)}
    return {
        # A header: marks of direction would only show as letters in some programs.
        "subject": _subject(notice) % {"service": service, "project": project.name},
        "explanation": _explanation(notice) % names,
        "consequence": _consequence(notice) % names,
        "service": service,
        "identity": account.identity_label,
        "ends_at": notice.ends_at,
        "project": project,
        "logo_url": logo_url(project),
        "colors": colors_of(project),
        "reconnect_url": _url("connect:notice", token),
        "stop_url": _url("connect:notice_stop", token),
    }


def _url(name: str, token: str) -> str:
    return f"{settings.BASE_URL}{reverse(name, args=[token])}"


def _subject(notice: ExpiryNotice) -> str:
    if notice.cause == NoticeCause.ENDING:
        return _("Your %(service)s account will soon be disconnected from %(project)s")
    return _("Reconnect your %(service)s account to %(project)s")


def _explanation(notice: ExpiryNotice) -> str:
    if notice.cause == NoticeCause.ENDED:
        return why_it_ended(notice.reason)
    if notice.cause == NoticeCause.ENDING:
        return _("%(service)s lets every permission run out after some time.")
    return _("%(project)s asks you to connect your %(service)s account again.")


def _consequence(notice: ExpiryNotice) -> str:
    if notice.cause == NoticeCause.ENDED:
        return _("Until you reconnect it, %(project)s cannot use it.")
    if notice.cause == NoticeCause.ENDING:
        return _("Reconnect it before then, so that %(project)s can go on using it.")
    return _("It takes a minute, and you stay in control of what it may do.")
