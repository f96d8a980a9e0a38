// Keeps the marked parts of a page as they are now: what changes is told over one socket, and read anew from the page.

const LATER_MS = 400;
const AGAIN_MS = 3000;

/** Read the page again whenever something of these types changes; `everyMs` also by itself. */
export function keepFresh(types, everyMs = 0) {
  let waiting = null;

  const soon = () => {
    waiting ??= setTimeout(async () => {
      waiting = null;
      await refresh();
    }, LATER_MS);
  };

  const listen = () => {
    const address = new URL("/console/live", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    socket.addEventListener("message", (event) => {
      const told = JSON.parse(event.data);
      if (types.includes(told.type) || told.type === "resync") soon();
    });
    socket.addEventListener("close", () => setTimeout(() => { soon(); listen(); }, AGAIN_MS));
  };

  if (document.querySelector("[data-live]") !== null) listen();
  if (everyMs) setInterval(() => { if (!document.hidden) soon(); }, everyMs);
}

/** Put what the server shows now in the place of what it showed, but never under the hands of whoever is at it. */
export async function refresh() {
  let page;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return;
  }
  for (const old of document.querySelectorAll("[data-fresh]")) {
    const fresh = page.getElementById(old.id);
    if (fresh === null || old.innerHTML === fresh.innerHTML || isBusy(old)) continue;
    old.innerHTML = fresh.innerHTML;
  }
}

function isBusy(part) {
  const chosen = document.getSelection();
  return part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea, button, summary")
    || part.querySelector("details[open]") !== null
    || (chosen !== null && !chosen.isCollapsed && part.contains(chosen.anchorNode));
}
