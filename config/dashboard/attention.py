"""What needs somebody, the most urgent first, each with what to do next.

In danger are first the grants of everybody, then those of one client or provider, then what people
have to do themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from config.dashboard.viewer import (
    ACCOUNTS,
    BREAKERS,
    CONFIGS,
    ENDPOINTS,
    WORKERS,
    accounts_url,
    list_of,
    page_of,
)
from config.dashboard.words import change, counted
from connections.endings import WINDOW
from connections.health import Problem
from connections.models import Breaker, Status
from integrations.admin.marks import Tone
from integrations.models import ManagedApp
from integrations.models.managed_app import OWN_FAULTS
from integrations.moments import relative, span
from webhooks.models import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from config.dashboard.viewer import Viewer
    from integrations.models import AuthConfig

# Of one kind; the others are on its list.
SHOWN: Final = 5
_URGENCY: Final = (Tone.BAD, Tone.WARN, Tone.BUSY)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that somebody has to look at.

    Attributes:
        title: what is wrong; leads to ``url``.
        detail: of what, since when, with what code.
        advice: what to do next.
    """

    tone: Tone
    title: str
    advice: str
    url: str = ""
    detail: str = ""


def attention(viewer: Viewer) -> dict[str, Any]:
    """Return the items, of those that the person may see the row behind."""
    items = [
        *_workers(viewer),
        *_refused_apps(viewer),
        *_refused_configs(viewer),
        *_breakers(viewer),
        *_endpoints(viewer),
        *_accounts(viewer),
    ]
    # The order above within what is equally urgent.
    items.sort(key=lambda item: _URGENCY.index(item.tone))
    return {"attention": items, "at_ease": not items and viewer.may(ACCOUNTS, WORKERS)}


def _workers(viewer: Viewer) -> Iterator[Item]:
    # Where there is no account yet, the first steps say it.
    if not viewer.may(WORKERS) or viewer.is_new_here:
        return
    health, workers = viewer.health, list_of("connections_worker")
    if Problem.NO_WORKER in health.problems:
        seen = health.unseen_for
        yield Item(
            tone=Tone.BAD,
            title="No worker is running",
            detail="none was ever seen" if seen is None else f"last seen {span(seen)} ago",
            advice="Nothing is refreshed, and tokens run out. Start manage.py refresh_due "
            "--watch, or see why the job runner does not watch.",
            url=workers,
        )
    if Problem.LATE in health.problems:
        yield Item(
            tone=Tone.BAD,
            title="Refreshes are late",
            detail=f"the longest waiting account has been due for {span(health.late_for)}",
            advice="Look at the workers' load, or start another one.",
            url=accounts_url(refreshing="due") if viewer.may(ACCOUNTS) else workers,
        )
    for trouble in health.journal_troubles:
        yield Item(
            tone=Tone.BAD,
            title="A journal cannot be written",
            detail=trouble,
            advice="Refreshes go on, but a worker that is killed now may lose a grant: free the "
            "disk or correct the folder's rights.",
            url=workers,
        )
    if health.stalled and Problem.NO_WORKER not in health.problems:
        yield Item(
            tone=Tone.WARN,
            title=f"{counted(health.stalled, 'worker')} stopped without taking leave",
            advice="Killed, or it hangs. What it had under way is taken over; see whether "
            "something starts it again.",
            url=workers,
        )


def _refused_apps(viewer: Viewer) -> Iterator[Item]:
    if not (viewer.may(CONFIGS) and viewer.user.is_superuser):
        return
    refused = ManagedApp.objects.visible_to(viewer.user).filter(misconfigured_since__isnull=False)
    rows = refused.only("name", "misconfigured_error", "misconfigured_since")
    for app in rows.order_by("misconfigured_since")[:SHOWN]:
        yield Item(
            tone=Tone.BAD,
            title=f"{app.name} is refused",
            detail=f"managed app · {_refusal(app, viewer.now)}",
            advice="Correct its client ID, secret or scopes: until then the accounts of all "
            "projects that stand on it wait.",
            url=page_of("integrations_managedapp", app.pk),
        )


def _refused_configs(viewer: Viewer) -> Iterator[Item]:
    if not viewer.may(CONFIGS):
        return
    refused = [config for config in viewer.configs.values() if _says_it_alone(config, viewer)]
    refused.sort(key=lambda config: -viewer.living.get(config.pk, 0))
    for config in refused[:SHOWN]:
        waiting = counted(viewer.living.get(config.pk, 0), "account")
        yield Item(
            tone=Tone.BAD,
            title=f"{config.name} is refused",
            detail=f"{config.project.name} · {_refusal(config, viewer.now)} · {waiting}",
            advice=_correct(config),
            url=page_of("integrations_authconfig", config.pk),
        )
    if (more := len(refused) - SHOWN) > 0:
        yield Item(
            tone=Tone.BAD,
            title=f"{counted(more, 'more auth config')} refused",
            advice="Correct the clients: until then their accounts wait.",
            url=list_of("integrations_authconfig", state="refused"),
        )


def _says_it_alone(config: AuthConfig, viewer: Viewer) -> bool:
    """Whether a config is refused, but for what its managed app says for all at once."""
    if config.misconfigured_since is None:
        return False
    app = config.managed_app
    told_by_app = app is not None and app.misconfigured_since is not None
    own = config.misconfigured_error in OWN_FAULTS
    return own or not (told_by_app and viewer.user.is_superuser)


def _correct(config: AuthConfig) -> str:
    if config.managed_app_id and config.misconfigured_error not in OWN_FAULTS:
        return "The instance's own app is at fault: whoever runs the instance can correct it."
    return "Correct its client ID, secret or scopes: until then its accounts wait."


def _refusal(row: AuthConfig | ManagedApp, now: datetime) -> str:
    since = row.misconfigured_since
    told = row.misconfigured_error or "no error code"
    return f"{told} · since {relative(since, now=now)}" if since else told


def _breakers(viewer: Viewer) -> Iterator[Item]:
    if not (viewer.may(BREAKERS) and viewer.may(WORKERS)):
        return
    names = viewer.health.open_breakers
    if not names:
        return
    rows = Breaker.objects.filter(pk__in=names).order_by("opened_at")
    for breaker in rows.only("error_code", "opened_at")[:SHOWN]:
        opened = breaker.opened_at or viewer.now
        yield Item(
            tone=Tone.WARN,
            title=f"{_whom(breaker, viewer)} is left alone",
            detail=f"{breaker.error_code} · since {relative(opened, now=viewer.now)}",
            advice="The provider fails, so its accounts wait; their tokens are served while they "
            "live. Calls begin again by themselves; see the provider's status page.",
            url=page_of("connections_breaker", breaker.pk),
        )
    if len(names) > SHOWN:
        yield Item(
            tone=Tone.WARN,
            title=f"{counted(len(names) - SHOWN, 'more breaker')} open",
            advice="See which providers fail.",
            url=list_of("connections_breaker", state="open"),
        )


def _whom(breaker: Breaker, viewer: Viewer) -> str:
    if "://" in breaker.pk:
        return str(breaker.pk).partition("://")[2]
    # Read for other blocks anyway, if the person may see auth configs at all.
    config = viewer.configs.get(breaker.pk) if viewer.may(CONFIGS) else None
    return config.name if config else breaker.pk


def _endpoints(viewer: Viewer) -> Iterator[Item]:
    if not viewer.may(ENDPOINTS):
        return
    troubled = Endpoint.objects.living().filter(failing_since__isnull=False)
    rows = viewer.rows(troubled).select_related("project")
    rows = rows.defer("secret", "previous_secret", "older_secrets")
    found = list(rows.order_by("enabled", "failing_since")[: SHOWN + 1])
    for endpoint in found[:SHOWN]:
        yield _endpoint(endpoint, viewer.now)
    if len(found) > SHOWN:
        yield Item(
            tone=Tone.WARN,
            title="More endpoints fail",
            advice="See which receivers do not answer.",
            url=list_of("webhooks_endpoint", state="failing"),
        )


def _endpoint(endpoint: Endpoint, now: datetime) -> Item:
    url, project = page_of("webhooks_endpoint", endpoint.pk), endpoint.project.name
    address = endpoint.url.partition("://")[2].partition("?")[0]
    if not endpoint.enabled:
        return Item(
            tone=Tone.BAD,
            title=f"{address} is switched off",
            detail=f"{project} · {endpoint.disabled_reason}",
            advice="Nothing is delivered there. Repair the receiver, enable the endpoint, and "
            "deliver again what it missed.",
            url=url,
        )
    since = endpoint.failing_since or now
    return Item(
        tone=Tone.WARN,
        title=f"{address} does not take events",
        detail=f"{project} · for {span(now - since)}",
        advice="Deliveries are tried again, and switched off after days without a success. See "
        "what it answers.",
        url=url,
    )


def _accounts(viewer: Viewer) -> Iterator[Item]:
    if not viewer.may(ACCOUNTS):
        return
    failing, _ = viewer.count(Status.ACTIVE, failing=True)
    if failing:
        yield Item(
            tone=Tone.WARN,
            title=f"{counted(failing, 'account')} cannot be refreshed now",
            advice="They are tried again by themselves, and their tokens are served while they "
            "live. Look at what they have in common.",
            url=accounts_url(refreshing="failing"),
        )
    expired, day = viewer.count(Status.EXPIRED)
    if expired:
        verb = "waits for its user" if expired == 1 else "wait for their users"
        yield Item(
            tone=Tone.WARN,
            title=f"{expired:,} expired {'account' if expired == 1 else 'accounts'} {verb}",
            detail=f"{change(day)} in 24 hours",
            advice="Only the person can repair that: send reconnect links.",
            url=accounts_url(status=Status.EXPIRED),
        )
    ending = sum(each.number for each in viewer.endings)
    if ending:
        verb = "ends" if ending == 1 else "end"
        yield Item(
            tone=Tone.BUSY,
            title=f"{counted(ending, 'grant')} {verb} in the next {WINDOW.days} days",
            advice="Apps are told 7 days and 1 day before, with a link to reconnect.",
            url=accounts_url(ends=WINDOW.days),
        )
