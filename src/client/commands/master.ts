import { setTimeout as sleep } from 'node:timers/promises';
import { RuntimeClientError } from '../failures.ts';
import { readToEnd } from '../one-shot.ts';
import { type Process, parseProcesses } from '../parse/names.ts';
import type { Session } from '../session.ts';
import { verdict } from '../verdicts.ts';
import { supports } from '../versions.ts';

/** What a reload came to. */
export interface Reload {
  readonly ok: boolean;
  /** What was said while starting; empty before HAProxy 2.7. */
  readonly log: string;
}

/** How long a master may take to come back after a reload, and how often it is asked, ms. */
const RETURN_MS = 10_000;
const ASK_MS = 50;

/** Commands for the master CLI itself. */
export function masterCommands(session: Session) {
  const { endpoint, options } = session;
  const ask = async (words: string[]): Promise<string> => {
    if (!endpoint.master) throw new RuntimeClientError('EINVAL', `'${words.join(' ')}' is for a master CLI socket`);
    const { timeout = 30_000, limit = 1024 * 1024, tls } = options;
    const bytes = await readToEnd(endpoint, `${words.join(' ')};quit\n`, { timeout, limit, tls });
    const text = bytes.toString().trimEnd();
    const refusal = verdict(words, { severity: null, text });
    if (refusal !== null) throw refusal;
    return text;
  };
  const showProc = async (): Promise<Process[]> => parseProcesses(await ask(['show', 'proc']));
  return {
    /** The processes of a master (master CLI only). */
    showProc,
    /** Loads the configuration anew (master CLI only); resolves when it is known whether that worked. */
    async reload(): Promise<Reload> {
      const outcome = supports(session.identity, 'reload result')
        ? outcomeOf(await ask(['reload']))
        : await untold(showProc, () => ask(['reload']).catch(ignoreSilence));
      await whileGone(session.refresh);
      return outcome;
    },
  };
}

/** Reads `Success=1`, `--`, log lines. */
function outcomeOf(text: string): Reload {
  const match = /^Success=([01])\n--\n?/.exec(`${text}\n`);
  if (match === null)
    throw new RuntimeClientError('PROTOCOL', `no answer to 'reload': ${JSON.stringify(text.slice(0, 100))}`);
  return { ok: match[1] === '1', log: text.slice(match[0].length) };
}

/** HAProxy before 2.7 closes without a word. */
function ignoreSilence(error: unknown): string {
  if (error instanceof RuntimeClientError && (error.code === 'CLOSED' || error.code === 'ECONNRESET')) return '';
  throw error;
}

function failures(processes: readonly Process[]): number {
  return processes.find(({ type }) => type === 'master')?.failed ?? 0;
}

function workers(processes: readonly Process[]): string {
  return processes
    .filter(({ type, old }) => type === 'worker' && !old)
    .map(({ pid }) => pid)
    .join();
}

/** A reload of which the master tells nothing: it worked when there are other workers, it did not when one more failure is counted. */
async function untold(showProc: () => Promise<Process[]>, reload: () => Promise<unknown>): Promise<Reload> {
  const before = await showProc();
  await reload();
  const deadline = performance.now() + RETURN_MS;
  for (;;) {
    const now = await whileGone(showProc);
    if (failures(now) > failures(before)) return { ok: false, log: '' };
    if (workers(now) !== '' && workers(now) !== workers(before)) return { ok: true, log: '' };
    if (performance.now() > deadline)
      throw new RuntimeClientError('TIMEOUT', `the master did not tell within ${RETURN_MS} ms what the reload came to`);
    await sleep(ASK_MS);
  }
}

/** Asks again and again while the master executes itself anew. */
async function whileGone<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + RETURN_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof RuntimeClientError) || performance.now() > deadline) throw error;
      await sleep(ASK_MS);
    }
  }
}
