// Contract circles: who is in somebody's circle, and in whose one is. `node circles.mjs http://127.0.0.1:8888`
const address = process.argv[2] ?? "http://127.0.0.1:8888";
const headers = { "Content-Type": "application/json" };

async function ask(method, path, body) {
  const request = { method, headers, body: body && JSON.stringify(body) };
  const answer = await (await fetch(`${address}/api/v1/user${path}`, request)).json();
  // The HTTP status is 200 whatever happened.
  if (answer.http_status_code === 200) return answer;
  throw new Error(`${method} ${path}: ${answer.error.code} ${answer.message}`);
}

async function signIn(email) {
  const answer = await ask("POST", "/authentication/login", { user: { email, password: "practice-makes-1" } });
  headers["X-Access-Token"] = answer.access_token;
  return answer.user.full_name;
}

console.log(`${await signIn("wilma@example.com")} has named`);
for (const friend of (await ask("GET", "/friendship/followers?sort=first_name&order=asc")).users) {
  console.log(`  ${friend.first_name} ${friend.last_name}: ${friend.level}, ${friend.status}`);
}

console.log(`${await signIn("otto@example.com")} was named by`);
for (const row of (await ask("GET", "/friendship/following?level=trusted_friend")).users) {
  const funeral = row.death_notice?.funeral;
  console.log(`  ${row.account_holder.full_name}${funeral ? `, passed away; farewell at ${funeral.location}` : ""}`);
}
