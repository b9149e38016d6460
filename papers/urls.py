from django.urls import path

from papers import views

urlpatterns = [
    path("authors/", views.author_list, name="authors"),
    path("authors/page/<int:page>/", views.author_list, name="authors"),
    path("authors/<slug:slug>/", views.author, name="author"),
    path("authors/<slug:slug>/page/<int:page>/", views.author, name="author"),
    path("authors/<slug:slug>.md", views.author_twin, name="author-twin"),
    path("authors/<slug:slug>/feed.<feed:ending>", views.author_feed, name="author-feed"),
]
