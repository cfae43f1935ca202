import type { Address } from '../../config/types.ts';
import type { Compiled } from '../../expr/compile.ts';
import type { LogFormat } from '../../expr/log/format.ts';
import type { ExprContext } from '../../expr/types.ts';
import type { CheckStatusName } from '../../model/server.ts';

/** A health check compiled: what is done, step by step, on one connection or several. */
export interface Program {
  /** Which texts results carry: HTTP ones, those of `tcp-check` rules with their step numbers, or those of a canned protocol. */
  readonly flavour: 'plain' | 'http' | 'tcp-check' | 'canned';
  /** Begins with a connect. */
  readonly steps: readonly Step[];
  /** `http-check disable-on-404`. */
  readonly disableOn404: boolean;
}

interface StepBase {
  /** Position among the rules as written, from 1; 0 for the implicit first connect. */
  readonly number: number;
  readonly comment: string | null;
}

/** Opens a connection; one that is open is closed before. */
export interface ConnectStep extends StepBase {
  readonly kind: 'connect';
  /** Not written by the user: its success is told without `(tcp-check)`. */
  readonly implicit: boolean;
  /** Takes the options of the server's own check: `check-send-proxy` and the like. */
  readonly useDefaults: boolean;
  /** null: the port of the check, else of the server. */
  readonly port: number | Compiled | null;
  readonly addr: Address | null;
  readonly sendProxy: boolean;
  /** Through the server's SOCKS4 proxy. */
  readonly viaSocks4: boolean;
  /** TLS is spoken, whatever the server's options say; the name that is asked for, the protocols that are offered, the one that is spoken. */
  readonly ssl: boolean;
  readonly sni: string | null;
  readonly alpn: readonly string[] | null;
  readonly proto: 'h1' | 'h2' | null;
  /** Closed with a FIN instead of a RST. */
  readonly linger: boolean;
}

/** Sends bytes (latin1). */
export interface SendStep extends StepBase {
  readonly kind: 'send';
  readonly data: LogFormat;
  /** The text is hexadecimal digits that stand for the bytes to send. */
  readonly hex: boolean;
}

/** Sends an HTTP request. */
export interface HttpSendStep extends StepBase {
  readonly kind: 'http-send';
  readonly method: string;
  readonly uri: LogFormat;
  readonly version: string;
  readonly headers: readonly (readonly [string, LogFormat])[];
  readonly body: LogFormat | null;
  /** Adds `X-Haproxy-Server-State`. */
  readonly sendState: boolean;
}

/** Sets or unsets a variable. */
export interface VarStep extends StepBase {
  readonly kind: 'var';
  readonly scope: 'check' | 'proc';
  readonly name: string;
  /** null unsets it. */
  readonly value: Compiled | LogFormat | null;
}

/** What an expect step looks at, and how it compares. `label` is how a timeout names it. */
export type Pattern =
  | { readonly on: 'text'; readonly type: 'string' | 'binary'; readonly bytes: string }
  | { readonly on: 'text'; readonly type: 'string-lf' | 'binary-lf'; readonly format: LogFormat }
  | { readonly on: 'text'; readonly type: 'regex' | 'regex-binary'; readonly regex: RegExp }
  | { readonly on: 'status'; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly on: 'status-text'; readonly regex: RegExp }
  | {
      readonly on: 'header';
      readonly full: boolean;
      readonly name: HeaderPattern;
      readonly value: HeaderPattern | null;
    }
  /** A protocol that a pattern cannot describe: judges all that came so far. */
  | { readonly on: 'custom'; readonly judge: (received: Buffer, ended: boolean) => Verdict };

/** A header's name or value: fixed, or made when the check runs. */
export interface HeaderPattern {
  readonly method: 'str' | 'beg' | 'end' | 'sub' | 'reg';
  readonly text: LogFormat | null;
  readonly regex: RegExp | null;
}

/** What a custom expectation thinks of the bytes: more are needed, they are right, or the check ends with this result. */
export type Verdict = 'wait' | 'ok' | CheckEnd;

/** How a check ended. */
export interface CheckEnd {
  readonly status: CheckStatusName;
  readonly description: string;
  /** HTTP status, exit code, ...; null = none. */
  readonly code: number | null;
}

/** Waits for an answer and judges it. */
export interface ExpectStep extends StepBase {
  readonly kind: 'expect';
  readonly pattern: Pattern;
  readonly inverse: boolean;
  /** Bytes to wait for before a mismatch counts; -1: a mismatch counts only at the end of the answer. */
  readonly minRecv: number;
  readonly okStatus: CheckStatusName | null;
  readonly errorStatus: CheckStatusName | null;
  readonly timeoutStatus: CheckStatusName | null;
  readonly onSuccess: LogFormat | null;
  readonly onError: LogFormat | null;
  /** The code to report, instead of the protocol's own. */
  readonly statusCode: ((ctx: ExprContext) => number) | null;
  /** Text of success where the user gave none (canned protocols). */
  readonly okText: string;
}

export type Step = ConnectStep | SendStep | HttpSendStep | VarStep | ExpectStep;
