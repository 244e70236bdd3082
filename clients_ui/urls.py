"""Addresses of the clients' screens, below /clients/."""

from __future__ import annotations

from django.urls import path

from clients_ui import attention_views, list_views, opt_out_views, views, write_views
from clients_ui.imports import row_views as rows
from clients_ui.imports import undo_views
from clients_ui.imports import views as imports
from clients_ui.selection import action_views as actions
from clients_ui.selection import views as selection

app_name = "clients_ui"
urlpatterns = [
    path("", views.index, name="index"),
    path("export.csv", views.export_csv, name="export"),
    path("opt-outs/", opt_out_views.report, name="opt_outs"),
    path("opt-outs.csv", opt_out_views.report_csv, name="opt_outs_csv"),
    path("columns/", list_views.choose_columns, name="columns"),
    path("filters/new/", list_views.save, name="save"),
    path("filters/<kid:pk>/forget/", list_views.forget, name="forget"),
    path("open/", views.open_by_id, name="open"),
    path("new/", write_views.new, name="new"),
    path("new/<uuid:operation>/", write_views.made, name="made"),
    path("new/<uuid:operation>/found/", write_views.found, name="found"),
    path("import/", imports.begin, name="import"),
    path("import/template.csv", imports.template, name="import_template"),
    path("import/<kid:pk>/", imports.check, name="import_check"),
    path("import/<kid:pk>/columns/", imports.columns, name="import_columns"),
    path("import/<kid:pk>/rows/<kid:number>/fix/", rows.fix, name="import_fix"),
    path("import/<kid:pk>/rows/<kid:number>/decide/", rows.decide, name="import_decide"),
    path("import/<kid:pk>/bad.csv", imports.bad_rows, name="import_bad"),
    path("import/<kid:pk>/discard/", imports.discard, name="import_discard"),
    path("import/<kid:pk>/start/", imports.start, name="import_start"),
    path("import/jobs/<kid:pk>/undo/", undo_views.undo, name="import_undo"),
    path("select/", selection.select, name="select"),
    path("selected/<uuid:selected>/", selection.selected, name="selected"),
    path("selected/<uuid:selected>/export.csv", selection.export_csv, name="selected_export"),
    path("selected/<uuid:selected>/opt-out/", actions.opt_out, name="selected_opt_out"),
    path("selected/<uuid:selected>/edit/", actions.edit, name="selected_edit"),
    path("selected/<uuid:selected>/delete/", actions.delete, name="selected_delete"),
    path("selected/<uuid:selected>/delete-for-good/", actions.purge, name="selected_purge"),
    path("selected/<uuid:selected>/refresh/", actions.refresh, name="selected_refresh"),
    path("<kid:pk>/", views.detail, name="detail"),
    path("<kid:pk>/quick/", views.quick, name="quick"),
    path("<kid:pk>/reveal/", views.reveal, name="reveal"),
    path("<kid:pk>/refresh/", views.refresh, name="refresh"),
    path("<kid:pk>/refresh/background/", views.catch_up, name="catch_up"),
    path("<kid:pk>/here/", attention_views.here, name="here"),
    path("<kid:pk>/views/", attention_views.views, name="views"),
    path("<kid:pk>/edit/", write_views.edit, name="edit"),
    path("<kid:pk>/edit/here/", attention_views.still_here, name="still_here"),
    path("<kid:pk>/seen/", write_views.seen, name="seen"),
    path("<kid:pk>/delete/", write_views.delete, name="delete"),
]
