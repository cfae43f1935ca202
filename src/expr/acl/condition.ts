/** Conditions: `if|unless` over named and anonymous ACLs; and, `or`, `!` (HAProxy manual, section 7.2). */

import type { Diagnostic, Location, WordsAt } from '../../config/types.ts';
import { type CompileEnv, PLACES } from '../row.ts';
import type { ExprError } from '../sample.ts';
import type { ExprContext } from '../types.ts';
import { type AclTerm, compileAclTerm, type Decide, FAIL, MISS, type Outcome, PASS, termIsAvailable } from './acl.ts';
import { PREDEFINED_ACLS } from './predefined.ts';

/** The ACLs that conditions of a proxy may name. */
export interface Acls {
  /** The terms of an ACL (they are alternatives), or null when neither declared nor predefined. */
  find(name: string, env: CompileEnv): readonly AclTerm[] | ExprError | null;
}

/**
 * Compiles the `acl` lines of a proxy (words after the keyword); lines of one name are alternatives. `env` may depend on where a
 * line stands: names of files do.
 */
export function compileAcls(
  lines: readonly WordsAt[],
  env: CompileEnv | ((at: Location) => CompileEnv),
): { acls: Acls; problems: Diagnostic[] } {
  const problems: Diagnostic[] = [];
  const byName = new Map<string, AclTerm[]>();
  const acls: Acls = { find: (name, place) => byName.get(name) ?? predefined(name, place) };
  for (const { words, at } of lines) {
    const name = words[0] ?? '';
    const misnamed = checkName(name);
    if (misnamed !== null) {
      problems.push({ severity: 'alert', at, text: misnamed });
      continue;
    }
    const inner = typeof env === 'function' ? env(at) : env;
    const term = compileAclTerm(words.slice(1), withAcls(inner, acls));
    if ('error' in term) {
      problems.push({ severity: 'alert', at, text: `error detected while parsing ACL '${name}' : ${term.error}.` });
      continue;
    }
    if (term.warning !== null) problems.push({ severity: 'warning', at: null, text: term.warning });
    const terms = byName.get(name);
    if (terms === undefined) byName.set(name, [term]);
    else terms.push(term);
  }
  return { acls, problems };
}

function predefined(name: string, env: CompileEnv): readonly AclTerm[] | ExprError | null {
  if (!Object.hasOwn(PREDEFINED_ACLS, name)) return null;
  const term = compileAclTerm(PREDEFINED_ACLS[name]!, env);
  return 'error' in term ? term : [term];
}

function checkName(name: string): string | null {
  const bad = /[^A-Za-z0-9_.:-]/.exec(name);
  if (bad !== null) return `character '${bad[0]}' is not permitted in acl name '${name}'.`;
  if (name.toLowerCase() !== 'or') return null;
  return `acl name '${name}' will never match. 'or' is used to express a logical disjunction within a condition.`;
}

/** A compiled condition. */
export interface Condition {
  /** Whether the rule applies. Never throws. */
  test(ctx: ExprContext): boolean;
  /** As `test`, with MISS while data still to come may decide (`ctx.final` is false): what `tcp-request content` waits on. */
  decide(ctx: ExprContext): Outcome;
  /** What HAProxy would warn about: terms that can never match here. */
  readonly warnings: readonly string[];
}

/** An environment in which `acl()` finds these ACLs. */
export function withAcls(env: CompileEnv, acls: Acls): CompileEnv {
  return {
    ...env,
    acl: (name) => {
      const terms = acls.find(name, env);
      if (terms === null || 'error' in terms) return terms;
      const decide = disjunction(terms.map((term) => term.decide));
      return (ctx) => decide(ctx) === PASS;
    },
  };
}

/** Compiles a condition that begins with `if` or `unless`. */
export function compileCondition(words: readonly string[], acls: Acls, env: CompileEnv): Condition | ExprError {
  const keyword = words[0];
  if (keyword !== 'if' && keyword !== 'unless') {
    return { error: `expects either 'if' or 'unless' followed by a condition but found '${keyword ?? ''}'` };
  }
  const warnings: string[] = [];
  const parsed = parseTerms(words, acls, withAcls(env, acls), warnings);
  if ('error' in parsed) return parsed;
  const decided = disjunction(parsed.map(conjunction));
  const decide = keyword === 'if' ? decided : negate(decided);
  return { test: (ctx) => decide(ctx) === PASS, decide, warnings };
}

function parseTerms(words: readonly string[], acls: Acls, env: CompileEnv, warnings: string[]): Decide[][] | ExprError {
  const suites: Decide[][] = [];
  let suite: Decide[] = [];
  let negated = false;
  for (let at = 1; at < words.length; at++) {
    let word = words[at]!;
    if (word === 'or' || word === 'OR' || word === '||') {
      if (suite.length > 0) suites.push(suite);
      suite = [];
      negated = false;
      continue;
    }
    while (word.startsWith('!')) {
      negated = !negated;
      word = word.slice(1);
    }
    if (word === '') continue;
    let terms: readonly AclTerm[];
    if (word === '{') {
      const end = words.indexOf('}', at + 1);
      if (end === -1) return { error: "missing closing '}' in condition" };
      const term = compileAclTerm(words.slice(at + 1, end), env);
      if ('error' in term) return term;
      if (term.warning !== null) warnings.push(term.warning);
      terms = [term];
      at = end;
    } else {
      const found = acls.find(word, env);
      if (found === null) return { error: `no such ACL : '${word}'` };
      if ('error' in found) return found;
      terms = found;
    }
    warnOfUnavailable(word === '{' ? null : word, terms, env, warnings);
    const decide = disjunction(terms.map((term) => term.decide));
    suite.push(negated ? negate(decide) : decide);
    negated = false;
  }
  if (suite.length > 0) suites.push(suite);
  return suites;
}

/** Warns of ACLs that can never match at this place, as HAProxy does. */
function warnOfUnavailable(name: string | null, terms: readonly AclTerm[], env: CompileEnv, warnings: string[]): void {
  const useless = terms.filter((term) => !termIsAvailable(term, env.places));
  if (useless.length === 0) return;
  const where = PLACES.find((_, column) => (env.places & (1 << column)) !== 0) ?? PLACES[0];
  const { keyword } = useless[0]!;
  if (name === null) {
    warnings.push(
      `anonymous acl will never match because it uses keyword '${keyword}' which is incompatible with '${where}'`,
    );
  } else if (useless.length === terms.length) {
    warnings.push(
      `acl '${name}' will never match because it only involves keywords that are incompatible with '${where}'`,
    );
  } else {
    warnings.push(`acl '${name}' involves keyword '${keyword}' which is incompatible with '${where}'`);
  }
}

function negate(decide: Decide): Decide {
  return (ctx) => {
    const outcome = decide(ctx);
    return outcome === PASS ? FAIL : outcome === FAIL ? PASS : MISS;
  };
}

function disjunction(decides: readonly Decide[]): Decide {
  if (decides.length === 1) return decides[0]!;
  return (ctx) => {
    let best: Outcome = FAIL;
    for (let i = 0; i < decides.length; i++) {
      const outcome = decides[i]!(ctx);
      if (outcome === PASS) return PASS;
      if (outcome > best) best = outcome;
    }
    return best;
  };
}

function conjunction(decides: readonly Decide[]): Decide {
  if (decides.length === 1) return decides[0]!;
  return (ctx) => {
    let worst: Outcome = PASS;
    for (let i = 0; i < decides.length; i++) {
      const outcome = decides[i]!(ctx);
      if (outcome === FAIL) return FAIL;
      if (outcome < worst) worst = outcome;
    }
    return worst;
  };
}
