import { describe, expect, it } from 'vitest';
import { csvLine, parseCsv } from './csv.js';
import { parseDevicesCsv, parseDevicesJson } from './parse.js';
import { splitJson } from './split-json.js';

describe('device records from JSON', () => {
  it('reads an array, objects one after the other, and one object alike', () => {
    const two = [{ ident: '1' }, { ident: '2', labels: { a: 'x, } ] "q"' } }];
    const texts = [
      JSON.stringify(two),
      JSON.stringify(two, null, 2),
      two.map((d) => JSON.stringify(d)).join('\n'),
      two.map((d) => JSON.stringify(d)).join(''),
    ];
    for (const text of texts) expect(parseDevicesJson(text)).toEqual({ devices: two, problems: [] });
  });

  it('names the line on which the record at fault begins', () => {
    const text = '[\n  {"ident": "1"},\n  {\n    "ident": "2",\n    "admission": "maybe"\n  },\n  {"ident": 3}\n]';
    expect(parseDevicesJson(text).problems).toEqual([
      'line 3: admission: give one of default, allowed, blocked',
      expect.stringMatching(/^line 7: ident: .*as text/),
    ]);
  });

  it('names the line of what is not JSON, and goes on behind it', () => {
    const { devices, problems } = parseDevicesJson('{"ident": "1"}\n{"ident": }\nnonsense\n{"ident": "4"}');
    expect(devices.map((device) => device.ident)).toEqual(['1', '4']);
    expect(problems).toEqual([expect.stringMatching(/^line 2: not JSON/), expect.stringMatching(/^line 3: not JSON/)]);
  });

  it('refuses unknown fields, groups that are not named so, and bad decoder settings', () => {
    const { problems } = parseDevicesJson(
      '{"ident": "1", "colour": "red"}\n{"ident": "north", "kind": "group"}\n{"ident": "2", "decoder": {"form": "SA"}}\n{}',
    );
    expect(problems).toEqual([
      expect.stringMatching(/^line 1: colour: unknown; known are ident, kind/),
      expect.stringMatching(/^line 2: ident: a group/),
      expect.stringMatching(/^line 3: decoder: decoder\.form: use field codes/),
      expect.stringMatching(/^line 4: ident: missing/),
    ]);
  });

  it('keeps decoder settings as JSON text, and fills the members that the schema wants', () => {
    const { devices } = parseDevicesJson(
      '{"ident": "1", "decoder": {"form": "%SA%MV"}, "limits": {"frames_per_minute": 60}, "inputs": [{"input": "din.1", "event": "sos"}]}',
    );
    expect(devices[0]).toEqual({
      ident: '1',
      decoder: '{"form":"%SA%MV"}',
      limits: { frames_per_minute: 60, bytes_per_minute: null },
      inputs: [{ input: 'din.1', parameter: null, event: 'sos', inverted: false, factor: null, offset: null }],
    });
  });

  it('refuses two records of one device', () => {
    expect(parseDevicesJson('{"ident": "1"}{"ident": "1"}').problems).toEqual([
      expect.stringMatching(/ident 1 .* more than once/),
    ]);
  });

  it('finds nothing in nothing', () => expect(splitJson(' \n[ ,\n]')).toEqual([]));
});

describe('device records from CSV', () => {
  it('reads columns, maps, lists and quotes; an empty cell is the default', () => {
    const text = [
      'ident,name,id,label.colour,threshold.speed_limit,decoder.form,aliases,privacy',
      '356938035643809,"Van ""12"", north",12,red,90,%SA%MV,100|200,hide',
      '9171701065,,,,,,,',
    ].join('\r\n');
    expect(parseDevicesCsv(text)).toEqual({
      devices: [
        {
          ident: '356938035643809',
          name: 'Van "12", north',
          id: 12,
          labels: { colour: 'red' },
          thresholds: { speed_limit: 90 },
          decoder: '{"form":"%SA%MV"}',
          aliases: ['100', '200'],
          privacy: 'hide',
        },
        { ident: '9171701065' },
      ],
      problems: [],
    });
  });

  it('names the line of each problem, counting lines inside quotes', () => {
    const text = 'ident,name,id\n1,"two\nlines",x\n2,,1.5\n';
    expect(parseDevicesCsv(text).problems).toEqual([
      'line 2: id: give a whole number',
      'line 4: id: give a whole number',
    ]);
  });

  it('refuses unknown columns, rows that are too long, and a quote that never closes', () => {
    expect(parseDevicesCsv('ident,colour\n1,red').problems).toEqual([
      expect.stringMatching(/^line 1: column "colour"/),
    ]);
    expect(parseDevicesCsv('ident,name\n1,a,b').problems).toEqual([
      expect.stringMatching(/^line 2: 3 cells, but the header has 2/),
    ]);
    expect(parseDevicesCsv('ident,name\n1,"a').problems).toEqual(['line 2: a quote is opened and never closed']);
    expect(parseDevicesCsv('').problems).toEqual([expect.stringMatching(/^line 1: no header/)]);
  });

  it('reads semicolons and a byte order mark, as spreadsheets write them', () => {
    expect(parseDevicesCsv('\uFEFFident;name\n1;Van').devices).toEqual([{ ident: '1', name: 'Van' }]);
  });

  it('reads back what it writes', () => {
    const cells = ['a', 'b,c', 'd"e', 'f\ng', ''];
    expect(parseCsv(csvLine(['1', '2', '3', '4', '5']) + csvLine(cells))).toMatchObject({ rows: [{ line: 2, cells }] });
  });
});
