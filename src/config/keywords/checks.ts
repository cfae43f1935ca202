/** `http-check`, `tcp-check`, `external-check` lines; the steps stay words, the health checks compile them. */

import type { Line } from '../line.ts';
import type { CheckDraft } from './check-types.ts';
import { inSections } from './sections.ts';
import { type Keyword, works } from './table.ts';

const HTTP_STEPS = ['comment', 'connect', 'send', 'expect'];
const TCP_STEPS = ['comment', 'connect', 'send', 'send-lf', 'send-binary', 'send-binary-lf', 'expect'];

function isVariable(word: string): boolean {
  return /^(set-var|set-var-fmt|unset-var)\(/.test(word);
}

/**
 * Rules of a defaults section are replaced, not added to, by the first rule of the proxy itself; what `option httpchk` asks for there is
 * replaced by an `http-check send`.
 */
function addStep(line: Line, proxy: CheckDraft, ruleset: 'http-check' | 'tcp-check'): void {
  if (!proxy.ownCheckRules) {
    proxy.config.healthCheck.rules = [];
    proxy.ownCheckRules = true;
  }
  if (ruleset === 'http-check' && line.word(1) === 'send' && !proxy.ownCheckOption) proxy.config.healthCheck.args = [];
  proxy.checkRuleset = ruleset;
  proxy.config.healthCheck.rules.push({ words: [...line.words], at: line.at });
}

function parseHttpCheck(line: Line, proxy: CheckDraft): void {
  const step = line.word(1);
  const { healthCheck } = proxy.config;
  if (step === 'disable-on-404') {
    if (line.atMost(0, 2)) healthCheck.disableOn404 = true;
  } else if (step === 'send-state') {
    if (line.atMost(0, 2)) healthCheck.sendState = true;
  } else if (HTTP_STEPS.includes(step) || isVariable(step)) {
    if (step === 'expect' && line.word(2) === '')
      line.alert("'http-check expect' : expects at least a matching pattern as arguments.");
    else addStep(line, proxy, 'http-check');
  } else {
    line.alert(
      `'http-check' only supports 'disable-on-404', 'send-state', 'comment', 'connect', 'send', 'expect', 'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)'. but got '${step}'`,
    );
  }
}

function parseTcpCheck(line: Line, proxy: CheckDraft): void {
  const step = line.word(1);
  if (!TCP_STEPS.includes(step) && !isVariable(step)) {
    line.alert(
      `'tcp-check' only supports 'comment', 'connect', 'send', 'send-binary', 'expect', 'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)'. but got '${step}'`,
    );
  } else if (step === 'expect' && line.word(2) === '')
    line.alert("'tcp-check expect' : expects at least a matching pattern as arguments.");
  else addStep(line, proxy, 'tcp-check');
}

function parseExternalCheck(line: Line, proxy: CheckDraft): void {
  const what = line.word(1);
  const value = line.word(2);
  if (what !== 'command' && what !== 'path') return line.alert(`external-check: unknown argument '${what}'.`);
  if (value === '') return line.alert(`missing argument after '${what}'.`);
  if (!line.atMost(1, 2)) return;
  proxy.config.healthCheck[what === 'command' ? 'externalCommand' : 'externalPath'] = value;
}

const BACKEND = { sections: inSections('DLB') };

export const CHECK_KEYWORDS: readonly Keyword<CheckDraft>[] = [
  works<CheckDraft>(
    'http-check',
    '{comment|connect|disable-on-404|expect|send|send-state|set-var(<var>)|set-var-fmt(<var>)|unset-var(<var>)} [...]',
    parseHttpCheck,
    BACKEND,
  ),
  works<CheckDraft>(
    'tcp-check',
    '{comment|connect|expect|send|send-lf|send-binary|send-binary-lf|set-var(<var>)|set-var-fmt(<var>)|unset-var(<var>)} [...]',
    parseTcpCheck,
    BACKEND,
  ),
  works<CheckDraft>('external-check', '{command <command>|path <path>}', parseExternalCheck, BACKEND),
];
