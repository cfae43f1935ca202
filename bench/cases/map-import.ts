import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { memoryJournal } from '../../src/change/journal/memory.ts';
import { newOperationId } from '../../src/change/operation-id.ts';
import { payloads } from '../../src/change/remote/patterns.ts';
import { connect } from '../../src/client/connect.ts';
import { openHaproxy } from '../../src/ops/targets/haproxy.ts';
import { median, type Row } from '../measure.ts';
import { launch, output } from '../process.ts';
import { folder } from '../programs.ts';
import type { Bench } from './index.ts';

const ENTRIES = 1_000_000;
/** So many through a shell loop; scaled up, for the whole would take an hour. */
const BY_SHELL = 10_000;
const PAYLOAD = 15_000;

type Entries = [string, string][];

/**
 * A map of 1,000,000 entries put into HAProxy: as a Change (checked, recorded, one switch), beside the same payloads written by hand without a look
 * at anything, and beside what people do with socat in a loop.
 */
export async function mapImport(bench: Bench): Promise<Row[]> {
  const entries: Entries = Array.from({ length: ENTRIES }, (_, i) => [`host-${i}.example.com`, `backend-${i % 100}`]);
  const lb = await start();
  const ours: number[] = [];
  const raw: number[] = [];
  try {
    const loop = await byShell(lb.socket, lb.map, entries);
    await clear(lb.socket, lb.map);
    for (let round = 0; round < (bench.quick ? 1 : 5); round++) {
      raw.push(await timed(() => byHand(lb.socket, lb.map, entries)));
      await clear(lb.socket, lb.map);
      ours.push(await timed(() => asChange(lb.socket, lb.map, entries)));
      await clear(lb.socket, lb.map);
    }
    const figures = { sluice: median(ours), 'by hand': median(raw), 'socat loop': loop };
    const name = 'map of 1,000,000 entries into haproxy';
    const ratio = median(ours.map((ms, i) => ms / raw[i]!));
    return [
      { case: name, unit: 'ms', figures, value: ratio, of: 'x by hand', bound: 1.2 },
      { case: name, unit: 'ms', figures, value: median(ours) / loop, of: 'x socat loop', bound: 0.5 },
    ];
  } finally {
    await lb.stop();
  }
}

async function start() {
  const dir = join(folder, 'map-import');
  mkdirSync(dir);
  const [socket, map, file] = [join(dir, 'admin.sock'), join(dir, 'hosts.map'), join(dir, 'haproxy.cfg')];
  writeFileSync(map, '');
  const lines = ['global', `stats socket ${socket} level admin`, 'stats timeout 5m', 'defaults', 'mode http'];
  const proxy = ['timeout client 1s', 'timeout server 1s', 'timeout connect 1s', 'frontend none', `bind unix@${dir}/f`];
  writeFileSync(file, [...lines, ...proxy, `http-request set-header x %[hdr(host),map(${map})]`, ''].join('\n'));
  const running = launch('haproxy', 'haproxy', ['-f', file, '-db']);
  while (!(await answers(socket))) await new Promise((resolve) => setTimeout(resolve, 10));
  return { ...running, socket, map };
}

async function answers(path: string): Promise<boolean> {
  const socket = createConnection(path);
  const ok = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return ok;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** Empties the map and waits until that is done. */
async function clear(path: string, map: string): Promise<void> {
  await converse(path, `clear map ${map}\n`, 1);
}

async function byShell(socket: string, map: string, entries: Entries): Promise<number> {
  const list = join(folder, 'shell-entries');
  writeFileSync(
    list,
    entries
      .slice(0, BY_SHELL)
      .map((pair) => `${pair.join(' ')}\n`)
      .join(''),
  );
  const loop = `while read -r line; do echo "add map ${map} $line" | socat - ${socket}; done < ${list}`;
  return (await timed(() => output('sh', ['-c', loop]))) * (entries.length / BY_SHELL);
}

/** The same payloads, written without a look at what is answered but the number of prompts. */
async function byHand(path: string, map: string, entries: Entries): Promise<void> {
  let commands = 0;
  let text = '';
  const lines = (function* () {
    for (const [key, value] of entries) yield `${key} ${value}`;
  })();
  text += `prepare map ${map}\n`;
  for (const payload of payloads(lines, PAYLOAD)) {
    text += `add map @1 ${map} <<\n${payload}\n\n`;
    commands++;
  }
  text = text.replaceAll('@1', `@${(versions += 1)}`);
  await converse(path, `${text}commit map @${versions} ${map}\n`, commands + 2);
}

/** Generation that HAProxy will prepare next. */
let versions = 0;

/** Writes in interactive mode and resolves after so many prompts. */
export function converse(path: string, text: string, commands: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path, () => socket.write(`prompt\n${text}`));
    let left = commands + 1;
    let tail = '';
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('data', (chunk: string) => {
      const seen = tail + chunk;
      left -= seen.split('\n> ').length - 1;
      tail = seen.slice(seen.lastIndexOf('\n> ') + 1).slice(-2);
      if (left > 0) return;
      socket.destroy();
      resolve();
    });
  });
}

async function asChange(socket: string, map: string, entries: Entries): Promise<void> {
  const client = await connect(socket);
  const lb = await openHaproxy({
    name: 'bench',
    address: socket,
    client,
    journal: memoryJournal(),
    folder: join(folder, 'state'),
    actor: { name: 'bench', uid: 0, pid: process.pid, sudoUser: null },
  });
  const meta = { operation: newOperationId(), title: 'import' };
  const applied = await lb.apply([{ kind: 'map.replace', map, entries }], meta);
  versions++;
  await lb.close();
  if (!applied.ok) throw new Error(applied.text || applied.outcomes[0]?.text);
}
