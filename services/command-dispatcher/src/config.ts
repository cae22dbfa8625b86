import { checkCommon, commonVariables, defineConfig, flag, type ConfigOf } from '@fleetwire/service';

const SPEC = {
  ...commonVariables('command-dispatcher', 9204),
  smsGateway: flag('FLEETWIRE_SMS_GATEWAY', { meaning: 'a gateway reads the topic sms-outbox', default: false }),
} as const;

export const definition = defineConfig('command-dispatcher', SPEC, checkCommon);
export type DispatcherConfig = ConfigOf<typeof SPEC>;
export const { load: loadConfig } = definition;
