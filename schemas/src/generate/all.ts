/** All generated files as values: path from the root of the repository → text. Pure, so that a test can compare them. */
import type { Catalogue } from '../catalogue/load.js';
import { TOPIC_SCHEMAS, type SchemaName } from '../topics.js';
import { parametersPage, schemasPage } from './docs.js';
import { outlineModule } from './outline.js';
import { readerModule } from './reader.js';
import { recordWritersModule } from './record-writers.js';
import { recordsModule } from './records.js';
import { namesModule, reportModule } from './report.js';
import { enrichedSchema, schemaText, telemetrySchema } from './telemetry.js';
import { writerModule } from './writer.js';
import type { AvroRecord } from './telemetry-shape.js';

/** `readSchema` gives the text of a hand-written file of `schemas/`. */
export function generateAll(catalogue: Catalogue, readSchema: (file: string) => string): Map<string, string> {
  const generated: Partial<Record<SchemaName, AvroRecord>> = {
    telemetry: telemetrySchema(catalogue),
    'telemetry-enriched': enrichedSchema(catalogue),
  };
  const schemas = new Map<SchemaName, AvroRecord>();
  for (const name of Object.values(TOPIC_SCHEMAS))
    schemas.set(name, generated[name] ?? (JSON.parse(readSchema(`${name}.avsc`)) as AvroRecord));
  const files = new Map<string, string>();
  for (const [name, schema] of Object.entries(generated)) files.set(`schemas/${name}.avsc`, schemaText(schema));
  files.set('libs/protocols/src/catalogue/report.generated.ts', reportModule(catalogue));
  files.set('libs/protocols/src/catalogue/names.generated.ts', namesModule(catalogue));
  files.set('schemas/src/records.generated.ts', recordsModule(schemas));
  files.set('schemas/src/record-writers.generated.ts', recordWritersModule(schemas));
  files.set('schemas/src/telemetry-writer.generated.ts', writerModule(catalogue));
  files.set('schemas/src/telemetry-reader.generated.ts', readerModule(catalogue));
  files.set('schemas/src/telemetry-outline.generated.ts', outlineModule(catalogue));
  files.set('docs/reference/parameters.md', parametersPage(catalogue));
  files.set('docs/reference/schemas.md', schemasPage(schemas));
  return files;
}
