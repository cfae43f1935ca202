import { parseArgs } from 'node:util';
import { parseHead } from '../../change/journal/anchor.ts';
import type { JournalQuery } from '../../change/journal/journal.ts';
import { defaultStateDir } from '../../change/journal/state-dir.ts';
import type { KnownHead } from '../../change/journal/verify.ts';
import { parseDate } from './date.ts';

/** What `sluice audit` was asked for. */
export interface AuditOptions {
  /** What follows the command's name. */
  readonly words: readonly string[];
  readonly stateDir: string;
  readonly anchor: string | undefined;
  readonly query: JournalQuery;
  readonly json: boolean;
  readonly format: 'json' | 'syslog' | 'text';
  readonly heads: readonly KnownHead[];
}

/** Options that cannot be understood. */
export class AuditUsageError extends Error {}

const FORMATS = ['json', 'syslog', 'text'] as const;

/** Reads the words after `sluice audit COMMAND`. Throws AuditUsageError. */
export function parseOptions(args: readonly string[], now: number): AuditOptions {
  const { values, positionals } = parse(args);
  const format = FORMATS.find((name) => name === (values.format ?? 'json'));
  if (format === undefined)
    throw new AuditUsageError(`no such format: '${values.format}'; there are ${FORMATS.join(', ')}`);
  if (values.last !== undefined && !/^[1-9]\d{0,8}$/.test(values.last))
    throw new AuditUsageError(`--last expects a number from 1 on, not '${values.last}'`);
  const { operation, object, target, actor, last, since, until } = values;
  const query: Record<string, string | number | undefined> = {
    operation,
    object,
    target,
    actor,
    last: last === undefined ? undefined : Number(last),
    since: dateOf('--since', since, now),
    until: dateOf('--until', until, now),
  };
  return {
    words: positionals,
    stateDir: values['state-dir'] ?? defaultStateDir(),
    anchor: values.anchor,
    query: Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)),
    json: values.json ?? false,
    format,
    heads: (values.head ?? []).map(headOf),
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        'state-dir': text,
        anchor: text,
        since: text,
        until: text,
        operation: text,
        object: text,
        target: text,
        actor: text,
        last: text,
        format: text,
        head: { type: 'string', multiple: true },
        json: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new AuditUsageError((error as Error).message);
  }
}

function dateOf(name: string, text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const date = parseDate(text, now);
  if (date === null)
    throw new AuditUsageError(
      `${name} expects a date (2026-11-21, 2026-11-21T10:02:03) or an age (30m, 2h, 7d), not '${text}'`,
    );
  return date;
}

function headOf(text: string): KnownHead {
  const head = parseHead(text);
  if (head === null)
    throw new AuditUsageError(`--head expects SEQ:HASH as 'sluice audit verify' prints it, not '${text}'`);
  return { ...head, from: '--head' };
}
