/** Why a local broker or registry is not to be had. The message says what to do about it. */
export const LOCAL_ERROR_CODES = [
  'no_engine',
  'no_java',
  'no_maven',
  'fetch_failed',
  'port_busy',
  'already_running',
  'start_failed',
  'settings',
] as const;
export type LocalErrorCode = (typeof LOCAL_ERROR_CODES)[number];

export class LocalError extends Error {
  override readonly name = 'LocalError';
  constructor(
    readonly code: LocalErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** One line of progress, for people. */
export type Say = (line: string) => void;
export const silent: Say = () => undefined;

/** An unknown thing that was thrown, as a sentence. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code of a system error (`ENOENT`), null for anything else. */
export function systemCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
