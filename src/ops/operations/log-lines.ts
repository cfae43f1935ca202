import type { RuntimeClient } from '../../client/index.ts';

/** A line of a ring; `date` in ms, null where it has none that is understood. */
export interface LogLine {
  readonly date: number | null;
  readonly text: string;
}

/** Most lines that are kept of a ring. */
const KEPT = 200;

/** Lines of the process's rings that name an object: `be_app`, or `be_app/app1`. */
export async function logLines(client: RuntimeClient, name: string): Promise<readonly LogLine[]> {
  const list = await client.run(['show', 'events']);
  const rings = [...list.matchAll(/^ *(\S+) +: type=buffer/gm)].map((match) => match[1]!);
  const named = new RegExp(`(?<![\\w./-])${RegExp.escape(name)}(?![\\w.-])`);
  const found: LogLine[] = [];
  for (const ring of rings) {
    const lines = (await client.run(['show', 'events', ring])).split('\n').filter((line) => named.test(line));
    found.push(...lines.slice(-KEPT).map((text) => ({ date: dateOf(text), text })));
  }
  return found;
}

/** The date at the beginning of a line: ISO 8601, or that of syslog without a year (RFC 3164), in this machine's time zone. */
function dateOf(line: string): number | null {
  const iso = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?/.exec(line.slice(0, 80))?.[0];
  if (iso !== undefined) return valid(Date.parse(iso));
  const [, month, day, time] = /\b([A-Z][a-z]{2}) +(\d{1,2}) (\d\d:\d\d:\d\d)\b/.exec(line.slice(0, 40)) ?? [];
  if (month === undefined) return null;
  const date = Date.parse(`${day} ${month} ${new Date().getFullYear()} ${time}`);
  // A line of December that is read in January.
  return date > Date.now() + 86_400_000
    ? valid(Date.parse(`${day} ${month} ${new Date().getFullYear() - 1} ${time}`))
    : valid(date);
}

function valid(date: number): number | null {
  return Number.isNaN(date) ? null : date;
}
