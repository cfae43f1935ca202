import { isoDate, type LogFormat, syslogDate } from '../logs/format.ts';
import type { SyslogMessage } from './message.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The format that a message came in, for targets that keep it. */
export function formatOf({ host, time, facility }: SyslogMessage): LogFormat {
  if (host === null) return facility < 0 ? 'raw' : 'priority';
  return time === '-' || isIso(time) ? 'rfc5424' : 'rfc3164';
}

const isIso = (time: string | null): boolean => time?.[4] === '-';

/**
 * What stands before the text of a forwarded message: what the message says of itself as far as the format has room for it, else what
 * is true here. `level` 0..7, `dateMs`: now.
 */
export function forwardHeader(
  format: LogFormat,
  facility: number,
  level: number,
  message: SyslogMessage,
  dateMs: number,
): string {
  const { host, tag, pid, id, sd } = message;
  const priority = facility * 8 + level;
  switch (format) {
    case 'raw':
      return '';
    case 'iso':
      return `${isoTime(message.time, dateMs)} `;
    case 'short':
      return `<${level}>`;
    case 'timed':
      return `<${level}>${isoTime(message.time, dateMs)} `;
    case 'priority':
      return `<${priority}>`;
    case 'local':
      return `<${priority}>${syslogTime(message.time, dateMs)} ${tagText(tag, pid)}`;
    case 'rfc3164':
      return `<${priority}>${syslogTime(message.time, dateMs)} ${host ?? 'localhost'} ${tagText(tag, pid)}`;
    case 'rfc5424': {
      const time = message.time === '-' ? '-' : isoTime(message.time, dateMs);
      return `<${priority}>1 ${time} ${host ?? '-'} ${tag ?? '-'} ${pid ?? '-'} ${id ?? '-'} ${sd ?? '-'} `;
    }
  }
}

function tagText(tag: string | null, pid: string | null): string {
  return tag === null ? '' : `${tag}${pid === null ? '' : `[${pid}]`}: `;
}

/** `Oct 11 22:14:15`; the zone of an ISO date is lost. */
function syslogTime(time: string | null, dateMs: number): string {
  if (time === null || time === '-') return syslogDate(dateMs);
  if (!isIso(time)) return time;
  const day = Number(time.slice(8, 10));
  return `${MONTHS[Number(time.slice(5, 7)) - 1] ?? MONTHS[0]} ${day < 10 ? ` ${day}` : day} ${time.slice(11, 19)}`;
}

/** An ISO date; one without a year is of this one, and nobody knows its zone (RFC 3339, section 4.3). */
function isoTime(time: string | null, dateMs: number): string {
  if (time === null || time === '-') return isoDate(dateMs);
  if (isIso(time)) return time;
  const month = String(MONTHS.indexOf(time.slice(0, 3)) + 1).padStart(2, '0');
  const day = time.slice(4, 6).replace(' ', '0');
  return `${isoDate(dateMs).slice(0, 4)}-${month}-${day}T${time.slice(7, 15)}-00:00`;
}
