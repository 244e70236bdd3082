from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("upstream", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Usage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hour", models.DateTimeField()),
                ("purpose", models.CharField(max_length=10)),
                ("requests", models.IntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("hour", "purpose"), name="upstream_usage_once")
                ],
            },
        ),
    ]
