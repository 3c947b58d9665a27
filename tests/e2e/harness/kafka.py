# SPDX-License-Identifier: Apache-2.0
"""A real Apache Kafka, one KRaft node on 127.0.0.1, and an independent client of it.

What it takes is fetched (harness/fetched.py): Kafka's jars from Maven Central, and the Python client confluent-kafka, which
brings a librdkafka of its own. A start takes some seconds of a processor; Java's archive of loaded classes, which the first run
leaves beside the jars, takes a third of it off the later ones.

    broker = Kafka(directory)        makes certificates, users and an empty log
    broker.start() kill() pause() resume()      it is there when start() returns
    broker.plain  tls  sasl  sasl_tls         "127.0.0.1:PORT" of each listener
    broker.clients           the Authority of the certificates that `tls` wants of a client
    broker.create("topic", partitions=4)  delete("topic")  deny("topic")  allow("topic")
    broker.proxied           a listener behind a Proxy, which can swallow answers
    broker.read("topic")                        all messages of it, as Message"""
import base64
import collections
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from .certificates import Authority
from .fetched import Unavailable, cache, fetch, python_packages, run
from .wait import SLOWNESS, wait_until

VERSION = "4.0.0"
USER, PASSWORD = "shipper", "let-me-in-please"

POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>weir</groupId><artifactId>kafka-for-tests</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version></dependency>
  </dependencies>
</project>
"""

def token(seconds, subject=USER):
    """A JSON Web Token that is good for so long. It is not signed: the brokers of the tests take it."""
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    now = int(time.time())
    return f"{part({'alg': 'none'})}.{part({'sub': subject, 'iat': now - 60, 'exp': now + seconds})}."


Message = collections.namedtuple("Message", "partition offset key value headers time")


def provide_client():
    """The client can be imported after this."""
    client = python_packages("python", "confluent-kafka")
    if str(client) not in sys.path:
        sys.path.insert(0, str(client))


def provide_kafka():
    """The directory of Kafka's jars."""
    for program in ("java", "mvn", "openssl"):
        if not shutil.which(program):
            raise Unavailable(f"no {program} here")
    with cache() as directory:
        jars = directory / f"kafka-{VERSION}"
        (directory / "pom.xml").write_text(POM)
        fetch(jars, "mvn", "-q", "-B", "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies",
              f"-DoutputDirectory={jars}.new", "-DincludeScope=runtime", cwd=directory)
    return jars


def newer_librdkafka():
    """The one that the client brings: for what the system's is too old for."""
    provide_client()
    import confluent_kafka
    (library,) = Path(confluent_kafka.__file__).parents[1].glob("confluent_kafka.libs/librdkafka-*.so*")
    return library


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Reader:
    """What can be read of brokers at self.plain."""

    def ends(self, topic):
        """{partition: the offset behind its last message}."""
        consumer = self.consumer()
        try:
            from confluent_kafka import KafkaException, TopicPartition

            def ends():
                try:
                    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
                    return {p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=10)[1] for p in partitions}
                except KafkaException:  # a broker that has just come back may lead nothing yet
                    return None
            return wait_until(ends, limit=60, step=0.2, what=f"the ends of {topic}")
        finally:
            consumer.close()

    def consumer(self):
        from confluent_kafka import Consumer
        return Consumer({"bootstrap.servers": self.plain, "group.id": f"reader-{time.monotonic_ns()}", "log_level": 0,
                         "enable.auto.commit": False, "auto.offset.reset": "earliest", "enable.partition.eof": False,
                         "fetch.wait.max.ms": 10, "check.crcs": True})

    def read(self, topic):
        """All messages that are in the topic now."""
        from confluent_kafka import TopicPartition
        ends = {p: end for p, end in self.ends(topic).items() if end}
        consumer, found, at = self.consumer(), [], {p: 0 for p in ends}
        deadline = time.monotonic() + 60 * SLOWNESS
        try:
            consumer.assign([TopicPartition(topic, p, 0) for p in ends])
            while left := sum(end - at[p] for p, end in ends.items()):
                assert time.monotonic() < deadline, f"read {len(found)} messages of {topic}: at {at} of {ends}"
                for message in consumer.consume(min(left, 10000), timeout=0.2):
                    assert not message.error(), message.error()
                    at[message.partition()] = message.offset() + 1
                    headers = {name: value.decode() for name, value in message.headers() or []}
                    found.append(Message(message.partition(), message.offset(), message.key(), message.value(), headers,
                                         message.timestamp()[1]))
        finally:
            consumer.close()
        return found


class Kafka(Reader):
    def __init__(self, directory):
        self.jars = provide_kafka()
        provide_client()
        self.dir = Path(directory)
        self.archive, self.new_archive = self.jars.with_name(self.jars.name + ".jsa"), self.dir / "classes.jsa"
        self.process = None
        *self.ports, proxied = free_ports(7)
        self.plain, self.tls, self.sasl, self.sasl_tls, self.controller, behind = (f"127.0.0.1:{port}" for port in self.ports)
        self.proxied, self.behind = f"127.0.0.1:{proxied}", behind
        self.ca, self.key = self.dir / "broker.pem", self.dir / "broker.key"
        self.make_certificate()
        self.clients = Authority(self.dir, "clients")
        self.write_properties()
        self.java("kafka.tools.StorageTool", "format", "--standalone", "-t", "MkU3OEVBNTcwNTJENDM2Qk", "-c",
                  self.dir / "server.properties", "--add-scram", f"SCRAM-SHA-256=[name={USER},password={PASSWORD}]")

    def make_certificate(self):
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.key, "-out", self.ca)
        (self.dir / "store.pem").write_text(self.key.read_text() + self.ca.read_text())

    def write_properties(self):
        names = {"PLAIN": self.plain, "TLS": self.tls, "SASL": self.sasl, "SASLTLS": self.sasl_tls,
                 "CONTROLLER": self.controller, "BEHIND": self.behind}
        listeners = ",".join(f"{name}://{where}" for name, where in names.items())
        advertised = listeners.replace(self.behind, self.proxied)
        modules = "org.apache.kafka.common.security"
        logins = "".join(
            f'listener.name.{listener}.scram-sha-256.sasl.jaas.config={modules}.scram.ScramLoginModule required;\n'
            f'listener.name.{listener}.plain.sasl.jaas.config={modules}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";\n'
            for listener in ("sasl", "sasltls"))
        logins += (f"listener.name.sasl.oauthbearer.sasl.jaas.config={modules}.oauthbearer.OAuthBearerLoginModule required "
                   'unsecuredLoginStringClaim_sub="broker";\n')
        (self.dir / "server.properties").write_text(f"""
process.roles=broker,controller
node.id=1
listeners={listeners}
advertised.listeners={advertised}
listener.security.protocol.map=PLAIN:PLAINTEXT,TLS:SSL,SASL:SASL_PLAINTEXT,SASLTLS:SASL_SSL,CONTROLLER:PLAINTEXT,BEHIND:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAIN
controller.quorum.bootstrap.servers={self.controller}
log.dirs={self.dir}/log
auto.create.topics.enable=false
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=1000
broker.heartbeat.interval.ms=200
num.network.threads=1
num.io.threads=2
background.threads=1
log.cleaner.dedupe.buffer.size=2000000
ssl.keystore.type=PEM
ssl.keystore.location={self.dir}/store.pem
listener.name.tls.ssl.client.auth=required
listener.name.tls.ssl.truststore.type=PEM
listener.name.tls.ssl.truststore.location={self.clients.path}
sasl.enabled.mechanisms=SCRAM-SHA-256,PLAIN
listener.name.sasl.sasl.enabled.mechanisms=SCRAM-SHA-256,PLAIN,OAUTHBEARER
{logins}authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=true
""")

    def command(self, *words, archive="-Xshare:auto"):
        """`archive`: what to do when there is none."""
        if self.archive.exists():
            archive = f"-XX:SharedArchiveFile={self.archive}"
        return ["java", "-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", archive, "-cp",
                f"{self.jars}/*", *map(str, words)]

    def java(self, *words):
        return run(*self.command(*words), cwd=self.dir)

    # ---- its life -------------------------------------------------------------------------------------------------

    def start(self):
        """Starts it, and waits until it answers."""
        output = open(self.dir / "output", "ab")
        command = self.command("kafka.Kafka", self.dir / "server.properties", archive=f"-XX:ArchiveClassesAtExit={self.new_archive}")
        self.process = subprocess.Popen(command, cwd=self.dir, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        output.close()
        wait_until(self.answers, limit=60, step=0.1, what="Kafka to answer")
        return self

    def answers(self):
        assert self.process.poll() is None, "Kafka ended: " + (self.dir / "output").read_text()[-2000:]
        if not all(map(listens, self.ports)):
            return False
        from confluent_kafka import KafkaException
        try:
            return self.admin().list_topics(timeout=5).brokers
        except KafkaException:
            return False

    def kill(self, how=signal.SIGKILL):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(how)
            self.process.wait(60 * SLOWNESS)

    def end(self):
        """For good. A broker that was not started from the archive leaves one, when it may end by itself."""
        if self.archive.exists():
            self.kill()
            return
        self.kill(signal.SIGTERM)
        if self.new_archive.exists():
            beside = self.archive.with_suffix(f".{os.getpid()}")
            shutil.move(self.new_archive, beside)
            beside.rename(self.archive)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        """A broker that its controller has given up meanwhile comes back by itself, but not always soon."""
        self.process.send_signal(signal.SIGCONT)
        try:
            wait_until(self.is_well, limit=8, step=0.2, what="Kafka to be well again")
        except AssertionError:
            self.kill()
            self.start()

    def is_well(self):
        """Whether it makes topics, and leads them."""
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import NewTopic
        admin, topic = self.admin(), f"well-{time.monotonic_ns()}"
        try:
            for future in admin.create_topics([NewTopic(topic, 1, 1)], request_timeout=4).values():
                future.result(5)
            partitions = admin.list_topics(topic, timeout=5).topics[topic].partitions
        except (KafkaException, TimeoutError, KeyError):
            return False
        return len(partitions) == 1 and partitions[0].leader == 1

    # ---- asked by the independent client --------------------------------------------------------------------------

    def admin(self):
        """A client for administration; it must be kept until its answers have come."""
        from confluent_kafka.admin import AdminClient
        return AdminClient({"bootstrap.servers": self.plain, "log_level": 0})

    @staticmethod
    def done(futures):
        for future in futures.values():
            future.result(30 * SLOWNESS)

    def create(self, topic, partitions=1, **config):
        from confluent_kafka import KafkaError, KafkaException
        from confluent_kafka.admin import NewTopic
        admin = self.admin()

        def is_made():
            """On a busy machine the broker may be given up for a moment, or be late with its answer."""
            try:
                self.done(admin.create_topics([NewTopic(topic, partitions, 1, config=config)]))
            except KafkaException as why:
                code = why.args[0].code()
                if code not in (KafkaError.INVALID_REPLICATION_FACTOR, KafkaError.REQUEST_TIMED_OUT, KafkaError._TIMED_OUT,
                                KafkaError.TOPIC_ALREADY_EXISTS):
                    raise
                return code == KafkaError.TOPIC_ALREADY_EXISTS
            return True

        wait_until(is_made, limit=30, step=0.2, what=f"topic {topic} to be made")
        wait_until(lambda: len(admin.list_topics(topic, timeout=10).topics[topic].partitions) == partitions, limit=30,
                   step=0.05, what=f"topic {topic}")
        return topic

    def delete(self, topic):
        admin = self.admin()
        self.done(admin.delete_topics([topic]))
        wait_until(lambda: topic not in admin.list_topics(timeout=10).topics, limit=30, step=0.05, what=f"{topic} to be gone")

    def grow(self, topic, partitions):
        from confluent_kafka.admin import NewPartitions
        admin = self.admin()
        self.done(admin.create_partitions([NewPartitions(topic, partitions)]))

    def rule(self, topic):
        from confluent_kafka.admin import (AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType)
        return AclBinding(ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, f"User:{USER}", "*", AclOperation.WRITE,
                          AclPermissionType.DENY)

    def deny(self, topic):
        """The user of the SASL listeners may not write to the topic."""
        admin = self.admin()
        self.done(admin.create_acls([self.rule(topic)]))

    def allow(self, topic):
        from confluent_kafka.admin import AclBindingFilter
        rule, admin = self.rule(topic), self.admin()
        self.done(admin.delete_acls([AclBindingFilter(
            rule.restype, rule.name, rule.resource_pattern_type, rule.principal, rule.host, rule.operation,
            rule.permission_type)]))
