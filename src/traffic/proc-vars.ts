import type { Diagnostic, GlobalConfig } from '../config/types.ts';
import { compileExpression } from '../expr/compile.ts';
import { compileLogFormat } from '../expr/log/format.ts';
import { type CompileEnv, place } from '../expr/row.ts';
import type { ExprContext } from '../expr/types.ts';

/** A variable of the process. */
export interface ProcVar {
  readonly type: string;
  readonly value: string | number | boolean | Uint8Array;
}

/** Evaluates `set-var` and `set-var-fmt` of the global section, at start: there is no stream yet. */
export function globalVars(global: GlobalConfig): {
  vars: ReadonlyMap<string, ProcVar>;
  problems: readonly Diagnostic[];
} {
  const vars = new Map<string, ProcVar>();
  const problems: Diagnostic[] = [];
  const env: CompileEnv = { places: place.configuration, proxy: '', hasProxy: () => false, hasServer: () => false };
  const ctx = {
    now: Date.now(),
    vars: () => vars,
    requestPayload: () => '',
    responsePayload: () => '',
  } as unknown as ExprContext;
  for (const { words, at } of global.setVars) {
    const [keyword = '', name = '', ...rest] = words;
    const alert = (text: string) => problems.push({ severity: 'alert', at, text: `'${keyword}' : ${text}.` });
    const match = /^proc\.([A-Za-z0-9_.]+)$/.exec(name);
    if (match === null) {
      alert(`invalid variable '${name}': expects 'proc.' and a name of letters, digits, '_' and '.'`);
      continue;
    }
    if (keyword === 'set-var-fmt') {
      const format = compileLogFormat(rest[0] ?? '', env);
      if ('error' in format) alert(format.error);
      else vars.set(match[1]!, { type: 'str', value: format.format(ctx) });
      continue;
    }
    const parsed = compileExpression(rest, env);
    if ('error' in parsed) alert(parsed.error);
    else {
      const value = parsed.compiled.evaluate(ctx);
      if (value !== undefined)
        vars.set(match[1]!, { type: parsed.compiled.typeOf(value), value: value as ProcVar['value'] });
    }
  }
  return { vars, problems };
}
