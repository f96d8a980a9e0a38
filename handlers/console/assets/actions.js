// The newest actions, kept fresh.
import { keepFresh } from "/console/assets/live.js";

keepFresh(["action"]);
