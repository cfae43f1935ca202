/** A span of the week in which a rule holds. */
export interface Span {
  /** Days on which it begins: 0 = Sunday. */
  readonly days: ReadonlySet<number>;
  /** Minutes of the day; `to` may be smaller than `from`: then it ends on the next day. */
  readonly from: number;
  readonly to: number;
}

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const MINUTES_OF_DAY = 24 * 60;

/** Reads `mon-fri 08:00-18:00`, `sat,sun` or `22:00-06:00`; null when it is none of these. */
export function parseSpan(text: string): Span | null {
  const match = /^(?:([a-z,-]+)(?:\s+|$))?(?:(\d\d):(\d\d)-(\d\d):(\d\d))?$/.exec(text.trim().toLowerCase());
  if (!match || text.trim() === '') return null;
  const days = match[1] === undefined ? new Set(DAYS.keys()) : parseDays(match[1]);
  if (days === null) return null;
  if (match[2] === undefined) return { days, from: 0, to: MINUTES_OF_DAY };
  const [from, to] = [minutes(match[2], match[3]!), minutes(match[4]!, match[5]!)];
  return from === null || to === null || from === to ? null : { days, from, to };
}

function parseDays(text: string): Set<number> | null {
  const days = new Set<number>();
  for (const part of text.split(',')) {
    const [first, last, ...rest] = part.split('-').map((name) => DAYS.indexOf(name as (typeof DAYS)[number]));
    if (first === undefined || first < 0 || rest.length > 0 || (last !== undefined && last < 0)) return null;
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === (last ?? first)) break;
    }
  }
  return days;
}

/** Minutes of the day, 24:00 being its end; null when there is no such time. */
function minutes(hour: string, minute: string): number | null {
  const value = Number(hour) * 60 + Number(minute);
  return Number(minute) < 60 && value <= MINUTES_OF_DAY ? value : null;
}

/** Whether `date` is in the span, by the clock of `timezone` (IANA name; undefined: the machine's). */
export function inSpan(span: Span, date: Date, timezone: string | undefined): boolean {
  const { day, minute } = localTime(date, timezone);
  if (span.from < span.to) return span.days.has(day) && minute >= span.from && minute < span.to;
  const begunToday = span.days.has(day) && minute >= span.from;
  return begunToday || (span.days.has((day + 6) % 7) && minute < span.to);
}

function localTime(date: Date, timezone: string | undefined): { readonly day: number; readonly minute: number } {
  const parts = new Intl.DateTimeFormat('en-US', {
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(timezone === undefined ? {} : { timeZone: timezone }),
  }).formatToParts(date);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((p) => p.type === type)!.value;
  const day = DAYS.indexOf(part('weekday').toLowerCase() as (typeof DAYS)[number]);
  return { day, minute: Number(part('hour')) * 60 + Number(part('minute')) };
}

/** Whether the name of a time zone is known. */
export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
