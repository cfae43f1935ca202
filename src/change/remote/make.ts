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
  /** It is not known whether it was made, or it was made otherwise than it was meant. */
  readonly unknown: boolean;
}

/** A Change as it was looked at before its commands are sent. */
export interface Looked {
  readonly change: Change;
  readonly row: RemoteRow<Change>;
  readonly before: string | null;
  readonly after: string;
  readonly inverse: Change | null;
  readonly durable: Durable | null;
}

/** A Change whose commands have been sent. */
interface Sent extends Looked {
  /** What was answered; or why no answer came. */
  readonly answer: Verdict | { readonly broken: string };
}

/**
 * Makes Changes none of which alters what another one is about: each checked against what is live and sent, in order, up to the first that fails; then
 * all are judged by what is read back. One result for each that was tried. Never rejects. When a connection broke after sending, what is read back decides;
 * when nothing can be read, the outcome says that it is unknown.
 */
export async function makeRemote(changes: readonly Change[], live: Live, wire: Wire): Promise<Made[]> {
  const tried: (Sent | Made)[] = [];
  // A process on its way out would take them, and nobody would see it.
  await live.current().catch(() => false);
  for (const change of changes) {
    const one = await attempt(change, live, wire);
    tried.push(one);
    if ('outcome' in one || 'broken' in one.answer || one.answer.made === 'no') break;
  }
  live.forget();
  const overtaken = await live.current().catch(() => false);
  const made: Made[] = [];
  for (const one of tried) made.push('outcome' in one ? one : await prove(one, live, overtaken));
  return made;
}

async function attempt(change: Change, live: Live, wire: Wire): Promise<Sent | Made> {
  try {
    const found = await refusal(change, live);
    if (found !== null) return failure(found, '', '');
    const looked = await look(change, live);
    const answer = await send(change, looked.row, live, wire).catch((error: unknown) => ({ broken: reason(error) }));
    return { ...looked, answer };
  } catch (error) {
    return failure(reason(error), '', '');
  }
}

/** What is to be known of a Change before it is made. Only without a problem; rejects as `Wire.ask` does. */
export async function look(change: Change, live: Live): Promise<Looked> {
  const row = remoteRow(change)!;
  return {
    change,
    row,
    before: await row.read(change, live),
    after: await row.after(change, live),
    inverse: await row.inverse(change, live),
    durable: (await row.durable?.(change, live)) ?? null,
  };
}

/** What came of a Change whose commands have been answered, by what is read back. `overtaken`: a reload has come between. */
export async function prove(sent: Sent, live: Live, overtaken: boolean): Promise<Made> {
  const { row, before, after, inverse, durable, answer } = sent;
  const told = { before: before ?? UNTOLD, after };
  if ('broken' in answer) {
    const { outcome, unknown } = settled(sent, answer.broken, await readInTheEnd(sent, live));
    return { ...told, durable, outcome, unknown };
  }
  if (answer.made === 'no') return failure(answer.text || 'refused without a word', told.before, after);
  const now = await readInTheEnd(sent, live);
  const { severity, text } = answer;
  const done = { ...told, durable, outcome: { ok: true, severity, text, inverse }, unknown: false };
  if (now === null && answer.made === 'yes') return done;
  if (now !== null && inForce(row, now, after) && (answer.made === 'yes' || now !== before || before === after))
    return done;
  const why = overtaken ? 'HAProxy was reloaded meanwhile' : 'HAProxy answered as if it were done';
  const failed = failure(answer.made === 'yes' ? `${why}, but it is ${now}, not ${after}` : text, told.before, after);
  const otherwise = now !== null && now !== before;
  return { ...failed, outcome: { ...failed.outcome, inverse: otherwise ? inverse : null }, unknown: otherwise };
}

function inForce(row: RemoteRow<Change>, now: string, after: string): boolean {
  return row.holds ? row.holds(now, after) : now === after;
}

/** What became of a Change whose answer did not come; `now`: what was read back. */
function settled({ before, after, inverse }: Sent, why: string, now: string | null): Pick<Made, 'outcome' | 'unknown'> {
  if (now === null) {
    const text = `${why}; whether it was made is unknown: it cannot be read back`;
    return { outcome: { ok: false, severity: ERR, text, inverse }, unknown: true };
  }
  if (now === after) {
    const text = now === before ? 'it was so before, and is so now' : 'read back, it is in force';
    return { outcome: { ok: true, severity: WARNING, text: `${why}; ${text}`, inverse }, unknown: false };
  }
  const otherwise = now !== before;
  const text = otherwise
    ? `read back, it is ${now}: neither what it was nor what was meant`
    : 'read back, it was not made';
  const outcome = { ok: false, severity: ERR, text: `${why}; ${text}`, inverse: otherwise ? inverse : null };
  return { outcome, unknown: otherwise };
}

/** How often, and after which pauses (ms), reading back is tried. */
const PAUSES = [0, 200, 1000];

/** What is there after the commands; null where HAProxy does not tell it, or cannot be asked any more. */
async function readInTheEnd({ row, change }: Sent, live: Live): Promise<string | null> {
  for (const pause of PAUSES) {
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    try {
      return await row.read(change, live);
    } catch {
      // Not yet, or not any more.
      live.forget();
    }
  }
  return null;
}

const ERR = 3;
const WARNING = 4;

/** A Change that was not made. */
export function failure(text: string, before: string, after: string): Made {
  return { outcome: { ok: false, severity: ERR, text, inverse: null }, before, after, durable: null, unknown: false };
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
