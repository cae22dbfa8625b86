/** What the dispatcher writes, as records. All of them go to the partition of their device. */
import type { ProtocolId } from '@fleetwire/protocols';
import type { Codec, Command, CommandEvent } from '@fleetwire/schemas';
import type { OutRecord } from '@fleetwire/streaming';
import type { DeviceCommands } from './model.js';
import { settingRecordOf, settingsSetBy } from './plan.js';
import { argumentsOf, smsText } from './validate.js';

/** Version of the state payload: JSON of DeviceCommands. */
const STATE_FORMAT = 1;
/** Part of the state record that only shows that this dispatcher can commit. */
export const BEAT = 'beat';

export class Records {
  readonly #codec: Codec;
  readonly #partition: number;

  constructor(codec: Codec, partition: number) {
    this.#codec = codec;
    this.#partition = partition;
  }

  event(event: CommandEvent): OutRecord {
    return this.#of('command-events', event.ident, this.#codec.encode('command-events', event));
  }

  command(command: Command): OutRecord {
    return this.#of('commands', command.ident, this.#codec.encode('commands', command));
  }

  /** What a command sets, as wanted or as the device has it. */
  settings(type: ProtocolId, command: Command, side: 'desired' | 'reported', atUs: number): readonly OutRecord[] {
    return settingsSetBy(type, command).map((setting) => {
      const value = this.#codec.encode('device-settings', settingRecordOf(command, setting, side, atUs));
      return this.#of('device-settings', `${command.ident}|${setting.name}|${side}`, value);
    });
  }

  sms(command: Command, phone: string): OutRecord {
    const { ident, id, tenant, expires_at, requested_at } = command;
    const text = smsText(argumentsOf(command.arguments) ?? {}) ?? '';
    const sms = { ident, tenant, command_id: id, attempt: 1, phone, text, expires_at, requested_at };
    return this.#of('sms-outbox', ident, this.#codec.encode('sms-outbox', sms));
  }

  state(ident: string, device: DeviceCommands): OutRecord {
    return this.#state(ident, ident, '', Buffer.from(JSON.stringify(device)));
  }

  beat(): OutRecord {
    return this.#state(BEAT, '', BEAT, Buffer.alloc(0));
  }

  #state(key: string, ident: string, part: string, payload: Buffer): OutRecord {
    const head = { kind: 'state', ident, part, format: STATE_FORMAT, payload } as const;
    const value = this.#codec.encode('dispatcher-state', { ...head, barrier: null, inputs: [], written_at: null });
    return this.#of('dispatcher-state', key, value);
  }

  #of(topic: string, key: string, value: Buffer): OutRecord {
    return { topic, key, partition: this.#partition, value };
  }
}
