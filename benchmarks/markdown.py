"""How long timeline.markdown takes for texts that are as long and as nasty as it accepts them.

    python -m benchmarks.markdown [NAME …]

prints the seconds of each function for each text, and of to_html for a usual one.
"""

import os
import sys
import time
from collections.abc import Callable

from timeline import markdown

SIZE = markdown.MAX_LENGTH // int(os.environ.get("PART", "1"))  # a part of the longest text that is taken


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
    "empty lines": "\n" * SIZE,
    "tabs": "\t" * SIZE,
    "opening brackets": "[" * SIZE,
    "nested brackets": nested("[", "]"),
    "nested links": nested("[a", "](b)"),
    "links that never end": repeated("[a](<b"),
    "link labels over lines": ("[" + repeated("a\n"))[:SIZE],
    "nested images": nested("![a", "](media:b)"),
    "images": repeated('![a](media:b "c")\n\n'),
    "emphasis that never ends": repeated("*a **a "),
    "emphasis runs": repeated("*_"),
    "nested emphasis": nested("*a **a ", "b* b**"),
    "strikethrough": repeated("a ~~~"),
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
    "headings": numbered("# a {}\n"),
    "equal headings": repeated("# a\n"),
    "definition lists": repeated("a\n: b\n"),
    "nested definition lists": deeper("a\n: b\n\n", "  "),
    "a wide table": ("|" + "a|" * 9_000 + "\n|" + "-|" * 9_000 + "\n" + repeated("|a\n"))[:SIZE],
    "a long table": ("|a|b|\n|-|-|\n" + repeated("|c|d|\n"))[:SIZE],
    "a table with one long cell": "|a|\n|-|\n|" + "b" * 100_000 + "|\n" + "|c|\n" * 20_000,
    "heads of tables": repeated("|a|\n|-\n"),
    "footnotes": numbered("a[^{0}]\n\n[^{0}]: b\n\n"),
    "one footnote": ("[^a]: b\n\n" + repeated("[^a]"))[:SIZE],
    "footnotes in footnotes": repeated("[^a]: "),
    "footnote marks that never end": ("[^a]: b\n\n" + repeated("[^"))[:SIZE],
    "definitions that are used": numbered("[a{0}]\n\n[a{0}]: /a\n\n"),
    "fences": repeated("```\na\n```\n"),
    "fences that never end": repeated("- ```\n"),
    "highlighted code": repeated("```java\n" + "a " * 1_990 + "\n```\n"),
    "indented code": repeated("    a\n\n"),
    "containers": repeated("::: note a\nb\n:::\n"),
    "containers that never end": repeated("::: note a\n"),
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
    "emoji": repeated("🐳 "),
}

USUAL = """## What is new

The model *reads* 200,000 tokens, see [the paper](https://arxiv.org/abs/2311.11045 "arXiv").[^1] It writes `code`, too,
and the loss is $L(\\theta) = -\\sum_t \\log p_\\theta(y_t \\mid x)$.

A small model can copy the answers of a large one and still not know when to think. Here it is taught the choice itself:
which way of solving does this task need? The teacher sees the strategy and the task. The student sees a generic
instruction and the task, and learns to give the same answer. With the hint gone, the only way there is to learn it.

- OpenHermes 2.5 Mistral 7B: 53.04 %
- Orca 2 13B: **40.36 %**

![Four bars](media:scores "Scores on BigBench")

::: note bycloud
There is no direct RLHF here, because it does not give a model new knowledge. Still, the answers come from a model that
has been through it.
:::

| Model | Score |
|:------|------:|
| Orca  | 40.36 |

It is a useful account of how to train on synthetic data. Rather disappointing: smaller models do better on the same
tests, and the one without any tuning is ahead. The numbers are those that others published; we have not run them again.

[^1]: By the authors' own evaluation.

"""


def seconds(function: Callable[[str], object], text: str) -> float:
    start = time.perf_counter()
    function(text)
    return time.perf_counter() - start


def main(names: list[str]) -> None:
    functions = (markdown.to_html, markdown.to_text)
    print(f"{'seconds':36}" + "".join(f"{function.__name__:>10}" for function in functions))
    for name in names or INPUTS:
        print(f"{name:36}" + "".join(f"{seconds(function, INPUTS[name]):10.2f}" for function in functions), flush=True)
    usual = (USUAL * 10)[:10_000]
    times = sorted(seconds(markdown.to_html, usual) for _ in range(20))
    print(f"{'10,000 characters as usual':36}{times[10]:10.4f}")


if __name__ == "__main__":
    main(sys.argv[1:])
