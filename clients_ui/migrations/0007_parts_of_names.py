import clients_ui.models
from clients_ui import normal
from django.db import migrations


def fill(apps, schema_editor):
    """Make the new keys for the clients that are known already; most have a name of two words and need none."""
    clients = apps.get_model("clients_ui", "Client").objects
    table = schema_editor.quote_name(clients.model._meta.db_table)
    columns = ", ".join(f"{column} = %s" for column in normal.PARTS)
    statement = f"UPDATE {table} SET {columns} WHERE id = %s"  # noqa: S608  # nosec B608  (our own table)
    known, last = clients.order_by("id").values_list("id", "first_name", "last_name"), 0
    with schema_editor.connection.cursor() as cursor:
        while rows := list(known.filter(id__gt=last)[:10_000]):
            last = rows[-1][0]
            parts = ((*normal.parts(*names), pk) for pk, *names in rows)
            cursor.executemany(statement, [one for one in parts if one[0]])


def key(length):
    return clients_ui.models.KeyField(default=None, max_length=length, null=True)


class Migration(migrations.Migration):

    dependencies = [
        ("clients_ui", "0006_selections"),
    ]

    operations = [
        migrations.AddField("client", "words_key", key(120)),
        migrations.AddField("client", "third_key", key(80)),
        migrations.AddField("client", "fourth_key", key(80)),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
