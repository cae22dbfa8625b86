/**
 * The devices of `bench:commands`, as a process of their own: they report at a steady rate, answer commands, and tell the parent when
 * the bytes of each command came. `argv`: port, devices, reports a second, seed. Ends when the parent lets go.
 */
import net from 'node:net';
import { createFleet, type Tracker } from '@fleetwire/protocols/fleet';
import { marksIn } from '../harness/commands/marks.js';

const [port, count, rate, seed] = process.argv.slice(2).map(Number) as [number, number, number, number];
const TICK_MS = 10;
const DIALS_A_TICK = 10;
const TELL_EVERY_MS = 250;

/** What the parent is told: [number of the command, when its bytes came, ms since 1970]. */
export type Arrivals = readonly (readonly [number: number, atMs: number])[];
export interface FleetSays {
  readonly online?: number;
  readonly arrivals?: Arrivals;
  readonly reports?: number;
  readonly confirmed?: number;
}

const clock = (): number => performance.timeOrigin + performance.now();
const seats = createFleet({ protocol: 'mixed', transport: 'tcp', count, seed, startMs: Date.now() }).map((tracker) => ({
  tracker,
  socket: null as net.Socket | null,
}));
const arrivals: [number, number][] = [];
let [dialled, turn, due, lastMs, toldMs] = [0, 0, 0, clock(), 0];

function dial(seat: { readonly tracker: Tracker; socket: net.Socket | null }): void {
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
  const { tracker } = seat;
  const write = (writes: readonly Uint8Array[]): void => {
    for (const bytes of writes) socket.write(bytes);
  };
  socket.on('connect', () => {
    seat.socket = socket;
    write(tracker.onConnect(clock()));
  });
  socket.on('data', (bytes) => {
    const nowMs = clock();
    for (const number of marksIn(bytes.toString('latin1'))) arrivals.push([number, nowMs]);
    write(tracker.onBytes(bytes, nowMs).writes);
  });
  socket.on('error', (error) => process.stderr.write(`${tracker.ident}: ${error.message}\n`));
  socket.on('close', () => {
    if (seat.socket !== null) tracker.onDisconnect();
    seat.socket = null;
  });
}

setInterval(() => {
  const nowMs = clock();
  for (let i = 0; i < DIALS_A_TICK && dialled < seats.length; i++) dial(seats[dialled++]!);
  due += ((nowMs - lastMs) * rate) / 1000;
  lastMs = nowMs;
  for (; due >= 1; due--) {
    const { tracker, socket } = seats[turn++ % seats.length]!;
    if (socket !== null && tracker.online) for (const bytes of tracker.report(nowMs)) socket.write(bytes);
  }
  if (nowMs - toldMs < TELL_EVERY_MS) return;
  toldMs = nowMs;
  const sum = (of: (tracker: Tracker) => number): number => seats.reduce((all, { tracker }) => all + of(tracker), 0);
  const says: FleetSays = {
    online: seats.filter(({ tracker }) => tracker.counts.framesConfirmed > 0).length,
    arrivals: arrivals.splice(0),
    reports: sum(({ counts }) => counts.readings),
    confirmed: sum(({ counts }) => counts.readingsConfirmed),
  };
  process.send?.(says);
}, TICK_MS);
process.on('disconnect', () => process.exit(0));
