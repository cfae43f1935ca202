import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { referenceConfig, references } from '../../support/patterns.ts';

test('a thread that looks things up while they are edited never sees anything half done', {
  timeout: 60_000,
}, async () => {
  const keys = Array.from({ length: 40 }, (_, i) => `key-${i}-${'x'.repeat(i)}`);
  const uses = ['str', 'sub'].map((match) => ({ match, ignoreCase: false, values: 'str' as const }));
  const patterns = await references(referenceConfig(1, 'test.map', [], { keyed: true, uses }));
  const worker = new Worker(new URL('./reader.ts', import.meta.url), { workerData: { view: patterns.view(), keys } });
  const turns = new Map<number, () => void>();
  let turn = 0;
  let report: (result: { torn: string[]; found: number }) => void = () => {};
  const ready = new Promise<void>((resolve) => turns.set(0, resolve));
  worker.on('message', (message) => {
    if ('turn' in message) turns.get(message.turn)?.();
    else report(message);
  });
  patterns.follow({
    threads: 1,
    announce: async (chunk) => worker.postMessage({ chunk }),
    turn: () =>
      new Promise<void>((resolve) => {
        turns.set(++turn, resolve);
        worker.postMessage({ turn });
      }),
  });
  await ready;
  const live = patterns.find('map', '#1')!;
  const { store } = live;
  const value = (key: string, n: number) => {
    const text = `${key}#${n}`.padEnd(20 + (n % 60), '.');
    return `${text}|${text}`;
  };
  const end = performance.now() + 2000;
  for (let n = 0; performance.now() < end; n++) {
    await patterns.makeRoom();
    const key = keys[n % keys.length]!;
    const [entry] = store.withKey(store.current, key);
    if (n % 997 === 0) {
      const version = store.newVersion();
      await patterns.fill(
        live,
        version,
        keys.map((one) => ({ key: one, value: value(one, n) })),
      );
      patterns.discard(live, store.switchTo(version));
    } else if (entry === undefined) store.add(store.current, key, value(key, n));
    else if (n % 3 === 0) store.delete(store.current, entry);
    else store.setValue(store.current, entry, value(key, n));
    patterns.reclaim();
    if (n % 50 === 0) await new Promise(setImmediate);
  }
  const { torn, found } = await new Promise<{ torn: string[]; found: number }>((resolve) => {
    report = resolve;
    worker.postMessage({ end: true });
  });
  await worker.terminate();
  assert.deepEqual(torn, []);
  assert.ok(found > 1000, String(found));
});
