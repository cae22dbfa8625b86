import { TOPIC_SCHEMAS } from '@fleetwire/schemas';
import { TOPICS, type TopicDescription } from '@fleetwire/streaming';

const HOUR_MS = 3_600_000;

function kept({ cleanup, retentionMs }: TopicDescription): string {
  if (retentionMs === null) return 'the newest of each key';
  const hours = retentionMs / HOUR_MS;
  const time = hours % 24 === 0 && hours > 24 ? `${hours / 24} days` : `${hours} hours`;
  return cleanup === 'delete' ? time : `the newest of each key, ${time}`;
}

/** `docs/reference/topics.md`: every topic with its key, value, retention and users, and how other clients read them. */
export function topicsPage(): string {
  const rows = Object.entries<TopicDescription>(TOPICS).map(([name, topic]) => {
    const schema = TOPIC_SCHEMAS[name as keyof typeof TOPIC_SCHEMAS];
    return `| \`${name}\` | ${topic.key} | \`${schema}.avsc\` | ${kept(topic)} | ${topic.writtenBy.join(', ')} | ${topic.readBy.join(', ')} |`;
  });
  return `<!-- Generated from libs/streaming/src/topics.ts by deploy/validate. Do not edit. -->
# Topics

| topic | key | value | kept | written by | read by |
|---|---|---|---|---|---|
${rows.join('\n')}

Topics with an ident in the key share one partition count, and their partition is murmur2 of the ident: a task holds everything of a device. \`users\` are
your own readers and writers. The fields of values are in [schemas.md](schemas.md). A key that has a second part ends with it behind \`|\`.

## Reading with other clients

Values are Avro in Confluent framing (a zero byte, four bytes of schema id, the body); the registry answers at \`SCHEMA_REGISTRY_URL\` in Confluent's
API. **Read committed**: \`telemetry-enriched\`, \`trips\`, \`events\`, \`device-state\`, \`duplicates\` and \`command-events\` are written in transactions, and what was
aborted is not data. \`npm start\` prints the addresses of its broker and registry.

\`\`\`sh
fleetwire tail telemetry-enriched --json --max 3              # decoded, dotted names

# kcat: keys, sizes and offsets
kcat -C -b 127.0.0.1:9092 -X isolation.level=read_committed -t telemetry-enriched -o beginning -c 3 -f '%k partition %p offset %o %S bytes\\n'

# Kafka's console consumer: keys and offsets
kafka-console-consumer.sh --bootstrap-server 127.0.0.1:9092 --topic telemetry-enriched --from-beginning --max-messages 3 \\
  --isolation-level read_committed --formatter-property print.key=true --formatter-property print.offset=true --formatter-property print.value=false

# the schema of an id, as clients ask for it
curl "$SCHEMA_REGISTRY_URL/schemas/ids/1"
\`\`\`

Decoded in Python, with \`pip install "confluent-kafka[avro,schemaregistry]"\`:

\`\`\`python
from confluent_kafka import DeserializingConsumer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer

registry = SchemaRegistryClient({"url": "http://127.0.0.1:8081"})
consumer = DeserializingConsumer({
    "bootstrap.servers": "127.0.0.1:9092", "group.id": "lake", "auto.offset.reset": "earliest",
    "isolation.level": "read_committed", "value.deserializer": AvroDeserializer(registry)})
consumer.subscribe(["telemetry-enriched"])
while True:
    message = consumer.poll(10)
    if message is None: break
    report = message.value()
    print(report["ident"], report["timestamp"], report["position_latitude"], report["position_longitude"])
consumer.close()
\`\`\`
`;
}
