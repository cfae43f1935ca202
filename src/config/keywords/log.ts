/** `log` lines and the settings of log formats (manual, section 4.2 "log", 8.2). */

import { parseAddress } from '../address.ts';
import type { Draft } from '../draft.ts';
import { streamRing } from '../draft-ring.ts';
import type { Line } from '../line.ts';
import type { Address, LogTargetConfig } from '../types.ts';
import { parseInteger } from '../units.ts';

const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

const FACILITIES = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'auth2',
  'ftp',
  'ntp',
  'audit',
  'alert',
  'cron2',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
];

export const LOG_FORMATS = ['local', 'rfc3164', 'rfc5424', 'priority', 'short', 'timed', 'iso', 'raw'] as const;

/** Shortest and longest line that `len` may ask for. */
const MIN_LENGTH = 80;
const MAX_LENGTH = 65_535;

/** `none` is the facility of targets that were given without one; a ring's own format is used where none is given. */
export interface LogDraft extends Omit<Draft<LogTargetConfig>, 'format'> {
  format: LogTargetConfig['format'] | null;
  /** Name of the profile, until all sections are read. */
  profileName?: string;
}

/** Words of `log <target> ...` after `log`; null, with an alert, when they are no target. */
export function parseLogTarget(line: Line, expects: string): LogDraft | null {
  const words = line.words.slice(1);
  if (words.length < 2) return fail(line, `expects ${expects} as arguments`);
  const parsed = parseTarget(line, words[0]!);
  if (parsed === null) return null;
  const log: LogDraft = {
    at: line.at,
    target: parsed.target,
    format: null,
    facility: '',
    level: 'debug',
    minLevel: 'emerg',
    maxLength: 1024,
    sample: null,
    profile: null,
  };
  const index = parseLogOptions(line, words, log);
  if (index === null) return null;
  const [facility, level, minLevel, extra] = words.slice(index);
  if (facility === undefined) return fail(line, `expects ${expects} as arguments`);
  if (!FACILITIES.includes(facility)) return fail(line, `unknown log facility '${facility}'`);
  if (level !== undefined && !LEVELS.includes(level)) return fail(line, `unknown optional log level '${level}'`);
  if (minLevel !== undefined && !LEVELS.includes(minLevel))
    return fail(line, `unknown optional minimum log level '${minLevel}'`);
  if (extra !== undefined) return fail(line, `cannot handle unexpected argument '${extra}'`);
  log.facility = facility;
  if (level !== undefined) log.level = level;
  if (minLevel !== undefined) log.minLevel = minLevel;
  if (parsed.stream !== null) log.target = ringFor(line, parsed.stream, log.maxLength);
  return log;
}

/** Lines for a stream wait in a ring of their own, from which they are sent. */
function ringFor(line: Line, address: Address, maxLength: number): LogDraft['target'] {
  const { rings } = line.context.config;
  const name = `ring#${rings.filter(({ implicit }) => implicit).length + 1}`;
  rings.push(streamRing(name, line.at, address, maxLength));
  return { family: 'ring', name };
}

function fail(line: Line, text: string): null {
  line.alert(`log : ${text}`);
  return null;
}

/** `stream`: of an address, that lines go there over connections. */
function parseTarget(line: Line, text: string): { target: LogDraft['target']; stream: Address | null } | null {
  if (text === 'stdout' || text === 'stderr') return { target: { family: text }, stream: null };
  const parsed = parseAddress(text);
  if ('error' in parsed) return fail(line, parsed.error);
  const { address } = parsed;
  const target = 'port' in address && address.port === 0 ? { ...address, port: 514, portEnd: 514 } : address;
  return { target, stream: parsed.type === 'stream' ? target : null };
}

/** `len`, `format`, `sample`, in any order before the facility. The index of the facility. */
function parseLogOptions(line: Line, words: readonly string[], log: LogDraft): number | null {
  let index = 1;
  for (; index < words.length; index += 2) {
    const value = words[index + 1] ?? '';
    if (words[index] === 'len') {
      const length = parseInteger(value);
      if (length === null || length < MIN_LENGTH || length > MAX_LENGTH)
        return fail(line, `invalid log length '${value}', must be between ${MIN_LENGTH} and ${MAX_LENGTH}`);
      log.maxLength = length;
    } else if (words[index] === 'format') {
      const format = LOG_FORMATS.find((known) => known === value);
      if (format === undefined) return fail(line, `unknown log format '${value}'`);
      log.format = format;
    } else if (words[index] === 'sample') {
      log.sample = parseSample(value);
      if (log.sample === null) return fail(line, `invalid sampling '${value}', expected <ranges>:<size>`);
    } else if (words[index] === 'profile') {
      if (value === '') return fail(line, "'profile' expects the name of a log-profile section");
      log.profileName = value;
    } else break;
  }
  return index;
}

/** `1,3-5:10`: lines 1 and 3 to 5 of every 10. */
function parseSample(text: string): LogDraft['sample'] {
  const match = /^([\d,-]+):(\d+)$/.exec(text);
  if (match === null) return null;
  const size = Number(match[2]);
  const ranges: [number, number][] = [];
  let last = 0;
  for (const part of match[1]!.split(',')) {
    const range = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (range === null) return null;
    const low = Number(range[1]);
    const high = Number(range[2] ?? range[1]);
    if (low <= last || high < low || high > size) return null;
    ranges.push([low, high]);
    last = high;
  }
  return { ranges, size };
}
