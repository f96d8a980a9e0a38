// The texts of one practice phone: those that it has got and sent, and sending one.

/** The part of a phone's section that is marked `data-…` with this name. */
export function part(box, name) {
  const attribute = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return box.querySelector(`[data-${attribute}]`);
}

export class PhoneTexts {
  #phone;
  #box;
  #seen = new Set();

  constructor(phone, box) {
    this.#phone = phone;
    this.#box = box;
    part(box, "reply").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#reply();
    });
  }

  /** Somebody else holds the phone: his are other texts. */
  changeHands() {
    part(this.#box, "texts").replaceChildren();
    part(this.#box, "noTexts").hidden = false;
    this.#seen.clear();
    part(this.#box, "send").disabled = !this.#phone.number;
  }

  show(texts, time) {
    const list = part(this.#box, "texts");
    for (const text of texts) {
      if (this.#seen.has(text.sid)) continue;
      this.#seen.add(text.sid);
      const item = document.createElement("li");
      item.className = text.direction === "inbound" ? "sent" : "new";
      const at = document.createElement("span");
      at.className = "at";
      at.textContent = `${text.direction === "inbound" ? "Sent" : "Received"} ${time(text.at)}`;
      const body = document.createElement("span");
      body.textContent = text.body;
      item.append(at, body);
      list.append(item);
      list.parentElement.scrollTop = list.parentElement.scrollHeight;
    }
    part(this.#box, "noTexts").hidden = list.children.length > 0;
  }

  async #reply() {
    const input = part(this.#box, "replyText");
    const number = this.#phone.number;
    const body = input.value.trim();
    if (!body || !number) return;
    try {
      const answer = await fetch("/practice/texts", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ from: number, body }),
      });
      if (!answer.ok) throw new Error(answer.statusText);
      // What is being typed meanwhile is the next one.
      if (input.value.trim() === body) input.value = "";
      this.#phone.changed();
    } catch {
      this.#phone.told("The text was not sent.", "bad");
    }
  }
}
