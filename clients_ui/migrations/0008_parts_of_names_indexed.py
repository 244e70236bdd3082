from django.db import migrations, models


def index(lead, *others, condition):
    return migrations.AddIndex(
        "client",
        models.Index(
            fields=[f"{lead}_key", "words_key", "id", *(f"{other}_key" for other in others)],
            name=f"client_words_{lead}",
            condition=models.Q((f"{condition}_key__isnull", False)),
        ),
    )


class Migration(migrations.Migration):
    # Apart from the rows of 0007: PostgreSQL makes no index behind changes of the same transaction.

    dependencies = [
        ("clients_ui", "0007_parts_of_names"),
    ]

    operations = [
        # client_words_second begins with the same column.
        migrations.RemoveIndex("client", "client_second"),
        index("last", "first", condition="words"),
        index("first", "last", condition="words"),
        index("second", "last", "first", condition="second"),
        index("third", "last", "first", "second", condition="third"),
        index("fourth", "last", "first", "second", "third", condition="fourth"),
    ]
