// The outbox, kept fresh.
import { keepFresh } from "/console/assets/fresh.js";

keepFresh(["text", "letter", "call"]);
