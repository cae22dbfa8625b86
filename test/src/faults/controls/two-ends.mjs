// Broken on purpose: a dispatcher that writes each last event of a command twice.
import { Records } from '../../../../services/command-dispatcher/dist/records.js';
import { DispatcherTask } from '../../../../services/command-dispatcher/dist/task.js';

const { event } = Records.prototype;
const { process } = DispatcherTask.prototype;
if (typeof event !== 'function' || typeof process !== 'function')
  throw new Error('Records or DispatcherTask have changed: the defect would break nothing');
let last = [];
Records.prototype.event = function (made) {
  const record = event.call(this, made);
  if (made.terminal) last.push(record);
  return record;
};
DispatcherTask.prototype.process = function (...args) {
  last = [];
  const result = process.apply(this, args);
  return { ...result, outputs: [...result.outputs, ...last] };
};
