const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A point in time, ms: `2026-11-21` and `2026-11-21T10:02[:03]` (local, or with an offset or Z), or an age before `now` (`30m`). Null: neither. */
export function parseDate(text: string, now: number): number | null {
  const age = /^(\d{1,6})([smhd])$/.exec(text);
  if (age) return now - Number(age[1]) * UNITS[age[2]!]!;
  if (!/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/.test(text)) return null;
  // A date alone would be taken as UTC.
  const date = Date.parse(text.length === 10 ? `${text}T00:00` : text);
  return Number.isNaN(date) ? null : date;
}
