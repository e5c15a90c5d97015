"""What is in the journal of each host, whatever runs there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connections", "0004_console_indexes")]

    operations = [
        migrations.CreateModel(
            name="JournalFolder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("host", models.CharField(max_length=100)),
                ("path", models.CharField(max_length=300)),
                ("keys", models.JSONField(default=dict)),
                ("trouble", models.CharField(blank=True, max_length=100)),
                ("counted_at", models.DateTimeField()),
            ],
            options={"ordering": ["host", "path"]},
        ),
        migrations.AddConstraint(
            model_name="journalfolder",
            constraint=models.UniqueConstraint(
                fields=("host", "path"), name="one_row_per_journal_folder"
            ),
        ),
    ]
