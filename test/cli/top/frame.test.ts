import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frame, type ORDERS } from '../../../src/cli/top/frame.ts';
import { readState } from '../../ops/fake-target.ts';

const TEXT = `
frontend fe maxconn=100 sessions=5 rate=7
backend be
  app1 sessions=3 rate=1 errors=2
  app2 sessions=1 rate=9 queue=4
`;

const screen = { name: 'lb', state: readState(TEXT), before: null, order: 'rate', width: 200, height: 40 } as const;

test('the busiest server comes first, by what is asked for', () => {
  const order = (by: (typeof ORDERS)[number]) =>
    frame({ ...screen, order: by }).flatMap((line) => /^be\/(\w+)/.exec(line)?.[1] ?? []);
  assert.deepEqual(order('rate'), ['app2', 'app1']);
  assert.deepEqual(order('sessions'), ['app1', 'app2']);
  assert.deepEqual(order('queue'), ['app2', 'app1']);
  assert.deepEqual(order('errors'), ['app1', 'app2']);
  assert.deepEqual(order('name'), ['app1', 'app2']);
});

test('errors since the reading before are told', () => {
  const state = readState(TEXT.replace('errors=2', 'errors=5'));
  assert.match(frame({ ...screen, state, before: screen.state }).join('\n'), /be\/app1 .* 5 \+3/);
});

test('no line is longer than the screen is wide, and there are no more than it is high', () => {
  for (const [width, height] of [
    [20, 5],
    [80, 8],
    [10, 6],
  ] as const) {
    const lines = frame({ ...screen, width, height });
    assert.equal(lines.length <= height, true);
    assert.equal(
      lines.every((line) => line.length <= width),
      true,
    );
  }
});

test('nothing from elsewhere is obeyed by the terminal', () => {
  const evil = { ...screen, name: 'lb\x1b[2J' };
  assert.doesNotMatch(frame(evil).join('\n'), /\x1b/);
});
