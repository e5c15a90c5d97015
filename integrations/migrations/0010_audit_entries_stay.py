"""The database itself refuses to change or delete an audit entry.

Pruning alone may delete, and nothing younger than the shortest AUDIT_DAYS (connections.E001): it
says so by a variable of its transaction, see `integrations.models.audit_entry`.
"""

from django.db import migrations

CREATE = """
CREATE FUNCTION integrations_auditentry_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
        AND current_setting('evergrant.prunes_audit', true) = 'on'
        AND OLD.occurred_at < now() - interval '8 days'
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'An entry of the audit trail is neither changed nor deleted.'
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER integrations_auditentry_stays
    BEFORE UPDATE OR DELETE ON integrations_auditentry
    FOR EACH ROW EXECUTE FUNCTION integrations_auditentry_stays();
"""
DROP = """
DROP TRIGGER integrations_auditentry_stays ON integrations_auditentry;
DROP FUNCTION integrations_auditentry_stays();
"""


class Migration(migrations.Migration):
    """Create the trigger."""

    dependencies = [("integrations", "0009_audit_entry")]

    operations = [migrations.RunSQL(CREATE, reverse_sql=DROP)]
