# SPDX-License-Identifier: Apache-2.0
"""What is right in each plugin's options, and wrong between two of them, is found before anything starts."""
import pytest


def validate(weir, inputs, outputs):
    config = weir.dir / "weir.yaml"
    config.write_text(f"service: {{data_dir: {weir.dir}/data}}\npipelines:\n  app:\n"
                      f"    inputs: [{inputs}]\n    outputs:\n" + "".join(f"      - {o}\n" for o in outputs))
    return weir.cli("validate", "-c", str(config))


@pytest.mark.parametrize("paths, exclude, loops", [
    ('["/var/log/app/*.log"]', "[]", True),
    ('["/var/log/**/*.log"]', "[]", True),
    ('["/var/log/app/*.log"]', '["out.log"]', False),
    ('["/var/log/*.log"]', "[]", False),
    ('["*.log"]', "[]", False),  # of the working directory
])
def test_cfg_09_an_output_that_its_own_agent_reads(weir, paths, exclude, loops):
    done = validate(weir, f"{{type: tail, paths: {paths}, exclude: {exclude}}}",
                    ["{type: file, path: /var/log/app/out.log, codec: text}"])
    assert done.returncode == (2 if loops else 0), done.stderr
    if loops:
        assert 'weir.yaml:6:9: error: output "file" writes "/var/log/app/out.log", which input "tail"' in done.stderr


def test_cfg_10_two_outputs_on_one_file(weir):
    done = validate(weir, "{type: stdin}", ["{type: file, id: a, path: /tmp/x/one, codec: text}",
                                            "{type: file, id: b, path: /tmp/x/two, codec: text}",
                                            "{type: file, id: c, path: /tmp/x/one, codec: text}"])
    assert done.returncode == 2
    assert done.stderr.count(" error: ") == 1
    assert 'weir.yaml:8:9: error: output "c" writes "/tmp/x/one", as output "a" of pipeline "app" does' in done.stderr
