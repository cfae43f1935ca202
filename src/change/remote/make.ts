import type { Change, Outcome } from '../change.ts';
import { remoteRow } from './commands.ts';
import type { Live } from './live.ts';
import { refusal, UNTOLD } from './preview.ts';
import type { Durable, RemoteRow } from './row.ts';
import { send, type Verdict } from './send.ts';
import type { Wire } from './wire.ts';

/** What came of a Change on a HAProxy. */
export interface Made {
  readonly outcome: Outcome;
  readonly before: string;
  readonly after: string;
  /** Null for one-shot actions, and where nothing was made. */
  readonly durable: Durable | null;
  /** It is not known whether it was made. */
  readonly unknown: boolean;
}

/** How often, and after which pauses (ms), reading back is tried after a connection broke. */
const PAUSES = [0, 200, 1000];

/**
 * Makes one Change: checked against what is live, sent, judged by the answers and by what is read back. Never rejects. When a connection broke
 * after sending, what is read back decides; when nothing can be read, the outcome says that it is unknown.
 */
export async function makeRemote(change: Change, live: Live, wire: Wire): Promise<Made> {
  try {
    await live.current();
    const found = await refusal(change, live);
    if (found !== null) return failure(found, '', '');
    return await make(change, remoteRow(change)!, live, wire);
  } catch (error) {
    return failure(reason(error), '', '');
  }
}

async function make(change: Change, row: RemoteRow<Change>, live: Live, wire: Wire): Promise<Made> {
  const before = await row.read(change, live);
  const after = await row.after(change, live);
  const inverse = await row.inverse(change, live);
  const durable = (await row.durable?.(change, live)) ?? null;
  const told = { before: before ?? UNTOLD, after };
  let verdict: Verdict;
  try {
    verdict = await send(change, row, live, wire);
  } catch (error) {
    const broken = { row, change, live, before, after };
    return { ...(await settle(broken, reason(error), inverse)), ...told, durable };
  } finally {
    live.forget();
  }
  if (verdict.made === 'no') return failure(verdict.text || 'refused without a word', told.before, after);
  // A command that went to a process on its way out has changed nothing that lasts.
  const overtaken = await live.current().catch(() => false);
  const now = await readInTheEnd(row, change, live);
  if (now === null && verdict.made === 'yes')
    return { outcome: done(verdict, inverse), ...told, durable, unknown: false };
  if (now !== null && inForce(row, now, after) && (verdict.made === 'yes' || now !== before || before === after))
    return { outcome: done(verdict, inverse), ...told, durable, unknown: false };
  const why = overtaken ? 'HAProxy was reloaded meanwhile' : 'HAProxy answered as if it were done';
  return failure(verdict.made === 'yes' ? `${why}, but it is ${now}, not ${after}` : verdict.text, told.before, after);
}

function inForce(row: RemoteRow<Change>, now: string, after: string): boolean {
  return row.holds ? row.holds(now, after) : now === after;
}

interface Broken {
  readonly row: RemoteRow<Change>;
  readonly change: Change;
  readonly live: Live;
  readonly before: string | null;
  readonly after: string;
}

/** Finds out what became of a Change whose answer did not come. */
async function settle(broken: Broken, why: string, inverse: Change | null): Promise<Pick<Made, 'outcome' | 'unknown'>> {
  const { row, change, live, before, after } = broken;
  const now = await readInTheEnd(row, change, live);
  if (now === null)
    return {
      outcome: {
        ok: false,
        severity: ERR,
        text: `${why}; whether it was made is unknown: it cannot be read back`,
        inverse,
      },
      unknown: true,
    };
  if (now === after && now !== before)
    return {
      outcome: { ok: true, severity: WARNING, text: `${why}; read back, it is in force`, inverse },
      unknown: false,
    };
  if (now === after)
    return {
      outcome: { ok: true, severity: WARNING, text: `${why}; it was so before, and is so now`, inverse },
      unknown: false,
    };
  const text =
    now === before
      ? `${why}; read back, it was not made`
      : `${why}; read back, it is ${now}: neither what it was nor what was meant`;
  return {
    outcome: { ok: false, severity: ERR, text, inverse: now === before ? null : inverse },
    unknown: now !== before,
  };
}

/** What is there after the commands; null where HAProxy does not tell it, or cannot be asked any more. */
async function readInTheEnd(row: RemoteRow<Change>, change: Change, live: Live): Promise<string | null> {
  for (const pause of PAUSES) {
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    try {
      live.forget();
      return await row.read(change, live);
    } catch {
      // Not yet, or not any more.
    }
  }
  return null;
}

const ERR = 3;
const WARNING = 4;

function done({ severity, text }: Verdict, inverse: Change | null): Outcome {
  return { ok: true, severity, text, inverse };
}

function failure(text: string, before: string, after: string): Made {
  return { outcome: { ok: false, severity: ERR, text, inverse: null }, before, after, durable: null, unknown: false };
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
