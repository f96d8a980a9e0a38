"""Contract gatherings: sign in by SMS code and gather one's contacts. `python gatherings.py http://127.0.0.1:8888`"""

import base64
import re
import sys

import httpx

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8888"
PHONE = "+12025550117"
# One pixel.
LOGO = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mOQz48BAAGbAOsd6UvWAAAAAElFTkSuQmCC"
)
http = httpx.Client(base_url=ADDRESS, timeout=30)


def ask(method, path, **request):
    answer = http.request(method, path, **request)
    if answer.is_error:
        sys.exit(f"{method} {path}: {answer.status_code} {answer.text}")
    return answer.json()


ask("POST", "/api/auth/code/", json={"phone": PHONE})
# In development the phone is simulated, and its texts can be read here.
text = ask("GET", "/practice/texts", params={"to": PHONE})[-1]["body"]
code = re.search(r"\b\d{6}\b", text)[0]
me = ask("POST", "/api/auth/users/", json={"phone": PHONE, "code": code})
http.headers["Authorization"] = f"Token {me['token']}"

contacts = ask("GET", "/api/contacts/")
print(f"Signed in, with {len(contacts)} contacts: {', '.join(each['name'] for each in contacts)}")
meeting = {"title": "Who brings the cake?", "users": [each["id"] for each in contacts]}
made = ask("POST", "/api/meetings/", data=meeting, files={"logo": ("logo.png", LOGO)})
king = "mine" if made["king"] == me["user_id"] else "somebody else's"
print(f"{made['title']} A gathering of {len(made['users'])}, {king}")
