import type { PatternReferenceConfig } from '../../config/types.ts';

/** A pattern as a file has it. `line`: from 1; 0 for what stands in the configuration. */
export interface ReadPattern {
  readonly key: string;
  /** '' where lines are patterns alone. */
  readonly value: string;
  readonly line: number;
}

const NEWLINE = 10;
const HASH = 35;

/**
 * The patterns of a reference as its file has them, in order. Lines that begin with `#` and empty ones do not count; of a file with values,
 * the first word is the key and the rest the value.
 */
export function* readPatterns({
  source,
  keyed,
}: Pick<PatternReferenceConfig, 'source' | 'keyed'>): Generator<ReadPattern> {
  if (source === null) return;
  if (!(source instanceof Uint8Array)) {
    for (const key of source) yield { key, value: '', line: 0 };
    return;
  }
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.length);
  let line = 0;
  for (let at = 0; at < bytes.length; ) {
    const found = bytes.indexOf(NEWLINE, at);
    const end = found < 0 ? bytes.length : found;
    line++;
    if (bytes[at] !== HASH) {
      const text = bytes.latin1Slice(at, end).replace(/^[ \t]+|\r.*$/g, '');
      if (text !== '') yield keyed ? { ...splitEntry(text), line } : { key: text, value: '', line };
    }
    at = end + 1;
  }
}

/** Key and value of a line that does not begin with blanks. */
function splitEntry(text: string): { readonly key: string; readonly value: string } {
  const [, key, value] = /^([^ \t]*)[ \t]*(.*?)[ \t]*$/.exec(text)!;
  return { key: key!, value: value! };
}
