"""Issue 2 as it was copied from its old home, the document that the import was made for."""

from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings

from tests import words
from timeline import markdown
from timeline.importing import Report, import_issue
from timeline.models import Image, Issue, Item
from timeline.sections import contents

SEED = Path(settings.BASE_DIR).parent / "shared" / "seed" / "ai-timeline-2.txt"

pytestmark = [
    pytest.mark.skipif(not SEED.exists(), reason="../shared/seed is not here"),
    pytest.mark.django_db,
]


@pytest.fixture(scope="module")
def imported(shared_rows: None) -> tuple[Issue, Report]:
    return import_issue(SEED)


@pytest.fixture(scope="module")
def items(imported: tuple[Issue, Report]) -> dict[str, Item]:
    return {item.short_title: item for part in contents(imported[0]) for item in part.items}


def test_seed_has_number_title_and_tagline(imported: tuple[Issue, Report]) -> None:
    issue, _ = imported
    assert (issue.number, issue.title, issue.tagline) == (
        2,
        "AI Can Think & Reason",
        "Latest AI Research Explained Simply",
    )
    assert (issue.introduction, issue.closing, issue.status) == ("", "", "draft")


def test_seed_has_its_items_in_order(imported: tuple[Issue, Report]) -> None:
    found = [
        (part.kind, item.position, item.emoji, item.short_title, item.title)
        for part in contents(imported[0])
        for item in part.items
    ]
    assert found == [
        ("papers", 1, "🐳", "Orca 2", "Orca 2: Teaching Small Language Models How to Reason"),
        ("papers", 2, "🖼️", "LCM-LoRA", "LCM-LoRA: A Universal Stable-Diffusion Acceleration Module"),
        ("news", 1, "📝", "Anthropic’s 200K tokens Claude", "Anthropic’s 200K Tokens LLM Update: Claude 2.1"),
        (
            "news",
            2,
            "🎥",
            "Stable Video Diffusion",
            "Stable Video Diffusion: Scaling Latent Video Diffusion Models to Large Datasets",
        ),
    ]


def test_seed_has_its_authors_in_order(items: dict[str, Item]) -> None:
    assert {label: [author.name for author in item.byline] for label, item in items.items()} == {
        "Orca 2": [
            "Arindam Mitra",
            "Luciano Del Corro",
            "Shweti Mahajan",
            "Andres Codas",
            "Clarisse Simoes",
            "Sahaj Agrawal",
            "Xuxi Chen",
            "Anastasia Razdaibiedina",
            "Erik Jones",
            "Kriti Aggarwal",
            "Hamid Palangi",
            "Guoqing Zheng",
            "Corby Rosset",
            "Hamed Khanpour",
            "Ahmed Awadallah",
        ],
        "LCM-LoRA": [
            "Simian Luo",
            "Yiqin Tan",
            "Suraj Patil",
            "Daniel Gu",
            "Patrick von Platen",
            "Apolinário Passos",
            "Longbo Huang",
            "Jian Li",
            "Hang Zhao",
        ],
        "Anthropic’s 200K tokens Claude": [],
        "Stable Video Diffusion": [
            "Andreas Blattmann",
            "Tim Dockhorn",
            "Sumith Kulal",
            "Daniel Mendelevitch",
            "Maciej Kilian",
            "Dominik Lorenz",
            "Yam Levi",
            "Zion English",
            "Vikram Voleti",
            "Adam Letts",
            "Varun Jampani",
            "Robin Rombach",
        ],
    }


def test_seed_has_all_its_headings(items: dict[str, Item]) -> None:
    assert {
        label: [(heading.level, heading.text) for heading in markdown.headings(item.body)]
        for label, item in items.items()
    } == {
        "Orca 2": [
            (1, "Overview"),
            (1, "Previous Challenges"),
            (1, "Proposed Method: Cautious Reasoning LLM"),
            (1, "Training: Progressive Learning"),
            (1, "Results"),
            (1, "Third-Party Evaluations"),
            (2, "Evaluations on BigBench"),
            (2, "Evaluations on gpt4all"),
            (1, "Key Takeaways"),
        ],
        "LCM-LoRA": [
            (1, "Overview"),
            (1, "Keywords"),
            (1, "Previous challenges"),
            (1, "Idea Breakdown"),
            (2, "Idea 1"),
            (2, "Idea 2"),
            (1, "Highlight"),
            (1, "Authors’ Notes"),
        ],
        "Anthropic’s 200K tokens Claude": [
            (1, "Overview"),
            (1, "New features"),
            (1, "Third-Party Evaluations"),
            (1, "Key findings"),
            (1, "Takeaway"),
            (1, "Evaluation Methodology"),
            (1, "Additional Notes"),
        ],
        "Stable Video Diffusion": [
            (1, "Overview"),
            (1, "Model Pretraining"),
            (1, "Fine-Tuned Model Types"),
            (1, "Additional Notes"),
        ],
    }


def test_seed_has_its_captions_as_figures_that_wait(items: dict[str, Item]) -> None:
    images = {image.name: image for image in Image.objects.all()}
    found = {label: [images[name] for name in markdown.media_names(item.body)] for label, item in items.items()}
    assert {label: [image.caption for image in waiting] for label, waiting in found.items()} == {
        "Orca 2": ["Dall-E generated Orca", "testing different strategies for solving the question"],
        "LCM-LoRA": [
            "4 steps inference using LCM+LoRA",
            "the connection of Accelation LoRA & Style LoRA",
            "with and without adding LCM LoRA with Style LoRA",
        ],
        "Anthropic’s 200K tokens Claude": [
            "Claude 2.1 on context length vs accuracy",
            "Claude 2.1 on hallucinations & facts generation",
            "Claude 2.1 evaluation",
            "for contrast, this is GPT-4 128k tokens performance (much better)",
        ],
        "Stable Video Diffusion": [
            "Stable Video Diffusion (SVD) Demo",
            "performance comparison with Runway Gen-2 & PikaLabs",
            "camera motion LoRA examples",
        ],
    }
    assert {(image.file.name, image.alt) for image in images.values()} == {("", "")}
    assert len(images) == 12


def test_seed_keeps_scores_and_their_sources(items: dict[str, Item]) -> None:
    assert (
        """### Evaluations on BigBench

```scores BigBench
measured by: Teknium
OpenHermes 2.5 Mistral 7B = 53.04%
OpenHermes Llama2 13B = 46.01%
Mistral Base 7B = 42.15%
*Orca 2 13B = 40.36%
```

### Evaluations on gpt4all

```scores gpt4all
measured by: Teknium
Hermes 2.5 7B Mistral = 73.12%
Mistral Base 7B = 71.16%
*Orca 2 13B = 70.58%
```

::: takeaways

## Key Takeaways
"""
        in items["Orca 2"].body
    )


def test_seed_nests_the_list_of_tools(items: dict[str, Item]) -> None:
    body = items["Anthropic’s 200K tokens Claude"].body
    assert (
        """## New features

- Tool use
  - Using a calculator for complex numerical reasoning
  - Translating natural language requests into structured API calls
  - Answering questions by searching databases or using a web search API
  - Taking simple actions in software via private APIs
  - Connecting to product datasets to make recommendations and help users complete purchases
- User specified system prompts (similar to custom instructions)
- Generate code in SDK
"""
        in body
    )
    assert "Total cost of evaluation: \\$1,016 (API usage)" in body


def test_seed_signs_only_the_note_of_the_editor(items: dict[str, Item]) -> None:
    notes = [line for item in items.values() for line in item.body.splitlines() if line.startswith("::: note")]
    assert notes == ["::: note bycloud"]
    assert "**Licensing:** Exclusively for Research purposes" in items["Stable Video Diffusion"].body
    assert "6. Goal: Encourage the student" in items["Orca 2"].body


def test_seed_reports_what_the_site_supplies_itself(imported: tuple[Issue, Report]) -> None:
    _, report = imported
    left_out = sorted(report.left_out, key=lambda entry: entry.line)
    assert [(entry.line, entry.text.replace("\N{NO-BREAK SPACE}", " ")) for entry in left_out] == [
        (1, "The AI Timeline"),
        (5, "Research Papers x 2"),
        (11, "Industry News x 2"),
        (89, "data taken from"),
        (93, "score"),
        (95, "score"),
        (97, "GPT4All score"),
        (99, "data taken from"),
        (305, "that’s a wrap for this issue!"),
        (307, "THANK YOU"),
        (309, "Support me on Patreon ❤️"),
        (311, "[email protected]"),
        (311, "Want to promote your service, website or product? Reach out at"),
        (313, "Reply"),
        (315, "or to participate."),
    ]
    assert [(entry.line, entry.text) for entry in report.repairs] == [
        (117, "ApolinĂĄrio → Apolinário"),
        (309, "â¤ď¸ → ❤️"),
    ]


def test_seed_loses_no_word_and_gains_none(imported: tuple[Issue, Report]) -> None:
    source, found = words.of_document(SEED), words.of_issue(*imported)
    assert (source - found, found - source) == (Counter(), Counter())


def test_seed_loses_no_word_on_its_page(imported: tuple[Issue, Report]) -> None:
    assert words.of_document(SEED) - words.of_page(*imported) == Counter()


def test_no_line_of_the_seed_stands_in_the_code() -> None:
    folder = Path(settings.BASE_DIR) / "timeline"
    files = [*folder.glob("importing/*.py"), folder / "management" / "commands" / "import_issue.py"]
    code = "\n".join(path.read_text(encoding="utf-8") for path in files)
    lines = {line.strip() for line in SEED.read_text(encoding="utf-8").splitlines() if len(line.strip()) > 12}
    assert {line for line in lines if line in code} == set()
