/** What health checks speak: `option <type>` of proxies, `type <type>` of healthcheck sections (manual, section 4.2). */

import type { Draft, ProxyDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { HealthCheckConfig } from '../types.ts';
import { inSections } from './sections.ts';
import { type Keyword, works } from './table.ts';

/** What describes a health check while it is read: a proxy, or a healthcheck section. */
export interface CheckDraft extends Pick<ProxyDraft, 'checkRuleset' | 'ownCheckOption' | 'ownCheckRules'> {
  readonly config: Pick<ProxyDraft['config'], 'name' | 'at' | 'healthCheck'>;
}

/** The option of a proxy begins anew: rules of a defaults section belong to the option there. */
function checkOption(
  name: string,
  kind: Draft<HealthCheckConfig>['kind'],
  args: string,
  read: (line: Line) => string[] | null,
): Keyword<CheckDraft> {
  const parse = (line: Line, draft: CheckDraft) => {
    const words = read(line);
    if (words === null) return;
    if (!draft.ownCheckRules) {
      draft.config.healthCheck.rules = [];
      draft.checkRuleset = null;
    }
    const { healthCheck } = draft.config;
    const optionWins = healthCheck.rules.some((rule) => rule.words[0] === 'http-check' && rule.words[1] === 'send');
    draft.config.healthCheck = { ...healthCheck, kind, args: words, optionWins };
    draft.ownCheckOption = true;
  };
  return works(name, args, parse, { sections: inSections('DLB') });
}

/** At most `max` words, whatever they are. */
function anyWords(max: number): (line: Line) => string[] | null {
  return (line) => (line.atMost(max, 2) ? line.words.slice(2) : null);
}

/** `[user <name> [post-41|pre-41]]` */
function userWords(dialects: readonly string[]): (line: Line) => string[] | null {
  return (line) => {
    const option = line.word(1);
    const [, , user, name, dialect] = line.words;
    if (user !== undefined && user !== 'user') {
      line.alert(`'${line.word(0)} ${option}' only supports optional values: 'user' (got '${user}').`);
      return null;
    }
    if (user !== undefined && name === undefined) {
      line.alert(`'${line.word(0)} ${option} user' expects <username> as argument.`);
      return null;
    }
    if (dialect !== undefined && !dialects.includes(dialect)) {
      line.alert(
        dialects.length === 0
          ? `'${line.word(0)} ${option}' cannot handle unexpected argument '${dialect}'.`
          : `keyword '${option}' only supports 'post-41' and 'pre-41' (got '${dialect}').`,
      );
      return null;
    }
    return line.atMost(3, 2) ? line.words.slice(2) : null;
  };
}

export const CHECK_TYPES: readonly Keyword<CheckDraft>[] = [
  checkOption('httpchk', 'http', '[<method>] [<uri>] [<version>] [<host>]', anyWords(4)),
  checkOption('tcp-check', 'tcp-check', '', anyWords(0)),
  checkOption('ssl-hello-chk', 'ssl-hello', '', anyWords(0)),
  checkOption('smtpchk', 'smtp', '[<hello> <domain>]', anyWords(2)),
  checkOption('mysql-check', 'mysql', '[user <name> [post-41|pre-41]]', userWords(['post-41', 'pre-41'])),
  checkOption('pgsql-check', 'pgsql', 'user <name>', userWords([])),
  checkOption('redis-check', 'redis', '', anyWords(0)),
  checkOption('ldap-check', 'ldap', '', anyWords(0)),
  checkOption('spop-check', 'spop', '', anyWords(0)),
  checkOption('external-check', 'external', '', anyWords(0)),
];
