import { STATE_VERSION, type StateColumnName, stateColumns } from '../../model/state-columns.ts';

/** A line of a state file: values by column; those that older files end before are missing. */
export type StateLine = Readonly<Partial<Record<StateColumnName, string>>>;

/** What a file has, or why none of it can be used. Lines are counted from the one after the version. */
export type StateFile =
  | { readonly lines: readonly StateLine[] }
  | { readonly problem: 'empty' | 'version' }
  | { readonly corruptedLine: number };

/** HAProxy's limit for a line, its end included. */
const LINE_MAX = 1999;
const FIELDS_MIN = stateColumns.filter(({ optional }) => optional !== true).length;

/** Reads the text of a state file. A line that is cut, or has too few values, spoils all of it; what is beyond the last column is not looked at. */
export function parseStateFile(text: string): StateFile {
  if (text === '') return { problem: 'empty' };
  const [version, ...rest] = text.split('\n');
  // Without its end, the last line may have been cut.
  if (rest.length === 0 || !/^\s*[+-]?\d+$/.test(version!) || Number(version) !== STATE_VERSION)
    return { problem: 'version' };
  const lines: StateLine[] = [];
  for (const [i, line] of rest.entries()) {
    const last = i === rest.length - 1;
    if (last && line === '') break;
    const values = line.split(/[ \t]+/).filter((value) => value !== '');
    if (last || line.length >= LINE_MAX) return { corruptedLine: i + 1 };
    if (values.length === 0 || values[0]!.startsWith('#')) continue;
    if (values.length < FIELDS_MIN) return { corruptedLine: i + 1 };
    lines.push(Object.fromEntries(stateColumns.map(({ name }, at) => [name, values[at]])));
  }
  return { lines };
}

/** The values of a line that cannot be, as HAProxy tells them: `, invalid <column> value '<value>'` each; '' when all are good. */
export function invalidValues(line: StateLine): string {
  return stateColumns
    .filter(({ name, accepts }) => accepts !== undefined && line[name] !== undefined && !accepts(line[name]))
    .map(({ name, told = name }) => `, invalid ${told} value '${line[name]}'`)
    .join('');
}
