import { checkCommon, commonVariables, defineConfig, type ConfigOf } from '@fleetwire/service';

const SPEC = { ...commonVariables('enricher', 9203) } as const;

export const definition = defineConfig('enricher', SPEC, checkCommon);
export type EnricherConfig = ConfigOf<typeof SPEC>;
export const { load: loadConfig } = definition;
