"""Addresses of the jobs, below /jobs/."""

from __future__ import annotations

from django.urls import path

from kayse_admin.jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.index, name="index"),
    path("<kid:pk>/", views.detail, name="detail"),
    path("<kid:pk>/seen/", views.seen, name="seen"),
    path("<kid:pk>/pause/", views.pause, name="pause"),
    path("<kid:pk>/resume/", views.resume, name="resume"),
    path("<kid:pk>/cancel/", views.cancel, name="cancel"),
    path("<kid:pk>/rows/", views.decide_all, name="decide_all"),
    path("<kid:pk>/rows/<kid:number>/", views.decide, name="decide"),
    path("<kid:pk>/<slug:outcome>.csv", views.download, name="download"),
]
