/** `fleetwire decode`: hex in, JSON lines out; no Kafka, no clock but the one given. */
import type { Command } from 'commander';
import type { DeviceSettings, Known, Transport } from '@fleetwire/protocols';
import { PROTOCOLS, type ProtocolId } from '@fleetwire/protocols/ids';
import type { DecodeOptions, Outcomes } from '../decode/run.js';
import { CliError, EXIT, failed, usage } from '../errors.js';
import { linesOf, print, printJson, say } from '../io.js';
import { choiceOption, integerOption } from '../options.js';

interface Flags {
  readonly protocol?: ProtocolId;
  readonly transport: Transport;
  readonly now?: string;
  readonly ident?: string;
  readonly letter?: string;
  readonly form?: string;
  readonly crcMode?: 'strict' | 'lenient';
  readonly gScale?: 'mg' | 'counts2048';
  readonly utcOffset?: number;
  readonly jsonl?: true;
  readonly explain?: true;
  readonly json?: true;
  readonly all?: true;
}

export function register(program: Command): void {
  program
    .command('decode')
    .summary('hex of trackers to JSON')
    .description(
      'Decodes frames as the pipeline does. Each HEX (or line of stdin) is the next read of one TCP connection, or one ' +
        'datagram; an empty line of stdin begins a new connection. Without --protocol the first bytes decide, as on the ' +
        'shared port. A report is printed as flat JSON; answers, refusals and login data as {"response"}, {"rejected"} ' +
        'and {"context"}.',
    )
    .argument('[hex...]', 'bytes; blanks are allowed. Absent: lines of stdin')
    .option('--protocol <id>', `${PROTOCOLS.join(', ')} (default: detect)`, choiceOption('--protocol', PROTOCOLS))
    .option('--transport <t>', 'tcp or udp', choiceOption('--transport', ['tcp', 'udp'] as const), 'tcp')
    .option('--now <time>', 'server clock to assume, as 2027-01-01T00:00:00Z (default: this machine’s)')
    .option('--ident <ident>', 'identity that the connection has already given')
    .option('--letter <letter>', 'Astra: protocol letter of the login')
    .option('--form <codes>', 'ATrack: report format, such as %SA%MV%BV')
    .option(
      '--crc-mode <mode>',
      'ATrack: strict or lenient',
      choiceOption('--crc-mode', ['strict', 'lenient'] as const),
    )
    .option('--g-scale <scale>', 'ATrack: mg or counts2048', choiceOption('--g-scale', ['mg', 'counts2048'] as const))
    .option(
      '--utc-offset <hours>',
      'JT808: hours that the device’s clock is ahead of UTC',
      integerOption('--utc-offset', -12, 14),
    )
    .option('--explain', 'show which bytes decided the protocol, and the byte map of each frame')
    .option('--jsonl', 'stdin holds test vectors, one object a line; prints one outcome a line')
    .option('--all', 'print replies to the device too, as {"reply": hex}')
    .option('--json', 'with --explain: JSON instead of tables')
    .addHelpText(
      'after',
      `
Examples:
  $ fleetwire decode 2a48512c393137313730313036352c56312c3132333335302c41…23
  $ xxd -p -c0 capture.bin | fleetwire decode --protocol astra --now 2024-07-30T16:20:00Z
  $ fleetwire decode --explain 580032010521968…
  $ fleetwire decode --jsonl < vectors.jsonl > out.jsonl

Exit codes: 0 all decoded; 1 something was refused (it is in the output); 2 usage; 3 nothing was in the input.`,
    )
    .action((hex: string[], flags: Flags) => decode(hex, flags));
}

async function decode(hex: readonly string[], flags: Flags): Promise<void> {
  if (flags.jsonl === true) {
    if (hex.length > 0 || flags.explain === true)
      throw usage('--jsonl reads stdin alone', 'drop the HEX and --explain');
    await decodeVectors();
    return;
  }
  const options = optionsOf(flags);
  if (flags.explain === true) await explainAll(hex, options, flags.json === true);
  else await decodeHex(hex, options, flags.all === true);
}

function optionsOf(flags: Flags): DecodeOptions {
  const nowMs = flags.now === undefined ? Date.now() : Date.parse(flags.now);
  if (Number.isNaN(nowMs)) throw usage(`--now: "${flags.now ?? ''}" is not a time`, 'write it as 2027-01-01T00:00:00Z');
  const known: Known = {
    ...(flags.ident !== undefined && { ident: flags.ident }),
    ...(flags.letter !== undefined && { letter: flags.letter }),
  };
  const settings: DeviceSettings = {
    ...(flags.form !== undefined && { form: flags.form, formSource: 'manual' as const }),
    ...(flags.crcMode !== undefined && { crcMode: flags.crcMode }),
    ...(flags.gScale !== undefined && { gScale: flags.gScale }),
    ...(flags.utcOffset !== undefined && { jt808UtcOffsetHours: flags.utcOffset }),
  };
  return { protocol: flags.protocol ?? null, transport: flags.transport, nowMs, known, settings };
}

/** Chunks of hex: arguments, or lines of stdin. null: the connection ends. */
async function* chunksOf(hex: readonly string[]): AsyncGenerator<Uint8Array | null> {
  const { fromHex } = await import('@fleetwire/protocols');
  const where = hex.length > 0 ? 'HEX' : 'line';
  let number = 0;
  for await (const text of hex.length > 0 ? hex : linesOf(process.stdin)) {
    number += 1;
    const bytes = fromHex(text);
    if (bytes === null)
      throw usage(
        `${where} ${number}: not hex, or an odd number of digits`,
        'give bytes as 2a48… ; files: xxd -p -c0 FILE',
      );
    yield bytes.length === 0 ? null : bytes;
  }
}

async function decodeHex(hex: readonly string[], options: DecodeOptions, all: boolean): Promise<void> {
  const { Connection } = await import('../decode/run.js');
  const totals = { outcomes: 0, rejected: 0 };
  let connection: InstanceType<typeof Connection> | null = null;
  const finish = async (): Promise<void> => {
    if (connection === null) return;
    const last = connection.end();
    connection = null;
    await printOutcomes(last, all, totals);
    if (Object.keys(last.context).length > 0) {
      totals.outcomes += 1;
      await printJson({ context: last.context });
    }
    if (last.detected !== null) say(`${last.detected.protocol}: ${last.detected.because}`);
  };
  for await (const chunk of chunksOf(hex)) {
    if (chunk === null) {
      await finish();
      continue;
    }
    connection ??= new Connection(options);
    await printOutcomes(connection.push(chunk), all, totals);
  }
  await finish();
  if (totals.rejected > 0)
    throw failed(`${totals.rejected} refusal(s)`, 'see "rejected" in the output; --explain shows the bytes');
  if (totals.outcomes === 0)
    throw new CliError(EXIT.nothing, 'nothing to decode', 'give HEX, or lines of hex on stdin');
}

async function printOutcomes(
  outcomes: Outcomes,
  all: boolean,
  totals: { outcomes: number; rejected: number },
): Promise<void> {
  for (const message of outcomes.messages) await printJson(message);
  for (const response of outcomes.responses) await printJson({ response });
  for (const rejected of outcomes.rejected) await printJson({ rejected });
  if (all) for (const reply of outcomes.replies) await printJson({ reply });
  // A heartbeat makes no message; its reply shows that it was understood.
  totals.outcomes += outcomes.messages.length + outcomes.responses.length + outcomes.replies.length;
  totals.rejected += outcomes.rejected.length;
}

async function explainAll(hex: readonly string[], options: DecodeOptions, json: boolean): Promise<void> {
  const { explain, explanationText } = await import('../decode/explain.js');
  let frames = 0;
  for await (const chunk of chunksOf(hex)) {
    if (chunk === null) continue;
    const explanation = explain(chunk, options);
    frames += explanation.frames.length;
    if (json) await printJson(explanation);
    else await print(explanationText(explanation, chunk));
  }
  if (frames === 0) throw new CliError(EXIT.nothing, 'no frame in these bytes', 'name the protocol with --protocol');
}

async function decodeVectors(): Promise<void> {
  const [{ runVector }, { parseVectorLine }] = await Promise.all([
    import('@fleetwire/protocols'),
    import('../decode/vector-line.js'),
  ]);
  let number = 0;
  let bad = 0;
  for await (const line of linesOf(process.stdin)) {
    number += 1;
    if (line.trim() === '') continue;
    const read = parseVectorLine(line, number);
    if (read.kind === 'vector') await printJson(runVector(read.vector));
    else {
      bad += 1;
      say(`fleetwire: ${read.error}`);
      await printJson({ id: read.id, error: read.error });
    }
  }
  if (bad > 0) throw failed(`${bad} line(s) are no vectors`, 'stderr names each with its line');
  if (number === 0) throw new CliError(EXIT.nothing, 'no vectors on stdin', 'give one JSON object a line');
}
