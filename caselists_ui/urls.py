"""The addresses of the case lists and of the labels."""

from __future__ import annotations

from django.urls import path

from caselists_ui.views import (
    builder,
    drafts,
    in_use,
    labels,
    lists,
    many,
    members,
    of_client,
    selected,
    whole,
)

app_name = "caselists_ui"

urlpatterns = [
    path("case-lists/", lists.index, name="index"),
    path("case-lists/new/", builder.new, name="new"),
    path("case-lists/import/", builder.load, name="import"),
    path("case-lists/count/", builder.count, name="count"),
    path("case-lists/many/", many.change, name="many"),
    path("case-lists/drafts/", drafts.keep, name="draft_keep"),
    path("case-lists/drafts/<uuid:draft>/", builder.resume, name="draft"),
    path("case-lists/drafts/<uuid:draft>/discard/", drafts.discard, name="draft_discard"),
    path("case-lists/pick/", lists.pick, name="pick"),
    path("case-lists/selected/<uuid:selected>/append/", selected.pick_append, name="pick_append"),
    path("case-lists/selected/<uuid:selected>/remove/", selected.pick_remove, name="pick_remove"),
    path("case-lists/look/", lists.look, name="look"),
    path("case-lists/preview/", builder.preview, name="preview"),
    path("case-lists/of-client/<kid:pk>/", of_client.index, name="of_client"),
    path("case-lists/<kid:pk>/", lists.detail, name="detail"),
    path("case-lists/<kid:pk>/definition.json", lists.export, name="export"),
    path("case-lists/<kid:pk>/recount/", lists.recount, name="recount"),
    path("case-lists/<kid:pk>/versions/<kid:number>/", lists.version, name="version"),
    path("case-lists/<kid:pk>/edit/", builder.edit, name="edit"),
    path("case-lists/<kid:pk>/preview/", members.preview, name="members_preview"),
    path("case-lists/<kid:pk>/attach/", members.attach, name="attach"),
    path("case-lists/<kid:pk>/detach/", members.detach, name="detach"),
    path("case-lists/<kid:pk>/clients/append/", members.append, name="append"),
    path("case-lists/<kid:pk>/clients/remove/", members.remove, name="remove"),
    path("case-lists/<kid:pk>/clients/append/<uuid:selected>/", selected.append, name="append_selected"),
    path("case-lists/<kid:pk>/clients/remove/<uuid:selected>/", selected.remove, name="remove_selected"),
    path("case-lists/<kid:pk>/duplicate/", whole.duplicate, name="duplicate"),
    path("case-lists/<kid:pk>/delete/", whole.delete, name="delete"),
    path("case-lists/<kid:pk>/in-use/", in_use.mark, name="in_use"),
    path("case-lists/<kid:pk>/in-use/end/", in_use.end, name="in_use_end"),
    path("labels/", labels.index, name="labels"),
    path("labels/new/", labels.new, name="label_new"),
    path("labels/export.csv", labels.export, name="labels_export"),
    path("labels/import/", labels.load, name="labels_import"),
    path("labels/<kid:pk>/edit/", labels.edit, name="label_edit"),
    path("labels/<kid:pk>/delete/", labels.delete, name="label_delete"),
]
