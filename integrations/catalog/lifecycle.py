"""How a toolkit's refresh tokens end, how often it may be called, and how often it is asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from pydantic import PositiveFloat, PositiveInt, model_validator

from integrations.catalog.base import CatalogModel, Seconds
from integrations.catalog.paths import Path

DAY = 86_400


class RefreshTokenLife(CatalogModel):
    """When a refresh token ends by itself. Nothing given: it lives until somebody revokes it.

    Attributes:
        absolute_seconds: its life. From each refresh, or from the consent where
            ``extended_by_refresh`` is false.
        idle_seconds: its life while it is not used; every refresh begins it anew.
        extended_by_refresh: whether a refresh begins ``absolute_seconds`` anew.
        testing_mode_seconds: its life from the consent while the provider has the app in testing.
        lifetime_field: where a token answer says how many seconds the refresh token has left.
    """

    absolute_seconds: Seconds | None = None
    idle_seconds: Seconds | None = None
    extended_by_refresh: bool = True
    testing_mode_seconds: Seconds | None = None
    lifetime_field: Path = "refresh_token_expires_in"

    @model_validator(mode="after")
    def _has_something_to_extend(self) -> Self:
        if not self.extended_by_refresh and self.absolute_seconds is None:
            raise ValueError("extended_by_refresh: false is about absolute_seconds; give them")
        return self

    def ends_at(
        self,
        *,
        granted_at: datetime,
        refreshed_at: datetime,
        answered_seconds: float | None = None,
        testing_mode: bool = False,
    ) -> datetime | None:
        """Return when the refresh token ends if it is not used again; None where it has no end.

        The provider's own word replaces what the catalog knows of lives that a refresh begins
        anew. It does not move an end that is counted from the consent: Intuit tells the 100 days
        of each token and not the five years of the grant.

        Args:
            granted_at: when the person consented.
            refreshed_at: when the refresh token was last used or issued.
            answered_seconds: what the answer of that moment said (``lifetime_field``), if anything.
            testing_mode: whether the provider has the app in testing.
        """
        lives: list[tuple[datetime, float | None]]
        if answered_seconds is not None:
            lives = [(refreshed_at, answered_seconds)]
        else:
            lives = [(refreshed_at, self.idle_seconds)]
        if not self.extended_by_refresh:
            lives.append((granted_at, self.absolute_seconds))
        elif answered_seconds is None:
            lives.append((refreshed_at, self.absolute_seconds))
        if testing_mode:
            lives.append((granted_at, self.testing_mode_seconds))
        ends = [start + timedelta(seconds=life) for start, life in lives if life is not None]
        return min(ends, default=None)


class Calls(CatalogModel):
    """How hard a provider may be called: at once, and per second (null: no limit of ours).

    ``endpoint_...`` is for one host, whoever's clients call it; ``client_...`` for one auth config.
    """

    endpoint_concurrency: PositiveInt = 128
    client_concurrency: PositiveInt = 128
    endpoint_per_second: PositiveFloat | None = None
    client_per_second: PositiveFloat | None = None


class Probe(CatalogModel):
    """How often the identity call proves a status that no refresh proves in the meantime."""

    every_seconds: Seconds = DAY
