import type { PatternReferenceConfig } from '../../src/config/types.ts';
import { PatternReferences } from '../../src/model/patterns/references.ts';

/** A reference as a configuration has it: a map when it has values. */
export function referenceConfig(
  id: number,
  name: string,
  lines: readonly string[],
  over: Partial<PatternReferenceConfig> = {},
): PatternReferenceConfig {
  const map = over.keyed ?? false;
  return {
    key: name,
    id,
    name,
    description: `pattern loaded from file '${name}' used by ${map ? 'map' : 'acl'} at file 'test.cfg' line 1`,
    acl: !map,
    map,
    keyed: map,
    uses: [{ match: 'str', ignoreCase: false, values: map ? 'str' : null }],
    source: Buffer.from(lines.map((line) => `${line}\n`).join('')),
    ...over,
  };
}

/** References that are in force, without threads that read them. */
export async function references(...configs: PatternReferenceConfig[]): Promise<PatternReferences> {
  const patterns = new PatternReferences();
  (await patterns.stage(configs)).commit();
  return patterns;
}
