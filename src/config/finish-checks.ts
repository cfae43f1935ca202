/** What health checks say, once the whole configuration is known. */

import type { CheckDraft } from './keywords/check-types.ts';
import type { Context } from './line.ts';

/**
 * Steps that are ignored, and commands that may not be run. `kind`: what the check belongs to, a kind of proxy or `healthcheck`.
 */
export function checkHealthCheck({ diagnostics, config }: Context, draft: CheckDraft, kind: string): void {
  const { healthCheck, name } = draft.config;
  const isSection = kind === 'healthcheck';
  const keyword = isSection ? 'type' : 'option';
  const alone = (rules: string, type: string) =>
    diagnostics.warning(
      null,
      `${kind} '${name}' uses ${rules} rules without '${keyword} ${type}', so the rules are ignored.`,
    );
  if (draft.ownCheckRules && draft.checkRuleset === 'http-check' && healthCheck.kind !== 'http')
    alone('http-check', 'httpchk');
  if (draft.ownCheckRules && draft.checkRuleset === 'tcp-check' && healthCheck.kind !== 'tcp-check')
    alone('tcp-check', 'tcp-check');
  const { externalCommand, externalPath } = healthCheck;
  if (externalCommand !== null && !externalCommand.startsWith('/') && externalPath === null)
    diagnostics.alert(
      null,
      `${isSection ? 'healthcheck' : 'Proxy'} '${name}': 'external-check command' does not have a leading '/' and 'external-check path' is not set.`,
    );
  if (healthCheck.kind !== 'external') return;
  const who = `${isSection ? 'healthcheck' : 'Proxy'} '${name}' :`;
  const option = `'${keyword} external-check'`;
  if (!config.global.externalCheck)
    diagnostics.alert(null, `${who} ${option} unable to find required 'global.external-check'.`);
  if (!config.global.insecureForkWanted)
    diagnostics.warning(
      null,
      `${who} 'insecure-fork-wanted' not enabled in the global section, ${option} will likely fail.`,
    );
  if (healthCheck.externalCommand === null)
    diagnostics.alert(null, `${who} ${option} unable to find required 'external-check command'.`);
}
