import { checkCommon, commonVariables, defineConfig, flag, type ConfigOf } from '@fleetwire/service';

const SPEC = {
  ...commonVariables('decoder', 9202),
  media: flag('FLEETWIRE_MEDIA', { meaning: 'publish pictures to the topic media', default: false }),
} as const;

export const definition = defineConfig('decoder', SPEC, checkCommon);
export type DecoderConfig = ConfigOf<typeof SPEC>;
export const { load: loadConfig } = definition;
