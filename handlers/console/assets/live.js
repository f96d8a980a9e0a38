// Keeps the marked parts of a page as they are now. What changes is told over one socket; the page is then read anew,
// and only what differs is put in, so that whoever is typing, or has the focus somewhere, is not disturbed.
//
// Parts are marked with `data-fresh` and an id; what stands in a list keeps its place by its id. What is to be said to
// those who do not see the page stands in `data-say`.

const LATER_MS = 100;
const AGAIN_MS = [500, 1000, 2000, 5000];
const AGES_EVERY_MS = 10_000;
const NOT_SIGNED_IN = 4401;

let reading = null;
let readAgain = false;
let offset = ahead();

/** Read the page again whenever something of these types changes; with `everyMs` also by itself. */
export function keepFresh(types, everyMs = 0) {
  let waiting = null;

  const soon = () => {
    waiting ??= setTimeout(() => { waiting = null; refresh(); }, LATER_MS);
  };

  listen(types, soon);
  if (everyMs) setInterval(() => { if (!document.hidden) soon(); }, everyMs);
  setInterval(showAges, AGES_EVERY_MS);
}

/** Call `changed` whenever something of these types changes, and whenever something may have been missed. */
export function listen(types, changed) {
  if (document.querySelector("[data-live]") === null) return;
  let failures = 0;

  const open = () => {
    const address = new URL("/console/live", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    socket.addEventListener("open", () => {
      // Something may have changed since the page was made, or since the socket was lost.
      failures = 0;
      state("");
      changed();
    });
    socket.addEventListener("message", (event) => {
      const told = JSON.parse(event.data);
      if (types.includes(told.type) || told.type === "resync") changed();
    });
    socket.addEventListener("close", (event) => {
      if (event.code === NOT_SIGNED_IN) {
        location.reload();
        return;
      }
      state("Not live just now; trying again.");
      setTimeout(open, AGAIN_MS[Math.min(failures, AGAIN_MS.length - 1)]);
      failures += 1;
    });
  };

  open();
}

/** Show what the server shows now. Two at once are one, and then another one. */
export function refresh() {
  if (reading !== null) {
    readAgain = true;
    return reading;
  }
  reading = read().finally(() => {
    reading = null;
    if (readAgain) {
      readAgain = false;
      refresh();
    }
  });
  return reading;
}

/** Say something to whoever does not see the page. */
export function say(text) {
  let place = document.getElementById("spoken");
  if (place === null) {
    place = document.createElement("p");
    place.id = "spoken";
    place.className = "visually-hidden";
    place.setAttribute("role", "status");
    document.body.append(place);
  }
  place.textContent = text;
}

async function read() {
  let page;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    if (answer.redirected) {
      location.reload();
      return;
    }
    if (!answer.ok) return;
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return; // The socket says when the service is there again.
  }
  document.documentElement.dataset.now = page.documentElement.dataset.now;
  offset = ahead();
  const before = sayings();
  for (const old of document.querySelectorAll("[data-fresh]")) {
    const fresh = page.getElementById(old.id);
    if (fresh !== null) become(old, fresh);
  }
  const news = [...sayings()].filter(([id, text]) => before.get(id) !== text).map(([, text]) => text);
  if (news.length) say(news.slice(0, 5).join(" "));
}

function sayings() {
  return new Map([...document.querySelectorAll("[data-say][id]")].map((each) => [each.id, each.dataset.say]));
}

function become(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  for (const { name } of [...old.attributes]) {
    // What somebody has opened stays open.
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const kept = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  let place = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    let here = next.id ? kept.get(next.id) : undefined;
    if (here === undefined && place !== null && isAlike(place, next)) here = place;
    if (here === undefined) {
      const made = document.importNode(next, true);
      if (made.id) made.classList?.add("new");
      old.insertBefore(made, place);
      continue;
    }
    if (here === place) place = place.nextSibling;
    else old.insertBefore(here, place);
    if (here.nodeType === Node.ELEMENT_NODE) become(here, next);
    else if (here.nodeValue !== next.nodeValue) here.nodeValue = next.nodeValue;
  }
  while (place !== null) {
    const gone = place;
    place = place.nextSibling;
    gone.remove();
  }
}

function isAlike(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName && !one.id && !other.id;
}

function state(text) {
  const place = document.getElementById("live-state");
  if (place === null) return;
  place.textContent = text;
  place.hidden = text === "";
}

/** By how much the clock of the service is ahead of this machine's. In practice it can be put ahead any time. */
function ahead() {
  return Date.parse(document.documentElement.dataset.now) - Date.now();
}

/** Let "5 min" grow, by the clock of the service. */
function showAges() {
  for (const each of document.querySelectorAll("time[data-ago]")) {
    const seconds = Math.max(0, Math.floor((Date.now() + offset - Date.parse(each.dateTime)) / 1000));
    const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
    const rest = minutes % 60;
    if (hours < 24) {
      each.textContent = seconds < 60 ? `${seconds} s` : hours < 1 ? `${minutes} min` : `${hours} h${rest ? ` ${rest} min` : ""}`;
    }
  }
}
