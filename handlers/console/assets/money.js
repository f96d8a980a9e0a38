// Money, kept fresh.
import { keepFresh } from "/console/assets/fresh.js";

keepFresh(["money", "call", "charge"]);
