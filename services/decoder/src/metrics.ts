/** All metrics of the decoder. */
import { PROTOCOLS, REJECT_REASONS, type Protocol, type ProtocolId, type RejectReason } from '@fleetwire/protocols';
import type { Metrics } from '@fleetwire/service';
import type { FrameOutcome } from './decode-frame.js';

export interface DecoderMetrics {
  frame(outcome: FrameOutcome): void;
  decodedAgain(outcome: FrameOutcome): void;
  rejected(protocol: Protocol, reason: RejectReason): void;
  settingIgnored(): void;
}

export function decoderMetrics(metrics: Metrics): DecoderMetrics {
  const frames = metrics.counter({
    name: 'fleetwire_frames_decoded_total',
    help: 'raw frames by outcome; the sum is what was received',
    labels: { protocol: PROTOCOLS, outcome: ['reports', 'control', 'part', 'rejected'] },
  });
  const reports = metrics.counter({
    name: 'fleetwire_reports_decoded_total',
    help: 'reports written to telemetry',
    labels: { protocol: PROTOCOLS, kind: ['report', 'presence'] },
  });
  const answers = metrics.counter({
    name: 'fleetwire_command_answers_total',
    help: 'answers of devices to commands',
    labels: { protocol: PROTOCOLS },
  });
  const rejections = metrics.counter({
    name: 'fleetwire_decode_rejections_total',
    help: 'dead letters by reason',
    labels: { protocol: PROTOCOLS, reason: REJECT_REASONS },
  });
  const again = metrics.counter({
    name: 'fleetwire_frames_decoded_again_total',
    help: 'frames decoded again after their format was learnt',
    labels: { protocol: PROTOCOLS, outcome: ['reports', 'rejected'] },
  });
  const ignored = metrics.counter({
    name: 'fleetwire_device_settings_ignored_total',
    help: 'settings of devices that are not usable',
  });
  // Each frame counts: the counters of a protocol are looked up once.
  const ofProtocol = new Map<ProtocolId, ReturnType<typeof countersOf>>();
  const countersOf = (protocol: ProtocolId) => {
    const frame = (outcome: Outcome) => frames.of({ protocol, outcome });
    const kind = (of: 'report' | 'presence') => reports.of({ protocol, kind: of });
    return {
      frames: {
        reports: frame('reports'),
        control: frame('control'),
        part: frame('part'),
        rejected: frame('rejected'),
      },
      reports: { report: kind('report'), presence: kind('presence') },
    };
  };
  return {
    frame(outcome) {
      const protocol = outcome.protocol.id;
      let counters = ofProtocol.get(protocol);
      if (counters === undefined) ofProtocol.set(protocol, (counters = countersOf(protocol)));
      counters.frames[outcomeOf(outcome)].inc();
      for (const { kind } of outcome.reports) counters.reports[kind].inc();
      if (outcome.responses.length > 0) answers.of({ protocol }).inc(outcome.responses.length);
      for (const { reason } of outcome.rejected) rejections.of({ protocol, reason }).inc();
    },
    decodedAgain(outcome) {
      again
        .of({ protocol: outcome.protocol.id, outcome: outcome.rejected.length === 0 ? 'reports' : 'rejected' })
        .inc();
    },
    rejected: (protocol, reason) => rejections.of({ protocol: protocol.id, reason }).inc(),
    settingIgnored: () => ignored.of({}).inc(),
  };
}

type Outcome = 'reports' | 'control' | 'part' | 'rejected';

function outcomeOf(outcome: FrameOutcome): Outcome {
  if (outcome.frame === null) return 'part';
  if (outcome.reports.some((r) => r.kind === 'report')) return 'reports';
  return outcome.rejected.length > 0 ? 'rejected' : 'control';
}
