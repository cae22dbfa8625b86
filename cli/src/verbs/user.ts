import { userInfo } from 'node:os';

/** Who runs the command, for `requested_by`. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number without a name.
    return 'unknown';
  }
}
