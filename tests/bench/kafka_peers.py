# SPDX-License-Identifier: Apache-2.0
"""Other agents that send a file's lines to Kafka, with the settings of weir's output: lz4, acks of all, idempotence, batches of up
to 1 MB and 10,000 messages after 20 ms, and a queue of 8,192 messages in librdkafka, or more where that is faster for them.

    rsyslogd     with omkafka (Debian: rsyslog, rsyslog-kafka)
    syslog-ng    with its destination kafka-c (Debian: syslog-ng-core, syslog-ng-mod-rdkafka)

Debian's packages of the two conflict: unpack syslog-ng's with `apt-get download` and `dpkg -x`, and name in WEIR_BENCH_SYSLOG_NG a
script that runs it with its --module-path and LD_LIBRARY_PATH. A peer that is not there is left out. They follow a file and do not
end: a peer's time runs from its start until the topic holds every line."""
import os
import shutil
import subprocess
import time

RSYSLOG = """global(workDirectory="{work}")
module(load="imfile" mode="inotify")
module(load="omkafka")
input(type="imfile" File="{lines}" Tag="t" Ruleset="kafka")
template(name="line" type="string" string="%rawmsg%")
ruleset(name="kafka" queue.type="LinkedList" queue.size="100000" queue.dequeueBatchSize="4096") {{
  action(type="omkafka" broker="{broker}" topic="{topic}" template="line" partitions.auto="on" resubmitOnFailure="on"
    confParam=["compression.codec=lz4", "acks=all", "enable.idempotence=true", "linger.ms=20", "batch.size=1000000",
               "batch.num.messages=10000", "queue.buffering.max.messages=100000", "message.timeout.ms=0"])
}}
"""

SYSLOG_NG = """@version: 3.38
options {{ stats-freq(0); }};
source lines {{ file("{lines}" flags(no-parse) follow-freq(0.1) log-fetch-limit(10000) log-iw-size(100000)); }};
destination kafka {{
  kafka-c(bootstrap-servers("{broker}") topic("{topic}") message("$MSG") workers(2) log-fifo-size(200000)
    config("compression.codec"("lz4") "acks"("all") "enable.idempotence"("true") "linger.ms"("20") "batch.size"("1000000")
           "batch.num.messages"("10000") "queue.buffering.max.messages"("100000")));
}};
log {{ source(lines); destination(kafka); flags(flow-control); }};
"""


class Peer:
    """How one is started: `command(work)` is its argv, its configuration is in WORK/conf."""

    def __init__(self, name, program, configuration, command):
        self.name, self.program, self.configuration, self.command = name, program, configuration, command

    def run(self, broker, topic, lines, work, count):
        """Lines a second."""
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        (work / "conf").write_text(self.configuration.format(work=work, lines=lines, broker=broker.plain, topic=topic))
        ends = Ends(broker, topic)
        began = time.monotonic()
        with open(work / "said", "wb") as said:
            process = subprocess.Popen([self.program, *self.command(work)], stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            while (found := ends.now()) < count:
                assert process.poll() is None, f"{self.name} ended: {(work / 'said').read_text()[-1000:]}"
                assert time.monotonic() - began < 60 + count / 2000, f"{self.name}: {found} of {count} messages"
                time.sleep(0.02)
            took = time.monotonic() - began
            assert ends.now() == count, f"{self.name}: {ends.now()} messages of {count}"
        finally:
            ends.close()
            process.kill()
            process.wait()
        return count / took


class Ends:
    """How many messages a topic holds, asked for often."""

    def __init__(self, broker, topic):
        from confluent_kafka import TopicPartition
        self.consumer = broker.consumer()
        self.partitions = [TopicPartition(topic, partition) for partition in broker.ends(topic)]

    def now(self):
        return sum(self.consumer.get_watermark_offsets(partition, timeout=10)[1] for partition in self.partitions)

    def close(self):
        self.consumer.close()


def peers():
    """Those that are installed here."""
    known = [
        Peer("rsyslog", shutil.which("rsyslogd"), RSYSLOG, lambda work: ["-n", "-f", work / "conf", "-i", work / "pid"]),
        Peer("syslog-ng", os.environ.get("WEIR_BENCH_SYSLOG_NG") or shutil.which("syslog-ng"), SYSLOG_NG,
             lambda work: ["-F", "--no-caps", "-f", work / "conf", "-R", work / "persist", "-p", work / "pid", "-c", work / "control"]),
    ]
    return [peer for peer in known if peer.program]
