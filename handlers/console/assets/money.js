// Money, kept fresh.
import { keepFresh } from "/console/assets/live.js";

keepFresh(["money", "call", "text"]);
