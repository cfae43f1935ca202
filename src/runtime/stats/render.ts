import { STAT, STAT_NAMES, STATIC_FIELDS } from '../../model/stat-fields.ts';
import type { StatKind, StatRow, StatValue } from '../../model/stats.ts';
import { BACKEND_TAGS, STAT_TABLE } from './fields.ts';
import { tagsJson } from './tags.ts';

/** Fields whose text comes from elsewhere and may have to be quoted; names and words of the program's own never do. */
const FREE_TEXT = [STAT.last_chk, STAT.last_agt, STAT.cookie, STAT.tracked, STAT.addr];
const NEEDS_QUOTES = /[",\r\n]/;

/** First line of the CSV form. */
export function csvHeader(): string {
  return `# ${[...STAT_NAMES.slice(0, STATIC_FIELDS), '-', ...STAT_NAMES.slice(STATIC_FIELDS)].join(',')},\n`;
}

/** A row as a line of CSV, each value followed by a comma. */
export function csvLine(row: StatRow): string {
  const { values } = row;
  for (const field of FREE_TEXT) {
    const value = values[field];
    if (typeof value === 'string' && NEEDS_QUOTES.test(value)) values[field] = `"${value.replaceAll('"', '""')}"`;
  }
  return `${coreFields(values)}-,${modules(row)},\n`;
}

/** The fields of a row are put together as bytes: one string a row, instead of one for each comma. */
const line = Buffer.allocUnsafeSlow(8192);
/** Room that a number and its comma may need. */
const NUMBER_MAX = 32;
const COMMA = 0x2c;
const ZERO = 0x30;

/** The core's fields, each followed by a comma; null is written as nothing. */
function coreFields(values: readonly StatValue[]): string {
  let at = 0;
  for (let i = 0; i < STATIC_FIELDS; i++) {
    const value = values[i]!;
    if (at + NUMBER_MAX > line.length) return longFields(values);
    if (value === 0) line[at++] = ZERO;
    else if (typeof value === 'number' && value > 0 && value < 1e9 && Number.isInteger(value))
      at = putInteger(value, at);
    else if (value !== null) {
      const text = String(value);
      if (at + text.length + NUMBER_MAX > line.length) return longFields(values);
      for (let k = 0; k < text.length; k++) {
        const code = text.charCodeAt(k);
        if (code > 255) return longFields(values);
        line[at++] = code;
      }
    }
    line[at++] = COMMA;
  }
  return line.latin1Slice(0, at);
}

function putInteger(value: number, at: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  let rest = value;
  for (let k = at + digits - 1; k >= at; k--) {
    const next = (rest / 10) | 0;
    line[k] = ZERO + rest - next * 10;
    rest = next;
  }
  return at + digits;
}

/** The same for rows with very long texts or characters beyond Latin-1. Array.join writes null as ''. */
function longFields(values: readonly StatValue[]): string {
  return `${values.slice(0, STATIC_FIELDS).join(',')},`;
}

/** Server rows have the same zeros behind the core fields nearly always: the text of the last one is kept. */
let lastModules: { kind: StatKind; tls: number; text: string } = { kind: 'F', tls: -1, text: '' };

function modules(row: StatRow): string {
  const { values } = row;
  if (row.kind !== 'S') return values.slice(STATIC_FIELDS).join(',');
  const tls = Number(values[STAT.ssl_sess]) + Number(values[STAT.ssl_failed_handshake]);
  if (tls !== 0 || lastModules.tls !== 0) lastModules = { kind: 'S', tls, text: values.slice(STATIC_FIELDS).join(',') };
  return lastModules.text;
}

/** What names the object of a row in the typed form. */
function prefix(row: StatRow): string {
  return `${row.kind}.${row.proxy.id}.${row.id}.`;
}

/** A row in the typed form: a line for each field that applies. `desc` appends the fields' descriptions. */
export function typedLines(row: StatRow, desc: boolean): string {
  const start = prefix(row);
  let text = '';
  for (let i = 0; i < STAT_TABLE.length; i++) {
    const value = row.values[i] as StatValue;
    if (value === null) continue;
    const field = STAT_TABLE[i]!;
    const tags = row.kind === 'B' ? (BACKEND_TAGS[field.name] ?? field.tags) : field.tags;
    text += `${start}${i}.${field.name}.1:${tags}:${field.type}:${value}${desc ? `:"${field.description}"` : ''}\n`;
  }
  return text;
}

const OBJECT_TYPES: Readonly<Record<StatKind, string>> = { F: 'Frontend', B: 'Backend', S: 'Server', L: 'Listener' };

/** A row in the JSON form: an array of its fields. */
export function jsonRow(row: StatRow): string {
  const start = `{"objType":"${OBJECT_TYPES[row.kind]}","proxyId":${row.proxy.id},"id":${row.id},`;
  const fields: string[] = [];
  for (let i = 0; i < STAT_TABLE.length; i++) {
    const value = row.values[i] as StatValue;
    if (value === null) continue;
    const field = STAT_TABLE[i]!;
    const tags = row.kind === 'B' ? (BACKEND_TAGS[field.name] ?? field.tags) : field.tags;
    fields.push(start + jsonField(i, field.name, field.type, tags, value));
  }
  return `[${fields.join(',')}]`;
}

/** A field of `show stat json` and `show info json`, without its opening brace. */
export function jsonField(position: number, name: string, type: string, tags: string, value: StatValue): string {
  const shown = type === 'str' ? JSON.stringify(String(value)) : String(value);
  return `"field":{"pos":${position},"name":"${name}"},"processNum":1,"tags":${tagsJson(tags)},"value":{"type":"${type}","value":${shown}}}`;
}
