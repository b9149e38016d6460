"""Who may import whom: docs/architecture.md says why."""

import ast
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
KINDS = [app for app in ("papers", "news", "boards", "mailing", "discussion") if (ROOT / app).is_dir()]

# Within timeline, from the bottom up: a module imports only modules of its own line or of lines above it here.
LAYERS = [
    [
        "settings",
        "compression",
        "loaders",
        "storage",
        "object_storage",
        "leases",
        "mathml",
        "citations",
        "scores",
        "charts",
        "glossary",
        "dialect",
        "references",
        "comparing",
        "headers",
        "watching",
        "health",
        "archive",
        "rows",
    ],
    ["fetching", "metrics"],
    ["hypertext", "plaintext", "outline", "markdown"],
    ["terms", "film", "remux", "typesetting", "share_images"],
    ["fields"],
    ["models"],
    ["findings", "limits"],
    ["sections", "search_index", "edition", "derived"],
    ["catalogue", "search", "chronology", "links"],
    ["history", "metadata", "arranging"],
    ["rewriting", "differences"],
    ["pending"],
    ["restoring"],
    ["drafts"],
    ["pagecache"],
    ["groups", "checks", "templatetags", "apps", "wsgi", "images", "image_uses", "variants", "websub", "preflight"],
    ["views", "publishing", "importing", "editing", "admin_site", "history_pages", "desk", "start_page"],
    ["draft_pages", "preview_pages"],
    ["issue_actions"],
    ["pending_pages"],
    ["content_admin", "merge_action", "merging", "feeds", "sitemaps", "twins", "glossary_pages"],
    ["image_admin"],
    ["resources"],
    ["documents", "dumps", "backup"],
    ["api"],
    ["admin", "management", "urls"],
]
LAYER = {module: level for level, modules in enumerate(LAYERS) for module in modules}


def imports(path: Path) -> set[str]:
    """The full names of what a file imports: "timeline.models.Issue" for from-imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively: write the full name"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def sources(app: str) -> list[Path]:
    return [path for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]


@pytest.mark.parametrize("app", ["timeline", *KINDS])
def test_apps_import_only_downwards(app: str) -> None:
    foreign = {name for name in ["timeline", *KINDS, "tests", "benchmarks", "deploy", "drills"] if name != app}
    if app != "timeline":
        foreign.discard("timeline")
    broken = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources(app)
        for name in imports(path)
        if name.split(".")[0] in foreign
    }
    assert broken == set()


def test_timeline_names_no_kind_but_in_settings_and_urls() -> None:
    """The registry is the only way to a kind: what names one elsewhere would have to be found when a kind goes."""
    composing = {"settings.py", "urls.py"}
    naming = {
        f"{path.relative_to(ROOT)}: {node.value}"
        for path in sources("timeline")
        if path.name not in composing
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.split(".")[0] in KINDS
        and " " not in node.value
    }
    assert naming == set()


def test_modules_of_timeline_import_only_downwards() -> None:
    broken = set()
    for path in sources("timeline"):
        module = path.relative_to(ROOT / "timeline").parts[0].removesuffix(".py")
        if module == "__init__":
            continue
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "timeline" and len(parts) > 1 and LAYER[parts[1]] > LAYER[module]:
                broken.add(f"{module} imports {parts[1]}")
    assert broken == set()


def test_only_one_module_asks_the_web() -> None:
    ways = ("requests", "httpx", "aiohttp", "urllib3", "urllib.request", "http.client")
    asking = {
        path.relative_to(ROOT).as_posix()
        for app in ["timeline", *KINDS]
        for path in sources(app)
        if any(f"{name}.".startswith(f"{way}.") for name in imports(path) for way in ways)
    }
    assert asking == {"timeline/fetching.py"}


def test_only_the_markdown_module_blesses_strings() -> None:
    blessing = {
        f"{path.relative_to(ROOT)}: {name}"
        for app in ["timeline", *KINDS]
        for path in sources(app)
        if path.relative_to(ROOT).as_posix() != "timeline/markdown.py"
        for name in imports(path)
        if name.split(".")[-1] in {"mark_safe", "format_html_join", "SafeText"}
    }
    made = {
        path.relative_to(ROOT).as_posix()
        for app in ["timeline", *KINDS]
        for path in sources(app)
        if "SafeString(" in path.read_text(encoding="utf-8")
    }
    templates = {
        f"{path.relative_to(ROOT)}: {word}"
        for path in (ROOT / "templates").rglob("*")
        if path.is_file() and "admin" not in path.parts
        for word in ("|safe }}", "|safe|", "|safeseq", "autoescape off")
        if word in path.read_text(encoding="utf-8") and not (word == "autoescape off" and path.suffix == ".txt")
    }
    # JSON-LD is escaped as Django's json_script does it, which writes another type of script.
    assert (blessing, templates) == ({"timeline/metadata.py: django.utils.safestring.mark_safe"}, set())
    # Fragments are kept as bytes, and are again what the template engine made of them.
    assert made - {"timeline/markdown.py"} == {"timeline/templatetags/timeline.py"}
