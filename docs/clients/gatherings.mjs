// Contract gatherings: sign in by SMS code and gather one's contacts. `node gatherings.mjs http://127.0.0.1:8888`
const address = process.argv[2] ?? "http://127.0.0.1:8888";
const phone = "+12025550117";
const onePixel = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mOQz48BAAGbAOsd6UvWAAAAAElFTkSuQmCC",
  "base64",
);
const headers = {};

async function ask(method, path, body) {
  const answer = await fetch(address + path, { method, headers, body });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

await ask("POST", "/api/auth/code/", new URLSearchParams({ phone }));
// In development the phone is simulated, and its texts can be read here.
const texts = await ask("GET", `/practice/texts?to=${encodeURIComponent(phone)}`);
const [code] = texts.at(-1).body.match(/\b\d{6}\b/);
const me = await ask("POST", "/api/auth/users/", new URLSearchParams({ phone, code }));
headers.Authorization = `Token ${me.token}`;

const contacts = await ask("GET", "/api/contacts/");
console.log(`Signed in, with ${contacts.length} contacts: ${contacts.map((each) => each.name).join(", ")}`);
const form = new FormData();
form.set("title", "Who brings the cake?");
contacts.forEach((each) => form.append("users", each.id));
form.set("logo", new Blob([onePixel]), "logo.png");
const made = await ask("POST", "/api/meetings/", form);
const king = made.king === me.user_id ? "mine" : "somebody else's";
console.log(`${made.title} A gathering of ${made.users.length}, ${king}`);
