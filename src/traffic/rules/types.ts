import { bytesOf } from '../../config/bytes.ts';
import type { Location, LogProfileConfig, ProxyConfig } from '../../config/types.ts';
import type { Decide } from '../../expr/acl/acl.ts';
import type { Acls } from '../../expr/acl/condition.ts';
import type { Compiled } from '../../expr/compile.ts';
import type { CompileEnv } from '../../expr/row.ts';
import type { ExprError } from '../../expr/sample.ts';
import type { ExprContext } from '../../expr/types.ts';
import type { LocalResponse } from '../error-pages.ts';
import type { Stream } from '../stream.ts';
import type { BandwidthFilter } from './bandwidth.ts';
import type { CaptureSlots, Captures } from './captures.ts';
import type { StickRule } from './stick.ts';

/** What a rule says about going on. */
export const Verdict = {
  /** Next rule. */
  next: 0,
  /** No further rule of this set (`allow`, `accept`). */
  stop: 1,
  /** The exchange is answered or ended; nothing more happens to it. */
  done: 2,
  /** The rule waits; `stream.continueRules()` goes on with the next one. */
  wait: 3,
  /** Content inspection: it depends on data that may still come. */
  more: 4,
} as const;

/** Does what a rule is for; returns a Verdict. */
export type Run = (stream: Stream) => number;

/** Whether a condition holds. */
export type Test = (ctx: ExprContext) => boolean;

/** A compiled rule. */
export interface Rule {
  /** Where it stands. */
  readonly at: Location;
  readonly condition: Test | null;
  /** The same condition, three-valued: for content inspection. */
  readonly decide: Decide | null;
  readonly run: Run;
  /** It is evaluated also behind a rule that ends its set (`redirect` lines). */
  readonly always?: true;
}

/** The sets of rules that actions may stand in, by what introduces them. */
export type RuleKind =
  | 'http-request'
  | 'http-response'
  | 'http-after-response'
  | 'tcp-request connection'
  | 'tcp-request session'
  | 'tcp-request content'
  | 'tcp-response content';

/** The words of a rule as bytes, read from left to right. */
export class Words {
  readonly words: readonly string[];
  at: number;

  constructor(words: readonly string[], at: number) {
    this.words = words.map(bytesOf);
    this.at = at;
  }

  /** The next word, without taking it; undefined at the end and before the condition. */
  peek(): string | undefined {
    const word = this.words[this.at];
    return word === 'if' || word === 'unless' ? undefined : word;
  }

  /** Takes the next word, whatever it is. */
  take(): string | undefined {
    return this.words[this.at++];
  }

  /** Takes the next word when it is `word`. */
  skip(word: string): boolean {
    if (this.words[this.at] !== word) return false;
    this.at++;
    return true;
  }

  get left(): readonly string[] {
    return this.words.slice(this.at);
  }
}

/** What compiling a rule needs to know. */
export interface RuleEnv {
  readonly kind: RuleKind;
  readonly acls: Acls;
  readonly expr: CompileEnv;
  readonly at: Location;
  /** Places of captures in the log: rules of frontends may add to them; null in backends. */
  readonly slots: CaptureSlots | null;
  /** Name of the proxy. */
  readonly proxy: string;
  readonly proxyKind: ProxyConfig['kind'];
  readonly http: boolean;
  /** Limits of bandwidth that rules of the proxy may set. */
  readonly bandwidth: ReadonlyMap<string, BandwidthFilter>;
  /** Reads a file named by a rule; null when it cannot be read. */
  readFile(path: string): Buffer | null;
  /** The page in a file (`errorfile`), or why there is none. */
  readPage(path: string): LocalResponse | ExprError;
  /** The pages of an `http-errors` section by status, null when there is no such section. */
  errorPages(section: string): ReadonlyMap<number, LocalResponse> | null;
  /** Counters of a stream that can track entries of stick tables. */
  readonly stickCounters: number;
  /** There is a `resolvers` section of that name. */
  hasResolvers(name: string): boolean;
  /** The `log-profile` of that name, null when there is none. */
  logProfile(name: string): LogProfileConfig | null;
  /** Notes a warning about the line. */
  warn(text: string): void;
}

/** A row of the table of actions. */
export interface ActionRow {
  readonly name: string;
  /** An argument in parentheses follows the name (`set-map(file)`). */
  readonly prefix?: true;
  /** Accepted without effect. */
  readonly inert?: true;
  readonly kinds: readonly RuleKind[];
  /** Takes the action's arguments from `words` and compiles it. `action`: its word, with what is in parentheses. */
  compile(words: Words, env: RuleEnv, action: string): Run | ExprError;
}

/** Chooses a backend or server by name: fixed, or made by a log-format. */
export interface SwitchingRule {
  readonly condition: Test | null;
  readonly name: (ctx: ExprContext) => string;
}

/** Compiled rules of a frontend; null where there are none. */
export interface FrontendRules {
  readonly connection: readonly Rule[] | null;
  readonly session: readonly Rule[] | null;
  readonly content: readonly Rule[] | null;
  readonly inspectDelay: number;
  readonly request: readonly Rule[] | null;
  readonly response: readonly Rule[] | null;
  readonly afterResponse: readonly Rule[] | null;
  readonly switching: readonly SwitchingRule[] | null;
  readonly forceSwitch: readonly Test[] | null;
  readonly monitorFail: readonly Test[] | null;
  readonly slots: CaptureSlots | null;
  readonly captures: Captures | null;
  readonly uniqueId: ((ctx: ExprContext) => string) | null;
  readonly statsAdmin: readonly Test[] | null;
  /** `stats http-request`. */
  readonly stats: readonly Rule[] | null;
}

/** Compiled rules of a backend. */
export interface BackendRules {
  readonly content: readonly Rule[] | null;
  readonly inspectDelay: number;
  readonly responseContent: readonly Rule[] | null;
  readonly responseInspectDelay: number;
  readonly request: readonly Rule[] | null;
  readonly response: readonly Rule[] | null;
  readonly afterResponse: readonly Rule[] | null;
  readonly useServer: readonly SwitchingRule[] | null;
  /** The expression of `balance hash`. */
  readonly balanceKey: Compiled | null;
  /** `stick on|match|store-request`, and `stick store-response`. */
  readonly stick: readonly StickRule[] | null;
  readonly stickResponse: readonly StickRule[] | null;
  readonly forcePersist: readonly Test[] | null;
  readonly ignorePersist: readonly Test[] | null;
  readonly statsAdmin: readonly Test[] | null;
  /** `stats http-request`. */
  readonly stats: readonly Rule[] | null;
}
