from django.urls import path

from papers import views

urlpatterns = [
    path("authors/", views.author_list, name="authors"),
    path("authors/page/<int:page>/", views.author_list, name="authors"),
    path("authors/<slug:slug>/", views.author, name="author"),
]
