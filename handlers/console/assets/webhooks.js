// Endpoints and the log of deliveries, kept fresh; asks before something is deleted.
import { keepFresh } from "/console/assets/live.js";

keepFresh(["webhook"]);

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.ask;
  if (question && !window.confirm(question)) event.preventDefault();
});
