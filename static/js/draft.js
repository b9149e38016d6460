// What is typed into a form of the admin is kept: at once in this browser, two seconds later on the server. It is
// offered when the form is opened again. Who was signed out meanwhile signs in here and goes on.

import "./merge.js";
import { showModal } from "./modal.js";

const PAUSE = 1500; // milliseconds after the last key until it is sent
const POLL = 15000; // until the server hears again that the form is open
const OWN = ["csrfmiddlewaretoken", "revision", "draft", "sheet", "turn", "replaces"]; // fields that nobody types
const keeper = document.querySelector(".keeper");
const form = keeper?.closest("form");

function main() {
  // Or a browser would put old text into a form of a newer revision when it is reloaded or gone back to.
  form.autocomplete = "off";
  const find = (selector) => keeper.querySelector(selector);
  const place = `draft:${location.pathname}:`;
  const key = place + form.elements.sheet.value; // another tab has a journal of its own
  const initial = content();
  let sent = initial;
  let noted = initial;
  let timer = 0;
  let sending = Promise.resolve();
  let isLeaving = false;

  function values() {
    const data = new FormData(form);
    for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
    return new URLSearchParams(data);
  }

  function content(from = values()) {
    for (const name of OWN) from.delete(name);
    return from.toString();
  }

  const say = (text) => (find(".state").textContent = text);

  // Whether something was changed since the last time. Each change is another turn, by which the server knows what is newer.
  function journal() {
    const now = content();
    const isNew = now !== noted;
    if (isNew) form.elements.turn.value++;
    noted = now;
    try {
      if (now === sent) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify({ at: new Date().toISOString(), content: values().toString() }));
    } catch {
      // No room, or not allowed: the server still has it two seconds later.
    }
    return isNew;
  }

  async function signInPage(options) {
    const answer = await fetch(keeper.dataset.login, options);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return { isIn: !page.querySelector("#login-form, .errornote"), token: page.querySelector("[name=csrfmiddlewaretoken]")?.value };
  }

  async function post(body, isAgain = false) {
    body.delete("csrfmiddlewaretoken");
    const headers = { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
    const answer = await fetch(keeper.dataset.url, { method: "POST", body, headers });
    if (answer.status === 403) {
      // Who has signed in again in another tab has another token.
      const { isIn, token } = isAgain ? {} : await signInPage();
      if (!isIn) throw Object.assign(new Error("You were signed out."), { isSignedOut: true });
      form.elements.csrfmiddlewaretoken.value = token;
      return post(body, true);
    }
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.error);
    return told;
  }

  const ping = () => post(new URLSearchParams({ draft: form.elements.draft.value, revision: form.elements.revision.value }));

  // Whether the server answers and knows who we are; asked even if there is nothing to keep where somebody wants to save.
  async function send(isSaving = false) {
    clearTimeout(timer);
    journal();
    const now = noted;
    try {
      if (now === sent) {
        if (isSaving) hear(await ping());
        return true;
      }
      say("Keeping…");
      hear(await post(values()));
      sent = now;
      journal();
      say(`Kept at ${new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}, not saved yet.`);
      return true;
    } catch (error) {
      say(`${error.isSignedOut ? error.message : "The server does not answer."} What you type is kept in this browser.`);
      if (error.isSignedOut) return (await signIn()) && send(isSaving);
      timer = setTimeout(queue, PAUSE * 4);
      return !(error instanceof TypeError); // which says that there was no answer at all
    }
  }

  const queue = (isSaving) => (sending = sending.then(() => send(isSaving)));

  function hear({ revision, is_own: isOwn, others }) {
    const isStale = String(revision) !== form.elements.revision.value;
    const names = new Intl.ListFormat("en-GB").format(others);
    const saved = isOwn ? "You have saved it elsewhere since you opened it here" : "Somebody has saved since you opened it";
    find(".others").textContent = [
      names && `${names} ${others.length > 1 ? "have" : "has"} this open, too.`,
      isStale && `${saved}: when you save, both are merged.`,
    ].filter(Boolean).join(" ");
  }

  // Whether one did.
  function signIn() {
    const dialog = find("dialog");
    if (!dialog.open) {
      dialog.returnValue = "";
      showModal(dialog);
    }
    return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "in"), { once: true }));
  }

  document.getElementById("sign-in").addEventListener("submit", async (event) => {
    event.preventDefault();
    const fault = find("dialog .errornote");
    try {
      const body = new URLSearchParams({
        csrfmiddlewaretoken: (await signInPage()).token || "",
        username: find("#sign-in-email").value,
        password: find("#sign-in-password").value,
      });
      const { isIn, token } = await signInPage({ method: "POST", body });
      if (!isIn) throw new Error("This e-mail and this password do not go together.");
      form.elements.csrfmiddlewaretoken.value = token;
      find("#sign-in-password").value = "";
      fault.hidden = true;
      find("dialog").close("in");
    } catch (error) {
      fault.textContent = error.message;
      fault.hidden = false;
    }
  });
  find(".later").addEventListener("click", () => find("dialog").close());

  for (const kind of ["input", "change"])
    form.addEventListener(kind, (event) => {
      if (event.target.closest("dialog") || !journal()) return;
      clearTimeout(timer);
      timer = setTimeout(queue, PAUSE);
    });
  // The server keeps all of it before it is saved: a save that is cut off, or of somebody who was signed out, loses nothing.
  form.addEventListener("submit", async (event) => {
    if (isLeaving || event.submitter?.formTarget) return; // into the frame of the preview: nobody leaves
    event.preventDefault();
    if (!(await queue(true))) return;
    isLeaving = true;
    // Not at once: a form takes no second submission while it tells of the first.
    setTimeout(() => form.requestSubmit(event.submitter));
  });
  addEventListener("pagehide", () => isLeaving || journal());
  addEventListener("pageshow", () => (isLeaving = false)); // also of a page that one comes back to
  document.addEventListener("visibilitychange", () => document.hidden && queue());

  for (const button of keeper.querySelectorAll(".discard[value]"))
    button.addEventListener("click", async () => {
      try {
        await post(new URLSearchParams({ draft: button.dataset.draft, discard: button.value }));
        button.closest("p").remove();
      } catch (error) {
        if (error.isSignedOut) signIn();
        else say("The server does not answer. Try again.");
      }
    });

  // What this browser has and the server never got, of tabs that were closed or have no network.
  for (const name of Object.keys(localStorage).filter((each) => each.startsWith(place))) {
    const left = JSON.parse(localStorage.getItem(name));
    const typed = new URLSearchParams(left.content);
    if (content(new URLSearchParams(typed)) === initial) {
      localStorage.removeItem(name);
      continue;
    }
    const note = find("template.left").content.firstElementChild.cloneNode(true);
    note.querySelector("time").textContent = new Date(left.at).toLocaleString();
    note.querySelector(".show").addEventListener("click", async () => {
      try {
        await post(typed);
        localStorage.removeItem(name);
        location.search = `?draft=${typed.get("sheet")}`;
      } catch (error) {
        if (error.isSignedOut) signIn();
        else say("The server does not answer. Try again.");
      }
    });
    note.querySelector(".discard").addEventListener("click", () => {
      localStorage.removeItem(name);
      note.remove();
    });
    find("template.left").before(note);
  }

  const open = () => document.hidden || ping().then(hear, () => {});
  open();
  setInterval(open, POLL);
}

if (form) main();
