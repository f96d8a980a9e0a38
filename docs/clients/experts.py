"""Contract experts: look at the credits and meet an expert again. `python experts.py http://127.0.0.1:8888`"""

import sys
from datetime import datetime, timedelta

import httpx

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8888"
http = httpx.Client(base_url=f"{ADDRESS}/api", timeout=30)


def ask(method, path, **request):
    answer = http.request(method, path, **request)
    if answer.is_error:
        sys.exit(f"{method} {path}: {answer.status_code} {answer.text}")
    return answer.json()


me = ask("POST", "/users/login/", json={"username": "ada", "password": "practice-makes-1"})
http.headers["Authorization"] = f"Bearer {me['token']}"
balance = ask("GET", "/credits/balance/")["balance"]
print(f"{me['first_name']} has {balance} credits")
if balance == 0:
    body = {"payment_method": "credit_card", "amount": "4.00", "credits_to_purchase": 4}
    ask("POST", "/payments/purchase_credits/", json=body)

last = max(ask("GET", "/meetings/"), key=lambda each: each["scheduled_start"])
starts = datetime.fromisoformat(last["scheduled_start"]) + timedelta(days=1)
meeting = {
    "title": "The same again",
    "description": "Is the loop fast now?",
    "expert_id": last["expert_id"],
    "category_id": last["category_id"],
    "scheduled_start": starts.isoformat(),
    "scheduled_end": (starts + timedelta(hours=1)).isoformat(),
}
made = ask("POST", "/meetings/", json=meeting)
print(f"{made['title']} with {made['expert_name']} at {made['scheduled_start']}: {made['status']}")
