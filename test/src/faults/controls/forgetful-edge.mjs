// Broken on purpose: an edge that takes each routed command for two.
import { Inbox } from '../../../../services/edge-listener/dist/inbox.js';

const { take } = Inbox.prototype;
if (typeof take !== 'function') throw new Error('Inbox has no take: the defect would break nothing');
Inbox.prototype.take = function (routed) {
  take.call(this, routed);
  take.call(this, { ...routed, attempt: routed.attempt + 1_000 });
};
