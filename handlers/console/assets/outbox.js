// The outbox, kept fresh.
import { keepFresh } from "/console/assets/live.js";

keepFresh(["text", "call"]);
