# SPDX-License-Identifier: Apache-2.0
"""Dead letters that are sent again, to where they came from or elsewhere, or given up."""
import re
from collections import Counter

from harness import admin
from harness.rejecting import BAD, config, delivered, letters, line, messages, plugins, write_lines  # noqa: F401
from harness.replay import post, replay
from harness.wait import wait_until


def test_a_replay_sends_them_again_with_the_same_ids(weir, plugins):
    bad = write_lines(weir, 0, 500)
    agent = weir(config(plugins))
    agent.wait_records(500)
    ids = {letter["record"]["message"]: letter["record"]["record_id"] for letter in letters(weir)}
    again = replay(agent, source="dead_letters")  # rejected again: parked again, at the end
    assert (again["state"], again["replayed"], again["records"]) == ("done", len(bad), len(bad))
    agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["held"] == 0)
    found = letters(weir)
    assert messages(found) == bad + bad
    assert all(ids[letter["record"]["message"]] == letter["record"]["record_id"] for letter in found)
    (weir.dir / "mercy").touch()
    one = replay(agent, source="dead_letters", ids=[ids[bad[3]]], to=len(bad))
    assert one["replayed"] == 1
    wait_until(lambda: delivered(weir).count(bad[3]) == 1, what="the one to arrive")
    rest = replay(agent, source="dead_letters", output="rejecting", reason="400", to=len(bad))
    assert rest["replayed"] == len(bad)
    wait_until(lambda: len(delivered(weir)) == 500 - len(bad) + 1 + len(bad), what="all to arrive")
    assert Counter(delivered(weir)) == Counter([line(n) for n in range(500)] + [bad[3]])
    ledger = agent.ledger()
    assert ledger["replayed"] == 2 * len(bad) + 1 and ledger["read"] == 500
    nothing = replay(agent, source="dead_letters", until="1970-01-01T00:00:00Z")
    assert nothing["replayed"] == 0 and nothing["state"] == "done"


def test_a_replay_to_another_output(weir, plugins):
    bad = write_lines(weir, 0, 70)
    agent = weir(config(plugins, outputs=[
        {"type": "rejecting", "path": "${DIR}/out.log", "reject": BAD},
        {"type": "file", "path": "${DIR}/other.log", "codec": "text", "when": 'message == "no such line"'}]))
    agent.wait_records(70)
    assert replay(agent, source="dead_letters", target="file")["replayed"] == len(bad)
    wait_until(lambda: (weir.dir / "other.log").exists() and (weir.dir / "other.log").read_text().splitlines() == bad,
               what="them to arrive there")


def test_what_is_refused_says_why(weir, plugins):
    write_lines(weir, 0, 7)
    tcp = weir.make(config(plugins), service={"admin": {"listen": "127.0.0.1:0"}})
    agent = weir(config(plugins), directory=weir.dir / "other")
    for what, status, why in [
            ({"pipeline": "app", "source": "dead_letters"}, 404, "no dead letters"),
            ({"pipeline": "app", "source": "buffer"}, 404, "no disk tier"),
            ({"pipeline": "nobody", "source": "buffer"}, 404, "no pipeline called"),
            ({"pipeline": "app", "source": "tape"}, 400, "dead_letters")]:
        got, body = post(agent, "/api/v1/replay", what)
        assert got == status and why in body["error"], body
    got, body = post(agent, "/api/v1/buffer/drop", {"pipeline": "app", "source": "dead_letters", "output": "gone"})
    assert got == 404 and "nothing waits" in body["error"]
    got, body = post(agent, "/api/v1/buffer/drop", {"pipeline": "app", "source": "dead_letters", "output": "rejecting"})
    assert got == 400 and "is configured" in body["error"]
    tcp.start(ready=False)
    where = wait_until(lambda: re.search(r'"listen": ?"(127\.0\.0\.1:\d+)"', tcp.stderr()), what="the port")[1]
    got, body = post(tcp, "/api/v1/replay", {"pipeline": "app", "source": "buffer"}, where)
    assert got == 403 and "Unix socket" in body["error"]
    assert admin.get_json(where, "/api/v1/replay?pipeline=app")["state"] == "none"
    tcp.admin = where


def test_an_output_that_is_gone_leaves_dead_letters_that_can_be_given_up(weir, plugins):
    bad = write_lines(weir, 0, 70)
    agent = weir(config(plugins))
    agent.wait_records(70)
    agent.stop()
    agent.write_config(config(plugins, id="new"))
    agent.start()
    assert agent.pipeline()["dead_letters"]["records"] == len(bad)
    assert messages(letters(weir)) == bad
    got, body = post(agent, "/api/v1/buffer/drop", {"pipeline": "app", "source": "dead_letters", "output": "rejecting"})
    assert (got, body["records"]) == (200, len(bad))
    assert agent.pipeline()["dead_letters"]["records"] == 0
