import type { Diagnostic, HealthCheckSection, Location, WordsAt } from '../../config/types.ts';
import { cannedSteps } from './canned.ts';
import { plainExpect } from './expect-rule.ts';
import type { Program, Step } from './program.ts';
import { implicitConnect, type ParsedRule, parseRule, type RequestParts, requestStep } from './step-rules.ts';
import { type CheckTables, checkEnv, fixed, RuleError } from './words.ts';

/**
 * What is wrong with the steps of a section (`http-check`, `tcp-check`), whether or not they are used: HAProxy reads them all.
 */
export function checkRuleProblems(section: HealthCheckSection, table: CheckTables): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  parseRules(section, section.healthCheck.rules, table, diagnostics);
  return diagnostics;
}

/** A compiled health check, or why it cannot be. `external` checks have no program: a command is run instead. */
export type CompiledHealthCheck = { readonly ok: Program | null } | { readonly diagnostics: readonly Diagnostic[] };

/** Compiles the health check of a backend or a healthcheck section (`option httpchk`, `http-check`, ...; manual, section 4). */
export function compileHealthCheck(proxy: HealthCheckSection, table: CheckTables): CompiledHealthCheck {
  const { healthCheck } = proxy;
  const diagnostics: Diagnostic[] = [];
  const program = (flavour: Program['flavour'], steps: readonly Step[]): Program => ({
    flavour,
    steps,
    disableOn404: healthCheck.disableOn404,
  });
  const rules = healthCheck.rules.filter(
    (rule) => rule.words[0] === (healthCheck.kind === 'http' ? 'http-check' : 'tcp-check'),
  );
  const parsed = () => parseRules(proxy, rules, table, diagnostics);
  let ok: Program | null = null;
  switch (healthCheck.kind) {
    case 'external':
      break;
    case 'tcp':
      ok = program('plain', [implicitConnect()]);
      break;
    case 'tcp-check': {
      const steps = withConnect(withComments(parsed()) as Step[]);
      ok = program(rules.length === 0 ? 'plain' : 'tcp-check', steps);
      break;
    }
    case 'http':
      ok = program('http', httpSteps(proxy, parsed(), diagnostics));
      break;
    default: {
      const canned = cannedSteps(healthCheck.kind, healthCheck.args);
      if ('error' in canned)
        diagnostics.push({
          severity: 'alert',
          at: proxy.at,
          text: `'option ${OPTION[healthCheck.kind]}' : ${canned.error}`,
        });
      else ok = program('canned', canned.steps);
    }
  }
  return diagnostics.length > 0 ? { diagnostics } : { ok };
}

const OPTION = {
  'ssl-hello': 'ssl-hello-chk',
  smtp: 'smtpchk',
  mysql: 'mysql-check',
  pgsql: 'pgsql-check',
  redis: 'redis-check',
  ldap: 'ldap-check',
  spop: 'spop-check',
};

function parseRules(
  proxy: HealthCheckSection,
  rules: readonly WordsAt[],
  table: CheckTables,
  diagnostics: Diagnostic[],
): ParsedRule[] {
  const env = checkEnv(proxy.name, table);
  const parsed: ParsedRule[] = [];
  for (const [i, rule] of rules.entries()) {
    try {
      parsed.push(parseRule(rule, i + 1, env));
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      diagnostics.push(alert(rule.at, `'${rule.words.slice(0, 2).join(' ')}' : ${error.message}`));
    }
  }
  return parsed;
}

function alert(at: Location, text: string): Diagnostic {
  return { severity: 'alert', at, text: text.endsWith('.') ? text : `${text}.` };
}

/** Gives each comment to the rules after it, up to the next comment or a step that has its own. */
function withComments(rules: readonly ParsedRule[]): Exclude<ParsedRule, { kind: 'comment' }>[] {
  const kept: Exclude<ParsedRule, { kind: 'comment' }>[] = [];
  let comment: string | null = null;
  for (const rule of rules) {
    if (rule.kind === 'comment') comment = rule.text;
    else if (rule.kind === 'request')
      kept.push({ ...rule, parts: { ...rule.parts, comment: rule.parts.comment ?? comment } });
    else {
      kept.push(rule.kind === 'var' ? rule : { ...rule, comment: rule.comment ?? comment });
      if (rule.kind === 'connect' || rule.kind === 'var') comment = null;
    }
  }
  return kept;
}

/** Puts the implicit connect in front unless the first step that does something is a connect. */
function withConnect(steps: readonly Step[]): Step[] {
  return steps.find((step) => step.kind !== 'var')?.kind === 'connect' ? [...steps] : [implicitConnect(), ...steps];
}

/** The steps of an HTTP check: requests merged with `option httpchk`, what is missing added. */
function httpSteps(proxy: HealthCheckSection, rules: readonly ParsedRule[], diagnostics: Diagnostic[]): Step[] {
  const steps: Step[] = [];
  const { sendState, optionWins } = proxy.healthCheck;
  let option: RequestParts | null = optionRequest(proxy.healthCheck.args);
  let last: 'none' | 'connect' | 'request' | 'expect' = 'none';
  const wrong = (what: string, missing: string, number: number) =>
    diagnostics.push(
      alert(
        proxy.healthCheck.rules[number - 1]?.at ?? proxy.at,
        `'http-check ${what}' : unable to add http-check ${what} rule at step ${number} (missing ${missing} rule)`,
      ),
    );
  for (const rule of withComments(rules)) {
    if (rule.kind === 'request') {
      if (last === 'request' || last === 'expect') wrong('send', 'connect', rule.number);
      const [first, second] = option !== null && optionWins ? [option, rule.parts] : [rule.parts, option];
      steps.push(requestStep(rule.number, first, second, sendState));
      option = null;
      last = 'request';
    } else if (rule.kind === 'connect') {
      if (last === 'connect' || last === 'request') wrong('connect', 'expect', rule.number);
      steps.push(rule);
      last = 'connect';
    } else if (rule.kind === 'expect') {
      if (last === 'connect' && option === null) wrong('expect', 'send', rule.number);
      if (option !== null) {
        steps.push(requestStep(rule.number, option, null, sendState));
        option = null;
      }
      steps.push(rule);
      last = 'expect';
    } else steps.push(rule);
  }
  if (option !== null) steps.push(requestStep(steps.length, option, null, sendState));
  if (steps.at(-1)?.kind === 'http-send') steps.push(plainExpect(steps.length, { on: 'status', ranges: [[200, 399]] }));
  return withConnect(steps);
}

/** `option httpchk [<method>] [<uri>] [<version>] [<host>]`; one word is a URI. Headers may hide behind the version, as of old. */
function optionRequest(args: readonly string[]): RequestParts {
  const [method, uri] = args.length === 1 ? [null, args[0]!] : [args[0] ?? null, args[1] ?? null];
  const lines = (args[2] ?? '').split('\r\n');
  const blank = lines.indexOf('');
  const headers = lines.slice(1, blank < 1 ? undefined : blank).flatMap((line) => {
    const colon = line.indexOf(':');
    return colon < 1 ? [] : [[line.slice(0, colon).trim().toLowerCase(), fixed(line.slice(colon + 1).trim())] as const];
  });
  if (args[3] !== undefined) headers.push(['host', fixed(args[3])]);
  const body = blank < 1 ? '' : lines.slice(blank + 1).join('\r\n');
  return {
    method,
    uri: uri === null ? null : fixed(uri),
    version: lines[0] === '' ? null : lines[0]!,
    headers,
    body: body === '' ? null : fixed(body),
    comment: null,
  };
}
