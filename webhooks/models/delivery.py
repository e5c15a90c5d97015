"""The way of one event to one endpoint, and each attempt on it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from integrations.ids import IdField
from integrations.models import ProjectScopedModel, ProjectScopedQuerySet


class DeliveryStatus(models.TextChoices):
    """Where a delivery stands."""

    PENDING = "pending", "Waiting"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Given up"
    SKIPPED = "skipped", "Skipped"


class DeliveryQuerySet(ProjectScopedQuerySet["Delivery"]):
    """Deliveries as the deliverer asks for them."""

    def pending(self) -> Self:
        """Those that still have an attempt before them."""
        return self.filter(status=DeliveryStatus.PENDING)

    def leased(self, *, now: datetime) -> Self:
        """Those that somebody is handing over."""
        return self.pending().filter(lease_until__gt=now)

    def due(self, *, now: datetime, at: datetime | None = None) -> Self:
        """Those to hand over now: nobody does, and no earlier one of the same subject waits.

        So a subject's events arrive in order at each endpoint, and other subjects never wait.

        Args:
            at: those whose time had come by then; by ``now`` unless given.
        """
        earlier = Delivery.objects.pending().filter(
            endpoint=OuterRef("endpoint"),
            subject_id=OuterRef("subject_id"),
            sequence__lt=OuterRef("sequence"),
        )
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
        return self.pending().filter(free, ~Exists(earlier), next_attempt_at__lte=at or now)


class Delivery(ProjectScopedModel):
    """One event on its way to one endpoint; its id is unique for the pair.

    ``webhook-id`` is the event's id, so that a receiver recognises a repeated delivery.
    """

    id = IdField("dl")
    event = models.ForeignKey("webhooks.Event", on_delete=models.CASCADE, related_name="deliveries")
    endpoint = models.ForeignKey(
        "webhooks.Endpoint", on_delete=models.CASCADE, related_name="deliveries"
    )
    # Copied from the event: order is kept per endpoint and subject.
    subject_id = models.CharField(max_length=32, db_collation="C")
    sequence = models.BigIntegerField()
    status = models.CharField(max_length=12, choices=DeliveryStatus, default=DeliveryStatus.PENDING)
    # Of the current round: a redelivery starts the schedule anew.
    attempt_count = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_id = models.CharField(max_length=32, blank=True)
    delivered_at = models.DateTimeField(null=True)

    objects: ClassVar = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["event", "endpoint"], name="delivery_once_per_endpoint")
        ]
        indexes = [
            # Each endpoint is asked for its longest waiting deliveries, so it comes first.
            models.Index(
                fields=["endpoint", "next_attempt_at"],
                name="delivery_due",
                condition=Q(status="pending"),
            ),
            models.Index(
                fields=["endpoint", "lease_until"],
                name="delivery_leased",
                condition=Q(status="pending", lease_until__isnull=False),
            ),
            models.Index(
                fields=["endpoint", "subject_id", "sequence"],
                name="delivery_order",
                condition=Q(status="pending"),
            ),
        ]

    def __str__(self) -> str:
        return self.id


class DeliveryAttempt(ProjectScopedModel):
    """One POST to an endpoint, written before it is made and completed after."""

    id = IdField("da")
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    error_code = models.CharField(max_length=60, blank=True)
    # The beginning of the receiver's answer, for the person who has to find out why it failed.
    response_excerpt = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.delivery_id} #{self.number}"
