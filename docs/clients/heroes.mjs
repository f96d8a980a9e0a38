// Contract heroes: find a hero and ask for a call. `node heroes.mjs http://127.0.0.1:8888`
const address = process.argv[2] ?? "http://127.0.0.1:8888";
const headers = { "Content-Type": "application/json" };

async function ask(method, path, body) {
  const answer = await fetch(`${address}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const me = await ask("POST", "/accounts/login/", { email: "carlos@example.com", password: "practice-makes-1" });
headers.Authorization = me.token;
const [hero] = (await ask("GET", "/heroes/?search=crash&ordering=rate_in_cents")).results;
const rate = (hero.rate_in_cents / 100).toFixed(2);
console.log(`${hero.user.first_name} ${hero.user.last_name}: ${hero.title}, $${rate} a minute`);

// One open request to each hero: what is not answered yet is not asked again.
const mine = (await ask("GET", "/call-requests/")).results;
const message = { hero_id: hero.id, message: "May I ask about restarts?", estimated_length: 30 };
const call = mine.find((each) => each.hero === hero.id && each.status === "o")
  ?? await ask("POST", "/call-requests/", message);
const state = { o: "open", a: "accepted", d: "declined", c: "cancelled", s: "successful" }[call.status];
console.log(`Call request ${call.id}, ${call.estimated_length} minutes: ${state}`);
