import { bytesOf, linesInBytes, textOfBytes } from '../../config/bytes.ts';
import type { TokenRules } from '../../config/token-algorithms.ts';
import type { Diagnostic, Location, LogProfileConfig, ProxyConfig, WordsAt } from '../../config/types.ts';
import { type Acls, type Condition, compileAcls, compileCondition, withAcls } from '../../expr/acl/condition.ts';
import { type Compiled, checkAvailable, compileWhole } from '../../expr/compile.ts';
import { compileLogFormat } from '../../expr/log/format.ts';
import type { PatternSource, PatternUse, patternKeys } from '../../expr/patterns.ts';
import { type AddressDatabase, type CompileEnv, place, type TokenKeys, type Userlist } from '../../expr/row.ts';
import type { ExprError } from '../../expr/sample.ts';
import type { TableSource } from '../../expr/tables.ts';
import type { ExprContext } from '../../expr/types.ts';
import { readPage, sectionPages } from '../error-files.ts';
import { sendHints } from './actions/hints.ts';
import { type BandwidthFilter, compileBandwidthFilters } from './bandwidth.ts';
import { type CaptureSlots, captureSlots, compileCaptures } from './captures.ts';
import { exprEnv } from './expr-env.ts';
import { compileErrorReply, type ErrorAnswer } from './reply.ts';
import { compileStickRules } from './stick.ts';
import { actionNames, findAction } from './table.ts';
import {
  type BackendRules,
  type FrontendRules,
  type Rule,
  type RuleEnv,
  type RuleKind,
  type SwitchingRule,
  type Test,
  Words,
} from './types.ts';

/** What rules may refer to outside of their proxy. */
export interface RuleSurroundings {
  hasProxy(name: string, side: 'frontend' | 'backend'): boolean;
  hasServer(backend: string, server: string): boolean;
  /** Content of a file. `from`: the configuration file in which a relative path stands (`default-path`); left out, that is settled. */
  readFile(path: string, from?: string): Buffer | null;
  userlist(name: string): Userlist | null;
  /** Pages of an `http-errors` section, null when there is no such section. */
  httpErrors(name: string): readonly { readonly status: number; readonly file: string }[] | null;
  /** The stick table of that name, null when there is none. */
  table(name: string): TableSource | null;
  /** The file of facts about addresses; `from` as for `readFile`. */
  database(path: string, from: string): AddressDatabase | ExprError;
  /** What of tokens is taken. */
  readonly tokens: TokenRules;
  /** Keys that tokens are verified by; left out where nothing is evaluated. */
  readonly tokenKeys?: TokenKeys;
  /** `tune.stick-counters`. */
  readonly stickCounters: number;
  /** There is a `resolvers` section of that name. */
  hasResolvers(name: string): boolean;
  /** There is a ring of that name; left out where all has been checked. */
  hasRing?(name: string): boolean;
  /** The `log-profile` of that name, null when there is none. */
  logProfile(name: string): LogProfileConfig | null;
  /** Patterns that can be edited live, by the name that all threads know them by. */
  patterns(key: string, use: PatternUse, at: Location): PatternSource | ExprError;
}

type PatternKeys = ReturnType<typeof patternKeys>;

/** Rules of a proxy, compiled, and what is wrong with them. */
export interface CompiledRules {
  readonly frontend: FrontendRules | null;
  readonly backend: BackendRules | null;
  /** For `acl()` in what else is compiled for the proxy. */
  readonly acls: Acls;
  readonly problems: readonly Diagnostic[];
}

const FRONT_PLACE: Readonly<Record<RuleKind, number>> = {
  'tcp-request connection': place.tcpRequestConnection,
  'tcp-request session': place.tcpRequestSession,
  'tcp-request content': place.frontendTcpRequest,
  'http-request': place.frontendHttpRequest,
  'http-response': place.frontendHttpResponse,
  'http-after-response': place.frontendHttpResponse,
  'tcp-response content': place.frontendTcpResponse,
};
const BACK_PLACE: Readonly<Record<RuleKind, number>> = {
  'tcp-request connection': 0,
  'tcp-request session': 0,
  'tcp-request content': place.backendTcpRequest,
  'http-request': place.backendHttpRequest,
  'http-response': place.backendHttpResponse,
  'http-after-response': place.backendHttpResponse,
  'tcp-response content': place.backendTcpResponse,
};

/** Any of the places that expressions are evaluated in. */
const EVERYWHERE = 0x3fffff;

/** Compiles all rules of a proxy. Pure: the control thread does it to find errors, the traffic threads to work with the result. */
export function compileRules(config: ProxyConfig, around: RuleSurroundings, keys: PatternKeys): CompiledRules {
  return new RuleCompiler(config, around, keys).run();
}

/** Bytes of a unique ID, as in HAProxy: what is longer is cut. */
const UNIQUE_ID_MAX = 127;

/** Compiles the answer that an `http-error` line of a proxy describes; what is noticed of it goes to `problems`. */
export function compileErrorAnswer(
  config: ProxyConfig,
  around: RuleSurroundings,
  keys: PatternKeys,
  line: WordsAt,
  problems: Diagnostic[],
): ErrorAnswer | ExprError {
  return new RuleCompiler(config, around, keys).errorAnswer(line, problems);
}

/** The problems, each once: rules of a `listen` section are compiled for both of its sides. */
function once(problems: readonly Diagnostic[]): readonly Diagnostic[] {
  const told = new Map(problems.map((one) => [`${one.at?.file}:${one.at?.line} ${one.text}`, one]));
  return [...told.values()];
}

class RuleCompiler {
  readonly #config: ProxyConfig;
  readonly #around: RuleSurroundings;
  readonly #problems: Diagnostic[] = [];
  readonly #acls: Acls;
  readonly #keys: PatternKeys;
  readonly #bandwidth: ReadonlyMap<string, BandwidthFilter>;
  #slots: CaptureSlots | null = null;

  constructor(config: ProxyConfig, around: RuleSurroundings, keys: PatternKeys) {
    this.#keys = keys;
    this.#config = config;
    this.#around = around;
    const compiled = compileAcls(linesInBytes(config.acls), (at) => this.#bare(EVERYWHERE, at));
    this.#acls = compiled.acls;
    this.#problems.push(...compiled.problems.map((one) => ({ ...one, text: textOfBytes(one.text) })));
    this.#bandwidth = compileBandwidthFilters(config, ({ at }) => this.#expr(EVERYWHERE, at), this.#problems);
  }

  run(): CompiledRules {
    const { kind } = this.#config;
    this.#checkTcpLines();
    const frontend = kind === 'backend' ? null : this.#frontend();
    const backend = kind === 'frontend' ? null : this.#backend(frontend);
    return { frontend, backend, acls: this.#acls, problems: once(this.#problems) };
  }

  /** The answer of an `http-error` line. */
  errorAnswer({ words, at }: WordsAt, problems: Diagnostic[]): ErrorAnswer | ExprError {
    const side = this.#config.kind === 'backend' ? BACK_PLACE : FRONT_PLACE;
    const places = side['http-request'] | side['http-response'];
    const env = this.#ruleEnv('http-response', places, at, this.#config.name);
    const warn = (text: string) => problems.push({ severity: 'warning', at, text: textOfBytes(text) });
    return compileErrorReply(new Words(words, 0), { ...env, warn });
  }

  #frontend(): FrontendRules | null {
    const config = this.#config;
    const both = config.kind === 'listen';
    const set = (rules: RuleKind) =>
      this.#set(rules, both ? FRONT_PLACE[rules] | BACK_PLACE[rules] : FRONT_PLACE[rules]);
    this.#slots = captureSlots(config, this.#problems);
    const compiled: FrontendRules = {
      connection: set('tcp-request connection'),
      session: set('tcp-request session'),
      content: set('tcp-request content'),
      inspectDelay: this.#inspectDelay('tcp-request'),
      request: set('http-request'),
      response: set('http-response'),
      afterResponse: set('http-after-response'),
      switching: this.#switching(config.useBackend, 'use_backend', place.useBackend),
      forceSwitch: this.#tests(config.forceBeSwitch, place.useBackend),
      monitorFail: this.#tests(config.monitorFail, place.frontendHttpRequest),
      slots: null,
      captures: null,
      uniqueId: this.#uniqueId(),
      statsAdmin: this.#tests(config.stats?.admin ?? [], place.frontendHttpRequest),
      stats: this.#stats(place.frontendHttpRequest),
    };
    // Rules have added their places by now.
    const captures = compileCaptures(config, this.#slots);
    const slots = this.#slots.request.length + this.#slots.response.length > 0 ? this.#slots : null;
    const rules: FrontendRules = {
      ...compiled,
      slots,
      captures,
    };
    return Object.values(rules).every((value) => value === null || value === 0) ? null : rules;
  }

  /** `frontend`: the rules of the same section on requests, which run when another frontend has chosen it, too. */
  #backend(frontend: FrontendRules | null): BackendRules | null {
    const config = this.#config;
    const both = config.kind === 'listen';
    const set = (rules: RuleKind) =>
      this.#set(rules, both ? FRONT_PLACE[rules] | BACK_PLACE[rules] : BACK_PLACE[rules]);
    const rules: BackendRules = {
      content: both ? (frontend?.content ?? null) : set('tcp-request content'),
      inspectDelay: this.#inspectDelay('tcp-request'),
      responseContent: set('tcp-response content'),
      responseInspectDelay: this.#inspectDelay('tcp-response'),
      request: both ? (frontend?.request ?? null) : set('http-request'),
      response: set('http-response'),
      afterResponse: set('http-after-response'),
      balanceKey: this.#balanceKey(),
      stick: this.#stick(false),
      stickResponse: this.#stick(true),
      useServer: this.#switching(config.useServer, 'use-server', place.useServer),
      forcePersist: this.#tests(config.forcePersist, place.backendHttpRequest),
      ignorePersist: this.#tests(config.ignorePersist, place.backendHttpRequest),
      statsAdmin: this.#tests(config.stats?.admin ?? [], place.backendHttpRequest),
      stats: this.#stats(place.backendHttpRequest),
    };
    return Object.values(rules).every((value) => value === null || value === 0) ? null : rules;
  }

  #expr(places: number, at: Location): CompileEnv {
    return withAcls(this.#bare(places, at), this.#acls);
  }

  #bare(places: number, at: Location): CompileEnv {
    return exprEnv(this.#around, this.#keys, { proxy: this.#config.name, places, at });
  }

  #ruleEnv(kind: RuleKind, places: number, at: Location, proxy: string): RuleEnv {
    const { hasResolvers, logProfile, readFile, httpErrors, stickCounters } = this.#around;
    return {
      ...{ kind, at, proxy, hasResolvers, logProfile, stickCounters },
      ...{ acls: this.#acls, expr: this.#expr(places, at), slots: this.#slots, bandwidth: this.#bandwidth },
      ...{ proxyKind: this.#config.kind, http: this.#config.mode === 'http' },
      readFile: (path) => readFile(textOfBytes(path), at.file),
      readPage: (path) => readPage(path, readFile(textOfBytes(path), at.file)),
      errorPages: (section) => sectionPages(httpErrors(section), readFile),
      warn: (text) => this.#problems.push({ severity: 'warning', at, text: textOfBytes(text) }),
    };
  }

  /** All rules of one kind, in order. */
  #set(kind: RuleKind, places: number): readonly Rule[] | null {
    const space = kind.indexOf(' ');
    const keyword = (space < 0 ? kind : kind.slice(0, space)) as keyof ProxyConfig['rules'];
    const sub = space < 0 ? null : kind.slice(space + 1);
    const rules: Rule[] = [];
    let hints: Rule | null = null;
    for (const { words, at } of this.#config.rules[keyword]) {
      if (sub !== null && words[0] !== sub) continue;
      const rule = this.#rule(
        new Words(words, sub === null ? 0 : 1),
        this.#ruleEnv(kind, places, at, this.#config.name),
      );
      if (rule === null) continue;
      // Only such without a condition share a response.
      if (hints !== null && (words[0] !== 'early-hint' || hints.condition !== null || rule.condition !== null))
        rules.push(sendHints(hints.at));
      rules.push(rule);
      hints = words[0] === 'early-hint' ? rule : null;
    }
    if (hints !== null) rules.push(sendHints(hints.at));
    if (kind === 'http-request') rules.push(...this.#redirects(places));
    return rules.length === 0 ? null : rules;
  }

  /** `redirect` lines. */
  #redirects(places: number): Rule[] {
    return this.#config.redirects.flatMap(({ words, at }) => {
      const rule = this.#rule(new Words(words, 0), this.#ruleEnv('http-request', places, at, this.#config.name));
      return rule === null ? [] : [{ ...rule, always: true as const }];
    });
  }

  /** `stats http-request {allow|deny|auth [realm <realm>]}`. */
  #stats(places: number): readonly Rule[] | null {
    const { stats, name } = this.#config;
    const rules: Rule[] = [];
    for (const { words, at } of stats?.httpRequest ?? []) {
      if (!['allow', 'deny', 'auth'].includes(words[0] ?? '')) {
        this.#alert(at, `'stats http-request' expects 'allow', 'deny' or 'auth', but got '${words[0] ?? ''}'.`);
        continue;
      }
      const realm = stats!.realm === '' ? name : stats!.realm;
      const rule = this.#rule(new Words(words, 0), this.#ruleEnv('http-request', places, at, realm));
      if (rule !== null) rules.push(rule);
    }
    return rules.length === 0 ? null : rules;
  }

  /** Lines of `tcp-request` and `tcp-response` that are none of their rules. */
  #checkTcpLines(): void {
    const known = {
      'tcp-request': ['connection', 'session', 'content', 'inspect-delay'],
      'tcp-response': ['content', 'inspect-delay'],
    } as const;
    for (const keyword of ['tcp-request', 'tcp-response'] as const) {
      for (const { words, at } of this.#config.rules[keyword]) {
        const word = words[0] ?? '';
        if (!(known[keyword] as readonly string[]).includes(word))
          this.#alert(at, `'${keyword}' expects ${known[keyword].map((k) => `'${k}'`).join(', ')}, but got '${word}'.`);
        else if (word === 'inspect-delay' && !(DELAY.test(words[1] ?? '') && delayOf(words[1]!) <= LONGEST_DELAY))
          this.#alert(
            at,
            `'${keyword} inspect-delay' expects a positive delay in milliseconds, got '${words[1] ?? ''}'.`,
          );
      }
    }
  }

  #rule(words: Words, env: RuleEnv): Rule | null {
    const { kind } = this.#config;
    const name = words.take() ?? '';
    const row = findAction(env.kind, name);
    const where = `error detected in ${kind === 'listen' ? 'proxy' : kind} '${this.#config.name}' while parsing '${env.kind} ${name}' rule`;
    if (row === null) {
      const known = actionNames(env.kind)
        .map((action) => `'${action}'`)
        .join(', ');
      this.#alert(env.at, `'${env.kind}' expects ${known}, but got '${name}'.`);
      return null;
    }
    const run = 'error' in row ? row : row.compile(words, env, name);
    if ('error' in run) {
      this.#alert(env.at, `${where} : ${run.error}.`);
      return null;
    }
    const condition = this.#condition(words.left, env, where);
    if (condition === undefined) return null;
    const { at } = env;
    if (condition === null) return { at, condition, decide: null, run };
    return { at, condition: (ctx) => condition.test(ctx), decide: condition.decide, run };
  }

  /** Test of what is left of a rule; null without a condition, undefined when it is wrong. */
  #condition(
    words: readonly string[],
    env: { readonly expr: CompileEnv; readonly at: Location },
    where: string,
  ): Condition | null | undefined {
    if (words.length === 0) return null;
    const condition = compileCondition(words, this.#acls, env.expr);
    if ('error' in condition) {
      this.#alert(env.at, `${where} : ${condition.error}.`);
      return undefined;
    }
    for (const text of condition.warnings)
      this.#problems.push({ severity: 'warning', at: env.at, text: textOfBytes(text) });
    return condition;
  }

  #switching(lines: readonly WordsAt[], keyword: string, places: number): readonly SwitchingRule[] | null {
    const rules: SwitchingRule[] = [];
    for (const { words, at } of linesInBytes(lines)) {
      const expr = this.#expr(places, at);
      const where = `error detected while parsing switching rule`;
      const name = compileLogFormat(words[0] ?? '', expr);
      if ('error' in name) {
        this.#alert(at, `'${keyword}' : ${name.error}.`);
        continue;
      }
      const condition = this.#condition(words.slice(1), { expr, at }, where);
      if (condition === undefined) continue;
      const { constant } = name;
      const test = condition === null ? null : (ctx: ExprContext) => condition.test(ctx);
      rules.push({ condition: test, name: constant === null ? (ctx) => name.format(ctx) : () => constant });
    }
    return rules.length === 0 ? null : rules;
  }

  /** `stick` rules: those on requests, or those on responses. */
  #balanceKey(): Compiled | null {
    const { balance, at, name, kind } = this.#config;
    if (balance.algorithm !== 'hash') return null;
    const source = balance.args.join(' ');
    const env = this.#expr(place.useServer, balance.at ?? at);
    const compiled = compileWhole(bytesOf(source), env);
    const problem = 'error' in compiled ? compiled : checkAvailable(compiled, env, bytesOf(source));
    if (problem === null && !('error' in compiled)) return compiled;
    const owner = kind === 'listen' ? 'proxy' : kind;
    this.#alert(
      balance.at ?? at,
      `${owner} '${name}': failed to parse 'balance hash' expression '${bytesOf(source)}': ${problem!.error}.`,
    );
    return null;
  }

  #stick(response: boolean): BackendRules['stick'] {
    const { stickRules, name } = this.#config;
    const places = response ? place.stickStore : place.useServer;
    return compileStickRules(linesInBytes(stickRules), response, name, {
      expr: (at) => this.#expr(places, at),
      alert: (at, text) => this.#alert(at, text),
      condition: (words, at) => {
        const env = { expr: this.#expr(places, at), at };
        const condition = this.#condition(words, env, 'error detected while parsing sticking rule');
        return condition === null || condition === undefined ? condition : (ctx) => condition.test(ctx);
      },
    });
  }

  #tests(lines: readonly WordsAt[], places: number): readonly Test[] | null {
    const tests: Test[] = [];
    for (const { words, at } of linesInBytes(lines)) {
      const condition = this.#condition(
        words,
        { expr: this.#expr(places, at), at },
        'error detected while parsing condition',
      );
      if (condition !== undefined && condition !== null) tests.push((ctx) => condition.test(ctx));
    }
    return tests.length === 0 ? null : tests;
  }

  #inspectDelay(keyword: 'tcp-request' | 'tcp-response'): number {
    const line = this.#config.rules[keyword].findLast(({ words }) => words[0] === 'inspect-delay');
    return line === undefined ? 0 : delayOf(line.words[1] ?? '');
  }

  #uniqueId(): FrontendRules['uniqueId'] {
    const { uniqueIdFormat } = this.#config;
    if (uniqueIdFormat === null) return null;
    const format = compileLogFormat(
      bytesOf(uniqueIdFormat.words[0] ?? ''),
      this.#expr(place.frontendHttpRequest, uniqueIdFormat.at),
      { merged: true },
    );
    if ('error' in format) {
      this.#alert(uniqueIdFormat.at, `failed to parse unique-id : ${format.error}.`);
      return null;
    }
    return (ctx) => format.format(ctx).slice(0, UNIQUE_ID_MAX);
  }

  #alert(at: Location, text: string): void {
    this.#problems.push({ severity: 'alert', at, text: textOfBytes(text) });
  }
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** ms. */
const LONGEST_DELAY = 2_147_483_647;

const DELAY = /^(\d+)(us|ms|s|m|h|d)?$/;

/** A delay as configurations write it, ms. */
function delayOf(text: string): number {
  const match = DELAY.exec(text);
  return match === null ? 0 : Number(match[1]) * UNITS[match[2] ?? 'ms']!;
}
