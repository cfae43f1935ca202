import { textOfBytes } from '../../config/bytes.ts';
import type { Location } from '../../config/types.ts';
import type { patternKeys } from '../../expr/patterns.ts';
import type { CompileEnv } from '../../expr/row.ts';
import type { RuleSurroundings } from './compile.ts';

/** What an expression of a proxy may refer to, but for ACLs. `places`: mask of where it is evaluated; `at`: where it stands. */
export function exprEnv(
  around: RuleSurroundings,
  keys: ReturnType<typeof patternKeys>,
  { proxy, places, at }: { readonly proxy: string; readonly places: number; readonly at: Location },
): CompileEnv {
  const { hasProxy, hasServer, hasRing, readFile, userlist, patterns, table, database, tokens, tokenKeys } = around;
  return {
    places,
    proxy,
    hasProxy,
    hasServer,
    ...(hasRing ? { hasRing } : {}),
    ...(tokenKeys ? { tokenKeys } : {}),
    userlist,
    table,
    tokens,
    readFile: (path) => readFile(textOfBytes(path), at.file)?.latin1Slice() ?? null,
    database: (path) => database(path, at.file),
    patterns: (use) => patterns(keys(use, at), use, at),
  };
}
