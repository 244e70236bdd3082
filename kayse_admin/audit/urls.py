"""Addresses of the audit log."""

from __future__ import annotations

from django.urls import path

from kayse_admin.audit import views

app_name = "audit"

urlpatterns = [
    path("", views.index, name="index"),
    path("export.csv", views.export, name="export"),
    path("<uuid:operation>/", views.operation, name="operation"),
    path("<uuid:operation>/resolve/", views.resolve, name="resolve"),
]
