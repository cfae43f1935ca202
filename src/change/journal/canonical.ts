/**
 * The one text of a value: JSON without spaces, keys of objects in the order of their UTF-16 code units (as RFC 8785 has it), what is
 * undefined left out, what is no number as null. Hashes are taken over it. Throws TypeError for a BigInt, RangeError for a cycle.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = value as Readonly<Record<string, unknown>>;
  const parts: string[] = [];
  for (const key of Object.keys(members).sort())
    if (members[key] !== undefined) parts.push(`${JSON.stringify(key)}:${canonicalJson(members[key])}`);
  return `{${parts.join(',')}}`;
}
