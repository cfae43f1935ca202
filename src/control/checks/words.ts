import { bytesOf } from '../../config/bytes.ts';
import type { WordsAt } from '../../config/types.ts';
import { type Compiled, compileExpression } from '../../expr/compile.ts';
import { compileLogFormat, type LogFormat } from '../../expr/log/format.ts';
import { type CompileEnv, place } from '../../expr/row.ts';
import { isError } from '../../expr/sample.ts';

/** Why a rule cannot be compiled: text in HAProxy's words. */
export class RuleError extends Error {}

/** The stick tables that expressions of health checks may name. */
export type CheckTables = NonNullable<CompileEnv['table']>;

/** Where the expressions of the health check of a proxy stand. */
export function checkEnv(proxy: string, table: CheckTables): CompileEnv {
  return { places: place.tcpCheck, proxy, table };
}

/** The words of one rule, read from left to right. */
export class RuleWords {
  readonly rule: WordsAt;
  readonly env: CompileEnv;
  /** `tcp-check expect`: what messages about it begin with. */
  readonly title: string;
  #at = 2;

  constructor(rule: WordsAt, env: CompileEnv) {
    this.rule = { ...rule, words: rule.words.map(bytesOf) };
    this.env = env;
    this.title = rule.words.slice(0, 2).join(' ');
  }

  /** The next word without taking it, '' at the end. */
  get peek(): string {
    return this.rule.words[this.#at] ?? '';
  }

  get done(): boolean {
    return this.#at >= this.rule.words.length;
  }

  next(): string {
    return this.rule.words[this.#at++] ?? '';
  }

  /** The argument of the option that was just taken; `what` says what is missing when there is none. */
  argument(option: string, what = 'a string as argument'): string {
    if (this.done) throw new RuleError(`'${option}' expects ${what}.`);
    return this.next();
  }

  /** The argument of an option as a log-format. */
  format(option: string, what = 'a string as argument'): LogFormat {
    return this.compileFormat(option, this.argument(option, what));
  }

  compileFormat(option: string, text: string): LogFormat {
    const format = compileLogFormat(text, this.env);
    if (isError(format)) throw new RuleError(`'${option}' invalid log-format string (${format.error}).`);
    return format;
  }

  /** The expression that begins at the next word. */
  expression(option: string): Compiled {
    const parsed = compileExpression(this.rule.words.slice(this.#at), this.env);
    if (isError(parsed)) throw new RuleError(`error detected while parsing ${option} expression : ${parsed.error}`);
    this.#at += parsed.next;
    return parsed.compiled;
  }
}

/** A text that needs no stream: a log-format that gives always the same. */
export function fixed(text: string): LogFormat {
  return { constant: text, format: () => text };
}

/** Bytes written as hexadecimal digits, as latin1; `option` is who wrote them. */
export function parseHex(option: string, digits: string): string {
  if (digits.length % 2 !== 0)
    throw new RuleError(`'${option}' invalid binary string (an even number of hex digit is expected).`);
  if (!/^[0-9a-fA-F]*$/.test(digits)) {
    throw new RuleError(
      `'${option}' invalid binary string (an hex digit is expected (found '${/[^0-9a-fA-F]/.exec(digits)![0]}')).`,
    );
  }
  return Buffer.from(digits, 'hex').toString('latin1');
}
