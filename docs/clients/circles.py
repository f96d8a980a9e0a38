"""Contract circles: who is in somebody's circle, and in whose one is. `python circles.py http://127.0.0.1:8888`"""

import sys

import httpx

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8888"
http = httpx.Client(base_url=f"{ADDRESS}/api/v1/user", timeout=30)


def ask(method, path, **request):
    answer = http.request(method, path, **request).json()
    # The HTTP status is 200 whatever happened.
    if answer["http_status_code"] != 200:
        sys.exit(f"{method} {path}: {answer['error']['code']} {answer['message']}")
    return answer


def sign_in(email):
    user = {"email": email, "password": "practice-makes-1"}
    answer = ask("POST", "/authentication/login", json={"user": user})
    http.headers["X-Access-Token"] = answer["access_token"]
    return answer["user"]["full_name"]


print(f"{sign_in('wilma@example.com')} has named")
for friend in ask("GET", "/friendship/followers", params={"sort": "first_name", "order": "asc"})["users"]:
    print(f"  {friend['first_name']} {friend['last_name']}: {friend['level']}, {friend['status']}")

print(f"{sign_in('otto@example.com')} was named by")
for row in ask("GET", "/friendship/following", params={"level": "trusted_friend"})["users"]:
    notice = row["death_notice"]
    passed = (
        f", passed away; farewell at {notice['funeral']['location']}" if notice and notice["funeral"] else ""
    )
    print(f"  {row['account_holder']['full_name']}{passed}")
