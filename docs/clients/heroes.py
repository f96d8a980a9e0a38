"""Contract heroes: find a hero and ask for a call. `python heroes.py http://127.0.0.1:8888`"""

import sys

import httpx

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8888"
http = httpx.Client(base_url=f"{ADDRESS}/api/v1", timeout=30)


def ask(method, path, **request):
    answer = http.request(method, path, **request)
    if answer.is_error:
        sys.exit(f"{method} {path}: {answer.status_code} {answer.text}")
    return answer.json()


me = ask("POST", "/accounts/login/", json={"email": "carlos@example.com", "password": "practice-makes-1"})
http.headers["Authorization"] = me["token"]
hero = ask("GET", "/heroes/", params={"search": "crash", "ordering": "rate_in_cents"})["results"][0]
name = f"{hero['user']['first_name']} {hero['user']['last_name']}"
print(f"{name}: {hero['title']}, ${hero['rate_in_cents'] / 100:.2f} a minute")

# One open request to each hero: what is not answered yet is not asked again.
mine = ask("GET", "/call-requests/")["results"]
call = next((each for each in mine if each["hero"] == hero["id"] and each["status"] == "o"), None)
if call is None:
    body = {"hero_id": hero["id"], "message": "May I ask about restarts?", "estimated_length": 30}
    call = ask("POST", "/call-requests/", json=body)
state = {"o": "open", "a": "accepted", "d": "declined", "c": "cancelled", "s": "successful"}[call["status"]]
print(f"Call request {call['id']}, {call['estimated_length']} minutes: {state}")
