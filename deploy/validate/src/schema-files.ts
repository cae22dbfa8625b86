/** The validator's schemas as one file a kind, named as kubeconform looks them up: a second opinion over the same facts. */
import { readFileSync } from 'node:fs';

interface Schemas {
  readonly definitions?: Readonly<Record<string, object>>;
  readonly kinds: Readonly<Record<string, object>>;
}

export interface SchemaFile {
  /** `deployment-apps-v1.json`: kind, first word of the group, version. */
  readonly name: string;
  readonly text: string;
}

/** For `kubeconform -schema-location 'FOLDER/{{ .ResourceKind }}{{ .KindSuffix }}.json'`. */
export function schemaFiles(): readonly SchemaFile[] {
  return ['kubernetes.json', 'external-secrets.json', 'cert-manager.json'].flatMap((file) => {
    const text = readFileSync(new URL(`../schemas/${file}`, import.meta.url), 'utf8');
    const { definitions, kinds } = JSON.parse(text) as Schemas;
    return Object.entries(kinds).map(([id, schema]) => ({
      name: `${fileOf(id)}.json`,
      text: JSON.stringify({
        $schema: 'http://json-schema.org/draft-07/schema#',
        ...(definitions === undefined ? {} : { definitions }),
        allOf: [schema],
      }),
    }));
  });
}

/** `apps/v1 Deployment` → `deployment-apps-v1`; `v1 Service` → `service-v1`. */
function fileOf(id: string): string {
  const [apiVersion = '', kind = ''] = id.split(' ');
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : [null, apiVersion];
  return [kind.toLowerCase(), ...(group === null ? [] : [group.split('.')[0]!]), version].join('-');
}
