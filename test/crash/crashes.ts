/** A process that is killed at random points, again and again, and asked after each start what it still knows. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openReader } from '../../src/change/journal/reader.ts';
import { journalPath } from '../../src/change/journal/state-dir.ts';
import { cliBytes, parseInfo, parseServersState } from '../support/cli.ts';
import { program } from '../support/program.ts';
import { pause, until } from '../support/wait.ts';

/** What operators set, as the test knows it and as the process tells it: `be/s1 weight` -> `20`. */
type State = ReadonlyMap<string, string>;

interface Step {
  /** Sent to the socket. */
  readonly request: string;
  readonly answer: RegExp;
  readonly after: State;
  readonly undo: boolean;
}

const CONFIG = (dir: string) => `global
    stats socket ${dir}/admin.sock level admin
    nbthread 1
    maxsessrate 100
defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
backend be
    server s1 127.0.0.1:1 weight 100
    server s2 127.0.0.1:2 weight 100
    server s3 127.0.0.1:3 weight 100
frontend fe
    bind unix@${dir}/fe.sock
    http-request set-header x %[path,map(${dir}/paths.map)]
    default_backend be
`;

/** Numbers from a seed (mulberry32). */
function generator(seed: number): Random {
  let at = seed;
  return (below) => {
    at = (at + 0x6d2b79f5) | 0;
    let t = Math.imul(at ^ (at >>> 15), 1 | at);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** A whole number from 0 to below this. */
type Random = (below: number) => number;

/** A weight that the server does not have: every step changes something. */
function otherWeight(before: string | undefined, random: Random): number {
  const weight = random(256);
  return String(weight) === before ? weight + 1 : weight;
}

/** A random thing to do. `history`: states before the operations that can be undone. */
function nextStep(state: State, history: readonly State[], random: Random): Step {
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const servers = [...state.keys()].filter((key) => key.endsWith(' weight')).map((key) => key.slice(0, -7));
  const server = pick(servers);
  const set = (request: string, ...values: [string, string | null][]): Step => {
    const after = new Map(state);
    for (const [key, value] of values) {
      if (value === null) after.delete(key);
      else after.set(key, value);
    }
    return { request: `${request}\n`, answer: /^[^'{]*\n$/, after, undo: false };
  };
  switch (random(8)) {
    case 0: {
      const rate = String(random(1000) + 200);
      return set(`set rate-limit sessions global ${rate}`, ['sessrate', rate]);
    }
    case 1: {
      const maint = state.get(`${server} maint`) === '1';
      return set(`set server ${server} state ${maint ? 'ready' : 'maint'}`, [`${server} maint`, maint ? '0' : '1']);
    }
    case 2: {
      const name = `be/d${random(1_000_000)}`;
      return set(`add server ${name} 127.0.0.1:9`, [`${name} weight`, '1'], [`${name} maint`, '1']);
    }
    case 3: {
      const free = servers.find((name) => name.startsWith('be/d') && state.get(`${name} maint`) === '1');
      if (free) return set(`del server ${free}`, [`${free} weight`, null], [`${free} maint`, null]);
      break;
    }
    case 4: {
      if (history.length === 0) break;
      return { request: 'undo\n', answer: /: \d+ changes? made\n/, after: history.at(-1)!, undo: true };
    }
    case 5: {
      const values = servers.slice(0, 4).map((name): [string, string] => {
        const weight = otherWeight(state.get(`${name} weight`), random);
        return [`${name} weight`, String(weight)];
      });
      const lines = values.map(([key, weight]) => `set server ${key.replace(' ', ' ')} ${weight}`);
      const step = set(`begin; ${lines.join('; ')}; commit`, ...values);
      return { ...step, answer: /op-\w+: \d+ changes? made\n\n$/ };
    }
    case 6: {
      const key = pick(['a', 'b', 'c']);
      const [before, value] = [state.get(`map ${key}`), String(random(1000))];
      if (before === undefined) return set(`add map #0 ${key} ${value}`, [`map ${key}`, value]);
      if (random(3) === 0) return set(`del map #0 ${key}`, [`map ${key}`, null]);
      if (before !== value) return set(`set map #0 ${key} ${value}`, [`map ${key}`, value]);
      break;
    }
    default:
  }
  const weight = String(otherWeight(state.get(`${server} weight`), random));
  return set(`set weight ${server} ${weight}`, [`${server} weight`, weight]);
}

async function observe(socket: string): Promise<State> {
  const state = new Map<string, string>();
  for (const row of parseServersState(await cliBytes(socket, 'show servers state be\n'))) {
    const name = `be/${row['srv_name']}`;
    state.set(`${name} weight`, row['srv_uweight']!);
    state.set(`${name} maint`, String(Number(row['srv_admin_state']) & 1));
  }
  for (const [, key, value] of (await cliBytes(socket, 'show map #0\n')).matchAll(/^0x\S+ (\S+) (\S+)$/gm))
    state.set(`map ${key}`, value!);
  state.set('sessrate', parseInfo(await cliBytes(socket, 'show info\n'))['SessRateLimit']!);
  return state;
}

/** Of each thread of a process its state, where it is in the kernel, and the ticks of CPU time that it has had: whether it is slow, or hangs. */
function threads(pid: number): string {
  const told = (file: string) => readFileSync(`/proc/${pid}/task/${file}`, 'latin1');
  return readdirSync(`/proc/${pid}/task`)
    .map((task) => {
      const [state, ...fields] = told(`${task}/stat`)
        .replace(/^.*\) /, '')
        .split(' ');
      return `${state} ${told(`${task}/wchan`)} ${Number(fields[10]) + Number(fields[11])}`;
    })
    .join(', ');
}

function sorted(state: State): [string, string][] {
  return [...state].sort(([a], [b]) => (a < b ? -1 : 1));
}

interface Crashes {
  readonly kills: number;
  readonly seed: number;
  /** Called after each kill that was survived, with the changes that were acknowledged so far. */
  tell(kills: number, made: number): void;
}

/**
 * Kills a process with a journal (SIGKILL) while changes are made on its socket, `kills` times and sometimes while it starts, and looks
 * after each whether all changes that it acknowledged are in force and the journal is whole. Returns how many were acknowledged; throws
 * an AssertionError when one was lost.
 */
export async function crashes(
  scope: { after(end: () => unknown): void },
  { kills, seed, tell }: Crashes,
): Promise<number> {
  const random = generator(seed);
  const dir = mkdtempSync(join(tmpdir(), 'crash-'));
  scope.after(() => rmSync(dir, { recursive: true, force: true }));
  const config = join(dir, 'haproxy.cfg');
  const socket = join(dir, 'admin.sock');
  const stateDir = join(dir, 'state');
  writeFileSync(config, CONFIG(dir));
  writeFileSync(join(dir, 'paths.map'), 'a 1\nb 2\n');
  let child: ChildProcess;
  let stderr = '';
  scope.after(() => child.kill('SIGKILL'));

  const launch = () => {
    stderr = '';
    child = spawn(program, ['-f', config, '-db', '--state-dir', stateDir], { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr!.on('data', (bytes: Buffer) => {
      stderr += bytes;
    });
  };
  const serving = () =>
    until(
      () => `the process to serve; it said: ${stderr}its threads: ${threads(child.pid!)}`,
      async () => {
        assert.equal(child.exitCode, null, stderr);
        return (await cliBytes(socket, 'show version\n').catch(() => '')) !== '';
      },
      { every: 5, ms: 60_000 },
    );
  const kill = async () => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    const reader = openReader(journalPath(stateDir));
    const { intact, problem } = reader.verify([]);
    reader.close();
    assert.ok(intact, problem?.text ?? 'broken');
  };

  launch();
  await serving();
  let state = await observe(socket);
  let history: State[] = [];
  let made = 0;
  let answerTime = 0;
  for (let crash = 0; crash < kills; crash++) {
    let killed = false;
    // On a busy machine an answer takes longer than that.
    const killing = pause(random(60) + (random(4) === 0 ? 0 : 2 * answerTime)).then(() => {
      killed = true;
      return kill();
    });
    let pending: Step | null = null;
    while (!killed) {
      const step = nextStep(state, history, random);
      pending = step;
      const asked = performance.now();
      const answer = await cliBytes(socket, step.request).catch(() => '');
      if (answer !== '') answerTime = Math.min(500, performance.now() - asked);
      if (answer === '') break;
      if (!step.answer.test(answer)) {
        // What arrived is the beginning of an answer: the process ended while it was sent.
        assert.ok(killed, `${step.request}${answer}`);
        break;
      }
      history = step.undo ? history.slice(0, -1) : [...history, state];
      state = step.after;
      pending = null;
      made++;
    }
    await killing;
    launch();
    if (random(5) === 0) {
      await pause(random(400));
      await kill().catch((error: Error) => assert.match(error.message, /there is no journal/));
      launch();
    }
    await serving();
    const found = await observe(socket);
    if (pending && JSON.stringify(sorted(found)) === JSON.stringify(sorted(pending.after))) {
      history = pending.undo ? history.slice(0, -1) : [...history, state];
      state = pending.after;
    }
    assert.deepEqual(sorted(found), sorted(state), `after crash ${crash + 1}; under way: ${pending?.request}`);
    tell(crash + 1, made);
  }
  await kill();
  return made;
}
