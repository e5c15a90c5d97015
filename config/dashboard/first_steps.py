"""What to do first, instead of numbers that are all nought."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from config.dashboard.viewer import (
    CONFIGS,
    ENDPOINTS,
    WORKERS,
    list_of,
    page_of,
)
from integrations.models import Project
from webhooks.models import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config.dashboard.viewer import Viewer


@dataclass(frozen=True, kw_only=True)
class FirstStep:
    """One step; ``url`` leads to where it is done, where the person may do it."""

    title: str
    text: str
    done: bool
    action: str = ""
    url: str = ""
    # What to do now.
    is_next: bool = False


def first_steps(viewer: Viewer) -> dict[str, Any]:
    """Return the steps to the first connected account."""
    steps = list(_steps(viewer))
    following = next((step for step in steps if step.url and not step.done), None)
    return {"first_steps": [replace(step, is_next=step is following) for step in steps]}


def _steps(viewer: Viewer) -> Iterator[FirstStep]:
    projects = Project.objects.all()
    if viewer.projects is not None:
        projects = projects.filter(pk__in=viewer.projects)
    yield FirstStep(
        title="Make a project",
        text="One for each app, or for each environment of it. Nothing crosses projects.",
        done=projects.exists(),
        action="Add a project",
        url=_adding(viewer, "integrations", "project"),
    )
    config = next(iter(viewer.configs.values()), None)
    yield FirstStep(
        title="Add an auth config",
        text="How a project authenticates with a toolkit: choose the toolkit, paste the client.",
        done=config is not None,
        action="Choose a toolkit",
        url=_adding(viewer, "integrations", "authconfig"),
    )
    sees = config is not None and viewer.may(CONFIGS)
    yield FirstStep(
        title="Connect an account",
        text="Test the auth config with an account of your own, or make a link over the API.",
        done=False,
        action="Open the auth config",
        url=page_of("integrations_authconfig", config.pk) if config and sees else "",
    )
    yield FirstStep(
        title="Start a worker",
        text="manage.py refresh_due --watch keeps accounts fresh; so does the job runner.",
        done=viewer.health.workers > 0,
        action="See the workers",
        url=list_of("connections_worker") if viewer.may(WORKERS) else "",
    )
    yield FirstStep(
        title="Listen to events",
        text="Your app is told when an account connects, expires or needs its person.",
        done=viewer.rows(Endpoint.objects.living()).exists(),
        action="Add an endpoint",
        url=_adding(viewer, "webhooks", "endpoint") if viewer.may(ENDPOINTS) else "",
    )


def _adding(viewer: Viewer, app: str, model: str) -> str:
    may = viewer.may(f"{app}.add_{model}")
    return reverse(f"admin:{app}_{model}_add") if may else ""
