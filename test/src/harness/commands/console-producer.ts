/** Kafka's own console producer, as it comes with the broker: text lines, `KEY<tab>VALUE`. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fetchPackage, findJava, KAFKA } from '@fleetwire/local';

const JAVA_AT_LEAST = 17;

export async function consoleProduce(
  brokers: readonly string[],
  topic: string,
  lines: readonly string[],
): Promise<void> {
  const [folder, java] = await Promise.all([fetchPackage(KAFKA, () => undefined), findJava(JAVA_AT_LEAST, 'kafka')]);
  const args = ['-XX:TieredStopAtLevel=1', '-cp', path.join(folder, '*'), 'org.apache.kafka.tools.ConsoleProducer'];
  args.push('--bootstrap-server', brokers.join(','), '--topic', topic, '--reader-property', 'parse.key=true');
  const child = spawn(java.command, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  child.stdin.end(`${lines.join('\n')}\n`);
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`the console producer ended with ${code}: ${said}`));
    });
  });
}
