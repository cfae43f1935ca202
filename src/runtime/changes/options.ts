import type { Origin } from '../../change/change.ts';
import type { Term } from '../../change/operations.ts';
import { parseDuration } from '../time.ts';

/** What is said of an operation besides its Changes. */
export interface Meta {
  readonly origin: Pick<Origin, 'reason' | 'ticket' | 'title' | 'operation' | 'force'>;
  readonly term: Term;
  /** The step belongs to an operation that somebody else asked for: this one agrees to it. */
  readonly approves?: true;
  /** In how many steps the operation is to be made, of which all Changes are asked for. */
  readonly steps?: number;
  /** The answer is to be JSON. */
  readonly json: boolean;
}

/** Longest reason, ticket or title, in characters. */
const LONGEST = 500;

/** Words after a command: `[for <time>] [confirm-within <time>] [ticket <word>] [json] [reason <text>]`. A text says what is wrong. */
export function readOptions(words: readonly string[]): Meta | string {
  const members: Record<string, unknown> = {};
  let json = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === 'json') json = true;
    else if (word === 'reason') {
      members['reason'] = words.slice(i + 1).join(' ');
      break;
    } else if (word === 'ticket') members['ticket'] = words[++i] ?? '';
    else if (word === 'for' || word === 'confirm-within') {
      const ms = parseDuration(words[++i] ?? '', 's');
      if (ms === null) return `'${word}' expects a time such as 30m, not '${words[i] ?? ''}'`;
      members[word === 'for' ? 'for' : 'confirmWithin'] = ms;
    } else return `unknown word '${word}'; there are for, confirm-within, ticket, json, reason`;
  }
  const meta = readMeta(members);
  return typeof meta === 'string' ? meta : { ...meta, json };
}

const TEXTS = ['reason', 'ticket', 'title'] as const;
const TIMES = ['for', 'confirmWithin'] as const;

/** The same as JSON members, times in ms. */
export function readMeta(value: unknown): Meta | string {
  if (value === undefined) return { origin: {}, term: {}, json: true };
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return "'meta' must be an object";
  const members = value as Readonly<Record<string, unknown>>;
  const known: readonly string[] = [...TEXTS, ...TIMES, 'operation', 'force', 'approves', 'steps'];
  const strange = Object.keys(members).find((name) => !known.includes(name));
  if (strange !== undefined)
    return `unknown member '${strange.slice(0, 100)}' of 'meta'; there are ${known.join(', ')}`;
  const origin: { -readonly [K in keyof Meta['origin']]: Meta['origin'][K] } = {};
  for (const name of TEXTS) {
    const text = members[name];
    if (text === undefined) continue;
    if (typeof text !== 'string' || text === '' || text.length > LONGEST)
      return `'${name}' must be a text of at most ${LONGEST} characters, and not empty`;
    origin[name] = text;
  }
  const { operation } = members;
  if (operation !== undefined) {
    if (typeof operation !== 'string' || !/^op-[0-9a-z]{8,40}$/.test(operation))
      return "'operation' must be 'op-' with 8 to 40 digits and small letters behind";
    origin.operation = operation;
  }
  if (members['force'] !== undefined) {
    if (members['force'] !== true || origin.reason === undefined)
      return "'force' must be true, with a 'reason': it is recorded why a guard was overruled";
    origin.force = true;
  }
  const term: { -readonly [K in keyof Term]: Term[K] } = {};
  for (const name of TIMES) {
    const ms = members[name];
    if (ms === undefined) continue;
    if (!Number.isSafeInteger(ms) || (ms as number) < 1 || (ms as number) > LONGEST_TERM)
      return `'${name}' must be a whole number of milliseconds from 1 to ${LONGEST_TERM}`;
    term[name] = ms as number;
  }
  if (term.for !== undefined && term.confirmWithin !== undefined)
    return "'for' and 'confirm-within' exclude each other; give one";
  const { approves, steps } = members;
  if (approves !== undefined && (approves !== true || origin.operation === undefined))
    return "'approves' must be true, with the 'operation' that somebody asked for";
  if (steps !== undefined && (!Number.isSafeInteger(steps) || (steps as number) < 1))
    return "'steps' must be a whole number from 1";
  return {
    ...{ origin, term, json: true },
    ...(approves === true ? { approves } : {}),
    ...(steps === undefined ? {} : { steps: steps as number }),
  };
}

/** A year. */
const LONGEST_TERM = 366 * 86_400_000;
