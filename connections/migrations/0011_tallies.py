"""Counters kept as facts: their tables, and the triggers that keep them.

A refresh that goes well changes nothing that is counted here: its successes are counted by the
statement that stores them (`connections.refresh.queries`).
"""

import django.db.models.deletion
from django.db import migrations, models

EPOCH = "'2000-01-01 00:00:00+00'"
# Of all recounts one works at a time (an advisory lock of PostgreSQL; the number is ours).
LOCK = 7_238_012


def kind(account: str) -> str:
    """Return the columns of a tally that say of what kind an account is."""
    return f"""
        {account}.project_id, {account}.auth_config_id, {account}.status,
        {account}.status = 'ACTIVE' AND {account}.refresh_failing_since IS NOT NULL,
        CASE WHEN {account}.status = 'ACTIVE' AND {account}.grant_ends_at
                  - coalesce({account}.granted_at, {account}.created_at) > interval '1 day'
             THEN ({account}.grant_ends_at AT TIME ZONE 'UTC')::date END
    """


INSERT = """
        INSERT INTO connections_accounttally
            (project_id, auth_config_id, status, failing, ends_on, hour, delta)
"""

CREATE = f"""
CREATE FUNCTION connections_tally_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    this_hour timestamptz := date_bin('1 hour', now(), {EPOCH});
BEGIN
    IF TG_OP = 'INSERT' THEN
        {INSERT}
        SELECT {kind("account")}, this_hour, count(*) FROM arrived AS account
        GROUP BY 1, 2, 3, 4, 5;
    ELSIF TG_OP = 'DELETE' THEN
        {INSERT}
        SELECT {kind("account")}, this_hour, -count(*) FROM gone AS account
        GROUP BY 1, 2, 3, 4, 5;
    ELSE
        {INSERT}
        VALUES ({kind("OLD")}, this_hour, -1), ({kind("NEW")}, this_hour, 1);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER connections_accounts_arrived AFTER INSERT ON connections_connectedaccount
    REFERENCING NEW TABLE AS arrived
    FOR EACH STATEMENT EXECUTE FUNCTION connections_tally_accounts();
CREATE TRIGGER connections_accounts_gone AFTER DELETE ON connections_connectedaccount
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION connections_tally_accounts();
CREATE TRIGGER connections_accounts_changed
    AFTER UPDATE OF project_id, auth_config_id, status, refresh_failing_since, grant_ends_at,
        granted_at, created_at
    ON connections_connectedaccount
    -- Read anew for each statement, so it is kept short: what it lets through in vain does no harm.
    FOR EACH ROW WHEN (
        OLD.status <> NEW.status OR OLD.auth_config_id <> NEW.auth_config_id
        OR OLD.project_id <> NEW.project_id OR OLD.created_at <> NEW.created_at
        OR (OLD.refresh_failing_since IS NULL) <> (NEW.refresh_failing_since IS NULL)
        OR OLD.granted_at IS DISTINCT FROM NEW.granted_at
        OR (OLD.grant_ends_at AT TIME ZONE 'UTC')::date
            IS DISTINCT FROM (NEW.grant_ends_at AT TIME ZONE 'UTC')::date
        OR (OLD.grant_ends_at - coalesce(OLD.granted_at, OLD.created_at) > interval '1 day')
            IS DISTINCT FROM
           (NEW.grant_ends_at - coalesce(NEW.granted_at, NEW.created_at) > interval '1 day'))
    EXECUTE FUNCTION connections_tally_accounts();

CREATE FUNCTION connections_recount_accounts() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Two at once would both make up for the same difference.
    PERFORM pg_advisory_xact_lock({LOCK});
    -- One statement sees one moment: so many accounts there are, so many the triggers have told of
    -- by then. The difference is what they never saw.
    INSERT INTO connections_accounttally
        (project_id, auth_config_id, status, failing, ends_on, delta)
    SELECT project_id, auth_config_id, status, failing, ends_on, sum(difference) FROM (
        SELECT {kind("account")}, count(*) FROM connections_connectedaccount AS account
        GROUP BY 1, 2, 3, 4, 5
        UNION ALL
        SELECT project_id, auth_config_id, status, failing, ends_on, -sum(delta)
        FROM connections_accounttally GROUP BY 1, 2, 3, 4, 5
    ) AS found(project_id, auth_config_id, status, failing, ends_on, difference)
    GROUP BY 1, 2, 3, 4, 5 HAVING sum(difference) <> 0;
END
$$;

CREATE FUNCTION connections_tally_refresh() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO connections_refreshtally
        (project_id, auth_config_id, at, outcome, count, last_at)
    SELECT NEW.project_id, account.auth_config_id, date_bin('1 minute', now(), {EPOCH}),
        NEW.outcome, NEW.count, now()
    FROM connections_connectedaccount AS account WHERE account.id = NEW.account_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER connections_refresh_ended AFTER INSERT ON connections_refreshattempt
    FOR EACH ROW WHEN (NEW.outcome <> 'stored')
    EXECUTE FUNCTION connections_tally_refresh();
CREATE TRIGGER connections_refresh_ended_otherwise
    AFTER UPDATE OF outcome ON connections_refreshattempt
    FOR EACH ROW WHEN (OLD.outcome IS DISTINCT FROM NEW.outcome)
    EXECUTE FUNCTION connections_tally_refresh();
"""  # noqa: S608 - constants

DROP = """
DROP TRIGGER connections_refresh_ended_otherwise ON connections_refreshattempt;
DROP TRIGGER connections_refresh_ended ON connections_refreshattempt;
DROP FUNCTION connections_tally_refresh();
DROP FUNCTION connections_recount_accounts();
DROP TRIGGER connections_accounts_changed ON connections_connectedaccount;
DROP TRIGGER connections_accounts_gone ON connections_connectedaccount;
DROP TRIGGER connections_accounts_arrived ON connections_connectedaccount;
DROP FUNCTION connections_tally_accounts();
"""


def reference(to: str) -> models.ForeignKey:
    """Return a reference that is not checked."""
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        editable=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to=to,
    )


STATUSES = [
    ("INITIATED", "Waiting for the person"),
    ("ACTIVE", "Active"),
    ("INACTIVE", "Disabled"),
    ("EXPIRED", "Expired"),
    ("FAILED", "Failed"),
    ("REVOKED", "Revoked"),
    ("DELETED", "Deleted"),
]
OUTCOMES = [
    ("stored", "New token stored"),
    ("transient", "Provider unavailable, will be tried again"),
    ("in_doubt", "The provider's answer was lost"),
    ("terminal", "The grant is dead"),
    ("configuration", "The auth config is refused"),
    ("superseded", "A newer grant was stored meanwhile"),
    ("discarded", "The account was revoked or deleted meanwhile"),
]


class Migration(migrations.Migration):
    """Create the tables and the triggers."""

    dependencies = [
        ("connections", "0010_bulk_jobs"),
        ("integrations", "0008_managed_app"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountTally",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("status", models.CharField(choices=STATUSES, max_length=12)),
                ("failing", models.BooleanField()),
                ("ends_on", models.DateField(null=True)),
                ("hour", models.DateTimeField(null=True)),
                ("delta", models.BigIntegerField()),
                ("auth_config", reference("integrations.authconfig")),
                ("project", reference("integrations.project")),
            ],
            options={"ordering": ["id"]},
        ),
        migrations.CreateModel(
            name="RefreshTally",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("outcome", models.CharField(choices=OUTCOMES, max_length=16)),
                ("count", models.PositiveBigIntegerField()),
                ("last_at", models.DateTimeField()),
                ("auth_config", reference("integrations.authconfig")),
                ("project", reference("integrations.project")),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(fields=["at"], name="refresh_tally_by_time")],
            },
        ),
        migrations.RunSQL(CREATE, reverse_sql=DROP),
    ]
