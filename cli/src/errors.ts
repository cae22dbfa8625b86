/** How a verb ends. Scripts rely on these numbers; they are part of the CLI's contract. */
export const EXIT = {
  ok: 0,
  /** The verb could not do what was asked; stderr says what would help. */
  failed: 1,
  /** The command line is wrong; nothing was done. */
  usage: 2,
  /** Nothing was found, or nothing came before the time-out. */
  nothing: 3,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An end with a reason for people: one sentence on what is wrong, one on what would help. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  readonly remedy: string;

  constructor(exitCode: ExitCode, message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CliError';
    this.exitCode = exitCode;
    this.remedy = remedy;
  }
}

/** The command line is wrong. */
export function usage(message: string, remedy: string): CliError {
  return new CliError(EXIT.usage, message, remedy);
}

/** The verb failed. */
export function failed(message: string, remedy: string, cause?: unknown): CliError {
  return new CliError(EXIT.failed, message, remedy, cause);
}

/** Any thrown thing as the sentence that people read. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '')
    return error.errors.map((one) => messageOf(one)).join('; ');
  return error instanceof Error ? error.message : String(error);
}
