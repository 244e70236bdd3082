"""Addresses of the clients' screens, below /clients/."""

from __future__ import annotations

from django.urls import path

from clients_ui import views, write_views
from clients_ui.imports import views as imports

app_name = "clients_ui"
urlpatterns = [
    path("", views.index, name="index"),
    path("export.csv", views.export_csv, name="export"),
    path("open/", views.open_by_id, name="open"),
    path("new/", write_views.new, name="new"),
    path("new/<uuid:operation>/", write_views.made, name="made"),
    path("import/", imports.begin, name="import"),
    path("import/template.csv", imports.template, name="import_template"),
    path("import/<kid:pk>/", imports.check, name="import_check"),
    path("import/<kid:pk>/columns/", imports.columns, name="import_columns"),
    path("import/<kid:pk>/rows/<kid:number>/fix/", imports.fix, name="import_fix"),
    path("import/<kid:pk>/rows/<kid:number>/decide/", imports.decide, name="import_decide"),
    path("import/<kid:pk>/bad.csv", imports.bad_rows, name="import_bad"),
    path("import/<kid:pk>/start/", imports.start, name="import_start"),
    path("import/jobs/<kid:pk>/undo/", imports.undo, name="import_undo"),
    path("<kid:pk>/", views.detail, name="detail"),
    path("<kid:pk>/refresh/", views.refresh, name="refresh"),
    path("<kid:pk>/edit/", write_views.edit, name="edit"),
    path("<kid:pk>/seen/", write_views.seen, name="seen"),
    path("<kid:pk>/delete/", write_views.delete, name="delete"),
]
