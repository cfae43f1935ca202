import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  facilityNumber,
  isoDate,
  type LogFormat,
  type LogSource,
  levelNumber,
  lineHeader,
  lineText,
  preciseNow,
  syslogDate,
} from '../../../src/control/logs/format.ts';

process.env['TZ'] = 'UTC';
const bare: LogSource = { tag: 'haproxy', pid: 15376, sentHostname: null, hostname: 'localhost' };
const named: LogSource = { tag: 'mytag', pid: 15471, sentHostname: 'myhost', hostname: 'localhost' };
const DATE = Date.UTC(2026, 10, 21, 6, 14, 6) + 977.578;

/** Headers as HAProxy 2.6 wrote them: facility and level, without and with `log-tag mytag` and `log-send-hostname myhost`. */
const HEADERS: readonly (readonly [LogFormat, string, string, bareHeader: string, namedHeader: string])[] = [
  ['local', 'local0', 'alert', '<129>Nov 21 06:14:06 haproxy[15376]: ', '<129>Nov 21 06:14:06 mytag[15471]: '],
  [
    'rfc3164',
    'local1',
    'notice',
    '<141>Nov 21 06:14:06 localhost haproxy[15376]: ',
    '<141>Nov 21 06:14:06 myhost mytag[15471]: ',
  ],
  [
    'rfc5424',
    'daemon',
    'alert',
    '<25>1 2026-11-21T06:14:06.977578+00:00 - haproxy 15376 - - ',
    '<25>1 2026-11-21T06:14:06.977578+00:00 myhost mytag 15471 - - ',
  ],
  ['priority', 'local7', 'alert', '<185>', '<185>'],
  ['short', 'local7', 'alert', '<1>', '<1>'],
  ['timed', 'local7', 'alert', '<1>2026-11-21T06:14:06.977578+00:00 ', '<1>2026-11-21T06:14:06.977578+00:00 '],
  ['iso', 'local7', 'alert', '2026-11-21T06:14:06.977578+00:00 ', '2026-11-21T06:14:06.977578+00:00 '],
  ['raw', 'local7', 'alert', '', ''],
];

describe('the header of a line', () => {
  for (const [format, facility, level, bareHeader, namedHeader] of HEADERS) {
    it(`in format ${format} is as HAProxy writes it`, () => {
      const header = (source: LogSource) =>
        lineHeader(format, facilityNumber(facility), levelNumber(level), source, DATE, null);
      assert.equal(header(bare), bareHeader);
      assert.equal(header(named), namedHeader);
    });
  }

  it('carries structured data in RFC 5424 only', () => {
    const header = (format: LogFormat) => lineHeader(format, 16, 6, bare, DATE, '[id@1 a="b"]');
    assert.equal(header('rfc5424'), '<134>1 2026-11-21T06:14:06.977578+00:00 - haproxy 15376 - [id@1 a="b"] ');
    assert.equal(header('rfc3164'), '<134>Nov 21 06:14:06 localhost haproxy[15376]: ');
  });
});

describe('dates', () => {
  it('have days of one digit after a blank, and the offset of the time zone', () => {
    const date = Date.UTC(2026, 6, 4, 23, 59, 59);
    assert.equal(syslogDate(date), 'Jul  4 23:59:59');
    process.env['TZ'] = 'America/St_Johns';
    try {
      assert.equal(isoDate(date + 1000), '2026-07-04T21:30:00.000000-02:30');
      assert.equal(syslogDate(date + 1000), 'Jul  4 21:30:00');
    } finally {
      process.env['TZ'] = 'UTC';
    }
    assert.equal(isoDate(date), '2026-07-04T23:59:59.000000+00:00');
  });

  it('never go backwards while the wall clock does not, and agree with it', () => {
    let before = 0;
    for (let i = 0; i < 10_000; i++) {
      const wall = Date.now();
      const now = preciseNow();
      assert.ok(now >= before, `${now} after ${before}`);
      assert.ok(now >= wall && now < Date.now() + 1);
      before = now;
    }
  });
});

describe('the text of a line', () => {
  const anyText = fc
    .array(fc.oneof(fc.nat(0x20), fc.nat(0x2ff), fc.nat(0xffff)))
    .map((units) => String.fromCharCode(...units));

  it('is one line of bytes, whatever is logged', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        assert.match(lineText(text), /^[^\0\r\n\u0100-\uffff]*$/);
      }),
    );
    assert.equal(lineText('a\nb\r\0'), 'a#0Ab#0D#00');
    assert.equal(lineText('\xe9'), '\xe9');
    assert.equal(lineText('→'), '\xe2\x86\x92');
  });
});

describe('names', () => {
  it('of facilities and levels have their syslog numbers', () => {
    assert.equal(facilityNumber('kern'), 0);
    assert.equal(facilityNumber('local7'), 23);
    assert.equal(facilityNumber('nope'), -1);
    assert.equal(levelNumber('emerg'), 0);
    assert.equal(levelNumber('debug'), 7);
    assert.equal(levelNumber('error'), -1);
  });
});
