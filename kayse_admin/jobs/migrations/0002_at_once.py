from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Jobs whose first request is sent by the process of the person who waits for it."""

    dependencies = [("jobs", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="job",
            name="at_once",
            field=models.BooleanField(default=False),
        ),
    ]
