// Broken on purpose: a transactional id belongs to the process and not to the partition, so that a new owner fences nobody. A process
// that is told to stops itself once with a step's outputs in hand, as a long pause of the machine would.
import process from 'node:process';
import kafkajs from 'kafkajs';
import { EnricherTask } from '../../../../services/enricher/dist/task.js';

const { producer } = kafkajs.Kafka.prototype;
kafkajs.Kafka.prototype.producer = function (options = {}) {
  const { transactionalId } = options;
  if (transactionalId === undefined) return producer.call(this, options);
  return producer.call(this, { ...options, transactionalId: `${transactionalId}-${process.pid}` });
};

let steps = Number(process.env.CONTROL_FREEZE_AT_STEP ?? 0);
const step = EnricherTask.prototype.process;
EnricherTask.prototype.process = function (...args) {
  const result = step.apply(this, args);
  if (--steps === 0) process.kill(process.pid, 'SIGSTOP');
  return result;
};
