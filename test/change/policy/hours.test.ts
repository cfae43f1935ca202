import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inSpan, parseSpan } from '../../../src/change/policy/hours.ts';

/** 2026-11-22 is a Sunday. */
const at = (day: number, time: string) => new Date(`2026-11-${22 + day}T${time}:00Z`);

const cases: readonly (readonly [string, number, string, boolean])[] = [
  ['mon-fri 08:00-18:00', 1, '08:00', true],
  ['mon-fri 08:00-18:00', 1, '07:59', false],
  ['mon-fri 08:00-18:00', 5, '17:59', true],
  ['mon-fri 08:00-18:00', 5, '18:00', false],
  ['mon-fri 08:00-18:00', 6, '10:00', false],
  ['sat,sun', 0, '00:00', true],
  ['sat,sun', 1, '00:00', false],
  ['fri-mon', 0, '12:00', true],
  ['fri-mon', 2, '12:00', false],
  ['22:00-06:00', 3, '23:00', true],
  ['22:00-06:00', 3, '05:59', true],
  ['22:00-06:00', 3, '06:00', false],
  ['fri 22:00-06:00', 6, '05:00', true],
  ['fri 22:00-06:00', 5, '05:00', false],
  ['sat 22:00-06:00', 0, '05:00', true],
  ['00:00-24:00', 4, '23:59', true],
];

for (const [text, day, time, expected] of cases) {
  test(`'${text}' ${expected ? 'holds' : 'does not hold'} on day ${day} at ${time}`, () => {
    assert.equal(inSpan(parseSpan(text)!, at(day, time), 'UTC'), expected);
  });
}

test('the clock is that of the time zone, summer time included', () => {
  const span = parseSpan('08:00-09:00')!;
  assert.equal(inSpan(span, new Date('2026-07-01T06:30:00Z'), 'Europe/Berlin'), true);
  assert.equal(inSpan(span, new Date('2026-12-01T06:30:00Z'), 'Europe/Berlin'), false);
  assert.equal(inSpan(span, new Date('2026-12-01T07:30:00Z'), 'Europe/Berlin'), true);
});

test('what is no span is refused', () => {
  for (const text of [
    '',
    ' ',
    'mon-',
    'foo',
    'mon 8:00-9:00',
    '08:00',
    '08:00-08:00',
    '08:00-25:00',
    '08:60-09:00',
    'mon-tue-wed',
  ])
    assert.equal(parseSpan(text), null, text);
});

test('a span and the one that begins where it ends cover the day', () => {
  const minute = fc.integer({ min: 0, max: 24 * 60 - 1 });
  const text = (m: number) => `${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`;
  fc.assert(
    fc.property(minute, minute, minute, (a, b, now) => {
      fc.pre(a !== b);
      const date = at(2, text(now));
      const one = inSpan(parseSpan(`${text(a)}-${text(b)}`)!, date, 'UTC');
      const other = inSpan(parseSpan(`${text(b)}-${text(a)}`)!, date, 'UTC');
      assert.notEqual(one, other);
    }),
  );
});
