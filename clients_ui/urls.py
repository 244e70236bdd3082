"""Addresses of the clients' screens, below /clients/."""

from __future__ import annotations

from django.urls import path

from clients_ui import views, write_views

app_name = "clients_ui"
urlpatterns = [
    path("", views.index, name="index"),
    path("export.csv", views.export_csv, name="export"),
    path("open/", views.open_by_id, name="open"),
    path("new/", write_views.new, name="new"),
    path("new/<uuid:operation>/", write_views.made, name="made"),
    path("<kid:pk>/", views.detail, name="detail"),
    path("<kid:pk>/refresh/", views.refresh, name="refresh"),
    path("<kid:pk>/edit/", write_views.edit, name="edit"),
    path("<kid:pk>/seen/", write_views.seen, name="seen"),
    path("<kid:pk>/delete/", write_views.delete, name="delete"),
]
