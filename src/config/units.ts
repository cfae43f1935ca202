/** Times and sizes as HAProxy writes them (manual, sections 2.5 and 2.6). */

/** Why a time or a size was refused: too large, or a character that does not belong there. */
export type UnitError = { readonly error: 'overflow' } | { readonly error: 'character'; readonly character: string };

/** Microseconds in one unit. */
const TIME_UNITS: Readonly<Record<string, number>> = {
  us: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
};

export type TimeUnit = 'ms' | 's';

const MAX_TIME = 2_147_483_647;

/**
 * A duration (`10s`, `1d`, `500`), in `unit`s; a number without a suffix already counts in `unit`s.
 * At most 2^31-1 units; a part of a unit counts as a whole one.
 */
export function parseTime(text: string, unit: TimeUnit = 'ms'): number | UnitError {
  const digits = /^\d*/.exec(text)![0];
  const suffix = text.slice(digits.length);
  if (digits === '') return { error: 'character', character: text[0] ?? '' };
  const factor = suffix === '' ? TIME_UNITS[unit]! : TIME_UNITS[suffix];
  if (factor === undefined) return { error: 'character', character: strangeCharacter(suffix) };
  const value = Number(digits) * factor;
  const result = Math.ceil(value / TIME_UNITS[unit]!);
  if (result > MAX_TIME) return { error: 'overflow' };
  return result;
}

/** The first character of a suffix that makes it no unit: the second one where the first begins a unit. */
function strangeCharacter(suffix: string): string {
  const unit = Object.keys(TIME_UNITS).find((name) => suffix.startsWith(name) && name.length < suffix.length);
  return unit === undefined ? suffix[0]! : suffix[unit.length]!;
}

const SIZE_UNITS: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** A size (`16k`, `1g`, `4096`) in bytes; `max` is the largest one allowed (default 2^32-1). */
export function parseSize(text: string, max = 0xffff_ffff): number | UnitError {
  const digits = /^\d*/.exec(text)![0];
  const suffix = text.slice(digits.length);
  if (digits === '') return { error: 'character', character: text[0] ?? '' };
  const factor = suffix === '' ? 1 : SIZE_UNITS[suffix.toLowerCase()];
  if (factor === undefined) {
    const unit = SIZE_UNITS[suffix[0]!.toLowerCase()];
    return { error: 'character', character: unit === undefined ? suffix[0]! : suffix[1]! };
  }
  const value = Number(digits) * factor;
  return value > max ? { error: 'overflow' } : value;
}

/** A whole number written in decimal, with an optional sign; null when `text` is not one. */
export function parseInteger(text: string): number | null {
  if (!/^[+-]?\d+$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}
