"""What the hosted pages and the mails of a project look like and lead to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add the columns; an empty one changes nothing."""

    dependencies = [("integrations", "0012_roles")]

    operations = [
        migrations.AddField(
            model_name="project",
            name="accent_color",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Of buttons on the hosted pages and in e-mails, as #rrggbb. It must be readable under white text.",
                max_length=7,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="project",
            name="privacy_url",
            field=models.CharField(
                blank=True,
                default="",
                help_text="The app's privacy policy; the hosted pages link to it.",
                max_length=2000,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="project",
            name="support_url",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Where people find help: an https or mailto URL.",
                max_length=2000,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="project",
            name="verification_url",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Where a person is sent after consenting, for the app to say who she is. Without one, accounts are connected unverified.",
                max_length=2000,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="project",
            name="sends_expiry_notices",
            field=models.BooleanField(
                default=False,
                help_text="Tell people by e-mail when a grant of theirs died or is about to end.",
            ),
        ),
    ]
