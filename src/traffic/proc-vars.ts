import { bytesOf } from '../config/bytes.ts';
import type { Diagnostic, GlobalConfig } from '../config/types.ts';
import { compileExpression } from '../expr/compile.ts';
import { compileLogFormat } from '../expr/log/format.ts';
import { type CompileEnv, place } from '../expr/row.ts';
import type { ExprContext } from '../expr/types.ts';
import type { ProcVar, ProcVarEdit } from '../model/messages.ts';
import { type BatchWay, KeyedBatch } from './keyed-batch.ts';

/** The variables of the process as a thread has them: what rules here set is told to the others. */
export class ProcVars extends Map<string, ProcVar> {
  readonly #told: KeyedBatch<ProcVarEdit>;

  constructor(way: BatchWay<ProcVarEdit>) {
    super();
    this.#told = new KeyedBatch(way);
  }

  override set(name: string, value: ProcVar): this {
    const before = this.get(name);
    if (before === undefined || before.value !== value.value || before.type !== value.type) this.#tell(name, value);
    return super.set(name, value);
  }

  override delete(name: string): boolean {
    if (this.has(name)) this.#tell(name, null);
    return super.delete(name);
  }

  #tell(name: string, value: ProcVar | null): void {
    const bytes = typeof value?.value === 'string' ? value.value.length : 8;
    this.#told.add(name, { name, value }, name.length + bytes);
  }

  /** Takes what the control thread says. What was set here meanwhile is newer, and will come back from there. */
  receive({ name, value }: ProcVarEdit): void {
    if (this.#told.concerns(name)) return;
    if (value === null) super.delete(name);
    else super.set(name, value);
  }

  /** What was told last is known to all. */
  made(): void {
    this.#told.made();
  }
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
    const [keyword = '', name = '', ...rest] = words.map(bytesOf);
    const alert = (text: string) => problems.push({ severity: 'alert', at, text: `'${keyword}' : ${text}.` });
    const match = /^proc\.([A-Za-z0-9_.]+)$/.exec(name);
    if (match === null) {
      alert(`invalid variable '${name}': expects 'proc.' and a name of letters, digits, '_' and '.'`);
      continue;
    }
    if (keyword === 'set-var-fmt') {
      const format = compileLogFormat(rest[0] ?? '', env, { raw: true });
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
