/** `namespace_list` sections: network namespaces that have to be there. Each is found where it is used. */

import type { Line } from '../line.ts';
import { namespaceProblem } from './socket-place.ts';
import { KeywordTable, works } from './table.ts';

export const NAMESPACE_KEYWORDS = new KeywordTable<null>([
  works<null>('namespace', '<name>', (line: Line) => {
    const problem = namespaceProblem(line.word(1));
    if (problem !== null) line.alert(problem);
    else line.atMost(1);
  }),
]);
