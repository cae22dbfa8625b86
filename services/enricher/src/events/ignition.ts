/** ignition_on and ignition_off: at the report that shows the change. The first one known is no change. */
import { eventOf, markOf } from '../fold/output.js';
import type { Step } from '../fold/steps.js';

export const ignition: Step = (state, entry, facts, _world, out) => {
  const { ignition: before } = facts.before;
  if (entry.ignition !== null && before !== null && entry.ignition !== before)
    out.push(
      eventOf(entry.ignition ? 'ignition_on' : 'ignition_off', markOf(state, entry), { driver_id: state.track.driver }),
    );
  return state;
};
