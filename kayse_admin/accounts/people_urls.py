"""Addresses of the people page, below /people/."""

from __future__ import annotations

from django.urls import path

from kayse_admin.accounts import people_views as views

app_name = "people"
urlpatterns = [
    path("", views.index, name="index"),
    path("invite/", views.invite, name="invite"),
    path("<kid:pk>/", views.detail, name="detail"),
    path("<kid:pk>/roles/", views.roles, name="roles"),
    path("<kid:pk>/link/", views.link, name="link"),
    path("<kid:pk>/disable/", views.disable, name="disable"),
    path("<kid:pk>/enable/", views.enable, name="enable"),
    path("<kid:pk>/sessions/end/", views.end_sessions, name="end_sessions"),
    path("<kid:pk>/second-factor/remove/", views.remove_second_factor, name="remove_second_factor"),
]
