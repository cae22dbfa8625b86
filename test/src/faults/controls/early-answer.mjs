// Broken on purpose: a frame counts as committed when it is handed to the producer.
import { Publisher } from '../../../../services/edge-listener/dist/publisher.js';

const { frame } = Publisher.prototype;
if (typeof frame !== 'function') throw new Error('Publisher has no frame: the defect would break nothing');
const deaf = { committed: () => undefined, failed: () => undefined };
Publisher.prototype.frame = function (record, headers, listener) {
  frame.call(this, record, headers, deaf);
  listener.committed();
};
