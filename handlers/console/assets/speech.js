// Says aloud what the phones hear, one sentence at a time, with a voice for each phone.

const synthesis = window.speechSynthesis;

class Speech {
  #waiting = [];
  #now = null;

  get isThere() {
    return Boolean(synthesis);
  }

  voices() {
    return synthesis ? synthesis.getVoices().filter((voice) => voice.lang.startsWith("en")) : [];
  }

  /** Calls back whenever the browser has found more voices. */
  onVoices(callback) {
    synthesis?.addEventListener?.("voiceschanged", callback);
  }

  /** `whose` lets one phone fall silent without the other. */
  say(whose, text, { voice = null, pitch = 1 } = {}) {
    if (!synthesis) return;
    this.#waiting.push({ whose, text, voice, pitch });
    this.#next();
  }

  silence(whose) {
    this.#waiting = this.#waiting.filter((each) => each.whose !== whose);
    if (this.#now?.whose === whose) synthesis.cancel();
  }

  #next() {
    if (this.#now || !this.#waiting.length) return;
    this.#now = this.#waiting.shift();
    const utterance = new SpeechSynthesisUtterance(this.#now.text);
    utterance.lang = this.#now.voice?.lang ?? "en-US";
    utterance.voice = this.#now.voice;
    utterance.pitch = this.#now.pitch;
    utterance.onend = utterance.onerror = () => {
      this.#now = null;
      this.#next();
    };
    synthesis.speak(utterance);
  }
}

export const speech = new Speech();
