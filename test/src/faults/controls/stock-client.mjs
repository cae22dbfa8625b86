// Broken on purpose: producers send as the released Kafka client does, and its word is taken for it: nobody looks whether each partition that was written to is
// among the answers, as `Sender` does.
import { createRequire } from 'node:module';
import { Sender } from '../../../../libs/streaming/dist/sender.js';
import { byTopic } from '../../../../libs/streaming/dist/records.js';

const require = createRequire(import.meta.url);
for (const module of ['sendMessages.js', 'eosManager/index.js']) {
  const patched = require.resolve(`kafkajs/src/producer/${module}`);
  if (require.cache[patched]?.loaded) throw new Error(`${module} was loaded already: the defect would break nothing`);
  const id = patched;
  require.cache[patched] = { id, filename: id, loaded: true, exports: require(`kafkajs-stock/src/producer/${module}`) };
}

const { attempt } = Sender.prototype;
if (typeof attempt !== 'function') throw new Error('Sender has no attempt: the defect would break nothing');
Sender.prototype.attempt = async function (messages) {
  const producer = (this.producer ??= this.create());
  await producer.connect();
  await producer.sendBatch({ acks: -1, timeout: 10_000, topicMessages: byTopic(messages) });
  return messages.map(({ topic, chosen }) => ({ topic, partition: chosen, offset: 0 }));
};
