// One practice phone: it dials over a WebSocket, shows what is heard as it is heard, types digits.

import { PhoneTexts, part } from "./phone_texts.js";
import { speech } from "./speech.js";

const KEYS = "0123456789*#";
const WAIT_AGAIN_MS = 500;
const SERVICE_IS_AWAY_MS = 5000;

export class Phone {
  #box;
  #line = null;
  // The socket on which this phone waits to be called, and whether it is ringing now.
  #waiting = null;
  #isRinging = false;
  #waitFrom = 0;
  #since = null;
  #ticking = null;
  #texts;
  #pitch;

  /** `box` is its section of the page; `changed` is called when somebody else holds it or a call begins or ends, `now` gives the service's time. */
  constructor(box, { changed, told, now, pitch = 1 }) {
    this.#box = box;
    this.changed = changed;
    this.told = told;
    this.now = now;
    this.#pitch = pitch;
    this.side = box.dataset.phone;
    this.name = box.querySelector("h2").textContent;
    this.#texts = new PhoneTexts(this, box);
    this.#listen();
    this.#offerVoices();
    this.#showWhose();
    setInterval(() => this.#wait(), WAIT_AGAIN_MS);
  }

  /** The number of whoever holds it; empty where it is hidden, null where none has been given yet. */
  get number() {
    const chosen = this.#part("person").value;
    if (chosen === "hidden") return "";
    if (chosen !== "other") return chosen;
    const typed = this.#part("otherNumber").value.replace(/[^+0-9]/g, "");
    return /^\+[1-9][0-9]{6,14}$/.test(typed) ? typed : null;
  }

  /** Also while it rings. */
  get isBusy() {
    return this.#line !== null || this.#isRinging;
  }

  /** People with a number, as the server lists them. Who is chosen stays chosen. */
  offer(people) {
    const select = this.#part("person");
    const known = new Map([...select.options].map((option) => [option.value, option]));
    const last = known.get("hidden");
    for (const person of people) {
      const text = `${person.name}, ${person.shown}`;
      const option = known.get(person.phone);
      if (!option) select.insertBefore(new Option(text, person.phone), last);
      else if (option.textContent !== text) option.textContent = text;
    }
  }

  hold(number) {
    const select = this.#part("person");
    if (this.isBusy || ![...select.options].some((option) => option.value === number)) return;
    select.value = number;
    this.#showWhose();
    this.changed();
  }

  dial() {
    const number = this.number;
    if (this.isBusy) return;
    if (number === null) {
      this.told("Give a number like +1 202-555-0177 first.", "warn");
      this.#part("otherNumber").focus();
      return;
    }
    this.#stopWaiting();
    const line = socket({ from: number });
    this.#attend(line);
    this.#begin(line, "Dialling …");
  }

  answer() {
    if (!this.#isRinging) return;
    const line = this.#waiting;
    this.#waiting = null;
    this.#ring(false);
    line.send(JSON.stringify({ answer: true }));
    this.#begin(line, "Answering …");
  }

  hangUp() {
    (this.#line ?? this.#waiting)?.send(JSON.stringify({ hangup: true }));
  }

  /** `time` says a moment as the page does. */
  showTexts(texts, time) {
    this.#texts.show(texts, time);
  }

  press(digits) {
    if (!this.#line) return;
    this.#line.send(JSON.stringify({ digits }));
    const typed = this.#part("typed");
    typed.value = (typed.value + digits).slice(-24);
  }

  #part(name) {
    return part(this.#box, name);
  }

  #listen() {
    this.#part("dial").addEventListener("click", () => this.dial());
    this.#part("hangUp").addEventListener("click", () => this.hangUp());
    this.#part("answer").addEventListener("click", () => this.answer());
    this.#part("decline").addEventListener("click", () => this.hangUp());
    for (const field of ["person", "otherNumber"]) {
      this.#part(field).addEventListener("change", () => {
        this.#showWhose();
        this.changed();
      });
    }
    this.#part("keypad").addEventListener("click", (event) => {
      const key = event.target.closest("[data-key]");
      if (key) this.press(key.dataset.key);
    });
    this.#box.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !KEYS.includes(event.key)) return;
      if (event.target.closest("input, select, textarea") || this.#line === null) return;
      event.preventDefault();
      this.press(event.key);
    });
    this.#part("aloud").addEventListener("change", (event) => {
      this.#part("voice").hidden = !event.target.checked || !speech.voices().length;
      if (!event.target.checked) speech.silence(this.side);
    });
  }

  #offerVoices() {
    if (!speech.isThere) {
      this.#part("aloud").closest(".aloud").hidden = true;
      return;
    }
    const fill = () => {
      const select = this.#part("voice");
      const kept = select.value;
      select.replaceChildren(...speech.voices().map((voice) => new Option(voice.name, voice.voiceURI)));
      if (kept) select.value = kept;
      select.hidden = !this.#part("aloud").checked || !select.options.length;
    };
    speech.onVoices(fill);
    fill();
  }

  #showWhose() {
    const other = this.#part("person").value === "other";
    this.#part("other").hidden = !other;
    this.#texts.changeHands();
    this.#stopWaiting();
  }

  /** Be there when the service calls, as long as this is nobody's hidden phone and not busy. */
  #wait() {
    if (this.#waiting || this.isBusy || !this.number || document.hidden || Date.now() < this.#waitFrom) return;
    const line = socket({ answer: this.number });
    this.#waiting = line;
    this.#waitFrom = Date.now() + SERVICE_IS_AWAY_MS;
    line.addEventListener("open", () => (this.#waitFrom = 0));
    this.#attend(line);
  }

  #stopWaiting() {
    const line = this.#waiting;
    this.#waiting = null;
    // The browser complains of one that is closed before it is open.
    if (line?.readyState === WebSocket.CONNECTING) line.addEventListener("open", () => line.close());
    else line?.close();
    this.#ring(false);
  }

  #attend(line) {
    line.addEventListener("message", (message) => {
      const event = JSON.parse(message.data);
      if (line === this.#line) this.#hear(event);
      else if (line === this.#waiting) this.#ring(event.event === "ringing");
    });
    line.addEventListener("close", () => {
      if (line === this.#line) this.#over();
      else if (line === this.#waiting) this.#stopWaiting();
    });
  }

  #ring(isRinging) {
    if (isRinging === this.#isRinging) return;
    const hadFocus = this.#part("ringing").contains(document.activeElement);
    this.#isRinging = isRinging;
    this.#part("ringing").hidden = !isRinging;
    this.#part("dial").disabled = isRinging;
    this.#part("person").disabled = this.#part("otherNumber").disabled = isRinging;
    this.#status(isRinging ? "Ringing" : "Not on the line", isRinging ? "warn" : "");
    if (hadFocus) this.#part("dial").focus();
    this.changed();
  }

  #begin(line, status) {
    this.#part("transcript").replaceChildren();
    this.#part("typed").value = "";
    this.#happened(status);
    this.#status(status, "warn");
    this.#line = line;
    this.#show(true);
  }

  #hear(event) {
    if (event.event !== "hung_up" && this.#since === null) {
      this.#since = this.now();
      this.#status("On the line", "good");
      this.#ticking = setInterval(() => this.#tick(), 1000);
      this.#tick();
    }
    switch (event.event) {
      case "said":
        this.#heard(event.text);
        break;
      case "played":
        this.#happened("(music)");
        break;
      case "beep":
        this.#happened("(beep)");
        break;
      case "gather":
        this.#part("asked").hidden = false;
        this.#part("typed").value = "";
        break;
      case "joined":
        this.#happened(`In the room ${event.room}`, "joined");
        this.#status("In the room", "good");
        break;
      case "left":
        this.#happened("Out of the room");
        this.#status("On the line", "good");
        break;
      case "muted":
        this.#happened("Muted: the others do not hear this phone");
        break;
      case "unmuted":
        this.#happened("No longer muted");
        break;
      case "hung_up":
        this.#happened(hungUp(event));
        break;
    }
    if (event.event !== "gather") this.#part("asked").hidden = true;
    this.changed();
  }

  #heard(text) {
    const item = document.createElement("li");
    item.textContent = text;
    this.#append(item);
    if (!this.#part("aloud").checked) return;
    const chosen = this.#part("voice").value;
    const voice = speech.voices().find((each) => each.voiceURI === chosen) ?? null;
    speech.say(this.side, text, { voice, pitch: this.#pitch });
  }

  #happened(text, kind = "") {
    const item = document.createElement("li");
    item.className = `happened ${kind}`;
    item.textContent = text;
    this.#append(item);
  }

  #append(item) {
    const list = this.#part("transcript");
    list.append(item);
    list.parentElement.scrollTop = list.parentElement.scrollHeight;
  }

  #over() {
    clearInterval(this.#ticking);
    if (this.#since === null && this.#part("transcript").children.length === 1) {
      this.#happened("The service does not answer.");
    }
    this.#line = this.#since = null;
    this.#part("asked").hidden = true;
    this.#status("Not on the line");
    this.#show(false);
    speech.silence(this.side);
    this.changed();
  }

  #show(onTheLine) {
    const buttons = [this.#part("dial"), this.#part("hangUp")];
    const hadFocus = buttons.includes(document.activeElement);
    buttons[0].hidden = onTheLine;
    buttons[1].hidden = !onTheLine;
    if (hadFocus) buttons[onTheLine ? 1 : 0].focus();
    this.#part("person").disabled = this.#part("otherNumber").disabled = onTheLine;
    this.#part("timer").hidden = !onTheLine;
    for (const key of this.#part("keypad").children) key.disabled = !onTheLine;
    if (onTheLine) this.#part("timer").textContent = "0:00";
  }

  #status(text, kind = "") {
    const badge = this.#part("status");
    if (badge.textContent !== text) badge.textContent = text;
    badge.className = `badge ${kind}`;
  }

  #tick() {
    const seconds = Math.max(0, Math.floor((this.now() - this.#since) / 1000));
    const rest = String(seconds % 60).padStart(2, "0");
    this.#part("timer").textContent = `${Math.floor(seconds / 60)}:${rest}`;
  }
}

function socket(query) {
  const url = new URL("/practice/phone", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return new WebSocket(url);
}

function hungUp({ by, reason }) {
  const who = { caller: "Hung up", service: "The service hung up", carrier: "The line went dead" }[by] ?? "Hung up";
  return reason && reason !== "completed" ? `${who}: ${reason}` : who;
}
