/** `healthcheck` sections: health checks with a name, for servers that name them (manual 3.4, section 12). */

import { noHealthCheck } from '../draft-proxy.ts';
import type { Line } from '../line.ts';
import type { Location } from '../types.ts';
import { CHECK_TYPES, type CheckDraft } from './check-types.ts';
import { CHECK_KEYWORDS } from './checks.ts';
import { KeywordTable, works } from './table.ts';

const TYPES = new KeywordTable<CheckDraft>(CHECK_TYPES);

/** `type httpchk ...` and so on: the same words as behind `option` in a backend. */
function parseType(line: Line, draft: CheckDraft): void {
  const row = TYPES.get(line.word(1));
  if (row === undefined)
    return line.alert(
      `'type' expects ${TYPES.firstWords()
        .map((name) => `'${name}'`)
        .join(', ')}, but got '${line.word(1)}'.`,
    );
  row.parse?.(line, draft);
}

export const HEALTHCHECK_KEYWORDS = new KeywordTable<CheckDraft>([
  works<CheckDraft>('type', '<type> [<arguments>]', parseType),
  ...CHECK_KEYWORDS.map(({ sections: _, ...row }) => row),
]);

/** A section without a line yet: its checks connect, and that is all. */
export function newHealthcheck(name: string, at: Location): CheckDraft {
  return {
    config: { name, at, healthCheck: noHealthCheck() },
    checkRuleset: null,
    ownCheckOption: false,
    ownCheckRules: false,
  };
}
