import type { Location, WordsAt } from '../../config/types.ts';
import { checkAvailable, compileExpression } from '../../expr/compile.ts';
import type { CompileEnv } from '../../expr/row.ts';
import { KEY_SAMPLES } from '../../expr/tables.ts';
import type { SampleValue } from '../../expr/types.ts';
import type { StickTable } from '../../model/tables/table.ts';
import type { Stream } from '../stream.ts';
import type { Test } from './types.ts';

/** A compiled `stick` rule. */
export interface StickRule {
  readonly condition: Test | null;
  readonly table: StickTable;
  /** The value that the key is made of (see `useKeyOf`); undefined for none. */
  readonly key: (stream: Stream) => SampleValue | undefined;
  readonly match: boolean;
  readonly store: boolean;
}

/** What compiling stick rules needs of the compiler of rules. */
export interface StickCompiler {
  expr(at: Location): CompileEnv;
  /** Test of what is left; null without a condition, undefined when it is wrong (and reported). */
  condition(words: readonly string[], at: Location): Test | null | undefined;
  alert(at: Location, text: string): void;
}

/** Compiles the rules of a backend that are evaluated on requests, or those on responses (`store-response`). */
export function compileStickRules(
  lines: readonly WordsAt[],
  response: boolean,
  proxy: string,
  compiler: StickCompiler,
): readonly StickRule[] | null {
  const rules: StickRule[] = [];
  for (const line of lines) {
    if ((line.words[0] === 'store-response') !== response) continue;
    const rule = compileStick(line, proxy, compiler);
    if (rule !== null) rules.push(rule);
  }
  return rules.length === 0 ? null : rules;
}

function compileStick({ words, at }: WordsAt, proxy: string, compiler: StickCompiler): StickRule | null {
  const kind = words[0]!;
  const env = compiler.expr(at);
  const alert = (text: string) => {
    compiler.alert(at, `'stick': ${text}`);
    return null;
  };
  const parsed = compileExpression(words.slice(1), env);
  if ('error' in parsed) return alert(parsed.error);
  const { compiled } = parsed;
  const misplaced = checkAvailable(compiled, env, words[1]!);
  if (misplaced !== null) {
    const when = kind === 'store-response' ? 'response' : 'request';
    return alert(misplaced.error.replace(/ available here$/, ` available during ${when}.`));
  }
  let next = 1 + parsed.next;
  let name = proxy;
  if (words[next] === 'table') {
    name = words[next + 1] ?? '';
    next += 2;
  }
  const left = words.slice(next);
  if (left.length > 0 && left[0] !== 'if' && left[0] !== 'unless') return alert(`unknown keyword '${left[0]}'.`);
  const table = (env.table?.(name) ?? null) as StickTable | null;
  // That it is missing has been told where the configuration was read.
  if (table === null) return null;
  const cast = compiled.castTo(KEY_SAMPLES[table.config.type]);
  if (cast === undefined) return alert(`type of fetch not usable with type of stick-table '${name}'.`);
  const condition = compiler.condition(left, at);
  if (condition === undefined) return null;
  return {
    condition,
    table,
    key: (stream) => {
      const value = compiled.evaluate(stream);
      return value === undefined || cast === null ? value : cast(value);
    },
    match: kind === 'match' || kind === 'on',
    store: kind !== 'match',
  };
}
