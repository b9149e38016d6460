// What readers would get of a Markdown field: the server renders it for each medium. Below the field stand its words,
// its minutes and what is to be mended.

import { rove } from "./roving.js";
import { post } from "./server.js";

const PAUSE = 300; // milliseconds after the last key
// [label, what the server is asked for, class of what is shown]
const MEDIA = [
  ["Web", "html", "prose"],
  ["Phone", "html", "prose phone"],
  ["E-mail", "email", "letter"],
  ["Plain text", "txt", "plain"],
  ["Dark", "html", "prose"],
];

// Gives say(sentence), which is told politely below the field.
export function addPreview(field) {
  const part = (name) => field.closest(".markdown-field").querySelector(`.markdown-${name}`);
  const [side, bar, pane] = [part("side"), part("media"), part("preview")];
  const root = pane.attachShadow({ mode: "open" });
  root.append(pane.querySelector("template").content.cloneNode(true));
  const sheet = new CSSStyleSheet();
  let shown = root.querySelector(".prose");
  let chosen = MEDIA[0];
  let lines = []; // where the blocks begin in the text
  let tops = []; // and in the field, while it is this wide
  let width = 0;
  let mended = ""; // what was last said of what is to be mended
  let running = null;
  let timer = 0;

  const tabs = MEDIA.map((medium, index) => {
    const tab = document.createElement("button");
    tab.type = "button";
    tab.textContent = medium[0];
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", (pane.id ||= `${field.id}-preview`));
    tab.tabIndex = index ? -1 : 0;
    tab.addEventListener("click", () => choose(index));
    return tab;
  });
  bar.append(...tabs);
  rove(bar, tabs, (tab) => choose(tabs.indexOf(tab)));

  function choose(index) {
    chosen = MEDIA[index];
    tabs.forEach((tab, place) => tab.setAttribute("aria-selected", String(place === index)));
    if (field.value) refresh();
  }

  function say(sentence) {
    if (part("status").textContent !== sentence) part("status").textContent = sentence;
  }

  function show({ html, text, css }, [label, medium, classes]) {
    const fresh = document.createElement(medium === "txt" ? "pre" : "div");
    fresh.className = classes;
    if (medium === "txt") fresh.textContent = text;
    else fresh.innerHTML = html; // from timeline.markdown
    sheet.replaceSync(css || "");
    root.adoptedStyleSheets = css ? [sheet] : [];
    if (label === "Dark") pane.dataset.theme = "dark";
    else delete pane.dataset.theme;
    shown.replaceWith(fresh);
    shown = fresh;
  }

  function tellProblems(problems) {
    const told = problems.map(({ line, message }) => {
      const row = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = `Line ${line}`;
      button.addEventListener("click", () => goToLine(field, line));
      row.append(button, ` ${message}`);
      return row;
    });
    // Not while the button that somebody is on stays true.
    const list = part("problems");
    const same = told.length === list.children.length && told.every((row, at) => row.isEqualNode(list.children[at]));
    if (!same) list.replaceChildren(...told);
    const places = [...new Set(problems.map(({ line }) => line))].join(", ");
    const sentence = problems.length ? `${problems.length} to mend, in line ${places}.` : "";
    if (sentence !== mended) say(sentence);
    mended = sentence;
  }

  async function refresh() {
    clearTimeout(timer);
    running?.abort();
    running = new AbortController();
    const medium = chosen;
    try {
      const values = { content: field.value, medium: medium[1], prefix: field.dataset.prefix || "" };
      const answer = await post(field.dataset.markdownxUrlsPath, values, running.signal);
      side.hidden = !field.value;
      show(answer, medium);
      tellProblems(answer.problems);
      const count = `${answer.words.toLocaleString("en")} ${answer.words === 1 ? "word" : "words"}`;
      part("count").textContent = field.value ? `${count}, ${answer.minutes} min read` : "";
      lines = medium[1] === "html" ? answer.lines : [];
      width = 0;
      follow();
    } catch (error) {
      if (error.name === "AbortError") return;
      mended = `No preview: ${error.message}`;
      say(mended);
    }
  }

  // The block at the top of the field goes to the top of the preview.
  function follow() {
    const end = field.scrollHeight - field.clientHeight;
    const paneEnd = pane.scrollHeight - pane.clientHeight;
    if (end <= 0 || paneEnd <= 0) return;
    const here = field.scrollTop;
    if (!lines.length || here >= end - 1) {
      pane.scrollTop = (here / end) * paneEnd;
      return;
    }
    if (width !== field.clientWidth) {
      width = field.clientWidth;
      tops = [...topsOfLines(field, lines), field.scrollHeight];
    }
    const at = Math.max(0, tops.findIndex((top) => top > here) - 1);
    const zero = shown.getBoundingClientRect().top;
    const place = (index) => shown.children[index]?.getBoundingClientRect().top - zero;
    const [top, next] = [place(at) || 0, place(at + 1) || shown.scrollHeight];
    pane.scrollTop = top + ((here - tops[at]) / Math.max(1, tops[at + 1] - tops[at])) * (next - top);
  }

  field.addEventListener("scroll", () => requestAnimationFrame(follow));
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, PAUSE);
  });
  choose(0);
  return say;
}

function goToLine(field, line) {
  const rows = field.value.split("\n");
  const start = rows.slice(0, line - 1).join("\n").length + (line > 1);
  field.setSelectionRange(start, start + (rows[line - 1] ?? "").length);
  field.focus();
  field.scrollTop = topsOfLines(field, [line])[0] - field.clientHeight / 3;
}

// How far below the top of the text these lines (from 1, ascending) begin, in pixels: measured, for lines wrap.
function topsOfLines(field, lines) {
  const rows = field.value.split("\n");
  const mirror = document.createElement("div");
  mirror.className = "markdown-mirror";
  mirror.style.width = `${field.clientWidth}px`;
  const marks = [];
  lines.forEach((line, at) => {
    const before = rows.slice(at ? lines[at - 1] - 1 : 0, line - 1);
    mirror.append(before.map((row) => `${row}\n`).join(""));
    marks.push(mirror.appendChild(document.createElement("span")));
    marks.at(-1).textContent = "\u200b";
  });
  field.after(mirror);
  const tops = marks.map((mark) => mark.offsetTop);
  mirror.remove();
  return tops;
}
