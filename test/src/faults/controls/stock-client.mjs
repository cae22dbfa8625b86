// Broken on purpose: an edge that sends as the released Kafka client does, and takes its word for it: what `send` resolved for is committed.
import { createRequire } from 'node:module';
import process from 'node:process';

const require = createRequire(import.meta.url);
if (process.argv[1]?.includes('edge-listener')) {
  for (const file of ['src/producer/sendMessages.js', 'src/producer/eosManager/index.js']) {
    const id = require.resolve(`kafkajs/${file}`);
    if (require.cache[id] !== undefined) throw new Error(`${file} is loaded already: the defect would break nothing`);
    require.cache[id] = { id, filename: id, loaded: true, exports: require(`kafkajs-stock/${file}`) };
  }
  const { Sender } = await import('../../../../libs/streaming/dist/sender.js');
  const records = await import('../../../../libs/streaming/dist/records.js');
  const { attempt } = Sender.prototype;
  if (typeof attempt !== 'function' || typeof records.byTopic !== 'function')
    throw new Error('Sender has no attempt: the defect would break nothing');
  Sender.prototype.attempt = async function (messages) {
    const producer = (this.producer ??= this.create());
    await producer.connect();
    await producer.sendBatch({ acks: -1, compression: this.compression, topicMessages: records.byTopic(messages) });
    return messages.map(({ topic }) => ({ topic, partition: 0, offset: 0 }));
  };
}
