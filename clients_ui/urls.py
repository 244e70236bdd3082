from __future__ import annotations

app_name = "clients_ui"
urlpatterns: list = []
