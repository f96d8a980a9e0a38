// The page of the practice phones: two phones, the clock, what is booked, and the letters, all kept up to date.

import { listen } from "./live.js";
import { Phone } from "./phone.js";

const AT_MOST_EVERY_MS = 100;
// For what nobody tells: a clock that was put ahead elsewhere, letters of another process.
const LOOK_EVERY_MS = 5000;
const TICK_MS = 1000;
const KEPT = "practice-phones";

const main = document.querySelector("main");
const part = (name) => main.querySelector(`[data-${name}]`);

let people = new Map();
let clockAhead = 0; // of this browser's clock, in milliseconds
let zone = "UTC";
let looking = null;
let lookAgain = false;
let shownBooked = "";
let shownLetters = "";

const phones = [...document.querySelectorAll("[data-phone]")].map(
  (box, index) => new Phone(box, { changed: soon, told, now: () => now(), pitch: index ? 0.85 : 1.1 }),
);
const [left, right] = phones;

// What is told, and when

function told(text, kind = "") {
  const box = part("told");
  box.textContent = text;
  box.className = `notice ${kind}`;
}

function format(moment, where, options) {
  return new Intl.DateTimeFormat("en-US", { timeZone: where, ...options }).format(new Date(moment));
}

const timeOf = (moment, where = zone) => format(moment, where, { hour: "numeric", minute: "2-digit", timeZoneName: "short" });
const dayOf = (moment, where = zone) => format(moment, where, { weekday: "short", month: "short", day: "numeric" });
const momentOf = (moment, where = zone) => `${dayOf(moment, where)}, ${timeOf(moment, where)}`;
const now = () => Date.now() + clockAhead;

const counted = (many, what) => `${many} ${what}${many === 1 ? "" : "s"}`;

/** Without the day where it is today's. */
function whenOf(moment) {
  return dayOf(moment) === dayOf(now()) ? timeOf(moment) : momentOf(moment);
}

function distance(moment) {
  const minutes = Math.round((new Date(moment) - now()) / 60000);
  const far = Math.abs(minutes);
  const length = far < 60 ? `${far} min` : far < 2880 ? `${Math.round(far / 60)} h` : `${Math.round(far / 1440)} days`;
  if (minutes === 0) return "now";
  return minutes > 0 ? `in ${length}` : `${length} ago`;
}

// Looking at the service

function soon() {
  remember();
  if (looking) {
    lookAgain = true;
    return;
  }
  looking = setTimeout(look, AT_MOST_EVERY_MS);
}

async function look() {
  try {
    const url = new URL("/practice/board", location.href);
    for (const phone of phones) if (phone.number) url.searchParams.append("phone", phone.number);
    const answer = await fetch(url, { cache: "no-store" });
    if (answer.ok) show(await answer.json());
  } catch {
    // The service is being started again; the next look finds it.
  } finally {
    looking = null;
    if (lookAgain) {
      lookAgain = false;
      soon();
    }
  }
}

function show(board) {
  clockAhead = new Date(board.now) - Date.now();
  people = new Map(board.people.map((person) => [person.phone, person]));
  for (const phone of phones) phone.offer(board.people);
  zone = people.get(left.number)?.zone ?? people.get(right.number)?.zone ?? "UTC";
  showClock();
  showBooked(board.appointments);
  showLetters(board.letters);
  for (const phone of phones) {
    const where = people.get(phone.number)?.zone ?? zone;
    phone.showTexts(board.texts[phone.number] ?? [], (moment) => momentOf(moment, where));
  }
}

function showClock() {
  const time = part("time");
  const [hour, day] = [timeOf(now()), dayOf(now())];
  if (time.textContent === hour + day) return;
  time.dateTime = new Date(now()).toISOString();
  time.replaceChildren(hour, element("span", day, "day"));
}

// What is booked

function showBooked(appointments) {
  const held = new Set(phones.map((phone) => phone.number));
  const key = JSON.stringify([appointments, [...held], zone, Math.floor(now() / 30000), phones.map((phone) => phone.isBusy)]);
  if (key === shownBooked) return;
  shownBooked = key;
  const list = part("booked");
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.id : null;
  list.replaceChildren(...appointments.map((each) => booked(each, held)));
  if (focused) list.querySelector(`[data-id="${focused}"]`)?.focus();
  part("nothing-booked").hidden = appointments.length > 0;
}

function booked(each, held) {
  const item = document.createElement("li");
  const title = element("p");
  title.append(element("b", each.kind), each.title ? `: ${each.title}` : "");
  const mine = each.people.filter((person) => held.has(person.phone));
  if (mine.length) title.append(" ", element("span", "on these phones", "badge"));
  const who = element("p", "", "small people");
  who.append(...each.people.map(present));
  const time = element("time", whenOf(each.starts));
  time.dateTime = each.starts;
  const when = element("p", "", "small");
  when.append(time, ` (${distance(each.starts)})`);
  const row = element("div", "", "row");
  const isOpen = new Date(each.opens) <= now();
  const isIdle = phones.every((phone) => !phone.isBusy);
  const wanted = each.people.filter((person) => person.phone).slice(0, 2);
  if (isOpen) row.append(element("span", each.state === "held" ? "held" : "you can dial now", "badge good"));
  else {
    const seconds = (new Date(each.starts) - now()) / 1000 - 60;
    row.append(button(`then-${each.id}`, "Put the clock ahead to then", each, () => putAhead(seconds)));
  }
  if (wanted.length === 2 && isIdle && !wanted.every((person) => held.has(person.phone))) {
    row.append(
      button(`take-${each.id}`, "Take these phones", each, () => {
        left.hold(wanted[0].phone);
        right.hold(wanted[1].phone);
      }),
    );
  }
  item.append(title, who, when, row);
  return item;
}

function present(person) {
  const name = element("span", person.name, "person");
  if (person.on_line) name.append(" ", element("span", "on the line", "badge good"));
  return name;
}

function button(id, text, each, act) {
  const made = element("button", text, "small");
  made.type = "button";
  made.dataset.id = id;
  made.append(element("span", `: ${each.kind} of ${each.people.map((person) => person.name).join(", ")}`, "visually-hidden"));
  made.addEventListener("click", act);
  return made;
}

// Their letters

function showLetters(letters) {
  const all = phones.flatMap((phone) =>
    (letters[phone.number] ?? []).map((letter) => ({ ...letter, to: people.get(phone.number)?.name ?? phone.number })),
  );
  const key = JSON.stringify(all.map((letter) => [letter.id, letter.to]));
  if (key === shownLetters) return;
  shownLetters = key;
  const list = part("letters");
  const open = new Set([...list.querySelectorAll("details[open]")].map((each) => each.dataset.id));
  list.replaceChildren(
    ...all.reverse().map((letter) => {
      const item = document.createElement("li");
      const details = document.createElement("details");
      details.dataset.id = letter.id;
      details.open = open.has(letter.id);
      const summary = element("summary", letter.subject);
      summary.append(" ", element("span", `to ${letter.to}`, "muted small"));
      details.append(summary, element("p", letter.text, "text"));
      item.append(details);
      return item;
    }),
  );
  part("no-letters").hidden = all.length > 0;
}

function element(tag, text = "", className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

// What can be done

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.detail ?? answer.statusText);
  return said;
}

async function putAhead(seconds) {
  try {
    await post("/practice/clock", { advance_s: Math.max(0, Math.ceil(seconds)) });
    soon();
  } catch (error) {
    told(`The clock was not put ahead: ${error.message}`, "bad");
  }
}

async function fill(event) {
  const pressed = event.currentTarget;
  pressed.disabled = true;
  told("Making them, which takes a few seconds …");
  try {
    const made = await post("/practice/examples", {});
    const people = made.new ? `${made.new} people are there` : "They were all there already";
    const bookings = made.booked ? counted(made.booked, "new booking") : "nothing new to book";
    const call = made.appointments.find((each) => each.kind === "Call");
    show({ ...made, texts: {}, letters: {} });
    if (call) {
      left.hold(call.people[0].phone);
      right.hold(call.people[1].phone);
    }
    told(`${people}, ${bookings}. Dial on the left phone.`, "good");
  } catch (error) {
    told(`The example people were not made: ${error.message}`, "bad");
  } finally {
    pressed.disabled = false;
    soon();
  }
}

// What is kept while the page is loaded again

function remember() {
  sessionStorage.setItem(KEPT, JSON.stringify(phones.map((phone) => phone.number)));
}

function recall() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  const options = [...document.querySelectorAll("#left [data-person] option")].map((option) => option.value);
  const first = options.filter((value) => value.startsWith("+"));
  phones.forEach((phone, index) => phone.hold(kept?.[index] || first[index]));
}

part("fill").addEventListener("click", fill);
for (const each of document.querySelectorAll("[data-ahead]")) {
  each.addEventListener("click", () => putAhead(Number(each.dataset.ahead)));
}
recall();
soon();
listen(["room", "call", "text"], soon);
setInterval(showClock, TICK_MS);
setInterval(() => {
  if (!document.hidden) soon();
}, LOOK_EVERY_MS);
