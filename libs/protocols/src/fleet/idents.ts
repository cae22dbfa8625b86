/** Identities of simulated devices: of the right shape for their protocol, and the same for the same seed and number. */
/** Protocols that have simulated devices. */
export const SIMULATED = ['astra', 'h02', 'jt808', 'atrack'] as const;
export type SimulatedId = (typeof SIMULATED)[number];

/** Highest number of a device in one fleet. */
export const DEVICE_INDEX_MAX = 999_999;

/** IMEIs with a good check digit for Astra and ATrack, a 10-digit serial for H02, an 11-digit phone number for JT808. */
export function identOf(protocol: SimulatedId, seed: number, index: number): string {
  const fleet = String(seed % 1_000).padStart(3, '0');
  const number = String(index).padStart(6, '0');
  switch (protocol) {
    case 'astra':
      return withLuhn(`35201${fleet}${number}`);
    case 'atrack':
      return withLuhn(`35675${fleet}${number}`);
    case 'h02':
      return `9${fleet}${number}`;
    case 'jt808':
      return `13${fleet}${number}`;
  }
}

/** The digits with their Luhn check digit behind them. */
export function withLuhn(digits: string): string {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const doubled = i % 2 === 0 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return digits + String((10 - (sum % 10)) % 10);
}
