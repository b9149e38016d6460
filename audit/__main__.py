"""What those find in the demo who measure for a living: `make audit`.

A fresh site is served as in production, and of it are checked every page by the Nu HTML checker, its JSON-LD by the
vocabulary of schema.org, all links, the sitemaps by their schema, and three pages on a phone by Lighthouse. The exit
code is 1 when anything falls short. Node, npm and Java have to be there; the tools come from npm into .venv/audit.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any

import requests

from audit.site import UNLINKED, locations, pages, served
from tests.browser import chromium

TOOLS = Path(sys.prefix, "audit")
PACKAGES = (
    "lighthouse@12.2.3",
    "schema-dts@2.1.0",  # the vocabulary of schema.org as types
    "sitemap@9.0.1",  # for its copy of the schema of sitemaps.org
    "typescript@5.9.3",
    "vnu-jar@26.9.27",
    "xmllint-wasm@5.3.0",
)
MEASURED = ("/", "/issues/2/", "/papers/orca-2/")
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
TRIES = 3  # of Lighthouse: what others take from the machine is not the fault of a page

VALIDATE = """
import { readFileSync } from "node:fs";
import { validateXML } from "xmllint-wasm";
const [schema, ...xml] = process.argv.slice(1).map((name) => readFileSync(name, "utf8"));
const result = await validateXML({ schema: [schema], xml });
console.log(result.errors.map((error) => error.rawMessage).join("\\n"));
"""


def install() -> None:
    if missing := [tool for tool in ("node", "npm", "java") if not shutil.which(tool)]:
        sys.exit(
            f"make audit needs {' and '.join(missing)}; on Debian: apt-get install nodejs npm default-jre-headless."
        )
    quiet = ["--no-save", "--no-package-lock", "--no-fund", "--no-audit", "--ignore-scripts", "--loglevel=error"]
    TOOLS.mkdir(exist_ok=True)
    subprocess.run(["npm", "install", *quiet, "--prefix", TOOLS, *PACKAGES], check=True, stdout=subprocess.DEVNULL)


def tool(*command: str | Path, **more: Any) -> str:
    """What a tool writes; it may end with an error when it found one."""
    return subprocess.run(command, cwd=TOOLS, stdout=subprocess.PIPE, text=True, check=False, **more).stdout


def dead_links(found: dict[str, requests.Response]) -> Iterator[str]:
    for path, page in found.items():
        if page.status_code != 200 and path not in UNLINKED:
            yield f"{path}: {page.status_code}"


def html(found: dict[str, requests.Response]) -> Iterator[str]:
    with TemporaryDirectory() as folder:
        files = {Path(folder, f"{number}.html"): path for number, path in enumerate(found)}
        for file, path in files.items():
            file.write_bytes(found[path].content)
        jar = TOOLS / "node_modules/vnu-jar/build/dist/vnu.jar"
        report = tool("java", "-jar", jar, "--format", "json", "--stdout", "--exit-zero-always", folder)
        for message in json.loads(report)["messages"]:
            file = Path(message["url"].removeprefix("file:"))
            yield f"{files[file]}:{message.get('lastLine')}: {message['message']}"


def shape(value: Any) -> Any:
    """A JSON value without its texts: two pages of one shape are right or wrong together."""
    if isinstance(value, dict):
        return {key: each if key in {"@context", "@type"} else shape(each) for key, each in value.items()}
    return [shape(each) for each in value] if isinstance(value, list) else type(value).__name__


def json_ld(found: dict[str, requests.Response]) -> Iterator[str]:
    """The TypeScript compiler says what is no type or property of schema.org."""
    texts: dict[str, tuple[str, str]] = {}  # the first page of each shape
    for path, page in found.items():
        script = re.search(r'<script type="application/ld\+json">(.*?)</script>', page.text, re.DOTALL)
        if script:
            texts.setdefault(json.dumps(shape(json.loads(script[1]))), (path, script[1]))
        elif page.ok:
            yield f"{path}: none"
    kinds = sorted({json.loads(text)["@type"] for _, text in texts.values()})
    lines = [f'import type {{ WithContext, {", ".join(kinds)} }} from "schema-dts";']
    lines += [f"({text}) satisfies WithContext<{json.loads(text)['@type']}>;" for _, text in texts.values()]
    with TemporaryDirectory(dir=TOOLS) as folder:
        file = Path(folder, "pages.ts")
        file.write_text("\n".join(lines), encoding="utf-8")
        options = ["--noEmit", "--strict", "--pretty", "false", "--module", "preserve"]
        paths = ["", *(path for path, _ in texts.values())]
        compiler = TOOLS / "node_modules/typescript/bin/tsc"
        for line, message in re.findall(r"\((\d+),\d+\): error (.*(?:\n .*)*)", tool("node", compiler, *options, file)):
            yield f"{paths[int(line) - 1]}: {message}"


def sitemaps(url: str) -> Iterator[str]:
    schema = TOOLS / "node_modules/sitemap/schema/sitemap.xsd"
    for address in locations(f"{url}/sitemap.xml"):
        with TemporaryDirectory() as folder:
            file = Path(folder, "sitemap.xml")
            file.write_bytes(requests.get(address, timeout=60).content)
            for error in tool("node", "--input-type=module", "--eval", VALIDATE, schema, file).splitlines():
                if error:
                    yield f"{address}: {error}"


def lighthouse(url: str) -> dict[str, float]:
    """The four scores, of 100, and the layout shift; the best of some tries."""
    command = TOOLS / "node_modules/lighthouse/cli/index.js"
    options = ["--output=json", "--quiet", "--chrome-flags=--headless=new --no-sandbox"]
    environment = os.environ | {"CHROME_PATH": chromium.find() or sys.exit(chromium.MISSING)}
    best: dict[str, float] = {}
    for _ in range(TRIES):
        with NamedTemporaryFile(suffix=".json") as file:  # a pipe would cut what is longer than itself
            tool(
                "node", command, url, *options, f"--output-path={file.name}", env=environment, stderr=subprocess.DEVNULL
            )
            report = json.loads(file.read())
        if "runtimeError" in report:
            continue
        scores = {name: round(100 * report["categories"][name]["score"]) for name in CATEGORIES}
        scores["layout shift"] = report["audits"]["cumulative-layout-shift"]["numericValue"]
        best = max(best, scores, key=lambda each: sum(each.get(name, 0) for name in CATEGORIES))
        if perfect(best):
            break
    return best


def perfect(scores: dict[str, float]) -> bool:
    return scores == dict.fromkeys(CATEGORIES, 100) | {"layout shift": 0}


def main() -> None:
    install()
    short: list[str] = []
    with served() as url:
        found = pages(url)
        documents = {path: page for path, page in found.items() if page.headers["Content-Type"].startswith("text/html")}
        checks = {
            "links": (len(found), dead_links(found)),
            "Nu HTML checker": (len(documents), html(documents)),
            "schema.org": (len(documents), json_ld(documents)),
            "sitemaps.org": (len(locations(f"{url}/sitemap.xml")), sitemaps(url)),
        }
        for name, (count, problems) in checks.items():
            problems_found = list(problems)
            print(f"{name:32} {count:4} checked {len(problems_found):4} short", flush=True)
            short += [f"{name}: {problem}" for problem in problems_found]
        for path in MEASURED:
            scores = lighthouse(url + path)
            print(f"Lighthouse {path:21}", *(f"{name} {score:g}" for name, score in scores.items()), flush=True)
            if not perfect(scores):
                short.append(f"Lighthouse: {path}: {scores or 'no result'}")
    sys.exit("\n".join(["", *short]) if short else 0)


if __name__ == "__main__":
    main()
