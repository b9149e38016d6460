from django.urls import path

from boards import views

urlpatterns = [
    path("benchmarks/", views.benchmark_list, name="benchmarks"),
    path("benchmarks/page/<int:page>/", views.benchmark_list, name="benchmarks"),
    path("benchmarks/<slug:slug>/", views.benchmark, name="benchmark"),
    path("benchmarks/<slug:slug>/page/<int:page>/", views.benchmark, name="benchmark"),
    path("benchmarks/<slug:slug>.md", views.benchmark_twin, name="benchmark-twin"),
    path("benchmarks/<slug:slug>.csv", views.benchmark_csv, name="benchmark-csv"),
    path("benchmarks/<slug:slug>.json", views.benchmark_json, name="benchmark-json"),
]
