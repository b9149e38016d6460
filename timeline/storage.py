from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):
    """Every file under a name that changes with it, also the modules that a script imports."""

    support_js_module_import_aggregation = True
