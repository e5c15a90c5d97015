"""Events that the app hears of: recorded with the change, delivered signed, at least once.

The way of an event through this app::

    recording.record_event   in the transaction of the change: the event, a delivery per endpoint
    tasks.wake_deliverer     after its commit; the watch finds what a lost wake-up leaves
    claim.claim              SKIP LOCKED: the earliest pending delivery of each endpoint and subject
    posting.post             outside any transaction, signed by `signing`, through the one HTTP door
    outcome.record_outcome   delivered, or the next time by `retry`, or the endpoint is disabled

`delivering` drives the last three. `webhook-id` is the event's id on every attempt, so a receiver
that answers 2xx to an id it knows already has understood "at least once". A subject's events reach
an endpoint in order: a failing one holds back the later ones of its subject until it is delivered
or given up, then they go on. Other subjects and other endpoints never wait for it.
"""
