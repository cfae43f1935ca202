/** Log-formats: text with `%alias`, `%{flags}alias`, `%[expression]` and `%%`, compiled to one function. */

import type { CompileEnv, LogNeed } from '../row.ts';
import type { ExprError } from '../sample.ts';
import type { ExprContext } from '../types.ts';
import type { LogFlags } from './alias-rows.ts';
import { compileEncoded } from './encode.ts';
import { type LogFormatOptions, LogFormatParser } from './parser.ts';
import { type Item, lineOfPieces, mergeTexts, textOfPieces } from './print.ts';

/** A compiled log-format. */
export interface LogFormat {
  /** The text for a stream. Never throws. */
  format(ctx: ExprContext): string;
  /** The text, when it is the same for all streams; else null. */
  readonly constant: string | null;
}

/** What a format's text compiles to. */
export interface CompiledLogFormat extends LogFormat {
  /** Bytes are asked for as they are (`%{+bin}o`). */
  readonly binary: boolean;
  /** What its values need. */
  readonly needs: ReadonlySet<LogNeed>;
}

/** Compiles a log-format; errors are in HAProxy's words, without the final dot. */
export function compileLogFormat(
  text: string,
  env: CompileEnv,
  options: LogFormatOptions = {},
): CompiledLogFormat | ExprError {
  const parser = new LogFormatParser(text, env, options);
  const problem = parser.run();
  if (problem !== null) return problem;
  const { line, raw, merged: merges = line } = options;
  // What goes into headers, addresses and bodies is not encoded, as in HAProxy.
  const all = globalFlags(parser.defaults, line === true || raw === true);
  const { json, utf8, cbor, binary } = all;
  const { needs } = parser;
  const pieces = parser.nodes.map((node) =>
    typeof node === 'string' ? node : node.make(flagsOfItem(node.flags, all)),
  );
  if (json || cbor) {
    const items = pieces.filter((piece): piece is Item => typeof piece !== 'string' && piece.name !== '');
    const encoding = json ? (utf8 ? 'json-utf8' : 'json') : binary ? 'cbor-binary' : 'cbor';
    return { constant: null, binary, needs, format: compileEncoded(items, encoding) };
  }
  const texts = mergeTexts(pieces, merges === true);
  if (texts.every((piece) => typeof piece === 'string')) {
    const constant = texts.join('');
    return { format: () => constant, constant, binary, needs };
  }
  return { constant: null, binary, needs, format: merges === true ? lineOfPieces(texts) : textOfPieces(texts) };
}

/** Flags that hold for a whole format, by those that each `%{...}o` leaves: what all of them have. */
function globalFlags(
  defaults: readonly LogFlags[],
  encodes: boolean,
): Pick<LogFlags, 'json' | 'utf8' | 'cbor' | 'binary'> & { readonly encodes: boolean } {
  const every = (flag: 'json' | 'utf8' | 'cbor' | 'binary') =>
    defaults.length > 0 && defaults.every((flags) => flags[flag]);
  const [json, cbor] = [encodes && every('json'), encodes && every('cbor')];
  return { json, utf8: every('utf8'), cbor, binary: every('binary'), encodes };
}

/** Flags of an item: how the whole is encoded holds for each. */
function flagsOfItem(flags: LogFlags, { json, utf8, cbor, binary, encodes }: ReturnType<typeof globalFlags>): LogFlags {
  if (json || cbor || !encodes) return { ...flags, json, utf8, cbor, binary };
  return { ...flags, binary };
}
