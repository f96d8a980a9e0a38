"""The paths that operators look at."""

from tests.clients.http import Api


async def test_a_running_service_is_alive_and_ready(api: Api) -> None:
    assert (await api("GET", "/healthz")).status == 200
    assert (await api("GET", "/readyz/")).body == {"status": "ready"}


async def test_unknown_paths_answer_404_as_json(api: Api) -> None:
    answer = await api("GET", "/api/v1/heroes-of-nowhere")
    assert (answer.status, answer.body) == (404, {"detail": "Not found."})
    assert (await api("GET", "/api/v1/accounts/nothing")).body == {"detail": "Not found."}


async def test_head_and_options_work_and_wrong_methods_do_not(api: Api) -> None:
    assert (await api("HEAD", "/healthz")).status == 200
    assert (await api("OPTIONS", "/api/v1/accounts/profile")).status == 204
    answer = await api("DELETE", "/api/v1/accounts/profile")
    assert (answer.status, answer.body) == (405, {"detail": 'Method "DELETE" not allowed.'})
