import type { LogTargetConfig } from '../../config/types.ts';

/** Syslog facilities by name, in numeric order (manual, section 4.2 "log"). */
const FACILITIES =
  'kern user mail daemon auth syslog lpr news uucp cron auth2 ftp ntp audit alert cron2 local0 local1 local2 local3 local4 local5 local6 local7'.split(
    ' ',
  );

/** Syslog levels by name, gravest first. */
const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;

/** Number of a facility, -1 for an unknown name. */
export function facilityNumber(name: string): number {
  return FACILITIES.indexOf(name);
}

/** Number of a level 0..7, -1 for an unknown name. */
export function levelNumber(name: string): number {
  return (LEVELS as readonly string[]).indexOf(name);
}

export type LogFormat = LogTargetConfig['format'];

/** Who writes a line, as headers tell it. */
export interface LogSource {
  /** `log-tag`, else the name of the program that operators' tools look for. */
  readonly tag: string;
  readonly pid: number;
  /** From `log-send-hostname`, null when it is not set. */
  readonly sentHostname: string | null;
  /** The machine's name. */
  readonly hostname: string;
}

/**
 * What stands before the text of a line in each format (manual, section 4.2 "log"; RFC 3164, RFC 5424). `level` 0..7, `dateMs`
 * since the epoch (fractions count: dates have microseconds), `sd`: structured data for RFC 5424.
 */
export function lineHeader(
  format: LogFormat,
  facility: number,
  level: number,
  source: LogSource,
  dateMs: number,
  sd: string | null,
): string {
  switch (format) {
    case 'raw':
      return '';
    case 'iso':
      return isoDate(dateMs) + ' ';
    case 'short':
      return `<${level}>`;
    case 'timed':
      return `<${level}>${isoDate(dateMs)} `;
    case 'priority':
      return `<${facility * 8 + level}>`;
    case 'local':
      return `<${facility * 8 + level}>${syslogDate(dateMs)} ${source.tag}[${source.pid}]: `;
    case 'rfc3164':
      return `<${facility * 8 + level}>${syslogDate(dateMs)} ${source.sentHostname ?? source.hostname} ${source.tag}[${source.pid}]: `;
    case 'rfc5424':
      return `<${facility * 8 + level}>1 ${isoDate(dateMs)} ${source.sentHostname ?? '-'} ${source.tag} ${source.pid} - ${sd || '-'} `;
  }
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const pad2 = (n: number) => (n < 10 ? `0${n}` : String(n));

/** The texts of the second that was last asked for: nearly all lines fall into it. */
const cached = { second: -1, syslog: '', iso: '', zone: '' };

function setSecond(second: number): void {
  const date = new Date(second * 1000);
  const day = date.getDate();
  const time = `${pad2(date.getHours())}:${pad2(date.getMinutes())}:${pad2(date.getSeconds())}`;
  const offset = -date.getTimezoneOffset();
  const away = Math.abs(offset);
  cached.second = second;
  cached.syslog = `${MONTHS[date.getMonth()]} ${day < 10 ? ' ' : ''}${day} ${time}`;
  cached.iso = `${date.getFullYear()}-${pad2(date.getMonth() + 1)}-${pad2(day)}T${time}.`;
  cached.zone = `${offset < 0 ? '-' : '+'}${pad2(Math.floor(away / 60))}:${pad2(away % 60)}`;
}

/** `Nov  1 06:14:06`, local time. */
export function syslogDate(dateMs: number): string {
  const second = Math.floor(dateMs / 1000);
  if (second !== cached.second) setSecond(second);
  return cached.syslog;
}

/** `2026-11-01T06:14:06.977625+00:00`, local time. */
export function isoDate(dateMs: number): string {
  const second = Math.floor(dateMs / 1000);
  if (second !== cached.second) setSecond(second);
  const micros = Math.min(999_999, Math.round((dateMs - second * 1000) * 1000));
  return cached.iso + String(micros).padStart(6, '0') + cached.zone;
}

let clockOffset = performance.timeOrigin;
/** The step between two dates as numbers, in this century: 2^-12 ms. */
const DATE_STEP = 2 ** -12;

/** The date now, ms with a fraction: the wall clock's milliseconds, told apart by the monotonic clock. */
export function preciseNow(): number {
  const wall = Date.now();
  const running = performance.now() + clockOffset;
  const now = Math.min(Math.max(running, wall), wall + 1 - DATE_STEP);
  clockOffset += now - running;
  return now;
}

const UNSAFE = /[\0\r\n]|[^\0-\xff]/;

/**
 * The text of a line as a string of bytes: one line whatever it holds (line ends and NUL as `#0A`, as log-formats write control
 * characters), and characters that are no byte in UTF-8.
 */
export function lineText(text: string): string {
  if (!UNSAFE.test(text)) return text;
  const oneLine = text.replace(/[\0\r\n]/g, (c) => `#0${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return /[^\0-\xff]/.test(oneLine) ? Buffer.from(oneLine, 'utf8').toString('latin1') : oneLine;
}
