import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { origin } from '../support/origin.ts';
import { freePort, isListening, listeningPorts } from '../support/ports.ts';
import { isHaproxy, program } from '../support/program.ts';
import { until, within } from '../support/wait.ts';
import { matches, parse, type Step } from './parse.ts';

// The commands of docs/walkthroughs/*.md are run as they stand against a running program. Only places are put in:
// /run/sluice becomes a folder of the test, each port of the configuration a free one; behind each `server` line stands
// an origin that answers with the server's name (/slow after a second, /hang never).

const folder = join(import.meta.dirname, '../../docs/walkthroughs');
const tools = ['socat', 'nc', 'curl', 'jq', 'tmux'];
const missing = tools.filter((tool) => !installed(tool));

suite('the walkthroughs', { concurrency: 3 }, () => {
  for (const file of readdirSync(folder).filter((name) => /^\d.*\.md$/.test(name))) {
    const markdown = readFileSync(join(folder, file), 'utf8');
    const title = /^# (.*)$/m.exec(markdown)?.[1] ?? file;
    const root = process.getuid?.() === 0 || !markdown.includes(' user nobody ');
    const skip =
      missing.length > 0 ? `not installed: ${missing.join(', ')}` : root ? false : 'needs root to set an owner';
    test(title, { skip }, async (t) => {
      const place = await prepare(t, markdown);
      for (const step of parse(markdown)) {
        if (isHaproxy && 'sluiceOnly' in step && step.sluiceOnly) continue;
        await play(t, place, step, `${file}:${step.line}`);
      }
    });
  }
});

interface Place {
  dir: string;
  /** Puts the places of this run into a text of the walkthrough. */
  fill(text: string): string;
  /** The other way round, for what was printed. */
  clean(text: string): string;
  env: NodeJS.ProcessEnv;
  /** Resolves when the program that was started last has ended. */
  ended: Promise<unknown>;
}

async function prepare(t: TestContext, markdown: string): Promise<Place> {
  const dir = mkdtempSync(join(tmpdir(), 'walk-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  chmodSync(dir, 0o755);
  mkdirSync(join(dir, 'bin'));
  symlinkSync(program, join(dir, 'bin/sluice'));
  const ports = new Map<string, string>();
  for (const [, name, port] of markdown.matchAll(/^\s+server (\S+) 127\.0\.0\.1:(\d+)/gm)) {
    if (!ports.has(port as string)) ports.set(port as string, String((await named(t, name as string)).port));
  }
  for (const [, port] of markdown.matchAll(/127\.0\.0\.1:(\d+)/g)) {
    if (!ports.has(port as string)) ports.set(port as string, String(await freePort()));
  }
  const replace = (text: string, from: string, to: string) => text.replace(new RegExp(`(?<=[: ])${from}\\b`, 'g'), to);
  return {
    dir,
    fill: (text) => {
      let filled = text.replaceAll('/run/sluice', dir);
      for (const [from, to] of ports) filled = replace(filled, from, to);
      return filled;
    },
    clean: (text) => {
      let plain = text.replaceAll(dir, '/run/sluice');
      for (const [to, from] of ports) plain = replace(plain, from, to);
      return plain;
    },
    env: { ...process.env, PATH: `${join(dir, 'bin')}:${process.env['PATH']}`, TERM: 'xterm' },
    ended: Promise.resolve(),
  };
}

async function named(t: TestContext, name: string) {
  return origin(t, (request) => {
    if (request.target === '/hang') return null;
    return { body: `${name}\n`, ...(request.target === '/slow' ? { delay: 1000 } : {}) };
  });
}

async function play(t: TestContext, place: Place, step: Step, where: string): Promise<void> {
  if (step.kind === 'file') return writeFileSync(join(place.dir, step.name), place.fill(step.text));
  const text = place.fill(step.text);
  if (step.kind === 'run') return run(t, place, text);
  if (step.kind === 'terminal') return type(t, place, text, where);
  const printed = place.clean(await bash(place, text));
  if (step.expected === null) return;
  assert.ok(matches(printed, step.expected), `${where}: expected\n${step.expected}\nbut it printed\n${printed}`);
}

/** Starts what runs until the end of the walkthrough, and waits until it listens. */
async function run(t: TestContext, place: Place, command: string): Promise<void> {
  // The page has ended the one before; its sockets must not be taken for those of the next one.
  await within(place.ended, () => 'the end of the program that was started before');
  const child = spawn('bash', ['-c', `exec ${command.trim()}`], {
    cwd: place.dir,
    env: place.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  place.ended = ended;
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      printed += bytes.toString();
    });
  }
  t.after(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const config = readFileSync(join(place.dir, 'haproxy.cfg'), 'utf8');
  const sockets = [...config.matchAll(/^\s+stats socket (\/\S+)/gm)].map((match) =>
    match[1]!.replace('/run/sluice', place.dir),
  );
  const wanted = [...config.matchAll(/^\s+bind 127\.0\.0\.1:(\d+)/gm)].map((match) => Number(match[1]));
  await until(
    () => `the program to listen on ${wanted.join(', ')}:\n${printed}`,
    () => {
      if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}:\n${printed}`);
      const listening = listeningPorts();
      return wanted.every((port) => listening.has(port)) && sockets.every(isListening);
    },
    { every: 20 },
  );
}

/** Runs a script and returns what it printed by its end; what it leaves in the background may go on. */
async function bash(place: Place, script: string): Promise<string> {
  const file = join(place.dir, 'printed');
  const out = openSync(file, 'w');
  const child = spawn('bash', ['-c', script], { cwd: place.dir, env: place.env, stdio: ['ignore', out, out] });
  closeSync(out);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await within(ended, () => `the end of\n${script}\n${readFileSync(file, 'utf8')}`, 20_000);
  return readFileSync(file, 'utf8');
}

/** Types into a terminal: `$ ` starts a command there; a line that the answer of the line before does not show is typed. */
async function type(t: TestContext, place: Place, text: string, where: string): Promise<void> {
  const session = `walk-${basename(place.dir)}`;
  const tmux = (...args: string[]) =>
    execFileSync('tmux', ['-L', session, ...args], { env: place.env, encoding: 'utf8' });
  t.after(() => {
    try {
      tmux('kill-server');
    } catch {} // it has ended with its last window
  });
  const [first, ...lines] = text.trimEnd().split('\n') as [string, ...string[]];
  tmux('new-session', '-d', '-x', '200', '-y', '100', '-s', 'walk', '-c', place.dir, first.replace(/^\$ /, ''));
  const screen = () => tmux('capture-pane', '-p', '-t', 'walk');
  let seen = 0;
  let typed = true;
  for (const [i, line] of lines.entries()) {
    if (typed) {
      tmux('send-keys', '-t', 'walk', '-l', line);
      tmux('send-keys', '-t', 'walk', 'Enter');
      if (i === lines.length - 1) break;
      typed = false;
      continue;
    }
    await until(
      () => `${where}: ${JSON.stringify(line)} on the screen:\n${screen()}`,
      () => {
        const text = screen().slice(seen);
        return line === '> '
          ? text.trimEnd().endsWith('>')
          : text.split('\n').some((l) => l.trim().startsWith(line.trim()));
      },
      { every: 30 },
    );
    seen = 0;
    typed = true;
  }
}

function installed(tool: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((dir) => {
    try {
      return readdirSync(dir).includes(tool);
    } catch {
      return false;
    }
  });
}
