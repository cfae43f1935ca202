import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { loadConfig } from '../../../src/config/load.ts';
import { createLogForwards } from '../../../src/control/log-forward/log-forwards.ts';
import { until } from '../../support/wait.ts';

test('sections that have the same address keep a socket each over a reload', async (t) => {
  const probe = createSocket('udp4');
  probe.bind(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  const text = ['one', 'two']
    .map(
      (name) =>
        `log-forward ${name}\n dgram-bind 127.0.0.1:${port}\n log stdout format raw ${name === 'one' ? 'local1' : 'local2'}\n`,
    )
    .join('');
  const { config } = loadConfig({ texts: [{ name: 'x', text }], env: {} });
  const facilities = new Set<string>();
  const forwards = createLogForwards(() => ({
    forward: ([log]) => void facilities.add(log!.facility),
  }));
  t.after(() => forwards.close());
  for (let i = 0; i < 2; i++) {
    const staged = await forwards.stage(config!);
    assert.ok('commit' in staged);
    staged.commit();
  }
  // The kernel chooses between the two by the sender.
  const senders = Array.from({ length: 64 }, () => createSocket('udp4'));
  for (const sender of senders) sender.send('<13>x', port, '127.0.0.1');
  await until('all of them', () => forwards.received === senders.length);
  for (const sender of senders) sender.close();
  assert.deepEqual([...facilities].sort(), ['local1', 'local2']);
});
