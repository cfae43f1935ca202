/** Dates (HAProxy manual, section 7.3.1). */

import type { ConverterRow } from '../row.ts';
import { strftime } from '../strftime.ts';

/** Units per second. */
const UNITS: Readonly<Record<string, number>> = { s: 1, ms: 1000, us: 1_000_000 };

/** Units per second named by an argument; seconds when it is left out, null when there is none of that name. */
export function unitOf(name: unknown): number | null {
  return name === undefined || name === '' ? 1 : (UNITS[name as string] ?? null);
}

/** Date of an HTTP header field in seconds since the epoch (RFC 9110, section 5.6.7), or undefined. */
function parseHttpDate(text: string): number | undefined {
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  const date = Date.parse(/GMT$/.test(text) ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : Math.floor(date / 1000);
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
      const fraction = String(((shifted % unit) + unit) % unit).padStart(unit === 1000 ? 3 : 6, '0');
      // %N is the fraction of a second in dates that have one.
      const pattern = unit === 1 ? (format as string) : (format as string).replaceAll('%N', fraction);
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
        const fraction = unit === 1 ? '' : `.${((date % unit) + unit) % unit}`;
        return strftime(`%a, %d %b %Y %H:%M:%S${fraction} GMT`, Math.floor(date / unit) * 1000, true);
      };
    },
  },
];
