// Broken on purpose: an edge that believes its lease and its tail to be fresh whatever the time, knows of no take-over, and whose clock is
// a minute slow, so that nothing has expired.
import { SYSTEM_CLOCK } from '../../../../services/edge-listener/dist/clock.js';
import { Lease } from '../../../../services/edge-listener/dist/lease.js';
import { Sessions } from '../../../../services/edge-listener/dist/sessions.js';
import { FollowedTable } from '../../../../libs/streaming/dist/table.js';

const SLOW_MS = 60_000;
for (const [owner, name] of [
  [Lease.prototype, 'ageMs'],
  [Sessions.prototype, 'read'],
  [FollowedTable.prototype, 'silenceMs'],
  [SYSTEM_CLOCK, 'wallMs'],
])
  if (typeof owner[name] !== 'function') throw new Error(`there is no ${name}: the defect would break nothing`);
const { wallMs } = SYSTEM_CLOCK;
SYSTEM_CLOCK.wallMs = () => wallMs.call(SYSTEM_CLOCK) - SLOW_MS;
Lease.prototype.ageMs = () => 0;
FollowedTable.prototype.silenceMs = () => 0;
Sessions.prototype.read = () => undefined;
