"""How long timeline.markdown takes for texts that are as long and as nasty as it accepts them.

    python -m benchmarks.markdown [NAME …]

prints the seconds of each function for each text, and of to_html for a usual one.
"""

import sys
import time
from collections.abc import Callable

from timeline import markdown

SIZE = markdown.MAX_LENGTH


def repeated(unit: str) -> str:
    return (unit * (SIZE // len(unit) + 1))[:SIZE]


def nested(opening: str, closing: str) -> str:
    """Every opening stands before the first closing."""
    depth = SIZE // (len(opening) + len(closing))
    return opening * depth + closing * depth


def numbered(unit: str) -> str:
    """Another number each time, so that no two are the same."""
    return "".join(unit.format(number) for number in range(SIZE // len(unit)))[:SIZE]


def deeper(unit: str, step: str) -> str:
    """Each time one step further in, as far as there is room."""
    steps = int((2 * SIZE / len(step)) ** 0.5) - 2 * len(unit)
    return "".join(step * depth + unit for depth in range(steps))[:SIZE]


INPUTS = {
    "one word": "a" * SIZE,
    "words in one line": repeated("word "),
    "empty lines": "\n" * SIZE,
    "tabs": "\t" * SIZE,
    "opening brackets": "[" * SIZE,
    "nested brackets": nested("[", "]"),
    "nested links": nested("[a", "](b)"),
    "links that never end": repeated("[a](<b"),
    "links with titles that never end": repeated('[a](b "c'),
    "link labels over lines": ("[" + repeated("a\n"))[:SIZE],
    "nested images": nested("![a", "](media:b)"),
    "images": repeated('![a](media:b "c")\n\n'),
    "images in one paragraph": repeated("![a](media:b)\n"),
    "emphasis that never ends": repeated("*a **a "),
    "emphasis that never begins": repeated("a* a** "),
    "emphasis runs": repeated("*_"),
    "nested emphasis": nested("*a **a ", "b* b**"),
    "strikethrough": repeated("~~~a"),
    "nested strikethrough": nested("~~a ", " b~~"),
    "backticks": "".join("e" + "`" * length for length in range(1, 640))[:SIZE],
    "entities": repeated("&amp;&#38;&nosuch;&"),
    "backslashes": "\\" * SIZE,
    "html": repeated("<a href='x'><!-- <![CDATA[ <?php "),
    "angle brackets": "<" * SIZE,
    "addresses": repeated("<https://a.example/b?c=d#e> "),
    "addresses that never end": repeated("<https://a"),
    "nested quotes": ">" * SIZE,
    "quotes of many lines": repeated("> " * 40 + "a\n"),
    "lists in one line": repeated("- "),
    "lists that go deeper": deeper("- a\n", "  "),
    "numbered lists": numbered("{}. a\n\n"),
    "items of a list": repeated("- a\n"),
    "tasks": repeated("- [x] a\n"),
    "headings": numbered("# a {}\n"),
    "equal headings": repeated("# a\n"),
    "headings of any level": repeated("# a\n### b\n###### c\n"),
    "underlined headings": repeated("a\n=\n"),
    "rules": repeated("---\n\n"),
    "definition lists": repeated("a\n: b\n"),
    "nested definition lists": deeper("a\n: b\n\n", "  "),
    "a wide table": ("|" + "a|" * 9_000 + "\n|" + "-|" * 9_000 + "\n" + repeated("|a\n"))[:SIZE],
    "a long table": ("|a|b|\n|-|-|\n" + repeated("|c|d|\n"))[:SIZE],
    "a table with one long cell": "|a|\n|-|\n|" + "b" * 100_000 + "|\n" + "|c|\n" * 20_000,
    "heads of tables": repeated("|a|\n|-\n"),
    "footnotes": numbered("a[^{0}]\n\n[^{0}]: b\n\n"),
    "one footnote": ("[^a]: b\n\n" + repeated("[^a]"))[:SIZE],
    "footnotes in footnotes": repeated("[^a]: "),
    "footnotes that nothing refers to": numbered("[^{}]: a\n\n"),
    "footnote marks that never end": ("[^a]: b\n\n" + repeated("[^"))[:SIZE],
    "definitions": numbered("[{0}]: /a\n"),
    "definitions that are used": numbered("[a{0}]\n\n[a{0}]: /a\n\n"),
    "equal definitions": repeated("[a]: /a\n"),
    "fences": repeated("```\na\n```\n"),
    "fences that never end": repeated("- ```\n"),
    "fences in unknown languages": numbered("```l{}\na\n```\n"),
    "highlighted code": repeated("```java\n" + "a " * 1_990 + "\n```\n"),
    "indented code": repeated("    a\n\n"),
    "containers": repeated("::: note a\nb\n:::\n"),
    "containers that never end": repeated("::: note a\n"),
    "containers that never begin": repeated(":::\n\n"),
    "unknown containers": repeated("::: a\n\n"),
    "nested containers": nested("::: credit\n", ":::\n"),
    "dollars": "$" * SIZE,
    "pairs of dollars": repeated("$a$ "),
    "dollars that never close": repeated("$a "),
    "formulas that never end": repeated("$$ a\n# b\n"),
    "bad formulas": repeated("$\\a$\n"),
    "formulas of many rows": repeated("$$\\begin{align}" + r"\\" * 980 + "\\end{align}$$\n\n"),
    "formulas of many brackets": repeated("$" + "(" * 8 + "x+" * 980 + "$ "),
    "formulas of all brackets": repeated("$" + r"(\{" * 660 + "$ "),
    "controls": repeated("\x00\x01\u202e\ufeff"),
    "carriage returns": repeated("a\r"),
    "emoji": repeated("🐳 "),
}

USUAL = """## What is new

The model *reads* 200,000 tokens, see [the paper](https://arxiv.org/abs/2311.11045 "arXiv").[^1] It writes `code`, too,
and the loss is $L(\\theta) = -\\sum_t \\log p_\\theta(y_t \\mid x)$.

- OpenHermes 2.5 Mistral 7B: 53.04 %
- Orca 2 13B: **40.36 %**
  1. first
  2. second

![Four bars](media:scores "Scores on BigBench")

::: note bycloud
No direct RLHF.
:::

| Model | Score |
|:------|------:|
| Orca  | 40.36 |

```python
teacher = [system("Work step by step."), user(task)]
```

[^1]: By the authors' own evaluation.

"""


def seconds(function: Callable[[str], object], text: str) -> float:
    start = time.perf_counter()
    function(text)
    return time.perf_counter() - start


def main(names: list[str]) -> None:
    functions = (markdown.to_html, markdown.to_text, markdown.problems)
    print(f"{'seconds':36}" + "".join(f"{function.__name__:>10}" for function in functions))
    for name in names or INPUTS:
        print(f"{name:36}" + "".join(f"{seconds(function, INPUTS[name]):10.2f}" for function in functions), flush=True)
    usual = (USUAL * 20)[:10_000]
    times = sorted(seconds(markdown.to_html, usual) for _ in range(20))
    print(f"{'10,000 characters as usual':36}{times[10]:10.4f}")


if __name__ == "__main__":
    main(sys.argv[1:])
