# SPDX-License-Identifier: Apache-2.0
"""The command line: help, mistakes, exit statuses, and what the commands print that need no agent, or one that runs."""
import json
import os
import subprocess

import pytest

COMMANDS = ["run", "validate", "explain", "plugins", "buffer", "deadletter", "positions", "status", "version"]

CONFIG = """
pipelines:
  app:
    inputs:
      - {type: tail, paths: ["${DIR}/in.log"]}
    filters:
      - {type: parse, format: json}
      - {type: grep, id: keep, when: exists(level), field: level, include: "."}
    outputs:
      - {type: file, path: "${DIR}/out.log", codec: json, fsync: batch}
      - {type: file, id: errors, when: 'level == "error"', path: "${DIR}/errors.log"}
"""

# A mistake a line, and what must be said about it.
MISTAKES = [
    ("service:", None),
    ("  data_dir: {a: b}", "data_dir"),
    ("  memory_limit: lots", "memory_limit"),
    ("  shutdown_timeot: 1s", 'did you mean "shutdown_timeout"?'),
    ("pipelines:", None),
    ("  app:", None),
    ("    inputs:", None),
    ("      - type: tial", 'did you mean "tail"?'),
    ("      - type: tail", "paths"),
    ("        raed_from: end", 'did you mean "read_from"?'),
    ("    filters:", None),
    ("      - type: parse", None),
    ("        format: regex", None),
    ("        pattern: '('", "pattern"),
    ("      - type: grep", None),
    ("        when: level ==", "when"),
    ("    outputs:", None),
    ("      - type: file", "path"),
    ("        codec: jsno", 'did you mean "json"?'),
]


def files_below(path):
    return sorted(str(file.relative_to(path)) for file in path.glob("**/*"))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(weir, command):
    done = weir.cli(command, "--help", check=True)
    assert done.stdout.startswith(f"usage: weir {command}")
    assert "Exit status:" in done.stdout
    assert done.stderr == ""


def test_help_lists_the_commands(weir):
    done = weir.cli("--help", check=True)
    for command in COMMANDS:
        assert f"\n  {command} " in done.stdout
    assert weir.cli("help", check=True).stdout == done.stdout
    assert weir.cli("help", "run", check=True).stdout == weir.cli("run", "--help", check=True).stdout


@pytest.mark.parametrize("arguments, said", [
    ([], "usage: weir COMMAND"),
    (["vlaidate"], 'weir: unknown command "vlaidate"; did you mean "validate"?'),
    (["frobnicate"], 'weir: unknown command "frobnicate"\n'),
    (["--frobnicate"], 'weir: unknown option "--frobnicate"'),
    (["top"], 'weir: this version has no command "top" yet'),
    (["version", "--jsonn"], 'weir version: unknown option --jsonn; did you mean "json"?'),
    (["version", "now"], 'weir version: unexpected argument "now"'),
    (["validate", "-c"], "weir validate: option -c needs an argument"),
    (["plugins", "output/fil"], 'weir plugins: no plugin "output/fil"; did you mean "output/file"?'),
    (["status", "--admin", "off"], "weir status:"),
])
def test_wrong_usage(weir, arguments, said):
    done = weir.cli(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr


def test_version(weir):
    done = json.loads(weir.cli("version", "--json", check=True).stdout)
    text = weir.cli("version", check=True).stdout
    assert text == f"weir {done['version']} (plugin ABI {done['plugin_abi']})\n"
    assert weir.cli("--version", check=True).stdout == text


def test_an_answer_that_cannot_be_written_is_a_failure(weir):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([weir.binary, "version"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr


def test_validate_says_every_mistake_at_once(weir):
    config = weir.dir / "bad.yaml"
    config.write_text("".join(f"{line}\n" for line, _ in MISTAKES))
    before = files_below(weir.dir)
    for command in ("validate", "explain", "run"):
        done = weir.cli(command, "-c", config)
        assert done.returncode == 2
        assert done.stdout == ""
        for number, (line, said) in enumerate(MISTAKES, 1):
            lines = [text for text in done.stderr.splitlines() if text.startswith(f"{config}:{number}:")]
            if said:
                assert any(": error: " in text and said in text for text in lines), (line, done.stderr)
    assert files_below(weir.dir) == before


def test_validate_for_programs(weir):
    config = weir.dir / "bad.yaml"
    config.write_text("pipelines: {app: {inputs: [{type: tial}], outputs: [{type: stdout}]}}\n")
    done = weir.cli("validate", "--json", "-c", config)
    assert done.returncode == 2
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert [(item["line"], item["level"]) for item in found] == [(1, "error")]
    assert found[0]["file"] == str(config)
    config.write_text("pipelines: {app: {inputs: [{type: stdin}], outputs: [{type: stdout}]}}\n")
    done = weir.cli("validate", "--json", "-c", config, check=True)
    assert json.loads(done.stdout) == []
    assert weir.cli("validate", "-c", config, check=True).stdout == f"{config}: ok\n"


def test_validate_opens_nothing(weir):
    """CFG-13: the verdict needs neither files, nor rights, nor a network."""
    config = weir.dir / "weir.yaml"
    config.write_text("""
service: {data_dir: /nonexistent/data, admin: {listen: "unix:/nonexistent/admin.sock"}}
pipelines:
  app:
    inputs: [{type: tail, paths: ["/nonexistent/logs/*.log"]}]
    outputs: [{type: file, path: /nonexistent/out.log}]
""")
    before = files_below(weir.dir)
    weir.cli("validate", "-c", config, check=True)
    weir.cli("explain", "-c", config, check=True)
    assert files_below(weir.dir) == before
    done = weir.cli("run", "-c", config)
    assert done.returncode == 1
    assert "/nonexistent" in done.stderr


def test_a_configuration_on_standard_input(weir):
    done = weir.cli("validate", "-c", "-", input="pipelines: {app: {inputs: [{type: stdin}], outputs: [{type: stdout}]}}")
    assert (done.returncode, done.stdout) == (0, "-: ok\n")


def test_explain(weir):
    config = weir.dir / "weir.yaml"
    config.write_text(CONFIG)
    done = weir.cli("explain", "-c", config, check=True, env={**os.environ, "DIR": str(weir.dir)})
    assert "\n  tail ───▶ parse ─▶ keep ─┬─▶ file\n                           └─▶ errors\n" in done.stdout
    assert "\n  tail ─▶ errors\n    at least once  yes: " in done.stdout
    document = json.loads(weir.cli("explain", "--json", "-c", config, check=True, env={**os.environ, "DIR": str(weir.dir)}).stdout)
    assert [(route["input"], route["output"], route["at_least_once"]) for route in document["pipelines"][0]["routes"]] == [
        ("tail", "file", True), ("tail", "errors", True)]
    outputs = document["pipelines"][0]["outputs"]
    assert outputs[1]["when"] == 'level == "error"'
    assert outputs[0]["notes"] and outputs[0]["notes"] != outputs[1]["notes"]  # fsync: batch, and never


def test_explain_says_what_standard_input_loses(weir):
    done = weir.cli("explain", "--json", "-c", "-", check=True,
                    input="pipelines: {app: {inputs: [{type: stdin}], outputs: [{type: stdout}]}}")
    route = json.loads(done.stdout)["pipelines"][0]["routes"][0]
    assert route["at_least_once"] is False
    assert any("kill -9" in text for text in route["lost"])


def test_the_disk_tier_is_explained(weir):
    config = ("service: {data_dir: /var/lib/weir}\npipelines: {app: {inputs: [{type: stdin}], outputs: [{type: stdout}],"
              " buffer: {disk: 1GiB, durable: true}, dead_letter: {max_size: 2MiB}}}")
    assert weir.cli("validate", "-c", "-", check=True, input=config).stdout == (
        "-: ok\n-: disk tiers may take 1GiB of the disk of /var/lib/weir, dead letters 2MiB\n")
    said = weir.cli("explain", "-c", "-", check=True, input=config).stdout
    assert "\ndisk: up to 1GiB for disk tiers and 2MiB for dead letters, in /var/lib/weir\n" in said
    assert "\npipeline app, buffer 16MiB, disk tier 1GiB\n" in said
    assert "\n    When the disk tier is full too, all inputs wait.\n" in said
    assert "\n    at least once  yes: what stdin has given counts as taken when it is on stable storage" in said


def test_cfg_08_secrets_are_not_shown(weir):
    """What comes from a file is a secret, also where it stands in the wrong place."""
    (weir.dir / "secret").write_text("hunter2")
    config = weir.dir / "weir.yaml"
    config.write_text("""
service: {shutdown_timeout: "${file:secret}"}
pipelines:
  app:
    inputs: [{type: "${file:secret}"}]
    outputs: [{type: stdout, codec: "${file:secret}", when: "${file:secret}"}]
""".replace("file:secret", f"file:{weir.dir}/secret"))
    for command in (["validate"], ["validate", "--json"], ["explain"], ["run"]):
        done = weir.cli(*command, "-c", config)
        assert done.returncode == 2
        assert "hunter2" not in done.stdout + done.stderr


def test_plugins(weir):
    listed = weir.cli("plugins", check=True).stdout
    document = json.loads(weir.cli("plugins", "--json", check=True).stdout)
    for plugin in document:
        name = f"{plugin['kind']}/{plugin['name']}"
        assert f"\n{name} " in listed
        text = weir.cli("plugins", name, check=True).stdout
        assert text.startswith(f"{plugin['kind']} {plugin['name']}\n")
        for option in plugin["options"]:
            assert f"\n  {option['name']}: " in text
        assert json.loads(weir.cli("plugins", "--json", name, check=True).stdout) == [plugin]
    assert weir.cli("plugins", "service", check=True).stdout.startswith("service:")


def test_the_reference_needs_a_directory(weir):
    (weir.dir / "file").write_text("")
    done = weir.cli("plugins", "--markdown", weir.dir / "file")
    assert done.returncode == 1
    assert str(weir.dir / "file") in done.stderr


def test_status_of_a_running_agent(weir):
    agent = weir(CONFIG)
    (weir.dir / "in.log").write_text('{"level":"error"}\n{"level":"info"}\n')
    agent.wait_records(2)
    config = agent.config_path
    text = weir.cli("status", "-c", config, check=True, env=agent.env).stdout
    assert text.startswith("weir ") and "\npipeline app: read 2, delivered 2, " in text
    document = json.loads(weir.cli("status", "--json", "-c", config, check=True, env=agent.env).stdout)
    assert document["pipelines"][0]["ledger"]["delivered"] == 2
    assert weir.cli("status", "--admin", agent.admin, check=True).stdout.startswith("weir ")
    agent.stop()
    done = weir.cli("status", "--admin", agent.admin)
    assert done.returncode == 1
    assert "is the agent running?" in done.stderr


def test_status_when_there_is_nothing_to_ask(weir):
    config = weir.dir / "weir.yaml"
    config.write_text('service: {admin: {listen: "off"}}\npipelines: {app: {inputs: [{type: stdin}], outputs: [{type: stdout}]}}\n')
    done = weir.cli("status", "-c", config)
    assert done.returncode == 1
    assert "service.admin.listen is off" in done.stderr
    config.write_text("pipelines: 1\n")
    done = weir.cli("status", "-c", config)
    assert done.returncode == 2
    assert f"{config}:1:" in done.stderr and "--admin" in done.stderr


def test_res_13_closed_standard_descriptors(weir):
    """What is opened first must not become standard error."""
    config = weir.dir / "weir.yaml"
    config.write_text("pipelines: 1\n")
    subprocess.run([weir.binary, "validate", "-c", config], preexec_fn=lambda: [os.close(fd) for fd in (0, 1, 2)], check=False)
    assert config.read_text() == "pipelines: 1\n"


def test_an_admin_address_in_use_is_said_at_the_start(weir):
    agent = weir(CONFIG)
    config = weir.dir / "second.yaml"
    config.write_text(agent.config_path.read_text().replace(str(agent.data_dir), str(weir.dir / "data2")))
    done = weir.cli("run", "-c", config, env=agent.env)
    assert done.returncode == 1
    assert agent.admin in done.stderr
    assert agent.get("/readyz")[0] == 200


def test_a_data_directory_has_one_agent(weir):
    agent = weir(CONFIG)
    config = weir.dir / "second.yaml"
    config.write_text(agent.config_path.read_text().replace(agent.admin, f"{agent.admin}.2"))
    done = weir.cli("run", "-c", config, env=agent.env)
    assert done.returncode == 1
    assert str(agent.data_dir) in done.stderr
