import { checkCommon, commonVariables, defineConfig, flag, integer, type ConfigOf } from '@fleetwire/service';

const SPEC = {
  ...commonVariables('command-dispatcher', 9204),
  smsGateway: flag('FLEETWIRE_SMS_GATEWAY', { meaning: 'a gateway reads the topic sms-outbox', default: false }),
  answerMs: integer('FLEETWIRE_COMMAND_ANSWER_MS', {
    unit: 'ms',
    meaning: 'a device that does not answer a command for that long after the write has not answered',
    default: 60_000,
    min: 1_000,
    max: 3_600_000,
  }),
} as const;

export const definition = defineConfig('command-dispatcher', SPEC, checkCommon);
export type DispatcherConfig = ConfigOf<typeof SPEC>;
export const { load: loadConfig } = definition;
