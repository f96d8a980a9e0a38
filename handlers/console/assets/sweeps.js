// The timetable: its times pass by themselves, so it is read again every few seconds.
import { keepFresh } from "/console/assets/fresh.js";

keepFresh(["sweep"], 5000);
