"""Judges refused tokens that nothing renews: dead, or is the provider out of order?"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from connections.probing import queries
from connections.probing.claim import LIFE_WORTH_ASKING
from connections.probing.endpoint import breaker_names, is_of_former_home
from connections.probing.finding import Alive, Dead
from connections.probing.retry import CONFIRMATION
from connections.refresh.doubts import PROBES, Belief, Heard, weigh
from integrations.models import AuthConfig

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from connections.probing.finding import Finding

# Asked whether the provider accepts anybody, within the time after which a refusal is confirmed.
WITNESSES: Final = 2
WITNESSED_AFTER: Final = CONFIRMATION / 3
# Where breakers let only trials through, a witness goes before everybody who waits.
FIRST_IN_LINE: Final = timedelta(days=1)
# So many auth configs at the endpoint may give the witnesses that a config has not got.
MOST_NEIGHBOURS: Final = 50


class Sentence(Enum):
    """What follows from a refusal."""

    DEAD = "dead"
    ASKED_AGAIN = "asked again"  # once the provider has said what it says to others
    PUT_OFF = "put off"  # it is not believed


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """By account, what follows from refusals. ``witnesses``: who is asked when, to tell more."""

    sentences: dict[str, Sentence] = field(default_factory=dict)
    witnesses: dict[datetime, list[str]] = field(default_factory=dict)

    def dooms(self, finding: Finding) -> bool:
        """Whether the account is dead."""
        return self.sentences.get(finding.probe.account_id) is Sentence.DEAD


def is_refusal(finding: Finding) -> bool:
    """Whether a token was refused that nothing renews."""
    return isinstance(finding, Dead) and not finding.refreshable


def judge(findings: Sequence[Finding], *, troubled: Collection[str], now: datetime) -> Judgement:
    """Take note of what the provider said, and judge whom it refused.

    Args:
        troubled: names of the breakers known not to be at rest. Where a provider at rest refuses
            nobody, nothing is written or read.
    """
    configs: dict[str, AuthConfig] = {f.probe.auth_config.pk: f.probe.auth_config for f in findings}
    names = {pk: breaker_names(config) for pk, config in configs.items()}
    # By client: a managed app is one for many configs.
    said: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    judgement = Judgement()
    for finding in findings:
        if not is_of_former_home(finding):
            said[names[finding.probe.auth_config.pk]].append(finding)
        elif is_refusal(finding):
            judgement.sentences[finding.probe.account_id] = _sentence_elsewhere(finding)
    noted = [
        client
        for client, found in said.items()
        if any(map(is_refusal, found)) or not set(troubled).isdisjoint(client)
    ]
    beliefs = weigh({client: _heard(said[client]) for client in noted}, rule=PROBES, now=now)
    for pk, config in configs.items():
        if (belief := beliefs.get(names[pk])) is not None:
            own = [finding for finding in said[names[pk]] if finding.probe.auth_config.pk == pk]
            _judge(judgement, config, own, belief, now)
    return judgement


def call_witnesses(judgement: Judgement) -> None:
    """Have those asked soon who can tell whether the provider accepts anybody."""
    for at, account_ids in judgement.witnesses.items():
        queries.hurry(account_ids, at=at)


def _heard(findings: Iterable[Finding]) -> list[Heard]:
    return [
        Heard(
            account_id=finding.probe.account_id,
            accepted=isinstance(finding, Alive),
            again=finding.probe.refused_before,
        )
        for finding in findings
        if isinstance(finding, Alive) or is_refusal(finding)
    ]


def _judge(
    judgement: Judgement,
    config: AuthConfig,
    findings: Sequence[Finding],
    belief: Belief,
    now: datetime,
) -> None:
    refused = [finding for finding in findings if is_refusal(finding)]
    accepted = any(isinstance(finding, Alive) for finding in findings)
    found: list[str] = []
    if refused or belief is Belief.DOUBTED:
        first = belief is Belief.DOUBTED and not accepted
        at = now - FIRST_IN_LINE if first else now + WITNESSED_AFTER
        found = _find_witnesses(config, refused, at, now)
        judgement.witnesses.setdefault(at, []).extend(found)
    for finding in refused:
        judgement.sentences[finding.probe.account_id] = _sentence(
            finding, belief, has_witnesses=bool(found)
        )


def _sentence(finding: Finding, belief: Belief, *, has_witnesses: bool) -> Sentence:
    if belief is Belief.DOUBTED:
        return Sentence.PUT_OFF
    if not finding.probe.refused_before or (belief is Belief.UNSURE and has_witnesses):
        return Sentence.ASKED_AGAIN
    return Sentence.DEAD


def _sentence_elsewhere(finding: Finding) -> Sentence:
    """Nobody else is heard there: it has to be said twice."""
    return Sentence.DEAD if finding.probe.refused_before else Sentence.ASKED_AGAIN


def _find_witnesses(
    config: AuthConfig, refused: Sequence[Finding], at: datetime, now: datetime
) -> list[str]:
    endpoint, _ = breaker_names(config)
    rows = AuthConfig.objects.filter(toolkit=config.toolkit).exclude(pk=config.pk)
    others = rows.select_related("managed_app")
    neighbours = [
        other.pk for other in others[:MOST_NEIGHBOURS] if breaker_names(other)[0] == endpoint
    ]
    ids = {finding.probe.account_id for finding in refused}
    found = queries.find_witnesses(
        config_ids=[config.pk, *neighbours],
        at=at,
        ends_after=now + CONFIRMATION + LIFE_WORTH_ASKING,
        most=WITNESSES + len(ids),
    )
    return [pk for pk in found if pk not in ids][:WITNESSES]
