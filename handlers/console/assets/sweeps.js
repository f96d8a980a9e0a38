// The timetable: its times pass by themselves, so it is read again every few seconds.
import { keepFresh } from "/console/assets/live.js";

keepFresh([], 5000);
