"""Formulas, and what must not reach the library that converts them."""

import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from timeline.mathml import MAX_LENGTH, BadLatex, to_mathml

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("latex", "mathml"),
    [
        ("x", "<mi>x</mi>"),
        (r"\text{<script>}", "<mtext>&lt;script&gt;</mtext>"),
        (r"\textcolor{red}{x}", '<mrow mathcolor="#FF0000"><mi>x</mi></mrow>'),
        (r"a\!b", '<mi>a</mi><mspace class="m-margin-left-0-16666667em"/><mi>b</mi>'),
        (r"\hspace{-9em}a", "<mspace/><mi>a</mi>"),
        (r"\eqref{a}", "<mtext>(??)</mtext>"),
    ],
)
def test_formula_has_no_style_and_no_link(latex: str, mathml: str) -> None:
    assert to_mathml(latex, display=False) == f"<math>{mathml}</math>"


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"\nosuch", r'Unknown command "\nosuch".'),
        ("x" * (MAX_LENGTH + 1), "It has 2,001 characters; a formula can have 2,000. Split it."),
        ("{" * 51 + "x" + "}" * 51, "Its braces are nested deeper than 50 levels."),
        (r"\newcommand{\a}{b}\a", r"A formula cannot define commands: write out what “\newcommand” defines."),
        (r"\pmod{3}" * 9, r"It has 9 of \bra, \braket, \ket, \pmod, \pod; 8 are possible. Split it."),
    ],
)
def test_bad_formula_says_what_is_wrong(latex: str, message: str) -> None:
    with pytest.raises(BadLatex) as caught:
        to_mathml(latex, display=True)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "group", ["(-x)", r"\{-x\}", "[-x]", r"\langle -x\rangle ", r"f(x)_i\left(y\right)\sqrt[3]{z}"]
)
def test_many_brackets_look_like_few(group: str) -> None:
    few, many = to_mathml(group, display=True), to_mathml(group * 20, display=True)
    start, end = '<math display="block">', "</math>"
    assert many == start + few.removeprefix(start).removesuffix(end) * 20 + end


def test_nesting_within_the_limits_fits_into_the_stack_of_a_small_thread() -> None:
    """math-core takes the process with it where its stack ends, so another process tries."""
    assert run(__file__) == "fits"


@pytest.mark.parametrize(
    "unit",
    ["(", r"\{", r"\langle ", "{(}", r"(\bigr)", r"[\\[", r"\bigl(", r"(_\rangle ", r"\pmod _", "(|", r"(\over "],
)
def test_brackets_that_nothing_closes_take_no_time(unit: str) -> None:
    program = f"from timeline.mathml import *\ntry: to_mathml({unit!r} * 60, display=True)\nexcept BadLatex: pass"
    assert run("-c", program) == ""


def run(*arguments: str) -> str:
    command = [sys.executable, *arguments]
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=20, check=True)
    return done.stdout.strip()


def convert_what_nests_deepest() -> None:
    for unit in (
        "{",
        "x^{",
        r"\left(",
        r"\sqrt",
        r"\sqrt[",
        r"\frac",
        r"\bar",
        r"\not",
        r"\text{",
        r"\hat{",
        "(",
        "{}^",
    ):
        for depth in (45, MAX_LENGTH // len(unit) - 1):
            for formula in (unit * depth + " x", unit * depth + "x" + "}" * (unit * depth).count("{")):
                with suppress(BadLatex):
                    to_mathml(formula[:MAX_LENGTH], display=True)


if __name__ == "__main__":
    threading.stack_size(1_500_000)
    thread = threading.Thread(target=convert_what_nests_deepest)
    thread.start()
    thread.join()
    print("fits")
