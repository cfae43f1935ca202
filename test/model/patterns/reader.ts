import { parentPort, workerData } from 'node:worker_threads';
import type { PatternsView } from '../../../src/model/patterns/references.ts';
import { TrafficPatterns } from '../../../src/traffic/patterns.ts';

/*
 * A thread that looks keys up without a pause. The value of a key is the key, a number, the key and the same number again: anything else
 * was read while it was being written.
 */
const { view, keys } = workerData as { view: PatternsView; keys: readonly string[] };
const port = parentPort!;
const patterns = new TrafficPatterns(view, () => {});
const use = {
  name: 'test.map',
  patterns: [],
  kind: 'map',
  match: 'str',
  ignoreCase: false,
  keyed: true,
  named: false,
} as const;
const got = patterns.source('test.map', { ...use, values: 'str', id: null, subject: 'map', text: '' });
if ('error' in got) throw new Error(got.error);
const source = got;
const finders = [source.index('str', false)!, source.index('sub', false)!];

const torn: string[] = [];
let found = 0;
let ended = false;

port.on('message', (message: { chunk?: SharedArrayBuffer; turn?: number; end?: true }) => {
  if (message.chunk !== undefined) patterns.attach(message.chunk);
  if (message.turn !== undefined) port.postMessage({ turn: message.turn });
  if (message.end) {
    ended = true;
    port.postMessage({ torn: torn.slice(0, 3), found });
  }
});

function look(): void {
  for (const key of keys) {
    for (const find of finders) {
      const entry = find(key);
      if (entry === 0) continue;
      found++;
      const [own, value] = [source.key(entry), source.value(entry)];
      const [, a, b] = /^(.*)\|\1$/.exec(value) ?? [];
      if (!key.includes(own) || a === undefined || b !== undefined || !a.startsWith(`${own}#`))
        torn.push(`${key}: ${own} ${value}`);
    }
  }
  for (const entry of source.entries()) if (!source.value(entry).startsWith(source.key(entry))) torn.push('listing');
  if (!ended) setImmediate(look);
}
look();
port.postMessage({ turn: 0 });
