/** What works, listed as HAProxy lists it: `-dKsmp`, `-dKcnv`, `-dKacl`. Each text ends with a newline. */

import { ACL_KEYWORDS } from './acl/keywords.ts';
import { CONVERTERS } from './converters/index.ts';
import { FETCHES } from './fetches/index.ts';
import { PLACES, SOURCES } from './row.ts';

const withArgs = (name: string, args: string): string => (args === '' ? name : `${name}(${args})`);

/** Legend over the columns: one line for each place, all leading down to its column. */
function legend(): string[] {
  const lines = PLACES.map((where, column) => {
    const indent = ' '.repeat(PLACES.length + 1 - column);
    const rails = '/ '.repeat(column);
    return `#${indent}${rails}_.${'-'.repeat(PLACES.length - column)} ${where}`;
  });
  return [...lines, `# ${'/ '.repeat(PLACES.length)} `, `# ${'| '.repeat(PLACES.length)}`];
}

function columnsOf(places: number): string {
  return PLACES.map((_, column) => ((places & (1 << column)) === 0 ? '.' : 'Y')).join(' ');
}

/** `-dKsmp`: sample fetches with the places where each may be used. */
export function listFetches(): string {
  const rows = FETCHES.map(
    ({ name, args, type, source }) => `[ ${columnsOf(SOURCES[source].places)} ] ${withArgs(name, args)}: ${type}`,
  );
  return `${['# List of registered sample fetch functions:', ...legend(), ...rows].join('\n')}\n`;
}

/** `-dKcnv`: converters with what they give and what they take. */
export function listConverters(): string {
  const rows = CONVERTERS.map((row) => `${withArgs(row.name, row.args)}: ${row.same ? 'same' : row.out} => ${row.in}`);
  return `${['# List of registered sample converter functions:', ...rows].join('\n')}\n`;
}

/** `-dKacl`: ACL keywords that stand for a sample fetch and a match method. */
export function listAcls(): string {
  const rows = [...ACL_KEYWORDS.values()].map(({ name, fetch, method }) => `${name} = ${fetch} -m ${method}`);
  return `${['# List of registered ACL keywords:', ...rows].join('\n')}\n`;
}
