/**
 * What the Telemetry record holds beside the hot parameters: root fields, typed arrays, maps; and what Enriched adds.
 *
 * Fields never move and never go: a new one comes at the end of its part with a null or empty default, so that every reader of
 * any version reads every writer of any other.
 */
export type AvroType = string | readonly AvroType[] | { readonly [key: string]: unknown };

export interface AvroField {
  readonly name: string;
  readonly type: AvroType;
  readonly default?: unknown;
  readonly doc: string;
  /** Closed list of a text field; ours, ignored by Avro. */
  readonly values?: readonly string[];
  /** Dotted name in the JSON form; ours. */
  readonly parameter?: string;
  readonly unit?: string;
}
export interface AvroRecord {
  readonly type: 'record';
  readonly name: string;
  readonly namespace?: string;
  readonly doc: string;
  readonly fields: readonly AvroField[];
}

const TIME: AvroType = { type: 'long', logicalType: 'timestamp-micros' };
const nullable = (name: string, type: AvroType, doc: string, extra: Partial<AvroField> = {}): AvroField => ({
  name,
  type: ['null', type],
  default: null,
  doc,
  ...extra,
});
const list = (items: AvroType): AvroType => ({ type: 'array', items });

const FRAME_REF: AvroRecord = {
  type: 'record',
  name: 'FrameRef',
  doc: 'Where the raw frame of a report stands.',
  fields: [
    { name: 'topic', type: 'string', doc: 'Topic of the raw frame.' },
    { name: 'partition', type: 'int', doc: 'Partition in that topic.' },
    { name: 'offset', type: 'long', doc: 'Offset in that partition.' },
    { name: 'index', type: 'int', doc: 'Place of the report in its frame, from 0.' },
  ],
};

export const ROOT_FIELDS: readonly AvroField[] = [
  { name: 'message_id', type: 'string', doc: "Identity of the report's content: 128 bits, 32 hexadecimal digits." },
  { name: 'revision', type: 'int', default: 0, doc: 'A higher one replaces the same message_id downstream.' },
  {
    name: 'kind',
    type: 'string',
    default: 'report',
    doc: 'presence: a login or heartbeat, which the enricher uses and does not pass on.',
    values: ['report', 'presence'],
  },
  { name: 'ident', type: 'string', doc: 'Identity of the device: IMEI, serial number or phone digits, as text.' },
  nullable('tenant', 'string', 'Tenant of the device, from the device table.'),
  { name: 'timestamp', type: TIME, doc: 'Event time that is used.' },
  nullable('device_time', TIME, 'Event time as the device said it, even when wrong.'),
  { name: 'received_at', type: TIME, doc: 'Server clock when the frame arrived.' },
  { name: 'protocol', type: 'string', doc: 'astra, h02, jt808 or atrack.' },
  { name: 'peer', type: 'string', doc: 'Address of the device, ip:port.' },
  nullable('frame_ref', { ...FRAME_REF }, 'The raw frame.'),
  { name: 'decoder_version', type: 'string', doc: 'Version of the decoder.' },
  {
    name: 'quality',
    type: list('string'),
    default: [],
    doc: 'Why values are doubtful: clock_suspect, value_out_of_range …',
  },
  { name: 'report_reasons', type: list('string'), default: [], doc: 'Why the device reported, in words.' },
];

const text = (name: string, parameter: string, doc: string): AvroField => nullable(name, 'string', doc, { parameter });
const figure = (name: string, parameter: string, doc: string, unit?: string): AvroField =>
  nullable(name, 'double', doc, unit === undefined ? { parameter } : { parameter, unit });

/** Records of the typed arrays. `parameter` of a field is the dotted key of the JSON form. */
export const LISTS: readonly { readonly field: string; readonly parameter: string; readonly record: AvroRecord }[] = [
  {
    field: 'ble_beacons',
    parameter: 'ble.beacons',
    record: {
      type: 'record',
      name: 'BleBeacon',
      doc: 'A Bluetooth beacon in reach.',
      fields: [
        { name: 'id', type: 'string', doc: 'UUID or MAC address, upper-case hexadecimal.', parameter: 'id' },
        figure('rssi', 'rssi', 'Signal strength.', 'dBm'),
        figure('type', 'type', "The device's number for the kind of beacon."),
        nullable('companion', 'boolean', 'True: paired with the device.', { parameter: 'companion' }),
        figure('last_seen', 'last.seen', 'Time since it was heard.', 's'),
        figure('height', 'height', 'Height that a height sensor measures.', 'cm'),
        figure('temperature', 'temperature', 'Temperature.', '°C'),
        figure('humidity', 'humidity', 'Relative humidity.', '%'),
        figure('battery_voltage', 'battery.voltage', "Voltage of the beacon's battery.", 'V'),
        figure('battery_level', 'battery.level', "Level of the beacon's battery.", '%'),
        figure('tx_power', 'tx.power', 'Transmission power at one metre.', 'dBm'),
        figure('major', 'major', 'iBeacon major number.'),
        figure('minor', 'minor', 'iBeacon minor number.'),
        text('local_name', 'local_name', 'Name that the beacon announces.'),
        text('data', 'data', 'Data that the catalogue does not name, hexadecimal.'),
      ],
    },
  },
  {
    field: 'can_dtc',
    parameter: 'can.dtc',
    record: {
      type: 'record',
      name: 'TroubleCode',
      doc: 'A diagnostic trouble code. In JSON an OBD-II code is its text alone.',
      fields: [
        { name: 'standard', type: 'string', doc: 'OBDII, J1939 or J1708.', parameter: 'standard' },
        text('code', 'code', 'OBD-II: P0133.'),
        figure('spn', 'spn', 'J1939: suspect parameter number.'),
        figure('fmi', 'fmi', 'Failure mode identifier.'),
        figure('cm', 'cm', 'J1939: conversion method.'),
        figure('oc', 'oc', 'J1939: how often it occurred.'),
      ],
    },
  },
  {
    field: 'acceleration_array',
    parameter: 'acceleration.array',
    record: {
      type: 'record',
      name: 'Acceleration',
      doc: 'One sample of the accelerometer.',
      fields: ['x', 'y', 'z'].map((axis) => ({
        name: axis,
        type: 'double',
        doc: `Acceleration on the ${axis} axis.`,
        parameter: axis,
        unit: 'g',
      })),
    },
  },
  {
    field: 'cells',
    parameter: 'gsm.cells',
    record: {
      type: 'record',
      name: 'Cell',
      doc: 'A cell of the mobile network in reach.',
      fields: [
        figure('mcc', 'mcc', 'Country code.'),
        figure('mnc', 'mnc', 'Network code.'),
        figure('lac', 'lac', 'Area code.'),
        figure('cellid', 'cellid', 'Cell.'),
        figure('rssi', 'rssi', 'Signal strength.', 'dBm'),
      ],
    },
  },
  {
    field: 'wifi',
    parameter: 'wifi.points',
    record: {
      type: 'record',
      name: 'WifiPoint',
      doc: 'A wireless network in reach.',
      fields: [
        { name: 'mac', type: 'string', doc: 'MAC address of the access point.', parameter: 'mac' },
        figure('rssi', 'rssi', 'Signal strength.', 'dBm'),
      ],
    },
  },
];

const map = (name: string, values: string, doc: string): AvroField => ({
  name,
  type: { type: 'map', values },
  default: {},
  doc,
});
export const MAP_FIELDS: readonly AvroField[] = [
  map('numbers', 'double', 'Every other number, by dotted name; units are in the catalogue.'),
  map('strings', 'string', 'Every other text, by dotted name.'),
  map('flags', 'boolean', 'Every other boolean, by dotted name.'),
];

const GEOFENCE_REF: AvroRecord = {
  type: 'record',
  name: 'GeofenceRef',
  doc: 'A geofence that the position is in.',
  fields: [
    { name: 'id', type: 'string', doc: 'Identity of the geofence.' },
    { name: 'name', type: 'string', doc: 'Its name then.' },
    { name: 'version', type: 'long', doc: 'Its version then.' },
  ],
};
const TRIP_REF: AvroRecord = {
  type: 'record',
  name: 'TripRef',
  doc: 'The trip that the report belongs to.',
  fields: [
    { name: 'id', type: 'string', doc: 'Trip id.' },
    { name: 'state', type: 'string', doc: 'State of the trip then.', values: ['open', 'provisional', 'final'] },
  ],
};
const MOTION: AvroRecord = {
  type: 'record',
  name: 'Motion',
  doc: 'Whether the device moves.',
  fields: [
    { name: 'state', type: 'string', doc: 'What it does.', values: ['moving', 'stopped', 'unknown'] },
    { name: 'since', type: TIME, doc: 'Event time since when.' },
  ],
};

/** The one field that Enriched has after those of Telemetry. Values are as known when it was published. */
export const ENRICHMENT: AvroField = nullable(
  'enrichment',
  {
    type: 'record',
    name: 'Enrichment',
    doc: 'What the enricher knows, as known when it was published; corrections go to events and trips.',
    fields: [
      { name: 'geofences', type: list({ ...GEOFENCE_REF }), default: [], doc: 'Geofences that the position is in.' },
      nullable('trip', { ...TRIP_REF }, 'Trip that is going on.'),
      nullable('motion', { ...MOTION }, 'Whether it moves.'),
      nullable('odometer', 'double', 'Odometer, or the sum of distances where the device has none.', { unit: 'km' }),
      nullable('engine_hours', 'double', 'Motor hours, or the sum of ignition times where the device has none.', {
        unit: 'h',
      }),
      { name: 'event_ids', type: list('string'), default: [], doc: 'Events that this report made.' },
      {
        name: 'late',
        type: 'boolean',
        default: false,
        doc: 'True: a report with a later event time was there before.',
      },
      { name: 'late_beyond_horizon', type: 'boolean', default: false, doc: 'True: too late to be folded.' },
      nullable('online', 'boolean', 'Presence of the device, by the server clock.'),
      nullable('online_since', TIME, 'When its presence last changed.'),
      nullable('last_seen_at', TIME, 'Receipt of the last frame of the device.'),
    ],
  },
  'What the enricher knows; null: nothing yet.',
);
