/** A syslog message as it was received: texts are strings of bytes, null where the message does not say. */
export interface SyslogMessage {
  /** 0..7, and the number of the facility; -1: the message has no priority. */
  readonly level: number;
  readonly facility: number;
  /** `Oct 11 22:14:15`, an ISO date (RFC 3339), or `-`. */
  readonly time: string | null;
  readonly host: string | null;
  readonly tag: string | null;
  readonly pid: string | null;
  readonly id: string | null;
  /** Structured data of RFC 5424. */
  readonly sd: string | null;
  readonly text: string;
}

const PRIORITY = /^<(\d{1,3})>/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
/** The header of RFC 5424 up to the structured data. */
const RFC5424 = /^1 (\S+) (\S+) (\S+) (\S+) (\S+) /;
/** Elements in brackets, in which `]` may be escaped, or none. */
const STRUCTURED = /^(?:-|(?:\[(?:[^\]\\]|\\.)*\])+) /s;
/** `Oct  1 22:14:15 host `, with a blank before a day of one digit. */
const RFC3164 = /^((?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d) ([^ ]+) /;
/** `tag[pid]: ` or `tag: `. */
const TAG = /^([^ :[]+)(?:\[([^ :\]]*)\])?: /;

const nil = (text: string): string | null => (text === '-' ? null : text);

/**
 * Reads a message in the format of RFC 5424 or RFC 3164. What is in neither is text, with the priority that stands before it. Never
 * fails.
 */
export function parseSyslog(bytes: string): SyslogMessage {
  const priority = PRIORITY.exec(bytes);
  if (priority === null) return plain(-1, -1, bytes);
  const number = Number(priority[1]);
  const [level, facility] = [number & 7, number >> 3];
  const rest = bytes.slice(priority[0].length);
  return parseNew(level, facility, rest) ?? parseOld(level, facility, rest) ?? plain(level, facility, rest);
}

function plain(level: number, facility: number, text: string): SyslogMessage {
  return { level, facility, time: null, host: null, tag: null, pid: null, id: null, sd: null, text };
}

function parseNew(level: number, facility: number, rest: string): SyslogMessage | null {
  const header = RFC5424.exec(rest);
  if (header === null) return null;
  const [all, time, host, tag, pid, id] = header as unknown as [string, string, string, string, string, string];
  const sd = STRUCTURED.exec(rest.slice(all.length));
  if (sd === null || (time !== '-' && !ISO.test(time))) return null;
  return {
    ...{ level, facility, time, host: nil(host), tag: nil(tag), pid: nil(pid), id: nil(id) },
    sd: nil(sd[0].slice(0, -1)),
    text: rest.slice(all.length + sd[0].length),
  };
}

function parseOld(level: number, facility: number, rest: string): SyslogMessage | null {
  const header = RFC3164.exec(rest);
  if (header === null) return null;
  const [all, time, host] = header as unknown as [string, string, string];
  const text = rest.slice(all.length);
  const tag = TAG.exec(text);
  return {
    ...{ level, facility, time, host, id: null, sd: null },
    tag: tag?.[1] ?? null,
    pid: tag?.[2] ?? null,
    text: text.slice(tag?.[0].length ?? 0),
  };
}
