// Lines of text as Markdown: runs of text with marks become one string, in which neighbours with one mark share it.

const MARKS = { bold: "**", italic: "*", strike: "~~" };

// A formula as timeline.dialect knows it, or else a sign that would be Markdown.
const FORMULA = /(?<!\d)(\$\$?)(?![\s$])(?:[^$\\]|\\.)+(?<!\s)\1(?![\d$])/;
const SIGN = /[\\`*[\]~]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|<(?=[a-z])|&(?=#?\w+;)/;
const SPECIAL = new RegExp(`${FORMULA.source}|${SIGN.source}`, "gisu");

// Text that shows itself; formulas that were typed as such stay.
export const escaped = (text) => text.replace(SPECIAL, (found) => (found.startsWith("$") ? found : `\\${found}`));

// What would begin a block where it stands at the start of a line.
export const escapedStart = (text) =>
  text.replace(/^(#{1,6}(?=\s|$)|[-+>](?=\s|$)|>|:(?=\s|::)|\|)/, "\\$1").replace(/^(\d{1,9})([.)])(?=\s|$)/, "$1\\$2");

function verbatim(code) {
  const longest = Math.max(0, ...[...code.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return longest ? `${fence} ${code} ${fence}` : fence + code + fence;
}

// `runs` are {text, bold, italic, strike, code, href, raw}; raw is Markdown already, a text of "\n" a line break.
export function written(runs) {
  let markdown = "";
  let space = "";
  let href = "";
  const open = []; // marks, outermost first; a link is the outermost of all

  function close(count) {
    while (open.length > count) markdown += MARKS[open.pop()];
  }
  function turnTo(run) {
    const wanted = Object.keys(MARKS).filter((mark) => run?.[mark]);
    const link = run?.href || "";
    let kept = link === href ? 0 : -1;
    if (kept === 0) while (kept < open.length && wanted.includes(open[kept])) kept++;
    close(Math.max(0, kept));
    if (link !== href && href) markdown += `](${href})`;
    markdown += space;
    space = "";
    if (link !== href && link) markdown += "[";
    href = link;
    for (const mark of wanted) {
      if (open.includes(mark)) continue;
      open.push(mark);
      markdown += MARKS[mark];
    }
  }

  for (const run of runs) {
    if (run.text === "\n") {
      space = "\\\n";
      continue;
    }
    const text = run.raw || run.code ? run.text : run.text.trim();
    if (!run.raw && !run.code && /^\s/.test(run.text)) space ||= " ";
    if (!text.trim()) continue;
    turnTo(run);
    markdown += run.raw ? text : run.code ? verbatim(text) : escaped(text);
    if (!run.raw && !run.code && /\s$/.test(run.text)) space = " ";
  }
  space = "";
  turnTo(null);
  return markdown.replace(/^(?:\\\n)+/, "").trim().replace(/\[(https?:[^\]]+)\]\(\1\)/g, "<$1>");
}
