"""How the phone company is asked to reach us: one try again after a failure, both within its fifteen seconds."""

CONNECTION_OVERRIDES = "#rc=1&rp=5xx,ct,rt&ct=2000&rt=5000"
