# SPDX-License-Identifier: Apache-2.0
"""The accounting identity: every record that came in is somewhere, in every snapshot, exactly."""


def check_ledgers(status):
    """Recomputes the identity of each pipeline from a document of /api/v1/status."""
    for pipeline in status["pipelines"]:
        ledger = pipeline["ledger"]
        came = ledger["read"] + ledger["recovered"] + ledger["replayed"] + ledger["added"]
        went = (ledger["delivered"] + sum(ledger["filtered"].values()) + sum(ledger["dropped"].values())
                + ledger["dead_lettered"] + ledger["held"])
        assert came == went and ledger["residue"] == 0, \
            f"pipeline {pipeline['name']}: {came} came and {went} are accounted for: {ledger}"
        assert all(count >= 0 for count in (ledger["held"], ledger["delivered"])), ledger
        for output in pipeline["outputs"]:
            check_account(pipeline["name"], output)


def check_account(pipeline, output):
    """The same for what was routed to one output."""
    ledger = output["ledger"]
    went = ledger["delivered"] + sum(ledger["dropped"].values()) + ledger["dead_lettered"] + ledger["held"]
    assert ledger["routed"] == went and ledger["residue"] == 0, \
        f"pipeline {pipeline}, output {output['id']}: {ledger['routed']} came and {went} are accounted for: {ledger}"
    assert all(count >= 0 for count in (ledger["held"], ledger["delivered"])), ledger


def pipeline_of(status, name=None):
    """The pipeline of that name; without a name, the only one."""
    pipelines = status["pipelines"]
    if name is None:
        assert len(pipelines) == 1, "more than one pipeline: say which"
        return pipelines[0]
    return next(pipeline for pipeline in pipelines if pipeline["name"] == name)


def plugin_of(pipeline, plugin_id):
    """The input, filter or output with that id."""
    for kind in ("inputs", "filters", "outputs"):
        for plugin in pipeline[kind]:
            if plugin["id"] == plugin_id:
                return plugin
    raise AssertionError(f"no plugin {plugin_id} in pipeline {pipeline['name']}")
