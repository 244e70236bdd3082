import clients_ui.models
from django.db import migrations


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
        # 0007 fills it.
    ]
