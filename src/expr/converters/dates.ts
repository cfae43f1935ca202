/** Dates (HAProxy manual, section 7.3.1). */

import type { ConverterRow } from '../row.ts';
import { strftime } from '../strftime.ts';

/** Units per second. */
const UNITS: Readonly<Record<string, number>> = { s: 1, ms: 1000, us: 1_000_000 };

/** Units per second named by an argument; seconds when it is left out, null when there is none of that name. */
export function unitOf(name: unknown): number | null {
  return name === undefined || name === '' ? 1 : (UNITS[name as string] ?? null);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTH = `(?<month>${MONTHS.join('|')})`;
const DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const LONG_DAY = '(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)';
const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)';
/** The three forms of a date (RFC 9110, section 5.6.7); what follows is passed over, as HAProxy does. */
const HTTP_DATES = [
  `${DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT`,
  `${LONG_DAY}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT`,
  `${DAY} ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})`,
].map((form) => new RegExp(`^${form}`));

/** Date of an HTTP header field in seconds since the epoch, or undefined. Two digits of a year below 70 are of this century. */
function parseHttpDate(text: string): number | undefined {
  for (const form of HTTP_DATES) {
    const parts = form.exec(text)?.groups;
    if (parts === undefined) continue;
    const given = Number(parts['year']);
    const year = parts['year']!.length === 4 ? given : given + (given < 70 ? 2000 : 1900);
    const month = MONTHS.indexOf(parts['month']!);
    const [day, hour, minute, second] = ['day', 'hour', 'minute', 'second'].map((name) => Number(parts[name]));
    return Date.UTC(year, month, day, hour, minute, second) / 1000;
  }
  return undefined;
}

/** Nine digits of the fraction of a second. */
function fractionOf(date: number, unit: number): string {
  return (((date % unit) + unit) % unit).toString().padStart(Math.log10(unit), '0').padEnd(9, '0');
}

function withFraction(format: string, fraction: string): string {
  return format.replace(/%%|%([1-9]?)N/g, (found, digits) =>
    found === '%%' ? found : fraction.slice(0, Number(digits || 9)),
  );
}

/** `ltime`, `utime` and their kin: a date in `unit`s per second, printed by strftime. */
const formatted = (name: string, unit: number, utc: boolean): ConverterRow => ({
  name,
  args: 'string[,integer]',
  in: 'sint',
  out: 'str',
  compile: ([format, offsetArg]) => {
    const offset = Number(offsetArg ?? 0);
    return (value) => {
      const shifted = Number(value) + offset;
      // %N is the fraction of a second, in nanoseconds or so many digits (`%3N`), in dates that have one.
      const pattern = unit === 1 ? (format as string) : withFraction(format as string, fractionOf(shifted, unit));
      return strftime(pattern, Math.floor(shifted / unit) * 1000, utc);
    };
  },
});

export const dateConverters: readonly ConverterRow[] = [
  formatted('ltime', 1, false),
  formatted('utime', 1, true),
  formatted('ms_ltime', 1000, false),
  formatted('ms_utime', 1000, true),
  formatted('us_ltime', 1_000_000, false),
  formatted('us_utime', 1_000_000, true),
  { name: 'date', args: '', in: 'str', out: 'sint', compile: () => (text) => parseHttpDate(text as string) },
  {
    name: 'http_date',
    args: '[integer,string]',
    in: 'sint',
    out: 'str',
    compile: ([offsetArg, unitArg]) => {
      const unit = unitOf(unitArg);
      if (unit === null) return { error: `expects 's', 'ms' or 'us', got '${unitArg}'` };
      const offset = Number(offsetArg ?? 0);
      return (value) => {
        const date = Number(value) + offset;
        const fraction = unit === 1 ? '' : `.${fractionOf(date, unit).slice(0, Math.log10(unit))}`;
        return strftime(`%a, %d %b %Y %H:%M:%S${fraction} GMT`, Math.floor(date / unit) * 1000, true);
      };
    },
  },
];
