import type { Change, ChangeKind } from '../change/change.ts';
import type { Guard } from './guards/guard.ts';
import type { Kind } from './kinds.ts';
import type { TargetState } from './state.ts';
import type { Target } from './target.ts';

/** A word of the command line behind the operation's name. */
export interface Parameter<T = unknown> {
  readonly kind: Kind<T>;
  readonly about: string;
  /** May be left out; only behind those that may not. */
  readonly optional?: boolean;
  /** One or more of them; only the last one. */
  readonly many?: boolean;
}

/** A `--name VALUE`, or a flag when `kind` is null. */
export interface Option<T = unknown> {
  readonly kind: Kind<T> | null;
  readonly about: string;
  /** May be given several times; its value is a list then. */
  readonly many?: boolean;
}

/** Values of an operation's parameters and options, by name in camel case. */
export type Values = Readonly<Record<string, unknown>>;

/** Everything that is said about an operation, and how it is done. */
export interface Operation {
  /** One or two words: `drain`, `frontend disable`. */
  readonly name: string;
  readonly group: Group;
  /** What it does, half a line. */
  readonly summary: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly options: Readonly<Record<string, Option>>;
  /** `reads`: changes nothing. `dangerous`: asks first. */
  readonly danger: 'reads' | 'changes' | 'dangerous';
  /** Done on all load balancers of a fleet at once, each for itself; else in waves. */
  readonly together?: true;
  readonly guards: readonly Guard[];
  /** Kinds of Changes that its steps make; none where files, or an earlier operation, say which. */
  readonly makes: readonly ChangeKind[];
  /** What takes it back. */
  readonly inverse: string;
  /** Paragraphs for help and reference. */
  readonly about: readonly string[];
  readonly examples: readonly Example[];
  /** Page of docs/ that tells the task. */
  readonly page: string | null;
  /** How an operation that changes something is done. Touches nothing. */
  plan(values: Values, situation: Situation): Plan | Promise<Plan>;
  /** What an operation that reads says; `plan` of such is empty. */
  show: ((values: Values, situation: Situation) => View | Promise<View>) | null;
}

export type Group =
  | 'servers'
  | 'traffic'
  | 'frontends'
  | 'sessions'
  | 'patterns'
  | 'certificates'
  | 'configuration'
  | 'looking'
  | 'journal';

export interface Example {
  readonly command: string;
  readonly about: string;
}

/** What an operation is planned on. */
export interface Situation {
  readonly target: Target;
  readonly state: TargetState;
}

/** What is to be done, in order. */
export interface Plan {
  readonly steps: readonly Step[];
  /** What operators should know before it is done. */
  readonly notes?: readonly string[];
}

export type Step = ChangeStep | WaitStep | PauseStep | CheckStep | LedgerStep | ActStep;

/** Changes that are made together or not at all. */
export interface ChangeStep {
  readonly do: 'change';
  readonly changes: readonly Change[];
}

/** Waits until `probe` says that it is done. */
export interface WaitStep {
  readonly do: 'wait';
  /** `until be_app/app1 has no sessions`. */
  readonly what: string;
  /** How the step ended when it is done: `drained`. */
  readonly done: string;
  /** ms. */
  readonly timeout: number;
  /** At the timeout: leave everything as it is, take the operation back, or do the steps that follow. */
  readonly atTimeout: 'stay' | 'revert' | 'go-on';
  probe(state: TargetState): Progress;
}

/** How far a wait has come. */
export interface Progress {
  readonly done: boolean;
  /** What is left, for people: `3 sessions on be_app/app1`. */
  readonly left: string;
  /** Sessions, servers: what `left` counts. */
  readonly count: number;
  /** Why it will never be done: somebody else took a hand. */
  readonly overtaken: string | null;
}

export interface PauseStep {
  readonly do: 'pause';
  /** ms. */
  readonly time: number;
}

/** Looks whether it goes well; when not, the operation stops and takes back what it did. */
export interface CheckStep {
  readonly do: 'check';
  readonly what: string;
  /** Called twice: with the state at the end of the last change, and now. What is wrong, or what was seen. */
  verdict(before: TargetState, now: TargetState): Verdict | Promise<Verdict>;
}

/** Something else than a Change: a file that is written, a program that is run. */
export interface ActStep {
  readonly do: 'act';
  /** `write /etc/haproxy/haproxy.cfg`. */
  readonly what: string;
  /** Does it; resolves with what came of it, for people. Throws OperationError. */
  perform(around: { readonly signal: AbortSignal; note(text: string): void }): Promise<string>;
  /** Changes that it comes to, as far as that is known: guards judge them. */
  readonly comesTo?: readonly Change[];
  /** Puts it back when a later step cannot be taken; resolves with what came of that. */
  back?(): Promise<string>;
}

/** What a check saw. */
export interface Verdict {
  readonly ok: boolean;
  readonly text: string;
}

/** What the journal does. It is the last step. */
export interface LedgerStep {
  readonly do: 'undo' | 'confirm' | 'approve';
  readonly operation: string;
}

/** An answer to read: records for programs, and how people see them. */
export interface View {
  /** One NDJSON line each. */
  readonly records: readonly Readonly<Record<string, unknown>>[];
  /** Lines for people; plain text. */
  readonly lines: readonly string[];
}

type ValueOf<P> = P extends { readonly kind: Kind<infer T>; readonly many: true }
  ? readonly T[]
  : P extends { readonly kind: Kind<infer T>; readonly optional: true }
    ? T | null
    : P extends { readonly kind: Kind<infer T> }
      ? T
      : never;

type OptionValueOf<O> = O extends { readonly kind: Kind<infer T> } ? T | null : boolean;

/** `at-timeout` -> `atTimeout`. */
type Camel<S> = S extends `${infer A}-${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S;

type ValuesOf<P, O> = { readonly [K in keyof P as Camel<K>]: ValueOf<P[K]> } & {
  readonly [K in keyof O as Camel<K>]: OptionValueOf<O[K]>;
};

/** What definitions of both sorts have. */
interface Common<P, O> {
  readonly name: string;
  readonly group: Group;
  readonly summary: string;
  readonly parameters: P;
  readonly options: O;
  readonly about: readonly string[];
  readonly examples: readonly Example[];
  readonly page: string | null;
}

type Definition<P, O> = Common<P, O> & {
  readonly danger: 'changes' | 'dangerous';
  readonly together?: true;
  readonly guards: readonly Guard[];
  readonly makes: readonly ChangeKind[];
  readonly inverse: string;
  plan(values: ValuesOf<P, O>, situation: Situation): Plan | Promise<Plan>;
};

type ReadingDefinition<P, O> = Common<P, O> & {
  show(values: ValuesOf<P, O>, situation: Situation): View | Promise<View>;
};

type Parameters = Readonly<Record<string, Parameter>>;
type Options = Readonly<Record<string, Option>>;

/** An operation that changes something; the types of `values` follow from parameters and options. */
export function changing<const P extends Parameters, const O extends Options>(definition: Definition<P, O>): Operation {
  // The parser makes the values from the same parameters and options.
  return { ...definition, plan: definition.plan as Operation['plan'], show: null };
}

/** An operation that only reads. */
export function reading<const P extends Parameters, const O extends Options>(
  definition: ReadingDefinition<P, O>,
): Operation {
  return {
    ...definition,
    danger: 'reads',
    guards: [],
    makes: [],
    inverse: 'changes nothing',
    plan: () => ({ steps: [] }),
    show: definition.show as NonNullable<Operation['show']>,
  };
}
