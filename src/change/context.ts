import type { ServerStates } from '../control/servers/server-states.ts';
import type { TrafficSwitch } from '../control/switch.ts';
import type { Health, Logs, Resolvers } from '../control/types.ts';
import type { ProxyView } from '../model/messages.ts';
import type { Model } from '../model/model.ts';
import type { Proxy } from '../model/proxy.ts';
import type { Change, Origin, Outcome } from './change.ts';
import type { Journal } from './journal/journal.ts';
import type { Keeper } from './journal/keeper.ts';
import type { Gate } from './policy/gate.ts';
import type { Standing } from './standing.ts';

/** What Changes work on. Assembled by the control thread. */
export interface ChangeContext {
  readonly model: Model;
  readonly traffic: TrafficSwitch;
  readonly states: ServerStates;
  readonly health: Health;
  readonly resolvers: Resolvers;
  readonly logs: Logs;
  readonly journal: Journal;
  /** Changes are made although they cannot be recorded (`--journal-trouble go-on`); else they are refused then. */
  readonly goOn: boolean;
  readonly standing: Standing;
  /** Keys in what stands are kept by it, beside the journal. */
  readonly keeper: Keeper;
  /** What people may do, where a policy says so. */
  gate(): Gate | null;
  /** Why this process makes no Changes any more, for operators; null while it does. */
  retired(): string | null;
  readonly hooks: ChangeHooks;
}

/** What only the assembled control thread can do. */
export interface ChangeHooks {
  /** Reads the configuration files again and applies the differences; may apply Changes itself. */
  reload(origin: Origin): Promise<{ readonly ok: boolean; readonly text: string }>;
  /** The view of a proxy that the traffic threads get. */
  proxyView(proxy: Proxy): ProxyView;
}

/** A reason why a Change cannot be made: the operator's answer, with its syslog severity. */
export interface Problem {
  readonly severity: number;
  readonly text: string;
}

/** What validation found. A Change with problems is not applied; warnings do not hinder it. */
export interface Verdict {
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

/** What a Change would do, for people. */
export interface Preview {
  readonly before: string;
  readonly after: string;
}

/** How one kind of Change is checked, shown and made. `validate` and `preview` touch nothing. */
export interface Row<C extends Change> {
  /** The first problem, or null. */
  validate(change: C, ctx: ChangeContext): Problem | null;
  /** What operators should know although it does not hinder. */
  warnings?(change: C, ctx: ChangeContext): readonly string[];
  /** Called only for Changes without problems. */
  preview(change: C, ctx: ChangeContext): Preview;
  /** Called only for Changes without problems. */
  apply(change: C, ctx: ChangeContext, origin: Origin): Outcome | Promise<Outcome>;
  /** What `apply` leaves in the model, where its effects go beyond model, threads, checks and resolvers. */
  rehearse?(change: C, ctx: ChangeContext): void;
  /** An action that nothing is left of in the model: there is nothing to take back. */
  readonly oneShot?: true;
}

const ERR = 3;
const INFO = 6;

/** A problem at the severity that HAProxy gives failures, unless another is named. */
export function problem(text: string, severity: number = ERR): Problem {
  return { severity, text };
}

/** Success: `text` is the answer, often none. */
export function done(inverse: Change | null, text = '', severity: number = INFO): Outcome {
  return { ok: true, severity, text, inverse };
}

/** Failure. */
export function failed(found: Problem): Outcome {
  return { ok: false, severity: found.severity, text: found.text, inverse: null };
}
