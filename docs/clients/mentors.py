"""Contract mentors: book the next free half hour of a mentor. `python mentors.py http://127.0.0.1:8888`"""

import sys
from datetime import datetime, timedelta

import httpx

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8888"
http = httpx.Client(base_url=ADDRESS, timeout=30)
HALF_AN_HOUR = timedelta(minutes=30)


def ask(method, path, **request):
    answer = http.request(method, path, **request)
    if answer.is_error:
        sys.exit(f"{method} {path}: {answer.status_code} {answer.text}")
    return answer.json()


def book(window):
    """The session, or None where every half hour of the window is taken."""
    starts, ends = (datetime.fromisoformat(window[each]) for each in ("start_time", "end_time"))
    while starts + HALF_AN_HOUR <= ends:
        body = {"mentor_availability": window["pk"], "start_time": starts.isoformat()}
        answer = http.post("/sessionrequest/", json=body)
        if answer.status_code == 201:
            return answer.json()
        starts += HALF_AN_HOUR
    return None


signed_in = ask("POST", "/auth/token/login/", json={"username": "leo", "password": "practice-makes-1"})
http.headers["Authorization"] = f"Token {signed_in['auth_token']}"
mentor = ask("GET", "/mentor/")[0]
name, offer = f"{mentor['first_name']} {mentor['last_name']}", mentor["mentor_profile"]
print(f"{name}: {', '.join(offer['skills'])}")
session = next(filter(None, map(book, offer["availabilities"])), None)
if session is None:
    sys.exit("Every half hour is taken.")
print(f"{session['start_time']}, {session['session_length']} minutes with {name}: {session['status']}")
