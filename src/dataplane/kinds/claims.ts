import { CHILDREN } from './children.ts';
import type { ChildKind, Row } from './kind.ts';
import { sectionKind } from './sections.ts';

/** Which statements of a section are what: by their first words. */
export interface Claims {
  /** The kind of child that has statements beginning with these words. */
  readonly childOf: (words: readonly string[]) => ChildKind | null;
  /** The rows that a statement may be of, those with more words before their first field first. */
  readonly rowsOf: (words: readonly string[]) => readonly Row[];
}

const made = new Map<string, Claims>();

/** The claims on the statements of sections that begin with this keyword. */
export function claimsOf(keyword: string): Claims {
  let claims = made.get(keyword);
  if (claims === undefined) made.set(keyword, (claims = makeClaims(keyword)));
  return claims;
}

function makeClaims(keyword: string): Claims {
  const children = new Map<string, { readonly words: readonly string[]; readonly kind: ChildKind }[]>();
  for (const kind of childrenOf(keyword))
    for (const words of prefixesOf(kind)) {
      const list = children.get(words[0]!) ?? [];
      list.push({ words, kind });
      children.set(words[0]!, list);
    }
  const rows = new Map<string, Row[]>();
  for (const row of sectionKind(keyword)?.rows ?? []) {
    const [first] = row.form.head;
    if (first !== undefined) rows.set(first, [...(rows.get(first) ?? []), row]);
  }
  for (const list of rows.values()) list.sort((a, b) => b.form.head.length - a.form.head.length);
  return {
    childOf: (words) =>
      children.get(words[0] ?? '')?.find((claim) => claim.words.every((word, i) => words[i] === word))?.kind ?? null,
    rowsOf: (words) =>
      rows.get(words[0] ?? '')?.filter(({ form }) => form.head.every((word, i) => words[i] === word)) ?? [],
  };
}

/** The field of a full section that has the children of a kind. */
export function fullField({ full, fullIn }: ChildKind, keyword: string): string {
  return fullIn?.[keyword] ?? full;
}

/** The kinds of children that a section has. */
export function childrenOf(keyword: string): readonly ChildKind[] {
  return CHILDREN.filter(({ sections }) => sections.includes(keyword));
}

/** What statements of a kind begin with: of forms with the same first word, the words that all have. */
function prefixesOf({ variants }: ChildKind): readonly (readonly string[])[] {
  const prefixes = new Map<string, readonly string[]>();
  for (const { form } of variants) {
    const [first] = form.head;
    const known = prefixes.get(first!);
    const same = known === undefined ? form.head : known.filter((word, i) => form.head[i] === word);
    prefixes.set(first!, same);
  }
  return [...prefixes.values()];
}
