// The calls and the story of one: kept fresh, and the zone is chosen without pressing a button.
import { keepFresh } from "/console/assets/live.js";

keepFresh(["call", "room", "text", "money"]);

for (const select of document.querySelectorAll("select[data-submit]")) {
  // Only by a choice that was made on purpose: with the keyboard each key would send the form.
  let byPointer = false;
  select.addEventListener("pointerdown", () => { byPointer = true; });
  select.addEventListener("keydown", () => { byPointer = false; });
  select.addEventListener("change", () => { if (byPointer) select.form.requestSubmit(); });
}
