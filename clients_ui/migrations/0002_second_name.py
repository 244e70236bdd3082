import clients_ui.models
from clients_ui.normal import second_key
from django.db import migrations


def fill(apps, schema_editor):
    """Make the new key for the clients that are known already; most have one last name and need none."""
    clients = apps.get_model("clients_ui", "Client").objects
    known = clients.exclude(last_name=None).order_by("id").values_list("id", "last_name")
    found = ((second, pk) for pk, name in known.iterator(chunk_size=5_000) if (second := second_key(name)))
    table = schema_editor.quote_name(clients.model._meta.db_table)
    rows = list(found)
    with schema_editor.connection.cursor() as cursor:
        for start in range(0, len(rows), 5_000):
            cursor.executemany(
                f"UPDATE {table} SET second_key = %s WHERE id = %s",  # noqa: S608  # nosec B608  (our own table)
                rows[start : start + 5_000],
            )


class Migration(migrations.Migration):

    dependencies = [
        ('clients_ui', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='client',
            name='second_key',
            field=clients_ui.models.KeyField(default=None, max_length=80, null=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
