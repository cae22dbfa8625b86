/** Report ids of the vendor, section "report ids"; 101 to 164 are the operator's own and have no meaning of ours. */
const REASONS: Readonly<Record<number, string>> = {
  0: 'position_query',
  1: 'log',
  2: 'tracking',
  3: 'text_message',
  4: 'tracking_distance',
  10: 'driver_id',
  11: 'voice_service',
  12: 'firmware_updated',
  13: 'gsm_jamming',
  14: 'impact_data',
  16: 'firmware_update_failed',
  17: 'position_on_call',
  18: 'cell_information',
  21: 'log_download_finished',
  22: 'trouble_codes',
  23: 'pending_trouble_codes',
};

export const REASON_IMPACT = 14;
export const REASON_TROUBLE_CODES = 22;
export const REASON_PENDING_CODES = 23;

const NONE: readonly string[] = Object.freeze([]);
const LISTS: readonly (readonly string[])[] = Array.from({ length: 256 }, (_, id) => {
  const reason = REASONS[id];
  return reason === undefined ? NONE : Object.freeze([reason]);
});

/** What a report id says, as a list of at most one reason. Shared, frozen. */
export function reasonsOf(id: number): readonly string[] {
  return LISTS[id] ?? NONE;
}
