// Contract experts: look at the credits and meet an expert again. `node experts.mjs http://127.0.0.1:8888`
const address = process.argv[2] ?? "http://127.0.0.1:8888";
const headers = { "Content-Type": "application/json" };
const hour = 3600 * 1000;

async function ask(method, path, body) {
  const answer = await fetch(`${address}/api${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const me = await ask("POST", "/users/login/", { username: "ada", password: "practice-makes-1" });
headers.Authorization = `Bearer ${me.token}`;
const { balance } = await ask("GET", "/credits/balance/");
console.log(`${me.first_name} has ${balance} credits`);
if (balance === 0) {
  const body = { payment_method: "credit_card", amount: "4.00", credits_to_purchase: 4 };
  await ask("POST", "/payments/purchase_credits/", body);
}

const meetings = await ask("GET", "/meetings/");
const last = meetings.reduce((a, b) => (a.scheduled_start > b.scheduled_start ? a : b));
const starts = Date.parse(last.scheduled_start) + 24 * hour;
const made = await ask("POST", "/meetings/", {
  title: "The same again",
  description: "Is the loop fast now?",
  expert_id: last.expert_id,
  category_id: last.category_id,
  scheduled_start: new Date(starts).toISOString(),
  scheduled_end: new Date(starts + hour).toISOString(),
});
console.log(`${made.title} with ${made.expert_name} at ${made.scheduled_start}: ${made.status}`);
