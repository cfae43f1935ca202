import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { world } from './world.ts';

test('lines that the control thread does not take are dropped at a bound, and counted', async () => {
  const { env, lines, logs } = await world('frontend fe\n    bind 127.0.0.1:8080\n    mode http\n', 1);
  const log = (count: number) => {
    for (let i = 0; i < count; i++)
      env.log({ proxy: 1, level: 6, text: 'a line', sd: null, binary: false, date: 0, made: 0 });
    env.flushLog();
  };
  logs.taken = false;
  log(100_000);
  equal(lines.length, 65_536);
  equal(logs.dropped, 0);
  env.logTaken();
  log(10);
  equal(lines.length, 65_546);
  equal(logs.dropped, 100_000 - 65_536);
});
