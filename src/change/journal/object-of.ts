import type { Change } from '../change.ts';

/** Members of Changes that name what they are made to, the first that is there counts. */
const NAMES = [
  'backend',
  'frontend',
  'map',
  'acl',
  'table',
  'path',
  'file',
  'list',
  'keys',
  'name',
  'id',
  'on',
] as const;

/** The object that a Change is made to: `be_app/app1`, `be_app`, `fe_web`, a map, a table; '' for the process. */
export function objectOf(change: Change): string {
  const members = ('scope' in change && typeof change.scope === 'object' ? change.scope : change) as Readonly<
    Record<string, unknown>
  >;
  for (const name of NAMES) {
    const value = members[name];
    if (typeof value !== 'string') continue;
    const server = name === 'backend' ? members['server'] : null;
    return typeof server === 'string' ? `${value}/${server}` : value;
  }
  return '';
}
