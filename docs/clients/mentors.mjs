// Contract mentors: book the next free half hour of a mentor. `node mentors.mjs http://127.0.0.1:8888`
const address = process.argv[2] ?? "http://127.0.0.1:8888";
const headers = { "Content-Type": "application/json" };
const halfAnHour = 30 * 60 * 1000;

const send = (method, path, body) => fetch(address + path, { method, headers, body: body && JSON.stringify(body) });

async function ask(method, path, body) {
  const answer = await send(method, path, body);
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

// The session, or nothing where every half hour of the window is taken.
async function book({ pk, start_time, end_time }) {
  for (let starts = Date.parse(start_time); starts + halfAnHour <= Date.parse(end_time); starts += halfAnHour) {
    const body = { mentor_availability: pk, start_time: new Date(starts).toISOString() };
    const answer = await send("POST", "/sessionrequest/", body);
    if (answer.status === 201) return answer.json();
  }
}

const signedIn = await ask("POST", "/auth/token/login/", { username: "leo", password: "practice-makes-1" });
headers.Authorization = `Token ${signedIn.auth_token}`;
const [{ first_name, last_name, mentor_profile: offer }] = await ask("GET", "/mentor/");
const name = `${first_name} ${last_name}`;
console.log(`${name}: ${offer.skills.join(", ")}`);
let session;
for (const window of offer.availabilities) session ??= await book(window);
if (!session) throw new Error("Every half hour is taken.");
console.log(`${session.start_time}, ${session.session_length} minutes with ${name}: ${session.status}`);
