import type { Resolvers } from '../../control/types.ts';
import { jsonField } from './render.ts';

const COUNTERS = [
  'sent',
  'send_error',
  'valid',
  'update',
  'cname',
  'cname_error',
  'any_err',
  'nx',
  'timeout',
  'refused',
  'other',
  'invalid',
  'too_big',
  'truncated',
  'outdated',
] as const;

/** Names of the counters as `show resolvers` prints them. */
const SHOWN: Readonly<Record<string, string>> = { send_error: 'snd_error' };

/** `show stat domain resolvers`: a row for each name server. */
export function* resolverRows(resolvers: Resolvers, form: 'csv' | 'typed' | 'json', desc: boolean): Generator<string> {
  if (form === 'csv') yield `# id,pid,${COUNTERS.join(',')},\n`;
  if (form === 'json') yield '[';
  let first = true;
  for (const { section, nameserver, counters } of resolvers.statistics()) {
    const values = [nameserver, section, ...COUNTERS.map((name) => counterOf(counters, name))];
    if (form === 'csv') yield `${values.join(',')},\n`;
    else {
      const fields = values.map((value, i) => {
        const name = ['id', 'pid', ...COUNTERS][i]!;
        const [tags, type] = i < 2 ? ['CGPV', 'str'] : ['MGPV', 'u64'];
        if (form === 'typed')
          return `N.${i}.${name}:${tags}:${type}:${value}${desc ? `:"${DESCRIPTIONS[name] ?? name}"` : ''}\n`;
        return `{"objType":"Resolvers",${jsonField(i, name, type!, tags!, value)}`;
      });
      yield form === 'typed' ? fields.join('') : `${first ? '' : ','}[${fields.join(',')}]`;
    }
    first = false;
  }
  if (form === 'json') yield ']\n';
}

/** A name server's counters as `show resolvers` lists them. */
export function resolverLines(counters: Readonly<Record<string, number>>): string {
  return COUNTERS.map((name) => `  ${`${SHOWN[name] ?? name}:`.padEnd(13)}${counterOf(counters, name)}\n`).join('');
}

function counterOf(counters: Readonly<Record<string, number>>, name: string): number {
  return counters[name] ?? counters[SHOWN[name] ?? name] ?? 0;
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  id: 'ID',
  pid: 'Parent ID',
  sent: 'Sent',
  send_error: 'Send error',
  valid: 'Valid',
  update: 'Update',
  cname: 'CNAME',
  cname_error: 'CNAME error',
  any_err: 'Any errors',
  nx: 'NX',
  timeout: 'Timeout',
  refused: 'Refused',
  other: 'Other',
  invalid: 'Invalid',
  too_big: 'Too big',
  truncated: 'Truncated',
  outdated: 'Outdated',
};
