import type { PatternSource, PatternUse } from '../expr/patterns.ts';
import type { ExprError } from '../expr/sample.ts';
import type { Hasher } from '../model/patterns/hash.ts';
import { PatternLookup } from '../model/patterns/lookup.ts';
import { PatternMemory } from '../model/patterns/memory.ts';
import type { PatternReferenceView, PatternsView } from '../model/patterns/references.ts';

interface Reference {
  readonly view: PatternReferenceView;
  readonly lookup: PatternLookup;
  readonly find: (key: string) => number;
}

/** The patterns that the control thread keeps, as a traffic thread looks them up. */
export class TrafficPatterns {
  readonly #memory: PatternMemory;
  readonly #hasher: Hasher;
  #references = new Map<string, Reference>();
  /** Connections may go on with rules of before for as long as they like: when a look-up is garbage, nothing uses it any more. */
  readonly #forgotten: FinalizationRegistry<number>;

  /** `released`: called with the header of a reference that is no longer named, nor used. */
  constructor({ factor, chunks, references }: PatternsView, released: (header: number) => void) {
    this.#forgotten = new FinalizationRegistry(released);
    this.#memory = new PatternMemory(chunks);
    this.#hasher = { factor };
    this.put(references);
  }

  /** Takes note of memory that was added. */
  attach(chunk: SharedArrayBuffer): void {
    this.#memory.attach(chunk);
  }

  /** There are just these from now on: for proxies that are put from now on. */
  put(references: readonly PatternReferenceView[]): void {
    const before = this.#references;
    this.#references = new Map(
      references.map((view) => {
        const known = before.get(view.key);
        return [view.key, known?.view.header === view.header ? known : this.#reference(view)];
      }),
    );
  }

  #reference(view: PatternReferenceView): Reference {
    const lookup = new PatternLookup(this.#memory, this.#hasher, view);
    this.#forgotten.register(lookup, view.header);
    return { view, lookup, find: lookup.text('str', false) };
  }

  /** The value of a key in the patterns of a file, its text taken exactly; null: it is not there; undefined: there are no such patterns. */
  valueOf(name: string, key: string): string | null | undefined {
    const reference = this.#references.get(name);
    if (reference === undefined) return undefined;
    const entry = reference.find(key);
    return entry === 0 ? null : reference.lookup.value(entry);
  }

  /** What an ACL or a map converter looks patterns up in. Proxies that were added live keep the patterns of their ACLs for themselves. */
  source(key: string, use: PatternUse): PatternSource | ExprError {
    const reference = this.#references.get(key);
    if (reference !== undefined) return reference.lookup;
    return use.name === null ? fixedSource(use.patterns) : { error: `no patterns '${use.name}'` };
  }
}

function fixedSource(patterns: readonly string[]): PatternSource {
  return {
    edits: () => 0,
    count: () => patterns.length,
    entries: () => patterns.map((_, i) => i + 1),
    key: (entry) => patterns[entry - 1]!,
    value: () => '',
    index: () => null,
  };
}
