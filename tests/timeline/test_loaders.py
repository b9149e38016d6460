"""What of a template is layout for who reads it, and what reaches the page."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Engine

LAID_OUT = """\
{# What it is. #}
{% extends "base.html" %}
{% block content %}
  <ul>
    {% for name in names %}
      {% if name %}

        <li>
          {{ name }} <b>a</b>
          <i>b</i></li>
      {% endif %}{# so that none is empty #}
    {% endfor %}
    {% include "end.html" %}
  </ul>{% block more %}{% endblock %}
  {% block foot %}<a>c</a>{% endblock %}
  {% block last %}{% endblock %}
  <a>d</a>
{% endblock %}
"""
FOUND = {
    "base.html": "<!doctype html>\n  {% block content %}{% endblock %}\n",
    "page.html": LAID_OUT,
    "page.txt": LAID_OUT,
    "end.html": "  <li>End</li>\n",
}


def rendered(name: str, folder: Path) -> str:
    for file, text in FOUND.items():
        (folder / file).write_text(text, encoding="utf-8")
    engine = Engine(dirs=[str(folder)], loaders=["timeline.loaders.Loader"])
    return engine.render_to_string(name, {"names": ["One", "", "Two  three"]})


def test_indents_and_lines_of_tags_are_left_out_of_pages(tmp_path: Path) -> None:
    assert rendered("page.html", tmp_path) == (
        "<!doctype html>\n<ul>\n"
        "<li>\nOne <b>a</b>\n<i>b</i></li>\n"
        "<li>\nTwo  three <b>a</b>\n<i>b</i></li>\n"
        "<li>End</li>\n"
        "</ul>\n<a>c</a>\n\n<a>d</a>\n\n"
    )


def test_plain_text_stays_as_it_is_laid_out(tmp_path: Path) -> None:
    text = rendered("page.txt", tmp_path)
    assert "\n      \n\n        <li>\n          One <b>a</b>\n" in text


@pytest.mark.parametrize("element", ["pre", "textarea"])
def test_no_template_breaks_what_browsers_show_as_it_is(element: str) -> None:
    templates = [path for path in (settings.BASE_DIR / "templates").rglob("*") if path.suffix in {".html", ".svg"}]
    text = "".join(path.read_text("utf-8") for path in templates)
    found = re.findall(rf"<{element}[ >].*?</{element}>", text, re.DOTALL)
    assert found and [each for each in found if "\n" in each] == []
