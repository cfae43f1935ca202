/** Operations run as people run them: bin/sluice against a load balancer with traffic. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Run } from '../support/program.ts';

const sluice = join(import.meta.dirname, '../../bin/sluice');

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Of `--json`. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
  /** The id that takes it back. */
  readonly operation: string;
}

export interface Running {
  readonly ended: Promise<Ended>;
  signal(name: NodeJS.Signals): void;
  /** Resolves when stdout has text like that. */
  output(pattern: RegExp): Promise<void>;
}

/** Starts `sluice WORDS...` on the socket of a run. */
export function startOperation(run: Run, words: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(sluice, words, {
    env: { ...process.env, SLUICE_TARGET: run.sock('admin'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  const watchers: { pattern: RegExp; done: () => void }[] = [];
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    stdout += piece;
    for (const { pattern, done } of watchers) if (pattern.test(stdout)) done();
  });
  const stderr = text(child.stderr);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve)).then(async (status) => {
    const events = stdout.startsWith('{')
      ? stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Record<string, unknown>)
      : [];
    const told = `${stdout}${await stderr}`;
    return { status, stdout, stderr: await stderr, events, operation: /sluice undo (op-\w+)/.exec(told)?.[1] ?? '' };
  });
  return {
    ended,
    signal: (name) => child.kill(name),
    output: (pattern) =>
      new Promise((done, fail) => {
        if (pattern.test(stdout)) done();
        else watchers.push({ pattern, done });
        ended.then((end) => fail(new Error(`ended without ${pattern}: ${JSON.stringify(end)}`)));
      }),
  };
}

/** Runs `sluice WORDS...` to its end. */
export function operate(run: Run, ...words: string[]): Promise<Ended> {
  return startOperation(run, words).ended;
}
