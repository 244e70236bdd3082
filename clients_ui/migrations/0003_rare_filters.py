from django.db import migrations, models


class Migration(migrations.Migration):
    # Apart from the rows of 0002: PostgreSQL makes no index behind changes of the same transaction.

    dependencies = [
        ('clients_ui', '0002_second_name'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='client',
            index=models.Index(condition=models.Q(('second_key__isnull', False)), fields=['second_key', 'first_key', 'id'], name='client_second'),
        ),
        migrations.AddIndex(
            model_name='client',
            index=models.Index(condition=models.Q(('voice_calls_opted_out__isnull', True)), fields=['last_key', 'first_key', 'id'], name='client_calls_untold'),
        ),
        migrations.AddIndex(
            model_name='client',
            index=models.Index(condition=models.Q(('case_ids', [])), fields=['last_key', 'first_key', 'id'], name='client_caseless'),
        ),
    ]
