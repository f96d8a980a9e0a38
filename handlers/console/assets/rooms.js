// The live rooms: kept fresh, and what is done there is done without leaving the page.
import { keepFresh, refresh } from "/console/assets/live.js";

const outcome = document.getElementById("outcome");

function tell(text, isGood) {
  outcome.className = isGood ? "notice good" : "notice bad";
  outcome.textContent = text;
}

async function act(form) {
  const buttons = form.querySelectorAll("button");
  const sent = new URLSearchParams(new FormData(form));
  for (const button of buttons) button.disabled = true;
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: sent,
      headers: { Accept: "application/json" },
      credentials: "same-origin",
      redirect: "error",
    });
    if (answer.status === 401) {
      location.reload();
      return;
    }
    const said = await answer.json();
    tell(said.detail ?? Object.values(said).flat().join(" "), answer.ok);
    if (answer.ok) {
      form.reset();
      form.closest("details")?.removeAttribute("open");
    }
  } catch {
    tell("The service did not answer. Look before you try again.", false);
  } finally {
    for (const button of buttons) button.disabled = false;
  }
  await refresh();
  // The button may be gone together with whomever it was about.
  if (document.activeElement === document.body) outcome.focus();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.hasAttribute("data-action")) return;
  event.preventDefault();
  act(form);
});

// One question at a time, and Escape takes it back.
document.addEventListener("toggle", (event) => {
  if (!event.target.matches?.("details.confirm[open]")) return;
  for (const other of document.querySelectorAll("details.confirm[open]")) {
    if (other !== event.target) other.open = false;
  }
}, true);
document.addEventListener("keydown", (event) => {
  const open = document.querySelector("details.confirm[open]");
  if (event.key !== "Escape" || open === null) return;
  open.open = false;
  open.querySelector("summary").focus();
});

keepFresh(["room", "call"]);
