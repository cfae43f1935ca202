/** strftime(3) in the C locale, for dates in ms: local time or UTC. */

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

const DAY_MS = 86_400_000;

/** The parts of a date in one time zone. */
interface Parts {
  readonly date: number;
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly weekday: number;
  /** Day of the year, from 0. */
  readonly yearDay: number;
  readonly utc: boolean;
}

function partsOf(ms: number, utc: boolean): Parts {
  const date = new Date(ms);
  const year = utc ? date.getUTCFullYear() : date.getFullYear();
  const month = utc ? date.getUTCMonth() : date.getMonth();
  const day = utc ? date.getUTCDate() : date.getDate();
  return {
    date: ms,
    year,
    month,
    day,
    hour: utc ? date.getUTCHours() : date.getHours(),
    minute: utc ? date.getUTCMinutes() : date.getMinutes(),
    second: utc ? date.getUTCSeconds() : date.getSeconds(),
    weekday: utc ? date.getUTCDay() : date.getDay(),
    yearDay: Math.round((Date.UTC(year, month, day) - Date.UTC(year, 0, 1)) / DAY_MS),
    utc,
  };
}

const zeros = (value: number, width = 2): string => String(value).padStart(width, '0');
const blanks = (value: number): string => String(value).padStart(2, ' ');
const hour12 = ({ hour }: Parts): number => hour % 12 || 12;

/** Year and week of ISO 8601: weeks begin on Monday, the first one holds January 4th. */
function isoWeek({ year, month, day, weekday }: Parts): { year: number; week: number } {
  const thursday = new Date(Date.UTC(year, month, day + 4 - (weekday || 7)));
  const isoYear = thursday.getUTCFullYear();
  return { year: isoYear, week: 1 + Math.floor((thursday.getTime() - Date.UTC(isoYear, 0, 1)) / (7 * DAY_MS)) };
}

function zoneOffset({ date, utc }: Parts): string {
  const minutes = utc ? 0 : -new Date(date).getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${zeros(Math.floor(size / 60))}${zeros(size % 60)}`;
}

function zoneName({ date, utc }: Parts): string {
  if (utc) return 'GMT';
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

const CONVERSIONS: Readonly<Record<string, (parts: Parts) => string>> = {
  a: ({ weekday }) => DAYS[weekday]!.slice(0, 3),
  A: ({ weekday }) => DAYS[weekday]!,
  b: ({ month }) => MONTHS[month]!.slice(0, 3),
  B: ({ month }) => MONTHS[month]!,
  c: (parts) => expand('%a %b %e %H:%M:%S %Y', parts),
  C: ({ year }) => zeros(Math.floor(year / 100)),
  d: ({ day }) => zeros(day),
  D: (parts) => expand('%m/%d/%y', parts),
  e: ({ day }) => blanks(day),
  F: (parts) => expand('%Y-%m-%d', parts),
  g: (parts) => zeros(isoWeek(parts).year % 100),
  G: (parts) => String(isoWeek(parts).year),
  h: ({ month }) => MONTHS[month]!.slice(0, 3),
  H: ({ hour }) => zeros(hour),
  I: (parts) => zeros(hour12(parts)),
  j: ({ yearDay }) => zeros(yearDay + 1, 3),
  k: ({ hour }) => blanks(hour),
  l: (parts) => blanks(hour12(parts)),
  m: ({ month }) => zeros(month + 1),
  M: ({ minute }) => zeros(minute),
  n: () => '\n',
  p: ({ hour }) => (hour < 12 ? 'AM' : 'PM'),
  P: ({ hour }) => (hour < 12 ? 'am' : 'pm'),
  r: (parts) => expand('%I:%M:%S %p', parts),
  R: (parts) => expand('%H:%M', parts),
  s: ({ date }) => String(Math.floor(date / 1000)),
  S: ({ second }) => zeros(second),
  t: () => '\t',
  T: (parts) => expand('%H:%M:%S', parts),
  u: ({ weekday }) => String(weekday || 7),
  U: ({ yearDay, weekday }) => zeros(Math.floor((yearDay + 7 - weekday) / 7)),
  V: (parts) => zeros(isoWeek(parts).week),
  w: ({ weekday }) => String(weekday),
  W: ({ yearDay, weekday }) => zeros(Math.floor((yearDay + 7 - ((weekday + 6) % 7)) / 7)),
  x: (parts) => expand('%m/%d/%y', parts),
  X: (parts) => expand('%H:%M:%S', parts),
  y: ({ year }) => zeros(year % 100),
  Y: ({ year }) => String(year),
  z: zoneOffset,
  Z: zoneName,
  '%': () => '%',
};

const NUMBERS = 'CdegGHIjklmMsSuUVwWyY';
/** No conversion is wider than this, whatever the format says. */
const WIDEST = 1024;

/** What was printed for a conversion, as its flags and width want it (strftime(3), "Glibc notes"). */
function adapt(printed: string, letter: string, flags: string, width: number): string {
  const number = NUMBERS.includes(letter);
  const fill = /[-_0]/.exec(flags)?.[0];
  let text = printed;
  if (flags.includes('#')) text = letter === 'Z' || letter === 'p' ? text.toLowerCase() : text.toUpperCase();
  else if (flags.includes('^')) text = text.toUpperCase();
  if (number && fill !== undefined) text = text.replace(/^[0 ]+(?=.)/, '');
  if (fill === '-') return text;
  const blank = fill === undefined ? !number || 'ekl'.includes(letter) : fill === '_';
  return text.padStart(Math.min(Math.max(width, number ? printed.length : 0), WIDEST), blank ? ' ' : '0');
}

function expand(format: string, parts: Parts): string {
  return format.replace(
    /%([-_0^#]*)([1-9][0-9]*)?[EO]?([A-Za-z%])/g,
    (whole, flags: string, width: string | undefined, letter: string) => {
      const printed = CONVERSIONS[letter]?.(parts);
      if (printed === undefined) return whole;
      return flags === '' && width === undefined ? printed : adapt(printed, letter, flags, Number(width ?? 0));
    },
  );
}

/** A date (ms since the epoch) as the format says; conversions that strftime does not know stay as they are. */
export function strftime(format: string, ms: number, utc: boolean): string {
  return Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? expand(format, partsOf(ms, utc)) : '';
}
