import type { ExprContext } from '../../expr/types.ts';
import type { Stream } from '../stream.ts';

/** What a rule says about going on. */
export const Verdict = {
  /** Next rule. */
  next: 0,
  /** No further rule of this set (`allow`). */
  stop: 1,
  /** The exchange is answered or ended; nothing more happens to it. */
  done: 2,
  /** The rule waits; `stream.resumeRules()` goes on with the next one. */
  wait: 3,
} as const;

/** A compiled rule. */
export interface Rule {
  readonly condition: ((ctx: ExprContext) => boolean) | null;
  /** Runs it; returns a Verdict. */
  run(stream: Stream): number;
}

/** Chooses a backend by name: fixed, or from a log-format. */
export interface SwitchingRule {
  readonly condition: ((ctx: ExprContext) => boolean) | null;
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
  readonly monitorFail: readonly ((ctx: ExprContext) => boolean)[] | null;
  /** `capture request|response header|cookie`: take them at their time. */
  readonly captureRequest: ((stream: Stream) => void) | null;
  readonly captureResponse: ((stream: Stream) => void) | null;
  readonly uniqueId: ((ctx: ExprContext) => string) | null;
}

/** Compiled rules of a backend. */
export interface BackendRules {
  readonly content: readonly Rule[] | null;
  readonly inspectDelay: number;
  readonly responseContent: readonly Rule[] | null;
  readonly request: readonly Rule[] | null;
  readonly response: readonly Rule[] | null;
  readonly afterResponse: readonly Rule[] | null;
  /** `use-server`. */
  readonly useServer: readonly SwitchingRule[] | null;
  readonly forcePersist: readonly ((ctx: ExprContext) => boolean)[] | null;
  readonly ignorePersist: readonly ((ctx: ExprContext) => boolean)[] | null;
}
