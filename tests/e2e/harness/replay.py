# SPDX-License-Identifier: Apache-2.0
"""Replays, asked for on the admin socket."""
import json

from . import admin
from .wait import wait_until


def post(agent, path, body, where=None):
    """(status, answer) of a POST."""
    connection = admin.connect(where or agent.admin)
    try:
        connection.request("POST", path, body=json.dumps(body))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def replay(agent, pipeline="app", **what):
    """Starts one and waits for its end; returns its last words."""
    status, body = post(agent, "/api/v1/replay", {"pipeline": pipeline, **what})
    assert status == 202, body

    def ended():
        now = admin.get_json(agent.admin, f"/api/v1/replay?pipeline={pipeline}")
        return now if now["state"] != "running" else None
    return wait_until(ended, limit=30, what="the replay to end")
