/** A log that keeps nothing: tests look at topics. */
import type { StreamLog } from '@fleetwire/streaming';

const nothing = (): void => undefined;
export const silentLog: StreamLog = { debug: nothing, info: nothing, warn: nothing, error: nothing };
