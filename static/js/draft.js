// What is typed into a form of the admin is kept: at once in this browser, two seconds later on the server. It is
// offered when the form is opened again. Who was signed out meanwhile signs in here and goes on.

const PAUSE = 1500; // milliseconds after the last key until it is sent
const POLL = 15000; // until the server hears again that the form is open
const keeper = document.querySelector(".keeper");
const form = keeper?.closest("form");

function main() {
  const find = (selector) => keeper.querySelector(selector);
  const key = `draft:${location.pathname}:${form.elements.draft.value}`;
  const journalKey = location.pathname.endsWith("/add/") ? `draft:${location.pathname}` : key;
  const initial = content();
  let sent = initial;
  let timer = 0;
  let sending = Promise.resolve(true);
  let isLeaving = false;

  function content() {
    const data = new FormData(form);
    data.delete("csrfmiddlewaretoken");
    for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
    return new URLSearchParams(data).toString();
  }

  const say = (text) => (find(".state").textContent = text);

  function journal() {
    const now = content();
    try {
      if (now === sent) localStorage.removeItem(journalKey);
      else localStorage.setItem(journalKey, JSON.stringify({ at: new Date().toISOString(), content: now }));
    } catch {
      // No room, or not allowed: the server still has it two seconds later.
    }
    return now;
  }

  async function post(body) {
    const headers = { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
    headers["Content-Type"] = "application/x-www-form-urlencoded";
    const answer = await fetch(keeper.dataset.url, { method: "POST", body, headers });
    if (answer.status === 403) throw Object.assign(new Error("You were signed out."), { isSignedOut: true });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
    return told;
  }

  // Whether the server has it.
  async function send() {
    clearTimeout(timer);
    const now = journal();
    if (now === sent) return true;
    say("Keeping…");
    try {
      hear(await post(now));
      sent = now;
      journal();
      say(`Kept at ${new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}, not saved yet.`);
      return true;
    } catch (error) {
      say(`${error.isSignedOut ? error.message : "The server does not answer."} What you type is kept in this browser.`);
      if (error.isSignedOut) await signIn();
      else timer = setTimeout(queue, PAUSE * 4);
      return error.isSignedOut && content() === sent;
    }
  }

  const queue = () => (sending = sending.then(send, send));

  function hear({ revision, others }) {
    const isStale = String(revision) !== form.elements.revision.value;
    const names = new Intl.ListFormat("en-GB").format(others);
    find(".others").textContent = [
      names && `${names} ${others.length > 1 ? "have" : "has"} this open, too.`,
      isStale && "Somebody has saved since you opened it: when you save, both are merged.",
    ].filter(Boolean).join(" ");
  }

  function signIn() {
    const dialog = find("dialog");
    if (dialog.open) return Promise.resolve();
    dialog.showModal();
    return new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  }

  const login = document.getElementById("sign-in");
  login.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fault = find("dialog .errornote");
    const token = async () => {
      const page = await (await fetch(keeper.dataset.login)).text();
      return new DOMParser().parseFromString(page, "text/html").querySelector("[name=csrfmiddlewaretoken]")?.value;
    };
    try {
      const body = new URLSearchParams({
        csrfmiddlewaretoken: (await token()) || "",
        username: find("#sign-in-email").value,
        password: find("#sign-in-password").value,
      });
      const answer = await fetch(keeper.dataset.login, { method: "POST", body });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const wrong = page.querySelector("#login-form, .errornote");
      if (wrong) throw new Error("This e-mail and this password do not go together.");
      form.elements.csrfmiddlewaretoken.value = page.querySelector("[name=csrfmiddlewaretoken]").value;
      find("#sign-in-password").value = "";
      fault.hidden = true;
      hear(await post(content()));
      sent = content();
      journal();
      say("Kept, not saved yet.");
      find("dialog").close();
    } catch (error) {
      fault.textContent = error.message;
      fault.hidden = false;
    }
  });
  find(".later").addEventListener("click", () => find("dialog").close());

  form.addEventListener("input", (event) => {
    if (event.target.closest("dialog")) return;
    journal();
    clearTimeout(timer);
    timer = setTimeout(queue, PAUSE);
  });
  form.addEventListener("change", () => (timer ||= setTimeout(queue, PAUSE)));
  // The server keeps all of it before it is saved: a save that is cut off, or of somebody who was signed out, loses nothing.
  form.addEventListener("submit", async (event) => {
    if (isLeaving || event.submitter?.formTarget) return; // into the frame of the preview: nobody leaves
    event.preventDefault();
    clearTimeout(timer);
    await queue();
    if (find("dialog").open) return;
    isLeaving = true;
    if (content() === sent) localStorage.removeItem(journalKey);
    // Not at once: a form takes no second submission while it tells of the first.
    setTimeout(() => form.requestSubmit(event.submitter));
  });
  addEventListener("pagehide", () => isLeaving || journal());
  document.addEventListener("visibilitychange", () => document.hidden && queue());

  for (const button of keeper.querySelectorAll("p:not(.journal) .discard"))
    button.addEventListener("click", async () => {
      await post(`draft=${form.elements.draft.value}&discard=1`);
      localStorage.removeItem(journalKey);
      button.closest("p").remove();
    });

  // What this browser has and the server never got.
  const left = JSON.parse(localStorage.getItem(journalKey) || "null");
  if (left && left.content !== initial) {
    const note = find(".journal");
    const values = new URLSearchParams(left.content);
    note.hidden = false;
    note.querySelector("time").textContent = new Date(left.at).toLocaleString();
    note.querySelector(".show").addEventListener("click", async () => {
      try {
        await post(left.content);
        localStorage.removeItem(journalKey);
        isLeaving = true;
        location.search = `?draft=${values.get("draft")}`;
      } catch (error) {
        if (error.isSignedOut) await signIn();
        else say(error.message);
      }
    });
    note.querySelector(".discard").addEventListener("click", () => {
      localStorage.removeItem(journalKey);
      note.hidden = true;
    });
  } else {
    localStorage.removeItem(journalKey);
  }

  const open = () =>
    document.hidden || post(`draft=${form.elements.draft.value}&revision=${form.elements.revision.value}`).then(hear, () => {});
  open();
  setInterval(open, POLL);
}

if (form) main();
